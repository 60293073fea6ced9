/** INSERT, UPDATE, DELETE and MERGE: what flows into which column, and what RETURNING gives back. */
import { requireUse, type UseContext } from './columnUseContext.ts';
import { openWith } from './columnUseCte.ts';
import { judgeCondition, judgeExpression, judgeOpaque, judgeUse } from './columnUseExpression.ts';
import { addItem, judgeFrom } from './columnUseFrom.ts';
import { judgeQuery } from './columnUseQuery.ts';
import { listProtected, readRelation } from './columnUseRelation.ts';
import { emptyShape, type Item, openScope, type Scope, type Shape } from './columnUseScope.ts';
import { judgeTargets } from './columnUseTargets.ts';
import {
  type Fields,
  fieldsOf,
  isFields,
  readList,
  readTag,
  readText,
  type Tagged,
} from './columnUseTree.ts';
import { nothing, type Value } from './columnUseValue.ts';

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

const writes: Readonly<Record<string, (context: UseContext, fields: Fields, base: Scope) => Shape>> = {
  InsertStmt: judgeInsert,
  UpdateStmt: judgeUpdate,
  DeleteStmt: judgeDelete,
  MergeStmt: judgeMerge,
};

function judgeInsert(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target, name } = readTarget(context, fields);
  noteWrite(context, target, readTargetNames(fields['cols']));
  judgeOpaque(context, fields['cols'], openScope(base), 'used as a subscript');
  const query = fieldsOf(fields['selectStmt'], 'SelectStmt');
  if (query !== undefined) {
    for (const column of judgeQuery(context, query, base).columns) {
      requireUse(context, column.value, 'content', `copied into ${name}`);
    }
  }
  const conflict = fields['onConflictClause'];
  if (isFields(conflict)) judgeConflict(context, conflict, target, name, base);
  const scope = openScope(base);
  addItem(scope, target);
  return judgeReturning(context, fields, scope, target);
}

/** ON CONFLICT: EXCLUDED is the client's own row. The arbiter's expressions are matched with an index, never computed. */
function judgeConflict(context: UseContext, fields: Fields, target: Item, name: string, base: Scope): void {
  const scope = openScope(base);
  addItem(scope, target);
  const columns = target.columns.map((column) => ({ ...column, value: nothing }));
  scope.items.push({ ...target, columns, name: 'excluded', isAlias: true, schema: undefined });
  noteWrite(context, target, readTargetNames(fields['targetList'], ['']));
  judgeAssignments(context, fields['targetList'], scope, target, name);
  if (fields['whereClause'] !== undefined) judgeCondition(context, fields['whereClause'], scope);
}

function judgeUpdate(context: UseContext, fields: Fields, base: Scope): Shape {
  const { target, name } = readTarget(context, fields);
  const scope = openScope(base);
  addItem(scope, target);
  judgeFrom(context, fields['fromClause'], scope);
  noteWrite(context, target, readTargetNames(fields['targetList'], ['']));
  judgeAssignments(context, fields['targetList'], scope, target, name);
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
  const { target, name } = readTarget(context, fields);
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
    judgeAssignments(context, when['targetList'], scope, target, name);
    for (const value of readList(when['values']))
      judgeUse(context, value, scope, 'content', `copied into ${name}`);
  }
  return judgeReturning(context, fields, scope, target);
}

/** SET column = value: nothing protected may flow into another column than the one it comes from. */
function judgeAssignments(
  context: UseContext,
  list: unknown,
  scope: Scope,
  target: Item,
  name: string,
): void {
  for (const node of readList(list)) {
    const assignment = fieldsOf(node, 'ResTarget') ?? {};
    const column = readText(assignment['name']) ?? '';
    const multiple = fieldsOf(assignment['val'], 'MultiAssignRef');
    judgeOpaque(context, assignment['indirection'], scope, 'used as a subscript');
    // (a, b) = (…) repeats its one source for every column: once is enough.
    if (assignment['val'] === undefined || (multiple !== undefined && multiple['colno'] !== 1)) continue;
    const value = judgeExpression(context, assignment['val'], scope);
    const isItself = assignment['indirection'] === undefined && comesFrom(value, target, column);
    if (!isItself) requireUse(context, value, 'content', `copied into ${name}.${column}`);
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

function readTarget(context: UseContext, fields: Fields): { target: Item; name: string } {
  const rangeVar = isFields(fields['relation']) ? fields['relation'] : {};
  const target = readRelation(context, rangeVar, undefined, true);
  return { target, name: readText(rangeVar['relname']) ?? '' };
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
