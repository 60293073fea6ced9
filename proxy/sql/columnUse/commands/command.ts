/** Whole commands: what leaves the database through a statement, and what a utility statement does with columns. */
import { judgeBlock, judgeProcedure } from '../code/body.ts';
import { judgeTrigger, judgeTriggerFunction } from '../code/trigger.ts';
import { requireUse, type UseContext } from '../context.ts';
import { isExpressionTag, judgeOpaque, judgeUse } from '../expressions/expression.ts';
import { listProtected, readRelation } from '../queries/relation.ts';
import { opaqueShape, openScope, type Scope, type Shape } from '../scope.ts';
import { type Fields, isFields, readNames, readTag, readText, type Tagged } from '../tree.ts';
import { nothing, type Value } from '../value.ts';
import { isStatementTag, judgeStatement, noteWrite } from './statement.ts';
import { judgeClustering, judgeDomainCheck } from './storedRows.ts';

/** Judges a statement as the client sends it. Gives the rows of its query: returned, prepared, or read by its cursor. */
export function judgeCommand(context: UseContext, statement: Tagged, outer?: Scope): Shape | undefined {
  const { tag, fields } = statement;
  if (isStatementTag(tag)) return judgeReturned(context, statement, outer);
  const judge = commands[tag];
  if (judge !== undefined) return judge(context, fields);
  judgeUtility(context, statement);
  return undefined;
}

type CommandJudge = (context: UseContext, fields: Fields) => Shape | undefined;

const commands: Readonly<Record<string, CommandJudge>> = {
  PrepareStmt: judgeInner,
  DeclareCursorStmt: judgeInner,
  ExplainStmt: (context, fields) => {
    judgeInner(context, fields); // A plan shows what the text says, and how many rows there are.
    return undefined;
  },
  ExecuteStmt: (context, fields) => {
    judgeOpaque(context, fields['params'], openScope(undefined), 'passed to a prepared statement');
    return undefined;
  },
  CallStmt: (context, fields) => {
    const call = isFields(fields['funccall']) ? fields['funccall'] : {};
    judgeOpaque(context, call['args'], openScope(undefined), 'passed to a procedure');
    judgeProcedure(context, readNames(call['funcname']));
    return undefined;
  },
  CopyStmt: judgeCopy,
  CreateTableAsStmt: judgeCreateTableAs,
  ViewStmt: judgeView,
  CreateStmt: judgeNewTable,
  // Bodies of functions are judged where they are called, but for those that triggers call.
  CreateFunctionStmt: (context, fields) => {
    judgeTriggerFunction(context, fields);
    return undefined;
  },
  CreateTrigStmt: (context, fields) => {
    judgeUtility(context, { tag: 'CreateTrigStmt', fields });
    judgeTrigger(context, fields);
    return undefined;
  },
  ClusterStmt: (context, fields) => {
    judgeClustering(context, fields);
    return undefined;
  },
  AlterDomainStmt: (context, fields) => {
    judgeDomainCheck(context, fields);
    return undefined;
  },
  DoStmt: (context) => {
    judgeBlock(context);
    return undefined;
  },
};

/** A new table has no rows yet: its checks and defaults see nothing but what they read themselves. */
function judgeNewTable(context: UseContext, fields: Fields): undefined {
  const scope = openScope(undefined);
  scope.isOpaque = true;
  scope.items.push({ ...opaqueShape, name: nameOf(fields['relation']), isAlias: false, schema: undefined });
  judgeUtilityNode(context, fields['tableElts'], scope, 'used in CREATE TABLE');
}

function judgeInner(context: UseContext, fields: Fields): Shape | undefined {
  const inner = readTag(fields['query']);
  return inner === undefined ? undefined : judgeNested(context, inner);
}

/** What a new table holds is followed where its statement stands alone (session/following), not within another. */
function judgeNested(context: UseContext, statement: Tagged): Shape | undefined {
  const shape = judgeCommand(context, statement);
  const into = findInto(statement.fields);
  if (into === undefined) return shape;
  for (const { value } of shape?.columns ?? []) requireUse(context, value, 'content', `copied into ${into}`);
  return undefined;
}

/** Rows that go to the client are masked by the origin in RowDescription, and by lineage where there is none. */
function judgeReturned(context: UseContext, statement: Tagged, outer: Scope | undefined): Shape | undefined {
  const shape = judgeStatement(context, statement, outer);
  const into = findInto(statement.fields);
  for (const { value } of shape.columns) {
    if (value.mayCall === true) requireUse(context, value, 'content', value.lost ?? 'called by its name');
    else if (into !== undefined) refuseWholeRow(context, value, into);
  }
  return shape;
}

/** Columns of a new table are protected as what they were copied from; what holds several has no class of its own. */
function refuseWholeRow(context: UseContext, value: Value, into: string): void {
  if (value.isWholeRow === true) requireUse(context, value, 'content', `copied into ${into} as a whole row`);
}

