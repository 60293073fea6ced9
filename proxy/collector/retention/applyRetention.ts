/**
 * Removes events whose time to be kept is over. Their leaves stay, and with them the tree, its checkpoints, receipts and
 * all proofs; an event of the collector's own, in the same transaction, tells which numbers are gone, by which policy.
 */
import type { Log } from '../../kit/log.ts';
import type { OwnEvents, OwnFields } from '../own/ownEvents.ts';
import type { CatalogConnection } from '../parts.ts';
import { listPartitions, type Partition } from '../store/partitions.ts';
import type { Queries, Store } from '../store/store.ts';
import { type Group, groupsOf, keptCondition } from './conditions.ts';
import { type Island, islandsOf, makeRemovals } from './removedRanges.ts';
import { type RetentionPolicy, versionOfRetention } from './retentionPolicy.ts';
import { findSinksWait, isOverdue, type WaitingSink, waitForSinks } from './sinksWait.ts';

export interface RetentionRun {
  readonly store: Store;
  readonly own: OwnEvents;
  readonly policy: RetentionPolicy;
  readonly connections: Iterable<CatalogConnection>;
  /** Those that the collector was given: what they have not got stays a while longer. */
  readonly sinks: readonly WaitingSink[];
  readonly now: Date;
  readonly log: Log;
}

/** Any number that nothing else in the database takes. */
const retentionLock = '8101821206206606446';
/** Rows deleted in one transaction, and looked for in one pass. */
const batchRows = 4_000;
const passRows = 100_000;
const lockPatience = "SET LOCAL lock_timeout = '5s'";
const throughOf = "CASE WHEN kind = 'withdrawn' THEN (event ->> 'through')::bigint ELSE seq END";

/** Answers how many events were removed. Several collectors may try at once: one of them does it. */
export async function applyRetention(run: RetentionRun): Promise<number> {
  return run.store.transaction(async (guard) => {
    const { rows } = await guard.query<{ mine: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1::bigint) AS mine',
      [retentionLock],
    );
    if (rows[0]?.mine !== true) return 0;
    const wait = run.sinks.length === 0 ? undefined : await findSinksWait(guard, run.sinks);
    const groups = waitForSinks(groupsOf(run.policy, run.connections, run.now), run.policy, wait);
    const isLate = wait !== undefined && isOverdue(wait, groups);
    let removed = 0;
    for (const partition of await listPartitions(guard)) {
      removed += isWholeOver(partition, groups)
        ? await removeWhole(run, partition)
        : await removeRows(run, partition, groups);
    }
    if (isLate && removed > 0) {
      run.log.warn(`sink ${wait.sink} has waited too long: events are removed that it has not got`);
    }
    return removed;
  });
}

function isWholeOver({ until }: Partition, groups: readonly Group[]): boolean {
  return groups.every(({ cutoff }) => cutoff !== undefined && cutoff >= until);
}

/** Drops a month, or empties it but for what is held. Nothing is written to it any more: its time is over. */
async function removeWhole(run: RetentionRun, { name, until }: Partition): Promise<number> {
  const { store, own, policy } = run;
  const kept = keptCondition(policy.holds, 1);
  return store.transaction(async (queries) => {
    await queries.query(lockPatience);
    // Before anything is locked that others wait for: it may take a while.
    const islands = await readIslands(queries, name, kept);
    await queries.query(
      `CREATE TEMP TABLE kept_events ON COMMIT DROP AS SELECT * FROM portcullis.${name} WHERE ${kept.condition}`,
      kept.values,
    );
    const { rows } = await queries.query<{ some: boolean }>('SELECT EXISTS (TABLE kept_events) AS some');
    const keepsSome = rows[0]?.some === true;
    const events = islands.reduce((sum, island) => sum + island.events, 0);
    if (events === 0 && keepsSome) return 0;
    await own.recordIn(queries, async () => {
      if (keepsSome) {
        await queries.query(`TRUNCATE portcullis.${name}`);
        await queries.query(`INSERT INTO portcullis.${name} TABLE kept_events`);
      } else {
        await queries.query(`DROP TABLE portcullis.${name}`);
        await queries.query('DELETE FROM portcullis.event_partitions WHERE name = $1', [name]);
      }
      const rule = `all events taken before ${until.toISOString()} are over`;
      return describe(policy, rule, until, islands);
    });
    return events;
  });
}

