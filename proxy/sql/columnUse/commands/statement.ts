/** INSERT, UPDATE, DELETE and MERGE: what flows into which column, and what RETURNING gives back. */
import { requireUse, type UseContext } from '../context.ts';
import { judgeCondition, judgeExpression, judgeOpaque } from '../expressions/expression.ts';
import { openWith } from '../queries/cte.ts';
import { addItem, judgeFrom } from '../queries/from.ts';
import { judgeQuery } from '../queries/query.ts';
import { listProtected, readRelation } from '../queries/relation.ts';
import { judgeTargets } from '../queries/targets.ts';
import { type Column, emptyShape, type Item, openScope, type Scope, type Shape } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readTag, readText, type Tagged } from '../tree.ts';
import { nothing, type Value } from '../value.ts';
import { type CopyTarget, requireCopy } from './copy.ts';

/** True for a statement that may stand inside another: in a WITH query, a rule, COPY (…). */
export function isStatementTag(tag: string): boolean {
  return tag === 'SelectStmt' || tag in writes;
}

/** Judges a query or a write and gives the shape of what it returns. */
export function judgeStatement(context: UseContext, statement: Tagged, outer: Scope | undefined): Shape {
  if (statement.tag === 'SelectStmt') return judgeQuery(context, statement.fields, outer);
  const judge = writes[statement.tag];
  if (judge !== undefined)
    return judge(context, statement.fields, openWith(context, statement.fields['withClause'], outer));
  const value = judgeOpaque(context, statement.fields, openScope(outer), `used in ${statement.tag}`);
  return { columns: [{ name: undefined, value, isCertain: false }], isOrdered: false, isOpaque: true };
}

/** Notes that the statement writes protected columns; no names means all of the relation. */
export function noteWrite(context: UseContext, target: Item, names: readonly string[]): void {
  if (listProtected(target, names).length > 0) context.writesClassified = true;
}

/** What is written to, as the statement names it. */
type Place = Omit<CopyTarget, 'column'>;

const writes: Readonly<Record<string, (context: UseContext, fields: Fields, base: Scope) => Shape>> = {
  InsertStmt: judgeInsert,
  UpdateStmt: judgeUpdate,
  DeleteStmt: judgeDelete,
  MergeStmt: judgeMerge,
};

function judgeInsert(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target, place } = readTarget(context, fields);
  noteWrite(context, target, readTargetNames(fields['cols']));
  judgeOpaque(context, fields['cols'], openScope(base), 'used as a subscript');
  const query = fieldsOf(fields['selectStmt'], 'SelectStmt');
  const rows = query === undefined ? emptyShape : judgeQuery(context, query, base);
  const written = judgeRows(context, rows, fields['cols'], target, place);
  const conflict = fields['onConflictClause'];
  if (isFields(conflict)) judgeConflict(context, conflict, written, target, place, base);
  const scope = openScope(base);
  addItem(scope, target);
  return judgeReturning(context, fields, scope, target);
}

/** Rows for the target, by position. Gives what is in the row that is to be written: the client's own, or protected values. */
function judgeRows(
  context: UseContext,
  rows: Shape,
  list: unknown,
  target: Item,
  place: Place,
): readonly Column[] {
  const named = readList(list).map((node) => fieldsOf(node, 'ResTarget') ?? {});
  const isKnown = rows.isOrdered && (named.length > 0 || (target.isOrdered && !target.isOpaque));
  const isPlain = named.every((column) => column['indirection'] === undefined);
  const columns =
    named.length > 0
      ? named.map((column) => readText(column['name']))
      : target.columns.map((column) => column.name);
  const copied = new Map<string, Value>();
  for (const [index, { value }] of rows.columns.entries()) {
    const column = isKnown && isPlain ? columns[index] : undefined;
    if (column === undefined) requireUse(context, value, 'content', `copied into ${place.relation}`);
    else if (requireCopy(context, value, { ...place, column })) copied.set(column, value);
  }
  // What is computed for the row may be of what was copied.
  const isOwn = copied.size === 0;
  return target.columns.map((column) => ({
    ...column,
    value: copied.get(column.name ?? '') ?? (isOwn ? nothing : column.value),
  }));
}

/** ON CONFLICT: EXCLUDED is the row that was to be written. The arbiter's expressions are matched with an index, never computed. */
function judgeConflict(
  context: UseContext,
  fields: Fields,
  columns: readonly Column[],
  target: Item,
  place: Place,
  base: Scope,
): void {
  const scope = openScope(base);
  addItem(scope, target);
  scope.items.push({ ...target, columns, name: 'excluded', isAlias: true, schema: undefined });
  noteWrite(context, target, readTargetNames(fields['targetList'], ['']));
  judgeAssignments(context, fields['targetList'], scope, target, place);
  if (fields['whereClause'] !== undefined) judgeCondition(context, fields['whereClause'], scope);
}

