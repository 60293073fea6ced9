/**
 * Writes what the collector records by itself, as the events of one more proxy: numbered without gaps, in the same log.
 * All collectors over a store share that proxy's row, and locking it gives their events one order.
 */
import type { CollectorEvent } from '../../audit/events.ts';
import type { Identity } from '../../identity/identity.ts';
import { makeEventRow } from './eventRows.ts';
import { appendLeaves } from './log.ts';
import type { Queries } from './store.ts';
import { insertRows } from './takeEvents.ts';

type WithoutNumber<Event> = Event extends unknown ? Omit<Event, 'seq'> : never;

export interface OwnEvent {
  readonly event: WithoutNumber<CollectorEvent>;
  /** Recorded once for a key, whichever collector is asked and however often. Kept until then. */
  readonly once?: { readonly key: string; readonly until: Date };
}

/** As whom it has claimed its row. No token is for this subject: a subject of OpenID Connect is at most 255 characters. */
const ownSubject = `portcullis:${'collector'.repeat(32)}`;

/** Waits for whoever else is writing. Call it before reading what decides on an event, so that it is decided once. */
export async function lockOwn(queries: Queries, writer: string): Promise<number> {
  const held = await selectOwn(queries, writer);
  if (held !== undefined) return held;
  const claim = 'INSERT INTO portcullis.proxies (id, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING';
  await queries.query(claim, [writer, ownSubject]);
  const claimed = await selectOwn(queries, writer);
  if (claimed === undefined) throw new Error(`the id ${writer} was taken by somebody else`);
  return claimed;
}

async function selectOwn(queries: Queries, writer: string): Promise<number | undefined> {
  const { rows } = await queries.query<{ acknowledged: string }>(
    'SELECT acknowledged FROM portcullis.proxies WHERE id = $1 AND subject = $2 FOR UPDATE',
    [writer, ownSubject],
  );
  const [held] = rows;
  return held === undefined ? undefined : Number(held.acknowledged);
}

/** In a transaction, and last in it: others wait for the log until its end. */
export async function appendOwn(
  queries: Queries,
  writer: string,
  events: readonly OwnEvent[],
): Promise<void> {
  const acknowledged = await lockOwn(queries, writer);
  const fresh = await claimKeys(queries, events);
  if (fresh.length === 0) return;
  const rows = fresh.map(({ event }, i) => {
    const numbered = { ...event, seq: acknowledged + 1 + i } as CollectorEvent;
    return makeEventRow(writer, numbered, service, true, undefined);
  });
  await insertRows(queries, writer, rows);
  await queries.query('UPDATE portcullis.proxies SET acknowledged = $2 WHERE id = $1', [
    writer,
    acknowledged + rows.length,
  ]);
  await appendLeaves(
    queries,
    rows.map(({ seq, leaf }) => ({ proxy: writer, seq, leaf })),
  );
}

/** Whom events are about that name nobody. */
const service: Identity = { subject: 'collector', email: '', groups: [] };

async function claimKeys(queries: Queries, events: readonly OwnEvent[]): Promise<readonly OwnEvent[]> {
  const keyed = events.flatMap(({ once }) => (once === undefined ? [] : [once]));
  if (keyed.length === 0) return events;
  const { rows } = await queries.query<{ key: string }>(
    `INSERT INTO portcullis.recorded_once (key, until)
     SELECT * FROM unnest($1::text[], $2::timestamptz[]) ON CONFLICT DO NOTHING RETURNING key`,
    [keyed.map(({ key }) => key), keyed.map(({ until }) => until)],
  );
  const claimed = new Set(rows.map(({ key }) => key));
  return events.filter(({ once }) => once === undefined || claimed.delete(once.key));
}

/** Keys of what can no longer come again. */
export async function forgetKeys(queries: Queries): Promise<void> {
  await queries.query('DELETE FROM portcullis.recorded_once WHERE until < now()');
}
