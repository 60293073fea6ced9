/** A first look at a statement's tree: what it names. Most statements name nothing protected and need no second look. */
import { readByCall, readByOperator } from './code/body.ts';
import { budgetPerNode, type UseContext } from './context.ts';
import { findCandidates } from './queries/relation.ts';
import { isSystemRelation, isToastSchema } from './queries/systemRelations.ts';
import { type Fields, isFields, readNames, readTag, readText } from './tree.ts';
import { isProtected } from './value.ts';

/** What a first look at the tree tells. Most statements need no second. */
export interface Survey {
  /** It names a protected relation, or what is no relation of the catalog: a WITH query, a relation made meanwhile. */
  needsJudging: boolean;
  /** It runs a function or a prepared statement that may touch anything. */
  isOpaque: boolean;
}

/** Statements that run what their text does not show. */
const opaqueTags: ReadonlySet<string> = new Set(['CallStmt', 'DoStmt', 'ExecuteStmt', 'FetchStmt']);

/** Fields that name relations which do not exist yet, or aliases instead of relations. */
const skippedFields: ReadonlySet<string> = new Set([
  'CreateStmt.relation',
  'ViewStmt.view',
  'CreateSeqStmt.sequence',
  'CompositeTypeStmt.typevar',
  'LockingClause.lockedRels',
]);

/** Finds what the statement names; fills `context.protectedRelations` and adds to the budget. */
export function surveyStatement(context: UseContext, tree: unknown): Survey {
  const survey: Survey = { needsJudging: false, isOpaque: false };
  surveyNode(context, tree, survey);
  return survey;
}

/** CREATE TABLE … AS EXECUTE, ALTER DOMAIN, CALL, DO, triggers and their functions name no relation that they read. */
const namesNoRelation: ReadonlySet<string> = new Set([
  'ExecuteStmt',
  'AlterDomainStmt',
  'CallStmt',
  'DoStmt',
  'CreateFunctionStmt',
  'CreateTrigStmt',
]);

function surveyNode(context: UseContext, node: unknown, survey: Survey): void {
  if (Array.isArray(node)) {
    for (const child of node) surveyNode(context, child, survey);
    return;
  }
  if (!isFields(node)) return;
  if (typeof node['relname'] === 'string') surveyRelation(context, node, survey);
  const tagged = readTag(node);
  if (tagged === undefined) {
    for (const key in node) {
      if (key !== 'intoClause' && key !== 'into') surveyNode(context, node[key], survey);
    }
    return;
  }
  const { tag, fields } = tagged;
  context.budget += budgetPerNode;
  if (opaqueTags.has(tag)) survey.isOpaque = true;
  if (namesNoRelation.has(tag)) survey.needsJudging = true;
  if (tag === 'A_Expr' && isProtected(readByOperator(context, readNames(fields['name']).at(-1)))) {
    survey.needsJudging = true;
  }
  if (tag === 'FuncCall') surveyCall(context, fields['funcname'], survey);
  // `u.full_name` may be full_name(u).
  if (tag === 'ColumnRef') surveyName(context, fields['fields'], survey);
  if (typeof fields['relname'] === 'string') surveyRelation(context, fields, survey);
  for (const key in fields) {
    if (key === 'intoClause' || key === 'into' || skippedFields.has(`${tag}.${key}`)) continue;
    const child = fields[key];
    if (typeof child === 'object') surveyNode(context, child, survey);
  }
}

/** A name of a column, or of a function on its row: where that is one that reads for itself, it is to be seen which. */
function surveyName(context: UseContext, list: unknown, survey: Survey): void {
  const names = readNames(list);
  const name = names.at(-1);
  if (name === undefined || !context.catalog.userFunctions.has(name.toLowerCase())) return;
  survey.isOpaque = true;
  if (names.length > 1) survey.needsJudging = true;
}

function surveyCall(context: UseContext, list: unknown, survey: Survey): void {
  surveyName(context, list, survey);
  if (isProtected(readByCall(context, readNames(list)))) survey.needsJudging = true;
}

function surveyRelation(context: UseContext, rangeVar: Fields, survey: Survey): void {
  const name = readText(rangeVar['relname']) ?? '';
  const schema = readText(rangeVar['schemaname']);
  const candidates = findCandidates(context, schema, name);
  if (isToastSchema(schema) || (candidates.length === 0 && !isSystemRelation(schema, name))) {
    survey.needsJudging = true;
  }
  for (const relation of candidates) {
    const classified = context.classifications.inRelation(relation.oid);
    if (classified === undefined || classified.size === 0) continue;
    context.protectedRelations.set(relation.oid, relation);
    survey.needsJudging = true;
  }
}
