/** Expressions: what each carries of protected columns, and whether its use of them is one that keeps them protected. */

import { isStatementTag, judgeStatement } from '../commands/statement.ts';
import { countStep, type Need, requireUse, type UseContext } from '../context.ts';
import { judgeQuery } from '../queries/query.ts';
import { findItems, readWholeRow, resolveReference, type Scope, type Shape } from '../scope.ts';
import {
  endsWithStar,
  type Fields,
  fieldsOf,
  isFields,
  readList,
  readLocation,
  readNames,
  readTag,
  readText,
} from '../tree.ts';
import { change, flag, isProtected, lose, nothing, ofSize, unite, uniteAll, type Value } from '../value.ts';
import { judgeCall } from './call.ts';
import { judgeDocument } from './documents.ts';
import { noteLookup, noteRowLookup } from './lookup.ts';
import { judgeOperator } from './operator.ts';
import { buildArray, chooseTotal, mayChange, refuse } from './totalCalls.ts';
import { readConstantText } from './totalFunctions.ts';
import { isSameType, isTextWidening, isTotalCast, readTypeName } from './typeNames.ts';

/** Judges an expression and gives what it carries; the caller judges what is done with that. */
export function judgeExpression(context: UseContext, node: unknown, scope: Scope): Value {
  const tagged = readTag(node);
  if (tagged === undefined) return judgeChildren(context, node, scope);
  const { tag, fields } = tagged;
  if (tag === 'A_Const') return ofSize(readConstantSize(node));
  if (plainTags.has(tag)) return nothing;
  countStep(context);
  const judge = judges[tag];
  if (judge !== undefined) return judge(context, fields, scope);
  if (tag === 'SelectStmt') return judgeOpaqueQuery(context, judgeQuery(context, fields, scope));
  if (isStatementTag(tag)) return judgeOpaqueQuery(context, judgeStatement(context, tagged, scope));
  // A node that we do not know may do anything with what is in it.
  const value = judgeOpaque(context, fields, scope, opaqueWords[tag] ?? `used in ${tag}`);
  return { ...value, size: Number.POSITIVE_INFINITY };
}

/** Judges an expression whose value is used in a way that needs that right. */
export function judgeUse(context: UseContext, node: unknown, scope: Scope, need: Need, how: string): Value {
  if (node === undefined) return nothing;
  const value = judgeExpression(context, node, scope);
  requireUse(context, value, need, how);
  return value;
}

/** A condition: a protected boolean column in it is compared with true. */
export function judgeCondition(context: UseContext, node: unknown, scope: Scope): void {
  judgeUse(context, node, scope, 'equality', 'used as a condition');
}

/** Everything below a node (or list of nodes) passed to something that may let it out. */
export function judgeOpaque(context: UseContext, node: unknown, scope: Scope, how: string): Value {
  const value = judgeChildren(context, node, scope);
  requireUse(context, value, 'content', how);
  return flag(value);
}

type Judge = (context: UseContext, fields: Fields, scope: Scope) => Value;

/** True for a node that judgeExpression knows as one. */
export function isExpressionTag(tag: string): boolean {
  return tag in judges || tag in opaqueWords;
}

/** Nodes without expressions in them. */
const plainTags: ReadonlySet<string> = new Set([
  'SetToDefault',
  'CurrentOfExpr',
  'SQLValueFunction',
  'MergeSupportFunc',
  'A_Star',
  'String',
  'Integer',
  'Float',
  'Boolean',
  'BitString',
  'TypeName',
]);

const opaqueWords: Readonly<Record<string, string>> = {
  A_Indices: 'used as a subscript',
  XmlExpr: 'passed to an XML function',
  XmlSerialize: 'passed to xmlserialize()',
  JsonIsPredicate: 'tested with IS JSON',
  JsonKeyValue: 'put into a JSON object',
  JsonValueExpr: 'used in a JSON expression',
  JsonFuncExpr: 'passed to a JSON function',
};

