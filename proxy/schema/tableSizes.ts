/** How many rows tables have, and by which columns a row is told from all others, as the server's own books say. */
import type { Client } from 'pg';
import { addTo } from './catalogRows.ts';

export interface TableSizes {
  /** Another where any number is another. */
  readonly version: number;
  /** Rows of the table alone, without those of its partitions and children; undefined where the server has not counted. */
  rowsOf(oid: number): number | undefined;
  /** The columns (attnum) of each unique index that holds for all rows at all times. */
  keysOf(oid: number): readonly (readonly number[])[];
}

/**
 * reltuples is what VACUUM and ANALYZE last saw, -1 before the first (manual, 51.11); the live tuples of the cumulative
 * statistics follow what has happened since (manual, 27.2). The larger counts. Neither takes a lock on the table.
 */
const rowsQuery = `
  SELECT c.oid,
         CASE WHEN live = 0 AND (c.reltuples < 0 OR c.reltuples = 0 AND c.relpages = 0) THEN NULL
              ELSE GREATEST(c.reltuples::float8, live::float8) END AS rows
  FROM pg_catalog.pg_class c, LATERAL pg_catalog.pg_stat_get_live_tuples(c.oid) AS live
  WHERE c.relkind IN ('r', 'm', 'f')`;

/** An index on part of the rows or on expressions tells nothing; one that is deferrable may be broken for a while. */
const keysQuery = `
  SELECT indrelid AS relation, indkey::text AS columns, indnkeyatts AS count
  FROM pg_catalog.pg_index
  WHERE indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL`;

export const noSizes: TableSizes = { version: 0, rowsOf: () => undefined, keysOf: () => [] };

/** PostgreSQL 13 to 18. Rejects with the server's error. */
export async function loadTableSizes(client: Client, previous: TableSizes = noSizes): Promise<TableSizes> {
  const counted = (await client.query<{ oid: number; rows: number | null }>(rowsQuery)).rows;
  const indexed = await client.query<{ relation: number; columns: string; count: number }>(keysQuery);
  const rows = new Map<number, number>();
  let isSame = true;
  for (const row of counted) {
    const count = row.rows === null ? undefined : Math.ceil(row.rows);
    if (count !== undefined) rows.set(row.oid, count);
    isSame &&= previous.rowsOf(row.oid) === count;
  }
  const keys = new Map<number, number[][]>();
  for (const { relation, columns, count } of indexed.rows) {
    addTo(keys, relation, columns.split(' ').slice(0, count).map(Number));
  }
  for (const [relation, found] of keys) isSame &&= isAlike(found, previous.keysOf(relation));
  return {
    version: isSame ? previous.version : previous.version + 1,
    rowsOf: (oid) => rows.get(oid),
    keysOf: (oid) => keys.get(oid) ?? [],
  };
}

function isAlike(one: readonly (readonly number[])[], other: readonly (readonly number[])[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
