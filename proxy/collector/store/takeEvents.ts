/** Takes a batch of events, once each: one transaction, acknowledged when it is committed. */
import type { JournalEvent } from '../../audit/events.ts';
import type { Identity } from '../../identity/identity.ts';
import { isInGroup } from '../access.ts';
import { announce } from '../changes.ts';
import { Problem } from '../problem.ts';
import { type EventRow, hashEvent, type Inherited, makeEventRow } from './eventRows.ts';
import { type Appended, appendLeaves } from './log.ts';
import { ownPrefix } from './ownPrefix.ts';
import type { Queries, Store } from './store.ts';

export interface Taken {
  /** The highest sequence number up to which all events of the proxy are held. */
  readonly acknowledged: number;
  /** How the log has grown; undefined where every event was held before. */
  readonly appended?: Appended;
}

export async function takeEvents(
  store: Store,
  sender: Identity,
  proxy: string,
  events: readonly JournalEvent[],
): Promise<Taken> {
  const isService = isInGroup(sender, 'proxies');
  if (proxy.startsWith(ownPrefix)) {
    throw new Problem(403, `Ids that begin with "${ownPrefix}" are the collector's own: use another id.`);
  }
  requireUnbroken(events);
  if (!isService) requireOwn(events, sender);
  const first = events[0];
  if (first === undefined) return { acknowledged: await readAcknowledged(store, sender, proxy) };
  return store.transaction(async (queries) => {
    const acknowledged = await claimProxy(queries, sender, proxy);
    if (first.seq > acknowledged + 1) {
      throw new Problem(
        409,
        `Events ${acknowledged + 1} to ${first.seq - 1} of this proxy are missing: send from ${acknowledged + 1} on.`,
        { acknowledged },
      );
    }
    await requireSame(
      queries,
      proxy,
      events.filter(({ seq }) => seq <= acknowledged),
    );
    const fresh = events.filter(({ seq }) => seq > acknowledged);
    const last = fresh.at(-1);
    if (last === undefined) return { acknowledged };
    const rows = await makeRows(queries, proxy, fresh, sender, isService);
    await insertRows(queries, proxy, rows);
    const through = lastSeqOf(last);
    await queries.query('UPDATE portcullis.proxies SET acknowledged = $2 WHERE id = $1', [proxy, through]);
    if (rows.some((row) => row.changes_schema)) await announce(queries, 'drift');
    const leaves = rows.map(({ seq, leaf }) => ({ proxy, seq, leaf }));
    return { acknowledged: through, appended: await appendLeaves(queries, leaves) };
  });
}

/** Statements that could not be recorded take all places up to `through`. */
function lastSeqOf(event: JournalEvent): number {
  return event.kind === 'withdrawn' ? event.through : event.seq;
}

function requireUnbroken(events: readonly JournalEvent[]): void {
  let expected = events[0]?.seq;
  for (const event of events) {
    if (event.seq !== expected || lastSeqOf(event) < event.seq) {
      throw new Problem(400, `A batch holds events in order and without gaps; ${event.seq} is out of place.`);
    }
    expected = lastSeqOf(event) + 1;
  }
}

function requireOwn(events: readonly JournalEvent[], sender: Identity): void {
  const foreign = events.find(
    (event) =>
      'identity' in event && event.identity !== undefined && event.identity.subject !== sender.subject,
  );
  if (foreign === undefined) return;
  throw new Problem(
    403,
    `Event ${foreign.seq} is about somebody else: ${sender.email} may send their own events only. A proxy that serves several people signs in as a service in group proxies.`,
  );
}

function requireOwner(owner: string, sender: Identity): void {
  if (owner === sender.subject) return;
  throw new Problem(
    403,
    'This proxy id belongs to somebody else: a proxy sends its events as who used it first.',
  );
}

async function readAcknowledged(queries: Queries, sender: Identity, proxy: string): Promise<number> {
  const { rows } = await queries.query<{ subject: string; acknowledged: string }>(
    'SELECT subject, acknowledged FROM portcullis.proxies WHERE id = $1',
    [proxy],
  );
  const [held] = rows;
  if (held === undefined) return 0;
  requireOwner(held.subject, sender);
  return Number(held.acknowledged);
}

