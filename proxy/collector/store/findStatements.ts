/** Searches statements and refusals, each with its outcome; and sums them up: who touched what, from where, when. */
import type { IntentEvent, OutcomeEvent, RefusalEvent } from '../../audit/events.ts';
import { findContext } from './findContext.ts';
import { type EventFilter, type FoundEvent, findEvents } from './findEvents.ts';
import type { Queries } from './store.ts';

export interface FoundStatement extends FoundEvent {
  readonly event: IntentEvent | RefusalEvent;
  /** Absent where it is not known (yet), and for refusals. */
  readonly outcome?: OutcomeEvent;
}

export async function findStatements(
  queries: Queries,
  filter: EventFilter,
): Promise<{ items: readonly FoundStatement[]; next: string | null }> {
  const { items, next } = await findEvents(queries, { ...filter, onlyStatements: true });
  const outcomes = new Map<string, OutcomeEvent>();
  for (const { proxy, event } of await findContext(queries, items)) {
    if (event.kind === 'outcome') outcomes.set(`${proxy}/${event.for}`, event);
  }
  return {
    items: items.map((found) => {
      const outcome = outcomes.get(`${found.proxy}/${found.event.seq}`);
      return { ...(found as FoundStatement), ...(outcome !== undefined && { outcome }) };
    }),
    next,
  };
}

/** Everything that one person did alike: through what, from where, to which relation, with which decision. */
export interface GraphEdge {
  readonly subject: string;
  readonly email: string | null;
  readonly agent: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly connection: string | null;
  /** `schema.name`; null for statements that touch none. */
  readonly relation: string | null;
  readonly decision: string | null;
  readonly statements: number;
  /** RFC 3339. */
  readonly first: string;
  readonly last: string;
}

export interface GraphFilter {
  readonly identity?: string;
  readonly connection?: string;
  readonly relation?: string;
  readonly decision?: string;
  /** RFC 3339, inclusive. */
  readonly since: string;
  /** RFC 3339, exclusive. */
  readonly until?: string;
  readonly onlySubject?: string;
}

/** The busiest edges first, at most `limit`. */
export async function findGraph(
  queries: Queries,
  filter: GraphFilter,
  limit: number,
): Promise<readonly GraphEdge[]> {
  const values: unknown[] = [];
  const conditions = ["kind IN ('intent', 'refusal')"];
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value !== undefined) conditions.push(condition(`$${values.push(value)}`));
  };
  add(filter.onlySubject, (place) => `subject = ${place}`);
  add(filter.identity, (place) => `(subject = ${place} OR email = ${place})`);
  add(filter.connection, (place) => `connection = ${place}`);
  add(filter.relation, (place) => `relations @> ARRAY[${place}::text]`);
  add(filter.decision, (place) => `decision = ${place}`);
  add(filter.since, (place) => `at >= ${place}::timestamptz`);
  add(filter.until, (place) => `at < ${place}::timestamptz`);
  const { rows } = await queries.query<GraphEdge & { statements: string; first: Date; last: Date }>(
    `SELECT subject, email, event #>> '{identity,agent,name}' AS agent, event #>> '{client,application}' AS application,
       event #>> '{client,address}' AS address, connection,
       CASE WHEN touched IS NULL THEN NULL ELSE concat_ws('.', touched ->> 'schema', touched ->> 'name') END AS relation,
       decision, count(*) AS statements, min(at) AS first, max(at) AS last
     FROM portcullis.events
     LEFT JOIN LATERAL jsonb_array_elements(event -> 'relations') AS touched ON true
     WHERE ${conditions.join(' AND ')}
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY statements DESC, last DESC LIMIT ${limit}`,
    values,
  );
  return rows.map((row) => ({
    ...row,
    statements: Number(row.statements),
    first: row.first.toISOString(),
    last: row.last.toISOString(),
  }));
}
