/** Searches the recorded events, newest first. */
import type { JournalEvent } from '../../audit/events.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Queries } from './store.ts';

export interface EventFilter {
  /** Subject or e-mail address. */
  readonly identity?: string;
  readonly connection?: string;
  /** `schema.name`, or a name in any schema. */
  readonly relation?: string;
  readonly decision?: string;
  /** What kind of event: `policyChanged`. */
  readonly kind?: string;
  /** A column of a result that came masked, or in clear by a permit. */
  readonly column?: string;
  /** What such a column is: `pii.email`. */
  readonly classification?: string;
  /** Name of the agent that asked. */
  readonly agent?: string;
  /** Words of the statement's recorded text, all of them. */
  readonly text?: string;
  /** RFC 3339, inclusive. */
  readonly since?: string;
  /** RFC 3339, exclusive. */
  readonly until?: string;
  readonly limit: number;
  readonly cursor?: string;
  /** Only events of this subject: for who may not see those of others. */
  readonly onlySubject?: string;
  /** Statements and refusals alone; a column is then looked for in their outcomes. */
  readonly onlyStatements?: boolean;
}

export interface FoundEvent {
  readonly proxy: string;
  readonly receivedAt: string;
  /** Whom it is about; an outcome is about who ran the statement. */
  readonly subject: string;
  readonly email?: string;
  readonly event: JournalEvent;
}

interface Row {
  proxy: string;
  seq: string;
  at: Date;
  received_at: Date;
  subject: string;
  email: string | null;
  event: JournalEvent;
}

export async function findEvents(
  queries: Queries,
  filter: EventFilter,
): Promise<{ items: readonly FoundEvent[]; next: string | null }> {
  const { alternatives, values } = makeConditions(filter);
  // One more than asked for tells whether there is another page.
  const order = `ORDER BY at DESC, proxy DESC, seq DESC LIMIT ${filter.limit + 1}`;
  const branches = alternatives.map(
    (conditions) =>
      `(SELECT proxy, seq, at, received_at, subject, email, event FROM portcullis.events
        ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ${order})`,
  );
  const { rows } = await queries.query<Row>(
    `SELECT * FROM (${branches.join(' UNION ALL ')}) AS found ${order}`,
    values,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    items: page.map((row) => ({
      proxy: row.proxy,
      receivedAt: row.received_at.toISOString(),
      subject: row.subject,
      ...(row.email === null ? {} : { email: row.email }),
      event: row.event,
    })),
    next:
      last === undefined || rows.length <= filter.limit
        ? null
        : encodeCursor([last.at.toISOString(), last.proxy, Number(last.seq)]),
  };
}

interface Conditions {
  /** Lists of conditions that all hold; an event is found by one of the lists. */
  readonly alternatives: readonly (readonly string[])[];
  readonly values: readonly unknown[];
}

function makeConditions(filter: EventFilter): Conditions {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value !== undefined) conditions.push(condition(place(value)));
  };
  add(filter.onlySubject, (value) => `subject = ${value}`);
  add(filter.connection, (value) => `connection = ${value}`);
  add(filter.relation, (value) => `relations @> ARRAY[${value}::text]`);
  add(filter.decision, (value) => `decision = ${value}`);
  add(filter.kind, (value) => `kind = ${value}`);
  // Said in full, so that the index of what is rare is known to serve.
  if (filter.kind !== undefined && filter.kind !== 'intent' && filter.kind !== 'outcome')
    conditions.push("kind NOT IN ('intent', 'outcome')");
  add(filter.since, (value) => `at >= ${value}::timestamptz`);
  add(filter.until, (value) => `at < ${value}::timestamptz`);
  const column = { column: filter.column, classification: filter.classification };
  if (filter.column !== undefined || filter.classification !== undefined) {
    const wanted = `${place(JSON.stringify([column]))}::jsonb`;
    const isFound = `kind = 'outcome' AND (event -> 'maskedColumns' @> ${wanted} OR event -> 'unmaskedColumns' @> ${wanted})`;
    conditions.push(
      filter.onlyStatements === true
        ? `(proxy, seq) IN (SELECT proxy, outcome_of FROM portcullis.events WHERE ${isFound})`
        : isFound,
    );
  }
  if (filter.onlyStatements === true) conditions.push("kind IN ('intent', 'refusal')");
  add(filter.agent, (value) => `event #>> '{identity,agent,name}' = ${value}`);
  add(
    filter.text,
    (value) =>
      `event #>> '{statement,text}' IS NOT NULL
       AND to_tsvector('simple', event #>> '{statement,text}') @@ plainto_tsquery('simple', ${value})`,
  );
  if (filter.cursor !== undefined) {
    const [at, proxy, seq] = decodeCursor(filter.cursor, ['string', 'string', 'number']).map(place);
    conditions.push(`(at, proxy, seq) < (${at}::timestamptz, ${proxy}::text, ${seq}::bigint)`);
  }
  if (filter.identity === undefined) return { alternatives: [conditions], values };
  // Two ordered index scans, where one condition with OR would sort or read everything.
  const who = place(filter.identity);
  const bySubject = [...conditions, `subject = ${who}`];
  const byEmail = [...conditions, `email = ${who}`, `subject <> ${who}`];
  return { alternatives: [bySubject, byEmail], values };
}
