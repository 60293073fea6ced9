/** A process for the tests to kill: a session with statements that have ended and one that has not. */
import { writeSync } from 'node:fs';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';
import { intentFields, makeIntent } from './events.ts';

const journal = await openJournal(process.argv[2] ?? '');
const { client, connection, environment, identity, session } = intentFields;
journal.sessionOpened({ client, connection, environment, identity, session });
for (let i = 0; i < 3; i += 1) {
  journal.outcome({ for: journal.intent(makeIntent()), status: 'ok', rows: 1, micros: 1 });
}
journal.intent(makeIntent('SELECT pg_sleep(60)'));
await journal.sync();
writeSync(1, 'recorded\n');
setInterval(() => undefined, 1000);