async function readIslands(
  queries: Queries,
  name: string,
  kept: ReturnType<typeof keptCondition>,
): Promise<Island[]> {
  const { rows } = await queries.query<{ proxy: string; first: string; last: string; events: string }>(
    `SELECT proxy, min(seq) AS first, max(through) AS last, count(*) AS events FROM (
       SELECT proxy, seq, through, count(*) FILTER (WHERE seq IS DISTINCT FROM before + 1)
         OVER (PARTITION BY proxy ORDER BY seq) AS island
       FROM (SELECT proxy, seq, ${throughOf} AS through,
               lag(${throughOf}) OVER (PARTITION BY proxy ORDER BY seq) AS before
             FROM portcullis.${name} WHERE NOT ${kept.condition}) AS numbered) AS marked
     GROUP BY proxy, island ORDER BY proxy COLLATE "C", first`,
    kept.values,
  );
  return rows.map(({ proxy, first, last, events }) => ({
    proxy,
    from: Number(first),
    through: Number(last),
    events: Number(events),
  }));
}

/** Some of a month, group by group. */
async function removeRows(
  run: RetentionRun,
  { name, from }: Partition,
  groups: readonly Group[],
): Promise<number> {
  let removed = 0;
  for (const group of groups) {
    const { cutoff } = group;
    if (cutoff === undefined || (from !== undefined && cutoff <= from)) continue;
    for (let found = passRows; found === passRows; ) {
      const rows = await findOver(run, name, group, cutoff);
      found = rows.length;
      for (let start = 0; start < rows.length; start += batchRows) {
        removed += await deleteBatch(run, name, group, cutoff, rows.slice(start, start + batchRows));
      }
    }
  }
  return removed;
}

interface OverRow {
  readonly proxy: string;
  readonly seq: string;
  readonly through: string;
}

async function findOver({ store, policy }: RetentionRun, name: string, group: Group, cutoff: Date) {
  const kept = keptCondition(policy.holds, group.values.length + 2);
  const { rows } = await store.query<OverRow>(
    `SELECT proxy, seq, ${throughOf} AS through FROM portcullis.${name}
     WHERE ${group.condition} AND received_at < $${group.values.length + 1} AND NOT ${kept.condition}
     ORDER BY proxy COLLATE "C", seq LIMIT ${passRows}`,
    [...group.values, cutoff, ...kept.values],
  );
  return rows;
}

async function deleteBatch(
  { store, own, policy }: RetentionRun,
  name: string,
  group: Group,
  cutoff: Date,
  rows: readonly OverRow[],
): Promise<number> {
  return store.transaction(async (queries) => {
    await queries.query(lockPatience);
    const { rowCount } = await queries.query(
      `DELETE FROM portcullis.${name} e USING unnest($1::text[], $2::bigint[]) AS over (proxy, seq)
       WHERE e.proxy = over.proxy AND e.seq = over.seq`,
      [rows.map(({ proxy }) => proxy), rows.map(({ seq }) => seq)],
    );
    // Only one collector does this at a time: all of them are there.
    if (rowCount !== rows.length) throw new Error(`events of ${name} were removed by somebody else`);
    const islands = islandsOf(
      rows.map(({ proxy, seq, through }) => ({ proxy, seq: Number(seq), through: Number(through) })),
    );
    await own.recordIn(queries, async () => describe(policy, group.rule, cutoff, islands));
    return rows.length;
  });
}

function describe(
  policy: RetentionPolicy,
  rule: string,
  before: Date,
  islands: readonly Island[],
): OwnFields[] {
  const { name } = policy;
  return makeRemovals(islands).map(({ events, removed }) => ({
    kind: 'eventsRemoved',
    policy: { name, version: versionOfRetention(policy) },
    rule,
    takenBefore: before.toISOString(),
    events,
    removed,
  }));
}
