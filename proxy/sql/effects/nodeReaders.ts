/** Which tags the grammar can yield, and what reads each: a tag that is not here is an unknown effect. */

import type { Node } from '../tree.ts';
import { dataReaders } from './dataReaders.ts';
import { definitionReaders } from './definitionReaders.ts';
import type { EffectWalk } from './effectWalk.ts';
import { expressionReaders } from './expressionReaders.ts';
import { privilegeReaders } from './privilegeReaders.ts';
import { serverReaders } from './serverReaders.ts';
import { sessionReaders } from './sessionReaders.ts';

/** Adds the effects of one node, and says which of its fields the walk need not visit any more. */
export type NodeReader = (fields: Node, walk: EffectWalk) => readonly string[] | 'all';

export type NodeReaders = Readonly<Record<string, NodeReader>>;

/** Tags that have no effect of their own: what counts is what they hold. */
const plainTags = `
  A_ArrayExpr A_Const A_Indices A_Star Alias BitString BoolExpr Boolean BooleanTest CTECycleClause CTESearchClause
  CaseExpr CaseWhen CoalesceExpr CollateClause ColumnDef CommonTableExpr Constraint CurrentOfExpr DefElem Float
  FunctionParameter GroupingFunc GroupingSet IndexElem InferClause Integer JoinExpr JsonAggConstructor JsonArgument
  JsonArrayAgg JsonArrayConstructor JsonArrayQueryConstructor JsonBehavior JsonFormat JsonFuncExpr JsonIsPredicate
  JsonKeyValue JsonObjectAgg JsonObjectConstructor JsonOutput JsonParseExpr JsonReturning JsonScalarExpr
  JsonSerializeExpr JsonTable JsonTableColumn JsonTablePathSpec JsonValueExpr List MergeSupportFunc MergeWhenClause
  MinMaxExpr MultiAssignRef NamedArgExpr NullTest ObjectWithArgs OnConflictClause ParamRef PartitionBoundSpec
  PartitionCmd PartitionElem PartitionRangeDatum PartitionSpec RangeFunction RangeSubselect RangeTableFunc
  RangeTableFuncCol RangeVar ReplicaIdentityStmt ResTarget ReturnStmt ReturningClause ReturningOption RoleSpec RowExpr
  SQLValueFunction SetToDefault StatsElem String TableLikeClause TriggerTransition TypeCast TypeName VacuumRelation
  WindowDef WithClause XmlExpr XmlSerialize ATAlterConstraint AccessPriv CreateOpClassItem PublicationObjSpec
  PublicationTable OidList IntList
`;

export const nodeReaders: ReadonlyMap<string, NodeReader | 'plain'> = new Map<string, NodeReader | 'plain'>([
  ...plainTags
    .trim()
    .split(/\s+/)
    .map((tag): [string, 'plain'] => [tag, 'plain']),
  ...Object.entries(expressionReaders),
  ...Object.entries(dataReaders),
  ...Object.entries(sessionReaders),
  ...Object.entries(definitionReaders),
  ...Object.entries(privilegeReaders),
  ...Object.entries(serverReaders),
]);
