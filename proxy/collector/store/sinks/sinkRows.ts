/**
 * How far each sink is: which leaf it has to be sent next, and who may send it. One collector at a time holds a sink, for a
 * time that the store's clock measures; what it changes is changed only while it does.
 */
import type { Queries, Store } from '../store.ts';

export interface Holding {
  /** Index of the first leaf that is not settled: neither taken, nor refused for good, nor filtered out. */
  readonly position: number;
  /** Size of the log. */
  readonly size: number;
  /** Failures in a row of what comes next. */
  readonly tries: number;
  /** Those among them that say something about it, and not that the receiver is away. */
  readonly strikes: number;
  /** Until it may be tried again. */
  readonly waitMs: number;
}

export interface Holder {
  readonly sink: string;
  /** Of this run of this collector. */
  readonly holder: string;
}

/** What was settled: events up to `position`, or dead letters that were sent again. */
export interface Settled {
  readonly position?: number;
  readonly sent: number;
  /** Events that can never be sent, for the store no longer holds them. */
  readonly gone: number;
}

/** @param start where a sink begins that the store has not known before */
export async function registerSink(
  queries: Queries,
  sink: string,
  kind: string,
  start: 'now' | 'beginning',
): Promise<void> {
  await queries.query(
    `INSERT INTO portcullis.sinks (name, kind, position)
     SELECT $1, $2, CASE WHEN $3 = 'now' THEN size ELSE 0 END FROM portcullis.log
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind`,
    [sink, kind, start],
  );
}

/** Takes or keeps the sink; undefined where another collector has it. */
export async function holdSink(
  queries: Queries,
  { sink, holder }: Holder,
  leaseMs: number,
): Promise<Holding | undefined> {
  // A store that was put back from a copy has a shorter log: what comes next has the next index.
  const { rows } = await queries.query<HoldingRow>(
    `UPDATE portcullis.sinks SET holder = $2, held_until = now() + $3 * interval '1 millisecond',
       position = least(position, log.size)
     FROM portcullis.log
     WHERE name = $1 AND (holder = $2 OR holder IS NULL OR held_until < now())
     RETURNING position, log.size, tries, strikes,
       greatest(0, extract(epoch FROM retry_at - now()) * 1000)::bigint AS wait`,
    [sink, holder, leaseMs],
  );
  return rows.map(holdingOf)[0];
}

/** The same without changing anything, for who holds it: undefined where that is over. */
export async function lookAtSink(queries: Queries, { sink, holder }: Holder): Promise<Holding | undefined> {
  const { rows } = await queries.query<HoldingRow>(
    `SELECT position, log.size, tries, strikes,
       greatest(0, extract(epoch FROM retry_at - now()) * 1000)::bigint AS wait
     FROM portcullis.sinks, portcullis.log WHERE name = $1 AND holder = $2 AND held_until > now()`,
    [sink, holder],
  );
  return rows.map(holdingOf)[0];
}

interface HoldingRow {
  position: string;
  size: string;
  tries: number;
  strikes: number;
  wait: string | null;
}

function holdingOf(row: HoldingRow): Holding {
  return {
    position: Number(row.position),
    size: Number(row.size),
    tries: row.tries,
    strikes: row.strikes,
    waitMs: Number(row.wait ?? 0),
  };
}

export async function releaseSink(queries: Queries, { sink, holder }: Holder): Promise<void> {
  await queries.query(
    'UPDATE portcullis.sinks SET holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2',
    [sink, holder],
  );
}

/** Answers whether this collector still held the sink: otherwise nothing was changed. */
export async function settle(queries: Queries, { sink, holder }: Holder, done: Settled): Promise<boolean> {
  const { rowCount } = await queries.query(
    `UPDATE portcullis.sinks SET position = coalesce($3, position), sent = sent + $4, gone = gone + $5,
       tries = 0, strikes = 0, retry_at = NULL, sent_at = CASE WHEN $4 > 0 THEN now() ELSE sent_at END,
       problem = CASE WHEN $4 > 0 THEN NULL ELSE problem END
     WHERE name = $1 AND holder = $2`,
    [sink, holder, done.position ?? null, done.sent, done.gone],
  );
  return rowCount === 1;
}

/** After a failure that may pass. */
export async function noteFailure(
  queries: Queries,
  { sink, holder }: Holder,
  problem: string,
  isStrike: boolean,
  retryMs: number,
): Promise<void> {
  await queries.query(
    `UPDATE portcullis.sinks SET tries = tries + 1, strikes = strikes + $5::int, problem = $3, failed_at = now(),
       retry_at = now() + $4 * interval '1 millisecond'
     WHERE name = $1 AND holder = $2`,
    [sink, holder, problem, Math.round(retryMs), isStrike ? 1 : 0],
  );
}

/** Puts events aside that were refused for good, and goes on after them; dead letters stay where they are. */
export async function putAside(
  store: Store,
  held: Holder,
  indexes: readonly number[],
  problem: string,
  position: number | undefined,
): Promise<boolean> {
  return store.transaction(async (queries) => {
    if (!(await settle(queries, held, { sent: 0, gone: 0, ...(position !== undefined && { position }) }))) {
      return false;
    }
    await queries.query(
      `INSERT INTO portcullis.sink_dead_letters (sink, index, problem)
       SELECT $1, index, $3 FROM unnest($2::bigint[]) AS index
       ON CONFLICT (sink, index) DO UPDATE SET problem = excluded.problem, at = now(), wanted_at = NULL`,
      [held.sink, indexes, problem],
    );
    await queries.query('UPDATE portcullis.sinks SET problem = $2, failed_at = now() WHERE name = $1', [
      held.sink,
      problem,
    ]);
    return true;
  });
}
