/** Finds the events of an evidence bundle, with their places in the log. */

import type { JournalEvent } from '../../audit/events.ts';
import type { ProvenEvent } from '../../audit/evidence/bundle.ts';
import type { EvidenceFilter } from '../../audit/evidence/evidenceFilter.ts';
import { isUnfiltered } from '../../audit/evidence/manifest.ts';
import { proveMany } from './proveMany.ts';
import type { Queries } from './store.ts';

export type FoundEvidence = Omit<ProvenEvent, 'proof'>;

interface Row {
  proxy: string;
  received_at: Date;
  event: JournalEvent;
  index: string;
}

/** How far the store has taken each proxy's events. Ask before the events: they are this many, or more by then. */
export async function readTaken(queries: Queries): Promise<ReadonlyMap<string, number>> {
  const { rows } = await queries.query<{ id: string; acknowledged: string }>(
    'SELECT id, acknowledged FROM portcullis.proxies',
  );
  return new Map(rows.map(({ id, acknowledged }) => [id, Number(acknowledged)]));
}

/** What a bundle holds of one proxy. */
export interface EvidenceSpan {
  readonly proxy: string;
  /** Numbers of the first event and of the last. */
  readonly first: number;
  readonly last: number;
  readonly events: number;
  /** The last of their places in the log; infinite where the log has lost it. */
  readonly lastIndex: number;
}

/**
 * By proxy. Without a filter but the time, all numbers of a proxy between the first and the last in the period, whatever
 * the time they tell: a clock that was set back leaves no gap. And with them one before and one after, so that whoever
 * checks sees that the period begins and ends there.
 */
export async function findSpans(
  queries: Queries,
  filter: EvidenceFilter,
  onlySubject: string | undefined,
): Promise<EvidenceSpan[]> {
  const { where, values, isWhole } = makeConditions(filter, onlySubject);
  const found = `SELECT proxy, min(seq) AS first, max(seq) AS last, count(*) AS events
    FROM portcullis.events e ${where} GROUP BY proxy`;
  const widened = `SELECT proxy, wide.*,
      (SELECT count(*) FROM portcullis.events e WHERE e.proxy = found.proxy AND e.seq BETWEEN wide.first AND wide.last) AS events
    FROM (${found}) AS found, LATERAL (SELECT
      coalesce((SELECT max(seq) FROM portcullis.events b WHERE b.proxy = found.proxy AND b.seq < found.first), found.first) AS first,
      coalesce((SELECT min(seq) FROM portcullis.events a WHERE a.proxy = found.proxy AND a.seq > found.last), found.last) AS last
    ) AS wide`;
  // A proxy's events are entered in the order of their numbers: the last number has the last place.
  const { rows } = await queries.query<Readonly<Record<keyof EvidenceSpan, string | null>>>(
    `SELECT span.*, l.index AS "lastIndex" FROM (${isWhole && values.length > 0 ? widened : found}) AS span
     LEFT JOIN portcullis.log_leaves l ON l.proxy = span.proxy AND l.seq = span.last
     ORDER BY span.proxy COLLATE "C"`,
    values,
  );
  return rows.map(({ proxy, first, last, events, lastIndex }) => ({
    proxy: proxy ?? '',
    first: Number(first),
    last: Number(last),
    events: Number(events),
    lastIndex: lastIndex === null ? Number.POSITIVE_INFINITY : Number(lastIndex),
  }));
}

/** The events of a span by number, page by page. Only inside a transaction, and one such reading at a time. */
export async function* readEvidence(
  queries: Queries,
  filter: EvidenceFilter,
  onlySubject: string | undefined,
  { proxy, first, last }: EvidenceSpan,
): AsyncGenerator<FoundEvidence[]> {
  const { conditions, values, isWhole } = makeConditions(filter, onlySubject);
  // Where all numbers count, the time has said which is the first and which the last.
  const kept: unknown[] = isWhole ? [] : values;
  const places = [proxy, first, last].map((value) => `$${kept.push(value)}`);
  yield* readPages(
    queries,
    [
      `e.proxy = ${places[0]}`,
      `e.seq >= ${places[1]}`,
      `e.seq <= ${places[2]}`,
      ...(isWhole ? [] : conditions),
    ],
    kept,
    'e.seq',
  );
}