/** Locks the proxy's row, so that its batches come one after the other whichever collector takes them. */
async function claimProxy(queries: Queries, sender: Identity, proxy: string): Promise<number> {
  await queries.query('INSERT INTO portcullis.proxies (id, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    proxy,
    sender.subject,
  ]);
  const { rows } = await queries.query<{ subject: string; acknowledged: string }>(
    'SELECT subject, acknowledged FROM portcullis.proxies WHERE id = $1 FOR UPDATE',
    [proxy],
  );
  const [held] = rows;
  if (held === undefined) throw new Error('a proxy that was just kept is not there');
  requireOwner(held.subject, sender);
  return Number(held.acknowledged);
}

/** By the leaves of the log, which stay when an event is no longer kept. @throws Problem 409: nothing is written over */
async function requireSame(queries: Queries, proxy: string, events: readonly JournalEvent[]): Promise<void> {
  if (events.length === 0) return;
  const { rows } = await queries.query<{ seq: string; leaf: string }>(
    "SELECT seq, encode(hash, 'hex') AS leaf FROM portcullis.log_leaves WHERE proxy = $1 AND seq = ANY($2::bigint[])",
    [proxy, events.map(({ seq }) => seq)],
  );
  const held = new Map(rows.map(({ seq, leaf }) => [Number(seq), leaf]));
  const other = events.find((event) => held.get(event.seq) !== hashEvent(proxy, event).leaf);
  if (other === undefined) return;
  throw new Problem(
    409,
    `Event ${other.seq} of this proxy is already recorded with other content, and nothing recorded is ever changed. A journal that was set back needs a proxy id of its own.`,
  );
}

async function makeRows(
  queries: Queries,
  proxy: string,
  events: readonly JournalEvent[],
  sender: Identity,
  isService: boolean,
): Promise<readonly EventRow[]> {
  const intents = await readIntents(queries, proxy, events);
  const sessions = await readSessions(queries, proxy, events);
  return events.map((event) => {
    const inherited =
      event.kind === 'outcome'
        ? intents.get(event.for)
        : event.kind === 'sessionClosed'
          ? sessions.get(event.session)
          : undefined;
    const row = makeEventRow(proxy, event, sender, isService, inherited);
    if (event.kind === 'intent') intents.set(event.seq, row);
    if (event.kind === 'sessionOpened') sessions.set(event.session, row);
    return row;
  });
}

/** Intents that were sent before their outcomes, in earlier batches. */
async function readIntents(
  queries: Queries,
  proxy: string,
  events: readonly JournalEvent[],
): Promise<Map<number, Inherited>> {
  const first = events[0]?.seq ?? 0;
  const wanted = events.flatMap((event) =>
    event.kind === 'outcome' && event.for < first ? [event.for] : [],
  );
  if (wanted.length === 0) return new Map();
  const { rows } = await queries.query<Inherited & { seq: string }>(
    `SELECT seq, subject, email, connection, decision, relations FROM portcullis.events
     WHERE proxy = $1 AND seq = ANY($2::bigint[]) AND kind = 'intent'`,
    [proxy, wanted],
  );
  return new Map(rows.map((row) => [Number(row.seq), row]));
}

async function readSessions(
  queries: Queries,
  proxy: string,
  events: readonly JournalEvent[],
): Promise<Map<string, Inherited>> {
  const wanted = events.flatMap((event) => (event.kind === 'sessionClosed' ? [event.session] : []));
  if (wanted.length === 0) return new Map();
  const { rows } = await queries.query<Inherited & { session: string }>(
    `SELECT session, subject, email, connection, decision, relations FROM portcullis.events
     WHERE proxy = $1 AND session = ANY($2::text[]) AND kind = 'sessionOpened'`,
    [proxy, wanted],
  );
  return new Map(rows.map((row) => [row.session, row]));
}

/** Rows of one proxy that are not held yet. */
export async function insertRows(queries: Queries, proxy: string, rows: readonly EventRow[]): Promise<void> {
  await queries.query(
    `INSERT INTO portcullis.events (proxy, seq, at, kind, subject, email, connection, decision, relations,
       session, outcome_of, changes_schema, digest, event)
     SELECT $1, seq, at, kind, subject, email, connection, decision, relations,
       session, outcome_of, changes_schema, decode(digest, 'hex'), event
     FROM json_to_recordset($2::json) AS row (seq bigint, at timestamptz, kind text, subject text, email text,
       connection text, decision text, relations text[], session text, outcome_of bigint, changes_schema boolean,
       digest text, event jsonb)`,
    [proxy, JSON.stringify(rows)],
  );
}
