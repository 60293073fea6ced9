/** Statements at the collector, as the activity page shows them. */
import { complete, entryOfIntent, entryOfRefusal } from '../audit/activity.ts';
import type { IntentEvent, OutcomeEvent, RefusalEvent } from '../audit/events.ts';
import { type CollectorClient, requireList } from '../kit/collectorClient.ts';
import type { CollectedStatement, StatementSearch } from './messages.ts';

/** How many a page shows before more are asked for. */
const pageSize = 100;

interface Found {
  readonly proxy: string;
  readonly subject: string;
  readonly email?: string;
  readonly event: IntentEvent | RefusalEvent;
  readonly outcome?: OutcomeEvent;
}

/** @throws what the client throws: CollectorRefusal, CollectorUnreachable */
export async function searchStatements(
  client: CollectorClient,
  search: StatementSearch,
): Promise<{ statements: readonly CollectedStatement[]; next?: string }> {
  const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams([...given, ['limit', String(pageSize)]]);
  const { items, next } = await client.call<{ items?: Found[]; next?: string | null }>(
    'GET',
    `/v1/statements?${query}`,
  );
  const statements = requireList(client.url, items).map(toStatement);
  return typeof next === 'string' ? { statements, next } : { statements };
}

function toStatement({ proxy, subject, email, event, outcome }: Found): CollectedStatement {
  const begun = event.kind === 'intent' ? entryOfIntent(event) : entryOfRefusal(event);
  const entry = outcome === undefined ? begun : complete(begun, outcome);
  return { ...entry, who: email ?? subject, isSynced: true, proxy };
}
