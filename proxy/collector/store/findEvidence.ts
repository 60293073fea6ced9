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

/**
 * By proxy, then number; at most one more than `limit`. Without a filter but the time, all numbers of a proxy between the
 * first and the last in the period, whatever the time they tell: a clock that was set back leaves no gap. And with them
 * one before and one after, so that whoever checks sees that the period begins and ends there.
 */
export async function findEvidence(
  queries: Queries,
  filter: EvidenceFilter,
  onlySubject: string | undefined,
  limit: number,
): Promise<FoundEvidence[]> {
  const { conditions, values } = makeConditions(filter, onlySubject);
  const isWhole = isUnfiltered({ filter, ...(onlySubject !== undefined && { onlySubject }) });
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const events = isWhole
    ? `(SELECT proxy, min(seq) AS first, max(seq) AS last FROM portcullis.events e ${where} GROUP BY proxy) AS span
         JOIN portcullis.events e ON e.proxy = span.proxy
           AND e.seq >= coalesce((SELECT max(seq) FROM portcullis.events b WHERE b.proxy = span.proxy AND b.seq < span.first), 0)
           AND e.seq <= coalesce((SELECT min(seq) FROM portcullis.events a WHERE a.proxy = span.proxy AND a.seq > span.last),
             span.last)`
    : 'portcullis.events e';
  const { rows } = await queries.query<Row>(
    `SELECT e.proxy, e.received_at, e.event, l.index FROM ${events}
     JOIN portcullis.log_leaves l ON l.proxy = e.proxy AND l.seq = e.seq
     ${isWhole ? '' : where}
     ORDER BY e.proxy COLLATE "C", e.seq LIMIT ${limit + 1}`,
    values,
  );
  return rows.map(describeRow);
}

function describeRow({ proxy, received_at, event, index }: Row): FoundEvidence {
  return { proxy, receivedAt: received_at.toISOString(), event, index: Number(index) };
}

/**
 * What tells why numbers are missing, where a bundle shows all numbers; nothing where it shows those of a filter.
 * @param proxies whose events are shown
 */
export async function findRemovals(
  queries: Queries,
  filter: EvidenceFilter,
  onlySubject: string | undefined,
  proxies: ReadonlySet<string>,
): Promise<FoundEvidence[]> {
  if (!isUnfiltered({ filter, ...(onlySubject !== undefined && { onlySubject }) })) return [];
  const { rows } = await queries.query<Row>(
    `SELECT e.proxy, e.received_at, e.event, l.index FROM portcullis.events e
     JOIN portcullis.log_leaves l ON l.proxy = e.proxy AND l.seq = e.seq
     WHERE e.kind = 'eventsRemoved' ORDER BY e.proxy COLLATE "C", e.seq`,
  );
  const isWhole = filter.from === undefined && filter.to === undefined;
  const concerns = ({ event }: Row) =>
    event.kind === 'eventsRemoved' && event.removed.some(({ proxy }) => proxies.has(proxy));
  return rows.filter((row) => isWhole || concerns(row)).map(describeRow);
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
  return { conditions, values };
}
