/** What other events tell of found ones: the outcomes of statements, the beginnings of sessions. */
import type { JournalEvent } from '../../audit/events.ts';
import type { Queries } from './store.ts';

interface Sourced {
  readonly proxy: string;
  readonly event: JournalEvent;
}

export async function findContext(queries: Queries, found: readonly Sourced[]): Promise<Sourced[]> {
  const intents = found.filter(({ event }) => event.kind === 'intent');
  const closed = found.flatMap(({ proxy, event }) =>
    event.kind === 'sessionClosed' ? [{ proxy, session: event.session }] : [],
  );
  const { rows } = await queries.query<{ proxy: string; event: JournalEvent }>(
    `SELECT e.proxy, e.event FROM unnest($1::text[], $2::bigint[]) AS intent (proxy, seq)
     JOIN portcullis.events e ON e.proxy = intent.proxy AND e.outcome_of = intent.seq
     UNION ALL
     SELECT e.proxy, e.event FROM unnest($3::text[], $4::text[]) AS closed (proxy, session)
     JOIN portcullis.events e ON e.proxy = closed.proxy AND e.session = closed.session AND e.kind = 'sessionOpened'`,
    [
      intents.map(({ proxy }) => proxy),
      intents.map(({ event }) => event.seq),
      closed.map(({ proxy }) => proxy),
      closed.map(({ session }) => session),
    ],
  );
  return rows;
}
