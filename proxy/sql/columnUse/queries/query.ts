/** Queries: SELECT, VALUES and set operations, their clauses, and the columns they return. */
import { type Need, requireUse, type UseContext } from '../context.ts';
import { judgeCondition, judgeExpression, judgeOpaque } from '../expressions/expression.ts';
import { noteRowLookup } from '../expressions/lookup.ts';
import { typeOfChoice } from '../expressions/totalCalls.ts';
import { judgeWindow, requireSort } from '../expressions/window.ts';
import { type Column, findColumns, openScope, type Scope, type Shape } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readNames, readOrdinal, readTag } from '../tree.ts';
import { change, isProtected, lose, nothing, unite, uniteAll, type Value } from '../value.ts';
import { openWith } from './cte.ts';
import { judgeFrom } from './from.ts';
import { judgeTargets } from './targets.ts';

/** Judges a SelectStmt; `outer` is what it sees of the queries around it. */
export function judgeQuery(context: UseContext, query: Fields, outer: Scope | undefined): Shape {
  const base = openWith(context, query['withClause'], outer);
  const operation = query['op'] ?? 'SETOP_NONE';
  if (operation !== 'SETOP_NONE') return judgeSetOperation(context, query, base);
  if (query['valuesLists'] !== undefined) return judgeValues(context, query, base);
  return judgeSelect(context, query, base);
}

function judgeSelect(context: UseContext, query: Fields, base: Scope): Shape {
  const scope = openScope(base);
  judgeFrom(context, query['fromClause'], scope);
  if (query['whereClause'] !== undefined) judgeCondition(context, query['whereClause'], scope);
  const output = judgeTargets(context, query['targetList'], scope);
  for (const node of readList(query['groupClause'])) judgeGroup(context, node, output, scope);
  if (query['havingClause'] !== undefined) judgeCondition(context, query['havingClause'], scope);
  for (const node of readList(query['windowClause'])) {
    judgeWindow(context, fieldsOf(node, 'WindowDef') ?? {}, scope);
  }
  judgeDistinct(context, query, output, scope);
  judgeSortAndLimit(context, query, output, scope);
  return output;
}

/**
 * GROUP BY prefers input columns to output names (manual, SELECT). Several grouping sets are found by sorting, and the
 * order of the groups then tells which value is greater.
 */
function judgeGroup(
  context: UseContext,
  node: unknown,
  output: Shape,
  scope: Scope,
  need: Need = 'equality',
): void {
  const grouping = fieldsOf(node, 'GroupingSet');
  if (grouping !== undefined) {
    for (const part of readList(grouping['content'])) judgeGroup(context, part, output, scope, 'order');
    return;
  }
  const name = readBareName(node);
  const isInput = name !== undefined && findColumns(scope.columns, name).length > 0;
  const value = isInput
    ? judgeExpression(context, node, scope)
    : judgeClauseItem(context, node, output, scope);
  requireUse(context, value, need, need === 'order' ? 'used in grouping sets' : 'used in GROUP BY');
}

function judgeDistinct(context: UseContext, query: Fields, output: Shape, scope: Scope): void {
  const list = readList(query['distinctClause']);
  if (list.length === 0) return;
  if (list.every((node) => readTag(node) === undefined)) {
    // Plain DISTINCT is a list of one empty node.
    for (const column of output.columns)
      requireUse(context, column.value, 'equality', 'compared by DISTINCT');
    return;
  }
  for (const node of list) {
    const value = judgeClauseItem(context, node, output, scope);
    requireUse(context, value, 'order', 'used in DISTINCT ON'); // it sorts
  }
}

function judgeSortAndLimit(context: UseContext, query: Fields, output: Shape, scope: Scope): void {
  for (const node of readList(query['sortClause'])) {
    const sort = fieldsOf(node, 'SortBy') ?? {};
    requireSort(context, judgeClauseItem(context, sort['node'], output, scope), sort);
  }
  judgeOpaque(context, [query['limitCount'], query['limitOffset']], scope, 'used in LIMIT');
}

/** An item of ORDER BY or DISTINCT ON: an output column by number or name, or an expression over the input. */
function judgeClauseItem(context: UseContext, node: unknown, output: Shape, scope: Scope): Value {
  const ordinal = readOrdinal(node);
  if (ordinal !== undefined) {
    if (!output.isOrdered) return uniteAll(output.columns.map((column) => column.value));
    return output.columns[ordinal - 1]?.value ?? nothing;
  }
  const name = readBareName(node);
  const hits = name === undefined ? [] : findColumns(output.columns, name);
  const value = uniteAll(hits.map((hit) => hit.value));
  if (hits.some((hit) => hit.name === name)) return value;
  return unite(value, judgeExpression(context, node, scope));
}

