/** FROM: each item with its columns, joins with what they merge, and the conditions of both. */
import { readByCall } from '../code/body.ts';
import { requireUse, type UseContext } from '../context.ts';
import { judgeCondition, judgeOpaque } from '../expressions/expression.ts';
import { noteRowLookup } from '../expressions/lookup.ts';
import { type Column, findColumns, type Item, openScope, type Scope, type Shape } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readNames, readTag, readText } from '../tree.ts';
import { change, isProtected, lose, nothing, unite, uniteAll, type Value } from '../value.ts';
import { judgeQuery } from './query.ts';
import { readAliasColumns, readRelation, renameColumns } from './relation.ts';
import { judgeRowSource } from './rowSources.ts';

/** Adds the items of a FROM (or USING) list to the scope, in order, so that LATERAL items see those before them. */
export function judgeFrom(context: UseContext, list: unknown, scope: Scope): void {
  for (const node of readList(list)) judgeFromItem(context, node, scope);
}

/** Makes an item visible: by its name, and its columns without one. */
export function addItem(scope: Scope, item: Item): Shape {
  scope.items.push(item);
  scope.columns.push(...item.columns);
  scope.isOpaque ||= item.isOpaque;
  scope.isOrdered &&= item.isOrdered;
  return item;
}

function judgeFromItem(context: UseContext, node: unknown, scope: Scope): Shape {
  const tagged = readTag(node);
  const fields = tagged?.fields ?? {};
  switch (tagged?.tag) {
    case 'RangeVar':
      return addItem(scope, readRelation(context, fields, scope.parent));
    case 'RangeSubselect':
      return judgeSubselect(context, fields, scope);
    case 'JoinExpr':
      return judgeJoin(context, fields, scope);
    case 'RangeTableSample': {
      const shape = judgeFromItem(context, fields['relation'], scope);
      judgeOpaque(context, [fields['args'], fields['repeatable']], scope, 'used in TABLESAMPLE');
      return shape;
    }
    default:
      // RangeFunction, XMLTABLE, JSON_TABLE and whatever comes: rows made by a function from its arguments.
      return judgeFunctionItem(context, fields, scope);
  }
}

function judgeSubselect(context: UseContext, fields: Fields, scope: Scope): Shape {
  const query = fieldsOf(fields['subquery'], 'SelectStmt') ?? {};
  const outer = fields['lateral'] === true ? scope : scope.parent;
  const shape = judgeQuery(context, query, openScope(outer));
  const alias = fields['alias'];
  const named = renameColumns(shape, readAliasColumns(alias));
  return addItem(scope, { ...named, name: readAliasName(alias), isAlias: true, schema: undefined });
}

function judgeFunctionItem(context: UseContext, fields: Fields, scope: Scope): Shape {
  const known = judgeRowSource(context, fields, scope);
  if (known !== undefined) return addItem(scope, known);
  const calls = readCalls(fields);
  const read = uniteAll(calls.map((call) => readByCall(context, readNames(call['funcname']))));
  // What a function returns that reads for itself may be shown, masked: only what is passed to it is used.
  const passed = isProtected(read) ? { ...fields, functions: calls.map((call) => call['args']) } : fields;
  const value = unite(judgeOpaque(context, passed, scope, 'passed to a function in FROM'), read);
  const names = [...readAliasColumns(fields['alias']), ...readDefinedColumns(fields)];
  const columns: Column[] = names.map((name) => ({ name, value: long(value), isCertain: true }));
  if (isProtected(value)) columns.push({ name: undefined, value, isCertain: false });
  const shape = { columns, isOrdered: false, isOpaque: true };
  return addItem(scope, { ...shape, name: readAliasName(fields['alias']), isAlias: true, schema: undefined });
}

/** The calls of a RangeFunction. */
function readCalls(fields: Fields): Fields[] {
  return readList(fields['functions']).flatMap((node) => {
    const [call] = readList(fieldsOf(node, 'List')?.['items']);
    const fields = fieldsOf(call, 'FuncCall');
    return fields === undefined ? [] : [fields];
  });
}

/** What a function gives may be as long as it likes. */
function long(value: Value): Value {
  return { ...value, size: Number.POSITIVE_INFINITY };
}

/** Column names of `AS f(a int, b text)`, XMLTABLE's and JSON_TABLE's COLUMNS. */
function readDefinedColumns(fields: Fields): string[] {
  const names: string[] = [];
  for (const node of [...readList(fields['coldeflist']), ...readList(fields['columns'])]) {
    const column = readTag(node)?.fields ?? {};
    const name = readText(column['colname']) ?? readText(column['name']);
    if (name !== undefined) names.push(name);
  }
  return names;
}

