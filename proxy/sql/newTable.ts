/** The table or view that a statement makes of a query: CREATE TABLE … AS, SELECT … INTO, CREATE [MATERIALIZED] VIEW. */
import { asNode, asText, isNode, type Node } from './tree.ts';

export interface NewTable {
  /** Undefined where search_path chooses it. */
  readonly schema: string | undefined;
  readonly name: string;
  readonly isTemporary: boolean;
  /** A view of what is temporary becomes temporary by itself (manual, CREATE VIEW). */
  readonly mayBecomeTemporary: boolean;
  /** IF NOT EXISTS: one that is there is left as it is. */
  readonly mayExist: boolean;
}

/** Undefined for any other statement. */
export function readNewTable(tree: unknown): NewTable | undefined {
  const { CreateTableAsStmt, SelectStmt, ViewStmt } = asNode(tree);
  const created = asNode(CreateTableAsStmt);
  const into = asNode(CreateTableAsStmt === undefined ? findInto(asNode(SelectStmt)) : created['into']);
  const relation = into['rel'] ?? asNode(ViewStmt)['view'];
  if (!isNode(relation)) return undefined;
  const schema = asText(relation['schemaname']);
  return {
    schema,
    name: asText(relation['relname']) ?? '',
    isTemporary: relation['relpersistence'] === 't' || schema === 'pg_temp',
    mayBecomeTemporary: ViewStmt !== undefined && schema === undefined,
    mayExist: created['if_not_exists'] === true,
  };
}

/** The grammar hangs INTO on the leftmost SELECT. */
function findInto(query: Node): unknown {
  return query['intoClause'] ?? (isNode(query['larg']) ? findInto(query['larg']) : undefined);
}
