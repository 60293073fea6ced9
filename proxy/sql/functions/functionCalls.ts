/** The effects of calling a function, by the manifest of PostgreSQL's own functions. */
import type { EffectWalk } from '../effects/effectWalk.ts';
import { readSetting } from '../settings.ts';
import {
  asList,
  asNode,
  asNumber,
  asText,
  entryOf,
  fieldsOf,
  type Node,
  namesOf,
  relationOf,
} from '../tree.ts';
import { describeFunction, type FunctionDescription } from './functionManifest.ts';

/** Reads a FuncCall node. Its arguments are visited by the walk like any expression. */
export function readFunctionCall(fields: Node, walk: EffectWalk): void {
  const names = namesOf(fields['funcname']);
  const name = names.at(-1) ?? '';
  const schema = names.length > 1 ? names.at(-2) : undefined;
  const location = asNumber(fields['location']);
  walk.functions.add(
    schema === undefined || fields['funcformat'] === 'COERCE_SQL_SYNTAX' ? name : `${schema}.${name}`,
  );
  const description = describeFunction(schema, name);
  if (description === undefined) {
    readUnknownCall(names, location, walk);
  } else if (description.kind === 'setting') {
    readSetConfig(fields, location, walk);
  } else {
    addCall(description, name, location, walk, fields);
  }
}

/** A function that PostgreSQL does not bring. */
export function readUnknownCall(
  names: readonly string[],
  location: number | undefined,
  walk: EffectWalk,
): void {
  const functionName = names.join('.');
  const why = `calls ${functionName}, whose effects are not known`;
  walk.add('procedural', { functionName, why, location, isAssumed: true });
}

/**
 * A name in attribute notation: an effect only where it is a function of PostgreSQL that has one.
 * @param isColumn asked then: true where the statement itself declares such a column.
 */
export function readAttributeCall(
  name: string,
  location: number | undefined,
  walk: EffectWalk,
  isColumn: () => boolean = () => false,
): void {
  walk.attributeNames.add(name);
  const description = describeFunction(undefined, name);
  if (description !== undefined && description.kind !== 'read' && !isColumn()) {
    walk.functions.add(name);
    addCall(description, name, location, walk, {});
  }
}

function addCall(
  description: FunctionDescription,
  name: string,
  location: number | undefined,
  walk: EffectWalk,
  fields: Node,
): void {
  const { kind, why } = description;
  if (kind === 'read' || kind === 'setting') {
    return;
  }
  const sequence = kind === 'sequence' ? sequenceNamed(fields) : undefined;
  if (sequence !== undefined) {
    walk.noteRelation(sequence);
  }
  walk.add(kind, { functionName: name, relation: sequence, why: `calls ${name}, which ${why}`, location });
}

/** `nextval('s.q')`: the sequence, where the text names it plainly. */
function sequenceNamed(fields: Node): { name: string; schema?: string } | undefined {
  const text = constantText(asList(fields['args'])[0]);
  const parts = text === undefined ? null : /^(?:([a-z_][a-z0-9_$]*)\.)?([a-z_][a-z0-9_$]*)$/.exec(text);
  if (parts?.[2] === undefined) {
    return undefined;
  }
  return parts[1] === undefined ? { name: parts[2] } : { schema: parts[1], name: parts[2] };
}

/** `set_config(setting_name, new_value, is_local)` is a SET. */
function readSetConfig(fields: Node, location: number | undefined, walk: EffectWalk): void {
  const args = asList(fields['args']);
  const setting = constantText(argument(args, 0, 'setting_name'));
  if (setting === undefined || fields['func_variadic'] === true) {
    const why = 'calls set_config with a name that is not constant';
    walk.add('serverAccess', { functionName: 'set_config', why, location });
    return;
  }
  for (const effect of readSetting(setting, constantText(argument(args, 1, 'new_value')))) {
    walk.add(effect.kind, { ...effect, functionName: 'set_config', location });
  }
}

function argument(args: readonly unknown[], index: number, name: string): unknown {
  const named = args.map((item) => fieldsOf(item, 'NamedArgExpr')).find((item) => item?.['name'] === name);
  if (named !== undefined) {
    return named['arg'];
  }
  const positional = args[index];
  return fieldsOf(positional, 'NamedArgExpr') === undefined ? positional : undefined;
}

/** The text of a string constant, also where it is cast. */
export function constantText(value: unknown): string | undefined {
  const [tag, fields] = entryOf(value);
  if (tag === 'TypeCast') {
    return constantText(fields['arg']);
  }
  return tag === 'A_Const' ? asText(asNode(fields['sval'])['sval']) : undefined;
}

/**
 * `SELECT set_config(name, 'value', false) FROM pg_settings WHERE name = 'setting'`: how pg_dump sets what an older server does
 * not have. The name is constant, by way of the only row. Nothing else may stand in such a SELECT.
 * @returns true where `fields` is one, and its effects are added.
 */
export function readSettingOfItsRow(fields: Node, walk: EffectWalk): boolean {
  const [from] = asList(fields['fromClause']);
  const [target] = asList(fields['targetList']);
  const relation = relationOf(fieldsOf(from, 'RangeVar'));
  if (relation?.name !== 'pg_settings' || (relation.schema ?? 'pg_catalog') !== 'pg_catalog') {
    return false;
  }
  const expected = ['targetList', 'fromClause', 'whereClause', 'limitOption', 'op'];
  const isPlain = Object.keys(fields).every((key) => expected.includes(key));
  const isSingle = asList(fields['fromClause']).length === 1 && asList(fields['targetList']).length === 1;
  const call = asNode(fieldsOf(fieldsOf(target, 'ResTarget')?.['val'], 'FuncCall'));
  const isSetConfig = describeFunction(
    namesOf(call['funcname']).at(-2),
    namesOf(call['funcname']).at(-1) ?? '',
  );
  const [name, value, isLocal, ...more] = asList(call['args']);
  const condition = asNode(fieldsOf(fields['whereClause'], 'A_Expr'));
  const setting = constantText(condition['rexpr']);
  const isEquality = condition['kind'] === 'AEXPR_OP' && namesOf(condition['name']).join('.') === '=';
  const constant = constantText(value);
  if (
    !(isPlain && isSingle && isEquality && isSetConfig?.kind === 'setting' && more.length === 0) ||
    !(isNameColumn(name) && isNameColumn(condition['lexpr']) && fieldsOf(isLocal, 'A_Const') !== undefined) ||
    setting === undefined ||
    constant === undefined
  ) {
    return false;
  }
  walk.noteRelation(relation);
  walk.add('read', { relation });
  walk.functions.add('set_config');
  for (const effect of readSetting(setting, constant)) {
    walk.add(effect.kind, { ...effect, functionName: 'set_config' });
  }
  return true;
}

function isNameColumn(value: unknown): boolean {
  return namesOf(fieldsOf(value, 'ColumnRef')?.['fields']).join('.') === 'name';
}
