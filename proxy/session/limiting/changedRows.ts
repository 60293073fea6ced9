/** How many rows a statement has changed, as the server counts them: by CommandComplete's tag (manual, 55.7). */
import { PortcullisError } from '../../kit/errors.ts';
import type { StatementFacts } from '../../sql/facts.ts';

const changes: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copyIn']);
const counted: ReadonlySet<string> = new Set([
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CopyStmt',
  'ExecuteStmt',
]);

/** Whether the statement itself changes rows of tables that outlive the session. */
export function changesRows({ effects }: Pick<StatementFacts, 'effects'>): boolean {
  return effects.some(({ kind, temporary }) => changes.has(kind) && temporary !== true);
}

/** Whether the tag tells all rows that the statement itself changes: a writing WITH query it leaves out. */
export function tellsChangedRows({ node, tree }: Pick<StatementFacts, 'node' | 'tree'>): boolean {
  if (!counted.has(node)) return false;
  const fields = (
    tree as Readonly<Record<string, { readonly withClause?: { readonly ctes?: unknown } } | undefined>>
  )[node];
  const queries = fields?.withClause?.ctes;
  return !Array.isArray(queries) || queries.every(isReading);
}

function isReading(query: unknown): boolean {
  const { CommonTableExpr: fields } = query as { CommonTableExpr?: { ctequery?: object } };
  return fields?.ctequery !== undefined && 'SelectStmt' in fields.ctequery;
}

/** `INSERT 0 5`, `UPDATE 5`, `COPY 5`: 5. Undefined for tags that count nothing that was changed. */
export function rowsInTag(tag: string): number | undefined {
  const [, count] = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag) ?? [];
  return count === undefined ? undefined : Number(count);
}

/** Set where a statement with that tag has changed more rows than it may, or the tag does not tell. */
export function overrun(tag: string, limit: number): PortcullisError | undefined {
  const changed = rowsInTag(tag);
  if (changed === undefined) return new PortcullisError('CHANGES_NOT_COUNTED');
  return changed > limit ? new PortcullisError('TOO_MANY_ROWS_CHANGED', { changed, rows: limit }) : undefined;
}