const judges: Readonly<Record<string, Judge>> = {
  ColumnRef: judgeColumnRef,
  // A client may send a parameter as long as it likes.
  ParamRef: () => ofSize(Number.POSITIVE_INFINITY),
  A_ArrayExpr: (context, fields, scope) =>
    buildArray(context, judgeList(context, fields['elements'], scope), 'put into an array'),
  CoalesceExpr: (context, fields, scope) =>
    chooseTotal(context, judgeList(context, fields['args'], scope), 'passed to coalesce()'),
  MinMaxExpr: judgeMinMax,
  JsonObjectConstructor: judgeDocument('passed to json_object()'),
  JsonArrayConstructor: judgeDocument('passed to json_array()'),
  JsonArrayQueryConstructor: judgeDocument('passed to json_array()'),
  JsonObjectAgg: judgeDocument('passed to json_objectagg()'),
  JsonArrayAgg: judgeDocument('passed to json_arrayagg()'),
  A_Expr: judgeOperator,
  A_Indirection: judgeIndirection,
  BoolExpr: judgeBoolExpr,
  BooleanTest: (context, fields, scope) => {
    judgeCondition(context, fields['arg'], scope);
    return nothing;
  },
  CaseExpr: judgeCase,
  CollateClause: judgeCollate,
  FuncCall: judgeCall,
  GroupingFunc: (context, fields, scope) => {
    judgeChildren(context, fields['args'], scope);
    return nothing;
  },
  List: (context, fields, scope) => judgeChildren(context, fields['items'], scope),
  MultiAssignRef: (context, fields, scope) => judgeExpression(context, fields['source'], scope),
  NamedArgExpr: (context, fields, scope) => judgeExpression(context, fields['arg'], scope),
  NullTest: (context, fields, scope) => {
    judgeUse(context, fields['arg'], scope, 'presence', 'tested for NULL');
    return nothing;
  },
  ResTarget: (context, fields, scope) => judgeExpression(context, fields['val'], scope),
  RowExpr: (context, fields, scope) => lose(judgeChildren(context, fields['args'], scope), 'put into a row'),
  SubLink: judgeSubLink,
  TypeCast: judgeCast,
};

function judgeChildren(context: UseContext, node: unknown, scope: Scope): Value {
  if (Array.isArray(node)) {
    let value: Value = nothing;
    for (const child of node) value = unite(value, judgeExpression(context, child, scope));
    return value;
  }
  if (!isFields(node)) return nothing;
  let value: Value = nothing;
  for (const key in node) {
    const child = node[key];
    if (typeof child === 'object') value = unite(value, judgeExpression(context, child, scope));
  }
  return value;
}

/** Each of a list of expressions. */
function judgeList(context: UseContext, list: unknown, scope: Scope): Value[] {
  return readList(list).map((node) => judgeExpression(context, node, scope));
}

/** GREATEST and LEAST sort, and what is chosen tells the order. */
function judgeMinMax(context: UseContext, fields: Fields, scope: Scope): Value {
  const how = 'passed to greatest() or least()';
  const values = judgeList(context, fields['args'], scope);
  for (const value of values) requireUse(context, value, 'order', how);
  return chooseTotal(context, values, how, true);
}

function judgeColumnRef(context: UseContext, fields: Fields, scope: Scope): Value {
  const names = readNames(fields['fields']);
  const location = readLocation(fields);
  if (!endsWithStar(fields['fields'])) return resolveReference(context, scope, names, location);
  // `u.*` outside a target list is the whole row (manual 8.16.5).
  const last = names.at(-1);
  const shapes = last === undefined ? [scope] : findItems(scope, last, names.at(-2));
  const value = uniteAll(shapes.map(readWholeRow));
  if (last !== undefined && shapes.length === 0) return resolveReference(context, scope, names, location);
  return isProtected(value) ? { ...value, location } : nothing;
}

/** `(row).field`, `array[1]`. Of an item's row it is that column, as PostgreSQL reads it too. */
function judgeIndirection(context: UseContext, fields: Fields, scope: Scope): Value {
  const steps = readList(fields['indirection']);
  const reference = fieldsOf(fields['arg'], 'ColumnRef');
  const field = readText(fieldsOf(steps[0], 'String')?.['sval']);
  if (reference !== undefined && field !== undefined && !endsWithStar(reference['fields'])) {
    const names = readNames(reference['fields']);
    const isItem = names.length <= 2 && findItems(scope, names.at(-1) ?? '', names.at(-2)).length > 0;
    const row = resolveReference(context, scope, names, undefined);
    if (isItem && (row.isWholeRow === true || !isProtected(row))) {
      const column = resolveReference(context, scope, [...names, field], readLocation(reference));
      if (steps.length === 1) return column;
      requireUse(context, column, 'content', 'taken apart');
      return flag(column);
    }
  }
  judgeOpaque(context, steps, scope, 'used as a subscript');
  const value = judgeUse(context, fields['arg'], scope, 'content', 'taken apart');
  return flag(value);
}