function judgeUpdate(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target, place } = readTarget(context, fields);
  const scope = openScope(base);
  addItem(scope, target);
  judgeFrom(context, fields['fromClause'], scope);
  noteWrite(context, target, readTargetNames(fields['targetList'], ['']));
  judgeAssignments(context, fields['targetList'], scope, target, place);
  if (fields['whereClause'] !== undefined) judgeCondition(context, fields['whereClause'], scope);
  return judgeReturning(context, fields, scope, target);
}

function judgeDelete(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target } = readTarget(context, fields);
  const scope = openScope(base);
  addItem(scope, target);
  judgeFrom(context, fields['usingClause'], scope);
  if (fields['whereClause'] !== undefined) judgeCondition(context, fields['whereClause'], scope);
  return judgeReturning(context, fields, scope, target);
}

function judgeMerge(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target, place } = readTarget(context, fields);
  const scope = openScope(base);
  // The source comes first in RETURNING * (manual, MERGE).
  judgeFrom(context, [fields['sourceRelation']], scope);
  addItem(scope, target);
  judgeCondition(context, fields['joinCondition'], scope);
  for (const node of readList(fields['mergeWhenClauses'])) {
    const when = fieldsOf(node, 'MergeWhenClause') ?? {};
    if (when['condition'] !== undefined) judgeCondition(context, when['condition'], scope);
    const isInsert = when['commandType'] === 'CMD_INSERT';
    const names = readTargetNames(when['targetList']);
    if (isInsert || names.length > 0) noteWrite(context, target, names);
    const values = readList(when['values']);
    judgeAssignments(context, when['targetList'], scope, target, place);
    const columns = values.map((value) => judgeInsertedValue(context, value, scope));
    judgeRows(context, { ...emptyShape, columns }, when['targetList'], target, place);
  }
  return judgeReturning(context, fields, scope, target);
}

function judgeInsertedValue(context: UseContext, node: unknown, scope: Scope): Column {
  return { name: undefined, value: judgeExpression(context, node, scope), isCertain: false };
}

/** SET column = value: protected values may flow into the column that they come from, and where they may be copied to. */
function judgeAssignments(
  context: UseContext,
  list: unknown,
  scope: Scope,
  target: Item,
  place: Place,
): void {
  for (const node of readList(list)) {
    const assignment = fieldsOf(node, 'ResTarget') ?? {};
    const column = readText(assignment['name']) ?? '';
    const multiple = fieldsOf(assignment['val'], 'MultiAssignRef');
    judgeOpaque(context, assignment['indirection'], scope, 'used as a subscript');
    // (a, b) = (…) repeats its one source for every column: once is enough.
    if (assignment['val'] === undefined || (multiple !== undefined && multiple['colno'] !== 1)) continue;
    const value = judgeExpression(context, assignment['val'], scope);
    const isWhole = assignment['indirection'] === undefined;
    if (isWhole && comesFrom(value, target, column)) continue;
    if (isWhole && multiple === undefined) requireCopy(context, value, { ...place, column });
    else requireUse(context, value, 'content', `copied into ${place.relation}.${column}`);
  }
}

/** True where the value is that very column, of this row or another. */
function comesFrom(value: Value, target: Item, column: string): boolean {
  if (value.lost !== undefined || value.isWholeRow === true) return false;
  const own = target.columns.filter((known) => known.name === column).flatMap((known) => known.value.sources);
  return value.sources.every((source) => own.some((known) => known.key === source.key));
}

/** RETURNING, with the target's row before and after the change as `old` and `new` (manual 6.4). */
function judgeReturning(context: UseContext, fields: Fields, scope: Scope, target: Item): Shape {
  const clause = fields['returningClause'];
  const list = isFields(clause) ? clause['exprs'] : fields['returningList'];
  if (list === undefined) return emptyShape;
  const names = ['old', 'new'];
  for (const node of readList(isFields(clause) ? clause['options'] : undefined)) {
    const name = readText(readTag(node)?.fields['value']);
    if (name !== undefined) names.push(name);
  }
  for (const name of names) scope.items.push({ ...target, name, isAlias: true, schema: undefined });
  return judgeTargets(context, list, scope);
}

function readTarget(context: UseContext, fields: Fields): { target: Item; place: Place } {
  const rangeVar = isFields(fields['relation']) ? fields['relation'] : {};
  const target = readRelation(context, rangeVar, undefined, true);
  const relation = readText(rangeVar['relname']) ?? '';
  const mayCarry = fields === context.carrier;
  return { target, place: { schema: readText(rangeVar['schemaname']), relation, mayCarry } };
}

/** Column names of a target list; `absent` where it is empty. */
function readTargetNames(list: unknown, absent: readonly string[] = []): readonly string[] {
  const names: string[] = [];
  for (const node of readList(list)) {
    const name = readText(fieldsOf(node, 'ResTarget')?.['name']);
    if (name !== undefined) names.push(name);
  }
  return names.length === 0 ? absent : names;
}