/** So many rows are held at a time; rendered, they keep nobody waiting for more than some hundredths of a second. */
const pageRows = 400;

/** A cursor: the rows are found once, however long whoever takes them takes. */
async function* readPages(
  queries: Queries,
  conditions: readonly string[],
  values: readonly unknown[],
  order: string,
): AsyncGenerator<FoundEvidence[]> {
  await queries.query(
    `DECLARE evidence NO SCROLL CURSOR FOR SELECT e.proxy, e.received_at, e.event, l.index FROM portcullis.events e
     JOIN portcullis.log_leaves l ON l.proxy = e.proxy AND l.seq = e.seq
     WHERE ${conditions.join(' AND ')} ORDER BY ${order}`,
    values,
  );
  for (;;) {
    const { rows } = await queries.query<Row>(`FETCH ${pageRows} FROM evidence`);
    if (rows.length > 0) yield rows.map(describeRow);
    if (rows.length < pageRows) break;
  }
  await queries.query('CLOSE evidence');
}

function describeRow({ proxy, received_at, event, index }: Row): FoundEvidence {
  return { proxy, receivedAt: received_at.toISOString(), event, index: Number(index) };
}

/** The place in the log of the last event that tells of removed ones; -1 where there is none. */
export async function findLastRemoval(queries: Queries): Promise<number> {
  const { rows } = await queries.query<{ index: string | null }>(
    `SELECT max(l.index) AS index FROM portcullis.events e
     JOIN portcullis.log_leaves l ON l.proxy = e.proxy AND l.seq = e.seq WHERE e.kind = 'eventsRemoved'`,
  );
  return Number(rows[0]?.index ?? -1);
}

/**
 * What tells why numbers are missing, where a bundle shows all numbers; nothing where it shows those of a filter.
 * @param proxies whose events are shown
 */
export async function* readRemovals(
  queries: Queries,
  filter: EvidenceFilter,
  onlySubject: string | undefined,
  proxies: ReadonlySet<string>,
): AsyncGenerator<FoundEvidence[]> {
  if (!isUnfiltered({ filter, ...(onlySubject !== undefined && { onlySubject }) })) return;
  const isWhole = filter.from === undefined && filter.to === undefined;
  const concerns = ({ event }: FoundEvidence) =>
    event.kind === 'eventsRemoved' && event.removed.some(({ proxy }) => proxies.has(proxy));
  const order = 'e.proxy COLLATE "C", e.seq';
  for await (const page of readPages(queries, ["e.kind = 'eventsRemoved'"], [], order)) {
    const found = page.filter((row) => isWhole || concerns(row));
    if (found.length > 0) yield found;
  }
}

export async function proveEvidence(
  queries: Queries,
  found: readonly FoundEvidence[],
  size: number,
): Promise<ProvenEvent[]> {
  const proofs = await proveMany(
    queries,
    found.map(({ index }) => index),
    size,
  );
  return found.map((event, i) => ({ ...event, proof: proofs[i] ?? [] }));
}

function makeConditions(filter: EvidenceFilter, onlySubject: string | undefined) {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add(onlySubject, (value) => `e.subject = ${value}`);
  add(filter.identity, (value) => `(e.subject = ${value} OR e.email = ${value})`);
  add(filter.connection, (value) => `e.connection = ${value}`);
  add(filter.relation, (value) => `e.relations @> ARRAY[${value}::text]`);
  add(filter.decision, (value) => `e.decision = ${value}`);
  add(filter.agent, (value) => `e.event #>> '{identity,agent,name}' = ${value}`);
  add(filter.from, (value) => `e.at >= ${value}::timestamptz`);
  add(filter.to, (value) => `e.at < ${value}::timestamptz`);
  return {
    conditions,
    values,
    where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`,
    isWhole: isUnfiltered({ filter, ...(onlySubject !== undefined && { onlySubject }) }),
  };
}
