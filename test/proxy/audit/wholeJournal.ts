/** A journal as a proxy writes it: sessions with beginnings and ends, statements with outcomes, refusals, heartbeats. */
import { mkdirSync } from 'node:fs';
import type { EventIdentity } from '../../../proxy/audit/events.ts';
import { renderIntent } from '../../../proxy/audit/eventTemplate.ts';
import type { Journal, JournalOptions } from '../../../proxy/audit/journal/journal.ts';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';
import { intentFields } from './events.ts';

export interface WholeJournal {
  /** How often the proxy is started and stopped. */
  readonly runs?: number;
  readonly statements?: number;
  readonly identity?: EventIdentity;
  readonly options?: JournalOptions;
}

/** Small segments, and a commitment every few lines. */
export const smallPieces: JournalOptions = { segmentBytes: 6_000, commitmentBytes: 3_000 };

export async function writeWholeJournal(
  folder: string,
  { runs = 2, statements = 8, identity = intentFields.identity, options = smallPieces }: WholeJournal = {},
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (let run = 0; run < runs; run += 1) {
    const journal = await openJournal(folder, options);
    await runSession(journal, `session${run}aaaaaaaaaaaaaaaaa`, statements, identity);
    await journal.close();
  }
}

/** Opens, runs statements (every third is refused), closes. */
export async function runSession(
  journal: Journal,
  session: string,
  statements: number,
  identity: EventIdentity = intentFields.identity,
): Promise<void> {
  const { client, connection, environment } = intentFields;
  journal.sessionOpened({ client, connection, environment, identity, session });
  for (let i = 0; i < statements; i += 1) {
    const text = `SELECT ${i} -- é😀`;
    const statement = { ...intentFields.statement, text };
    if (i % 3 === 2) {
      const reason = { code: 'STATEMENT_DENIED', message: 'no', sqlState: '42501' };
      journal.refusal({ ...intentFields, identity, session, statement, reason });
    } else {
      const seq = journal.intent(renderIntent({ ...intentFields, identity, session, statement }));
      journal.outcome({
        for: seq,
        status: 'ok',
        rows: i,
        micros: 100 + i,
        tag: `SELECT ${i}`,
        maskedColumns: [{ column: 'email', classification: 'pii.email' }],
      });
    }
    await journal.sync();
  }
  journal.sessionClosed({ session, reason: 'clientClosed', statements });
  await journal.sync();
}
