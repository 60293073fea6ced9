/** Events that a sink has refused for good: kept by their index in the log until they are sent after all. */
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { Queries, Store } from '../store.ts';
import { type Holder, settle } from './sinkRows.ts';

export interface DeadLetter {
  readonly index: number;
  readonly proxy: string;
  readonly seq: number;
  readonly at: string;
  readonly problem: string;
  /** Somebody wants it to be sent again, and it has not been tried yet. */
  readonly isWanted: boolean;
}

interface Row {
  index: string;
  proxy: string;
  seq: string;
  at: Date;
  problem: string;
  is_wanted: boolean;
}

/** In the order of the log. */
export async function listDeadLetters(
  queries: Queries,
  sink: string,
  limit: number,
  cursor: string | undefined,
): Promise<{ items: readonly DeadLetter[]; next: string | null }> {
  const after = cursor === undefined ? -1 : Number(decodeCursor(cursor, ['number'])[0]);
  const { rows } = await queries.query<Row>(
    `SELECT d.index, l.proxy, l.seq, d.at, d.problem, d.wanted_at IS NOT NULL AS is_wanted
     FROM portcullis.sink_dead_letters d JOIN portcullis.log_leaves l ON l.index = d.index
     WHERE d.sink = $1 AND d.index > $2 ORDER BY d.index LIMIT $3`,
    [sink, after, limit + 1],
  );
  const items = rows.slice(0, limit).map((row) => ({
    index: Number(row.index),
    proxy: row.proxy,
    seq: Number(row.seq),
    at: row.at.toISOString(),
    problem: row.problem,
    isWanted: row.is_wanted,
  }));
  const last = items.at(-1);
  return { items, next: last === undefined || rows.length <= limit ? null : encodeCursor([last.index]) };
}

/** Has these sent again, or all; answers how many that is. */
export async function wantDeadLetters(
  queries: Queries,
  sink: string,
  indexes: readonly number[] | undefined,
): Promise<number> {
  const { rowCount } = await queries.query(
    `UPDATE portcullis.sink_dead_letters SET wanted_at = now()
     WHERE sink = $1 AND ($2::bigint[] IS NULL OR index = ANY($2))`,
    [sink, indexes ?? null],
  );
  return rowCount ?? 0;
}

/** Indexes of those that somebody wants to be sent again, in the order of the log. */
export async function findWanted(queries: Queries, sink: string, limit: number): Promise<number[]> {
  const { rows } = await queries.query<{ index: string }>(
    `SELECT index FROM portcullis.sink_dead_letters WHERE sink = $1 AND wanted_at IS NOT NULL
     ORDER BY index LIMIT $2`,
    [sink, limit],
  );
  return rows.map(({ index }) => Number(index));
}

/** Answers whether this collector still held the sink: otherwise they stay, and are sent once more. */
export async function settleDeadLetters(
  store: Store,
  held: Holder,
  indexes: readonly number[],
): Promise<boolean> {
  return store.transaction(async (queries) => {
    if (!(await settle(queries, held, { sent: indexes.length, gone: 0 }))) return false;
    await queries.query(
      'DELETE FROM portcullis.sink_dead_letters WHERE sink = $1 AND index = ANY($2::bigint[])',
      [held.sink, indexes],
    );
    return true;
  });
}
