/**
 * What retention leaves for the sinks: events are kept beyond their time while a sink has not got them, for as many days as
 * the policy says. Then they go all the same, and the sink counts them as gone: one that is dead for ever fills no disk.
 */
import type { SinkSettings } from '../sinks/sink.ts';
import type { Queries } from '../store/store.ts';
import type { Group } from './conditions.ts';
import { type RetentionPolicy, usualSinkDays } from './retentionPolicy.ts';

export type WaitingSink = Pick<SinkSettings, 'name' | 'start'>;

/** The sink that is furthest behind. */
export interface SinksWait {
  readonly sink: string;
  /** When the collector took the oldest event that it has not got; undefined where that event is no longer kept. */
  readonly since: Date | undefined;
}

/**
 * Entries of the log are in the order of their transactions, times in that of their beginnings; and an outcome that waits
 * needs its statement, which is a little older.
 */
const marginMs = 3_600_000;
const dayMs = 86_400_000;
/** Among so many entries there is one that is kept, or the time for which they were to be kept is over long since. */
const lookedThrough = 50_000;

/** Undefined where all of them have got everything. @param sinks those that the collector was given */
export async function findSinksWait(
  queries: Queries,
  sinks: readonly WaitingSink[],
): Promise<SinksWait | undefined> {
  const { rows } = await queries.query<{ name: string; position: string }>(
    `SELECT wanted.name, coalesce(s.position, CASE WHEN wanted.start = 'now' THEN log.size ELSE 0 END) AS position
     FROM portcullis.log, unnest($1::text[], $2::text[]) AS wanted (name, start)
     LEFT JOIN portcullis.sinks s ON s.name = wanted.name
     WHERE coalesce(s.position, CASE WHEN wanted.start = 'now' THEN log.size ELSE 0 END) < log.size
     ORDER BY position LIMIT 1`,
    [sinks.map(({ name }) => name), sinks.map(({ start }) => start)],
  );
  const [last] = rows;
  if (last === undefined) return undefined;
  const found = await queries.query<{ received_at: Date }>(
    `SELECT e.received_at FROM (
       SELECT index, proxy, seq FROM portcullis.log_leaves WHERE index >= $1 ORDER BY index LIMIT ${lookedThrough}
     ) AS l JOIN portcullis.events e ON e.proxy = l.proxy AND e.seq = l.seq ORDER BY l.index LIMIT 1`,
    [last.position],
  );
  return { sink: last.name, since: found.rows[0]?.received_at };
}

/** The same groups, whose events are over a little later where a sink waits for them. */
export function waitForSinks(
  groups: readonly Group[],
  policy: RetentionPolicy,
  wait: SinksWait | undefined,
): Group[] {
  if (wait === undefined) return [...groups];
  const from = wait.since === undefined ? Number.NEGATIVE_INFINITY : wait.since.getTime() - marginMs;
  const patience = (policy.waitForSinksDays ?? usualSinkDays) * dayMs;
  return groups.map((group) => {
    const { cutoff } = group;
    if (cutoff === undefined || cutoff.getTime() <= from) return group;
    return { ...group, cutoff: new Date(Math.max(from, cutoff.getTime() - patience)) };
  });
}

/** Whether events go that the sink has not got. @param groups as {@link waitForSinks} has answered */
export function isOverdue({ since }: SinksWait, groups: readonly Group[]): boolean {
  return groups.some(({ cutoff }) => cutoff !== undefined && (since === undefined || cutoff > since));
}