function judgeJoin(context: UseContext, fields: Fields, scope: Scope): Shape {
  const firstItem = scope.items.length;
  const firstColumn = scope.columns.length;
  const left = judgeFromItem(context, fields['larg'], scope);
  const right = judgeFromItem(context, fields['rarg'], scope);
  const isFull = fields['jointype'] === 'JOIN_FULL';
  const merged = mergeColumns(context, left, right, fields, isFull);
  if (fields['quals'] !== undefined) judgeCondition(context, fields['quals'], scope);
  const shape: Shape = {
    columns: [...merged.both, ...merged.left, ...merged.right],
    isOrdered: left.isOrdered && right.isOrdered,
    isOpaque: left.isOpaque || right.isOpaque,
  };
  const usingName = readAliasName(fields['join_using_alias']);
  if (usingName !== undefined) {
    const onlyMerged = { columns: merged.both, isOrdered: true, isOpaque: false };
    scope.items.push({ ...onlyMerged, name: usingName, isAlias: true, schema: undefined });
  }
  const alias = fields['alias'];
  const named = renameColumns(shape, readAliasColumns(alias));
  if (isFields(alias)) {
    // The alias of a join hides the names inside it.
    scope.items.splice(firstItem, scope.items.length - firstItem, {
      ...named,
      name: readAliasName(alias),
      isAlias: true,
      schema: undefined,
    });
  }
  scope.columns.splice(firstColumn, scope.columns.length - firstColumn, ...named.columns);
  return named;
}

/** USING and NATURAL (manual 7.2.1.1): the columns that become one, which compares them, and the others of both sides. */
function mergeColumns(
  context: UseContext,
  left: Shape,
  right: Shape,
  fields: Fields,
  isFull: boolean,
): { both: Column[]; left: readonly Column[]; right: readonly Column[] } {
  const isNatural = fields['isNatural'] === true;
  const names = isNatural ? findShared(left, right) : readNames(fields['usingClause']);
  const both = names.map((name): Column => {
    const a = uniteAll(findColumns(left.columns, name).map((column) => column.value));
    const b = uniteAll(findColumns(right.columns, name).map((column) => column.value));
    const how = isNatural ? 'joined by NATURAL JOIN' : 'joined by USING';
    requireUse(context, a, 'equality', how);
    requireUse(context, b, 'equality', how);
    noteRowLookup(context, a, b);
    return { name, value: mergeValues(a, b, isFull), isCertain: true };
  });
  const rest = (side: Shape, other: Shape): readonly Column[] => {
    const columns = side.columns.filter(({ name }) => name === undefined || !names.includes(name));
    return isNatural && isUncertain(other)
      ? columns.map((column) => ({ ...column, value: joinWithUnknown(context, column.value) }))
      : columns;
  };
  return { both, left: rest(left, right), right: rest(right, left) };
}

/**
 * A merged column is one side's plain column, unless the join is FULL (then COALESCE of both) or the types differ, also
 * by their modifier: then a cast hides its origin (parse_clause.c, buildMergedJoinVar).
 */
function mergeValues(a: Value, b: Value, isFull: boolean): Value {
  const value = unite(a, b);
  if (!isProtected(value)) return value;
  if (isFull) {
    const how = 'merged by FULL JOIN';
    return isProtected(a) === isProtected(b)
      ? lose(value, how)
      : change(value, { how, typeName: a.typeName });
  }
  return a.typeName !== undefined && a.typeName === b.typeName
    ? value
    : lose(value, 'merged by a join of columns of different types');
}

function findShared(left: Shape, right: Shape): string[] {
  const names = new Set<string>();
  for (const { name } of left.columns) {
    if (name !== undefined && right.columns.some((column) => column.name === name)) names.add(name);
  }
  return [...names];
}

function isUncertain(shape: Shape): boolean {
  return shape.isOpaque || shape.columns.some((column) => !column.isCertain || column.name === undefined);
}

/** A column that NATURAL JOIN may or may not merge with one that we do not know. */
function joinWithUnknown(context: UseContext, value: Value): Value {
  if (!isProtected(value)) return nothing;
  requireUse(context, value, 'equality', 'joined by NATURAL JOIN');
  return lose(value, 'merged by NATURAL JOIN with a relation whose columns are not known');
}

export function readAliasName(alias: unknown): string | undefined {
  return isFields(alias) ? readText(alias['aliasname']) : undefined;
}