/** What CREATE VIEW, CREATE TABLE … AS and SELECT … INTO make; the grammar hangs that of the last on the leftmost SELECT. */
function findInto(query: Fields): string | undefined {
  if (isFields(query['view'])) return nameOf(query['view']);
  const into = query['intoClause'] ?? query['into'];
  if (isFields(into)) return nameOf(into['rel']);
  return isFields(query['larg']) ? findInto(query['larg']) : undefined;
}

/** What goes to the client is masked as rows are; where it goes elsewhere, nothing protected may. */
function judgeCopy(context: UseContext, fields: Fields): Shape | undefined {
  const how = 'copied out with COPY';
  const isToClient = fields['filename'] === undefined && fields['is_program'] !== true;
  const query = readTag(fields['query']);
  if (query !== undefined && isToClient) return judgeReturned(context, query, undefined);
  if (query !== undefined) {
    for (const { value } of judgeStatement(context, query, undefined).columns) {
      requireUse(context, value, 'content', how);
    }
  }
  if (!isFields(fields['relation'])) return;
  const item = readRelation(context, fields['relation'], undefined, true);
  const names = readNames(fields['attlist']);
  if (fields['is_from'] === true) {
    noteWrite(context, item, names);
    const scope = openScope(undefined);
    scope.items.push(item);
    // The rows that WHERE sees are the client's own.
    scope.columns.push(...item.columns.map((column) => ({ ...column, value: nothing })));
    judgeUtilityNode(context, fields['whereClause'], scope, how);
    return;
  }
  if (isToClient) return;
  for (const { value } of listProtected(item, names)) requireUse(context, value, 'content', how);
}

function judgeCreateTableAs(context: UseContext, fields: Fields): Shape | undefined {
  const into = isFields(fields['into']) ? nameOf(fields['into']['rel']) : '';
  const query = readTag(fields['query']);
  if (query === undefined) return;
  if (query.tag === 'ExecuteStmt') {
    const relation = readText(query.fields['name']) ?? '';
    context.violations.set(`execute|${relation}`, {
      column: '*',
      relation,
      classification: undefined,
      use: 'none',
      how: `copied into ${into} from a prepared statement`,
    });
    return;
  }
  const shape = judgeReturned(context, query, undefined);
  for (const { value } of shape?.columns ?? []) refuseWholeRow(context, value, into);
  return shape;
}

function judgeView(context: UseContext, fields: Fields): Shape | undefined {
  const query = readTag(fields['query']);
  if (query === undefined) return undefined;
  const shape = judgeReturned(context, query, undefined);
  for (const { value } of shape?.columns ?? []) refuseWholeRow(context, value, nameOf(fields['view']));
  return shape;
}

/**
 * Any other statement: its expressions see the relations that it names (and their rows as `old` and `new`, in rules and
 * triggers), and may test protected columns, never take them over.
 */
function judgeUtility(context: UseContext, statement: Tagged): void {
  judgeClustering(context, statement.fields);
  const scope = openScope(undefined);
  for (const rangeVar of findRangeVars(statement.fields)) {
    const item = readRelation(context, rangeVar, undefined, true);
    scope.items.push(item);
    for (const name of ['old', 'new']) {
      scope.items.push({ ...item, name, isAlias: true, schema: undefined });
    }
    scope.columns.push(...item.columns);
    scope.isOpaque ||= item.isOpaque;
  }
  judgeUtilityNode(context, statement.fields, scope, `used in ${nameCommand(statement.tag)}`);
}

function judgeUtilityNode(context: UseContext, node: unknown, scope: Scope, how: string): void {
  if (Array.isArray(node)) {
    for (const child of node) judgeUtilityNode(context, child, scope, how);
    return;
  }
  if (!isFields(node)) return;
  const tagged = readTag(node);
  if (tagged === undefined) {
    for (const key in node) judgeUtilityNode(context, node[key], scope, how);
  } else if (isStatementTag(tagged.tag)) {
    for (const { value } of judgeStatement(context, tagged, scope).columns)
      requireUse(context, value, 'content', how);
  } else if (tagged.tag.endsWith('Stmt')) {
    judgeNested(context, tagged);
  } else if (isExpressionTag(tagged.tag)) {
    judgeUse(context, node, scope, 'content', how);
  } else {
    judgeUtilityNode(context, tagged.fields, scope, how);
  }
}

/** Relations that a utility statement names itself, not those of statements inside it. */
function findRangeVars(node: unknown): Fields[] {
  if (Array.isArray(node)) return node.flatMap(findRangeVars);
  if (!isFields(node)) return [];
  if (typeof node['relname'] === 'string') return [node];
  const tagged = readTag(node);
  if (tagged?.tag.endsWith('Stmt')) return [];
  return Object.values(tagged?.fields ?? node).flatMap(findRangeVars);
}

function nameOf(rangeVar: unknown): string {
  return isFields(rangeVar) ? (readText(rangeVar['relname']) ?? '') : '';
}

/** AlterTableStmt reads ALTER TABLE. */
function nameCommand(tag: string): string {
  if (tag === 'IndexStmt') return 'an index';
  if (tag === 'RuleStmt') return 'a rule';
  return tag
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase();
}