function judgeSetOperation(context: UseContext, query: Fields, base: Scope): Shape {
  const left = judgeQuery(context, isFields(query['larg']) ? query['larg'] : {}, base);
  const right = judgeQuery(context, isFields(query['rarg']) ? query['rarg'] : {}, base);
  const words = operationWords[String(query['op'])] ?? 'a set operation';
  const isUnionAll = query['op'] === 'SETOP_UNION' && query['all'] === true;
  const values = pairColumns(left, right);
  if (query['op'] !== 'SETOP_UNION') {
    noteRowLookup(
      context,
      uniteAll(left.columns.map(({ value }) => value)),
      uniteAll(right.columns.map(({ value }) => value)),
    );
  }
  const columns = values.map(({ name, value, isCertain, isMixed }): Column => {
    // Beside values that somebody has chosen, the order in which duplicates are found would tell what lies between them.
    const need = isMixed && query['op'] === 'SETOP_UNION' ? 'order' : 'equality';
    requireUse(context, value, isUnionAll ? 'presence' : need, `compared by ${words}`);
    const typeName = typeOfChoice([value]);
    const combined = isMixed
      ? change(value, { how: `combined with other values by ${words}`, typeName })
      : { ...lose(value, `combined by ${words}`), typeName };
    return { name, value: isProtected(value) ? combined : value, isCertain };
  });
  const output = { columns, isOrdered: left.isOrdered, isOpaque: left.isOpaque };
  const scope = openScope(base);
  scope.columns.push(...columns);
  judgeSortAndLimit(context, query, output, scope);
  return output;
}

const operationWords: Readonly<Record<string, string>> = {
  SETOP_UNION: 'UNION',
  SETOP_INTERSECT: 'INTERSECT',
  SETOP_EXCEPT: 'EXCEPT',
};

/** The left side's columns with what either side puts into them; where positions are not known, anything. */
function pairColumns(left: Shape, right: Shape): readonly PairedColumn[] {
  if (left.isOrdered && right.isOrdered) {
    return left.columns.map((column, index) => {
      const other = right.columns[index];
      if (other === undefined) return { ...column, isMixed: false };
      const typeName = typeOfChoice([column.value, other.value]);
      const isMixed = isProtected(column.value) !== isProtected(other.value);
      return { ...column, value: { ...unite(column.value, other.value), typeName }, isMixed };
    });
  }
  const any = uniteAll([...left.columns, ...right.columns].map((column) => column.value));
  const known = left.columns.map((column) => ({ ...column, value: any, isMixed: true }));
  return isProtected(any)
    ? [...known, { name: undefined, value: any, isCertain: false, isMixed: true }]
    : known;
}

interface PairedColumn extends Column {
  /** One side's values are protected, the other's are not. */
  readonly isMixed: boolean;
}

function judgeValues(context: UseContext, query: Fields, base: Scope): Shape {
  const columns: Column[] = [];
  for (const row of readList(query['valuesLists'])) {
    readList(fieldsOf(row, 'List')?.['items']).forEach((node, index) => {
      const value = judgeExpression(context, node, base);
      const known = columns[index]?.value;
      const typeName = typeOfChoice(known === undefined ? [value] : [known, value]);
      const isMixed = known !== undefined && isProtected(known) !== isProtected(value);
      const both = known === undefined ? value : unite(known, value);
      const listed = isMixed
        ? change(both, { how: 'listed with other values in VALUES', typeName })
        : { ...lose(both, 'listed in VALUES'), typeName };
      columns[index] = { name: `column${index + 1}`, value: listed, isCertain: true };
    });
  }
  const output = { columns, isOrdered: true, isOpaque: false };
  const scope = openScope(base);
  scope.columns.push(...columns);
  judgeSortAndLimit(context, query, output, scope);
  return output;
}

function readBareName(node: unknown): string | undefined {
  const reference = fieldsOf(node, 'ColumnRef');
  const names = reference === undefined ? [] : readNames(reference['fields']);
  return names.length === 1 && readList(reference?.['fields']).length === 1 ? names[0] : undefined;
}
