/** Leaves of the log with their events, and what other events tell of them: what sinks are sent. */
import type { JournalEvent } from '../../../audit/events.ts';
import type { Queries } from '../store.ts';

export interface StoredEvent {
  readonly proxy: string;
  readonly event: JournalEvent;
  /** RFC 3339. The same for all events of one batch, which are taken in one transaction. */
  readonly receivedAt: string;
  readonly decision?: string;
}

export interface Leaf {
  readonly index: number;
  /** Undefined where its event is no longer kept. */
  readonly stored: StoredEvent | undefined;
}

/** By `proxy/seq`, by `proxy/seq` of the intent, and by `proxy/session`. */
export interface LeafContext {
  readonly intents: ReadonlyMap<string, StoredEvent>;
  readonly outcomes: ReadonlyMap<string, StoredEvent>;
  readonly sessions: ReadonlyMap<string, StoredEvent>;
}

interface EventRow {
  proxy: string;
  event: JournalEvent | null;
  received_at: Date | null;
  decision: string | null;
}

/** So much is read at a time: an event may be as large as a batch, and is then read alone. */
const maxLeaves = 500;
const maxBytes = 4 * 2 ** 20;

/** From `first` up to before `end`, not all at once: in order, at least one where there is any. */
export function readLeaves(queries: Queries, first: number, end: number): Promise<Leaf[]> {
  return queryLeaves(queries, 'index >= $1 AND index < $2', [first, end]);
}

/** Of these indexes, not all at once: in order, at least one where there is any. */
export function readLeavesAt(queries: Queries, indexes: readonly number[]): Promise<Leaf[]> {
  return queryLeaves(queries, 'index = ANY($1::bigint[])', [indexes]);
}

async function queryLeaves(queries: Queries, condition: string, values: readonly unknown[]): Promise<Leaf[]> {
  const { rows } = await queries.query<EventRow & { index: string }>(
    `SELECT index, proxy, event, received_at, decision FROM (
       SELECT l.index, l.proxy, e.event, e.received_at, e.decision,
         coalesce(sum(octet_length(e.event::text)) OVER (
           ORDER BY l.index ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
       FROM (SELECT index, proxy, seq FROM portcullis.log_leaves WHERE ${condition}
             ORDER BY index LIMIT ${maxLeaves}) AS l
       LEFT JOIN portcullis.events e ON e.proxy = l.proxy AND e.seq = l.seq) AS leaf
     WHERE before < ${maxBytes} ORDER BY index`,
    values,
  );
  return rows.map((row) => ({ index: Number(row.index), stored: storedOf(row) }));
}

export async function readContext(queries: Queries, leaves: readonly Leaf[]): Promise<LeafContext> {
  const found = leaves.flatMap(({ stored }) => stored ?? []);
  const intents = found.filter(({ event }) => event.kind === 'intent');
  const outcomes = found.flatMap(({ proxy, event }) =>
    event.kind === 'outcome' ? [{ proxy, seq: event.for }] : [],
  );
  const closed = found.flatMap(({ proxy, event }) =>
    event.kind === 'sessionClosed' ? [{ proxy, session: event.session }] : [],
  );
  const { rows } = await queries.query<EventRow>(
    `SELECT e.proxy, e.event, e.received_at, e.decision FROM unnest($1::text[], $2::bigint[]) AS w (proxy, seq)
     JOIN portcullis.events e ON e.proxy = w.proxy AND e.outcome_of = w.seq
     UNION ALL
     SELECT e.proxy, e.event, e.received_at, e.decision FROM unnest($3::text[], $4::bigint[]) AS w (proxy, seq)
     JOIN portcullis.events e ON e.proxy = w.proxy AND e.seq = w.seq AND e.kind = 'intent'
     UNION ALL
     SELECT e.proxy, e.event, e.received_at, e.decision FROM unnest($5::text[], $6::text[]) AS w (proxy, session)
     JOIN portcullis.events e ON e.proxy = w.proxy AND e.session = w.session AND e.kind = 'sessionOpened'`,
    [
      intents.map(({ proxy }) => proxy),
      intents.map(({ event }) => event.seq),
      outcomes.map(({ proxy }) => proxy),
      outcomes.map(({ seq }) => seq),
      closed.map(({ proxy }) => proxy),
      closed.map(({ session }) => session),
    ],
  );
  return indexContext(rows.flatMap((row) => storedOf(row) ?? []));
}

function indexContext(found: readonly StoredEvent[]): LeafContext {
  const intents = new Map<string, StoredEvent>();
  const outcomes = new Map<string, StoredEvent>();
  const sessions = new Map<string, StoredEvent>();
  for (const stored of found) {
    const { proxy, event } = stored;
    if (event.kind === 'intent') intents.set(`${proxy}/${event.seq}`, stored);
    if (event.kind === 'outcome') outcomes.set(`${proxy}/${event.for}`, stored);
    if (event.kind === 'sessionOpened') sessions.set(`${proxy}/${event.session}`, stored);
  }
  return { intents, outcomes, sessions };
}

function storedOf({ proxy, event, received_at: receivedAt, decision }: EventRow): StoredEvent | undefined {
  if (event === null || receivedAt === null) return undefined;
  return {
    proxy,
    event,
    receivedAt: receivedAt.toISOString(),
    ...(decision !== null && { decision }),
  };
}
