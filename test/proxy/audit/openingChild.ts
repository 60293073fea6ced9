/** A process that opens a journal, says so or why not, and holds it until it is killed or the given time has passed. */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';

const [folder = '', holdMillis = '60000'] = process.argv.slice(2);
try {
  const journal = await openJournal(folder);
  writeSync(1, 'opened\n');
  await sleep(Number(holdMillis));
  await journal.close();
} catch (error) {
  writeSync(1, `${(error as { code?: string }).code}: ${(error as Error).message}\n`);
}
