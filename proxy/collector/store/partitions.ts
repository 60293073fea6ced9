/**
 * The months of the events' table (PostgreSQL manual, 5.12 "Table Partitioning"). By when the collector took an event:
 * that clock only goes forward, whatever the clocks of the proxies say, so that months are made ahead and end for good.
 */
import type { Queries, Store } from './store.ts';

export interface Partition {
  readonly name: string;
  /** Undefined: everything before. */
  readonly from: Date | undefined;
  readonly until: Date;
}

/** So many months are there before they begin. */
const monthsAhead = 2;
/** Any number that nothing else in the database takes. */
const partitionLock = '8101821206206606445';

/** Makes the months that are not there yet. Takes no lock that keeps anybody from reading or writing events. */
export async function ensurePartitions(store: Store): Promise<void> {
  await store.transaction(async (queries) => {
    await queries.query('SELECT pg_advisory_xact_lock($1::bigint)', [partitionLock]);
    await queries.query("SET LOCAL lock_timeout = '10s'");
    const held = await listPartitions(queries);
    const { rows } = await queries.query<{ now: Date }>('SELECT now() AS now');
    const now = rows[0]?.now ?? new Date();
    const end = held.at(-1)?.until;
    for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
      const from = monthStart(now, ahead);
      if (end === undefined || from >= end) await makePartition(queries, from, monthStart(now, ahead + 1));
    }
  });
}

/** The oldest first. */
export async function listPartitions(queries: Queries): Promise<Partition[]> {
  const { rows } = await queries.query<{ name: string; since: Date | null; until: Date }>(
    'SELECT name, since, until FROM portcullis.event_partitions ORDER BY until',
  );
  return rows.map(({ name, since, until }) => ({ name, from: since ?? undefined, until }));
}

async function makePartition(queries: Queries, from: Date, until: Date): Promise<void> {
  const name = `events_${from.toISOString().slice(0, 7).replace('-', '_')}`;
  // Attached, not made as a partition: that would wait for, and stop, everybody who reads (ATTACH PARTITION in the manual).
  await queries.query(
    `CREATE TABLE portcullis.${name} (LIKE portcullis.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
  );
  await attachPartition(queries, { name, from, until });
}

async function attachPartition(queries: Queries, { name, from, until }: Partition): Promise<void> {
  const lower = from === undefined ? 'MINVALUE' : `'${from.toISOString()}'`;
  await queries.query(
    `ALTER TABLE portcullis.events ATTACH PARTITION portcullis.${name}
     FOR VALUES FROM (${lower}) TO ('${until.toISOString()}')`,
  );
  await queries.query('INSERT INTO portcullis.event_partitions (name, since, until) VALUES ($1, $2, $3)', [
    name,
    from ?? null,
    until,
  ]);
}

/** For a store from before there were months: its table becomes the first part, as it is. */
export async function attachEarlierEvents(queries: Queries): Promise<void> {
  const { rows } = await queries.query<{ last: Date | null; now: Date }>(
    'SELECT max(received_at) AS last, now() AS now FROM portcullis.events_earlier',
  );
  const [{ last, now } = { last: null, now: new Date() }] = rows;
  if (last === null) {
    await queries.query('DROP TABLE portcullis.events_earlier');
    return;
  }
  const until = monthStart(last > now ? last : now, 1);
  await attachPartition(queries, { name: 'events_earlier', from: undefined, until });
}

/** The first moment of a month, UTC. */
function monthStart(at: Date, monthsLater: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater, 1));
}