function judgeBoolExpr(context: UseContext, fields: Fields, scope: Scope): Value {
  for (const arg of readList(fields['args'])) judgeCondition(context, arg, scope);
  return nothing;
}

function judgeCase(context: UseContext, fields: Fields, scope: Scope): Value {
  const how = 'compared in a CASE';
  const { arg } = fields;
  const compared = arg === undefined ? nothing : judgeUse(context, arg, scope, 'equality', how);
  const results: Value[] = [];
  for (const node of readList(fields['args'])) {
    const when = fieldsOf(node, 'CaseWhen') ?? {};
    const value = judgeUse(context, when['expr'], scope, 'equality', how);
    if (arg !== undefined) noteLookup(context, compared, value, [arg, when['expr']]);
    results.push(judgeExpression(context, when['result'], scope));
  }
  if (fields['defresult'] !== undefined) results.push(judgeExpression(context, fields['defresult'], scope));
  return chooseTotal(context, results, 'chosen by a CASE');
}

/** A collation may make different values equal, so it asks for more than equality. */
function judgeCollate(context: UseContext, fields: Fields, scope: Scope): Value {
  const value = judgeUse(context, fields['arg'], scope, 'order', 'given a collation');
  return lose(value, 'given a collation');
}

function judgeCast(context: UseContext, fields: Fields, scope: Scope): Value {
  const value = judgeExpression(context, fields['arg'], scope);
  const type = readTypeName(fields['typeName']);
  if (!isProtected(value)) return { sources: [], typeName: type, size: value.size };
  if (!value.isWholeRow && isSameType(value.typeName, type)) return value;
  if (!value.isWholeRow && isTextWidening(value.typeName, type)) {
    return { ...lose(value, `cast to ${type}`), typeName: type };
  }
  const how = `cast to ${type}`;
  if (isTotalCast(value.typeName, type) && mayChange(context, value)) {
    return change(value, { how, typeName: type, isTelling: value.isWholeRow });
  }
  return refuse(context, value, how);
}

function judgeSubLink(context: UseContext, fields: Fields, scope: Scope): Value {
  const query = fieldsOf(fields['subselect'], 'SelectStmt') ?? {};
  const shape = judgeQuery(context, query, scope);
  const value = uniteAll(shape.columns.map((column) => column.value));
  switch (fields['subLinkType']) {
    case 'EXISTS_SUBLINK':
      return nothing;
    case 'EXPR_SUBLINK':
      return { ...lose(value, 'read by a scalar subquery'), typeName: value.typeName };
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK': {
      const operator = readNames(fields['operName']);
      const { need, how } = operator.length === 0 ? equalityOfIn : readComparison(operator);
      requireUse(context, value, need, how);
      noteRowLookup(context, value, judgeUse(context, fields['testexpr'], scope, need, how));
      return nothing;
    }
    default:
      if (value.isTelling === true) return refuse(context, value, 'collected into an array');
      return buildArray(context, [value], 'collected into an array');
  }
}

/** Short constants count as one. */
function readConstantSize(node: unknown): number {
  return 1 + Math.floor((readConstantText(node)?.length ?? 0) / 1000);
}

const equalityOfIn: { need: Need; how: string } = { need: 'equality', how: 'compared with IN' };

/** What comparing by that operator needs. An operator of another schema than pg_catalog is somebody's own function. */
export function readComparison(operator: readonly string[]): { need: Need; how: string } {
  const name = operator.at(-1) ?? '';
  const isOwn = operator.length > 1 && operator[0] !== 'pg_catalog';
  if (!isOwn && (name === '=' || name === '<>')) return { need: 'equality', how: `compared with ${name}` };
  if (!isOwn && /^[<>]=?$/.test(name)) return { need: 'order', how: `compared with ${name}` };
  return { need: 'content', how: `used with the operator ${name}` };
}

function judgeOpaqueQuery(context: UseContext, shape: Shape): Value {
  const value = uniteAll(shape.columns.map((column) => column.value));
  requireUse(context, value, 'content', 'used in an expression');
  return flag(value);
}
