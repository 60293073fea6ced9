/**
 * A process whose file size limit is reached (RLIMIT_FSIZE, setrlimit(2)): prints "refused" once the journal refuses,
 * goes on trying, and prints "resumed" and ends once somebody has raised the limit.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openJournal } from '../../../../proxy/audit/journal/openJournal.ts';
import { makeIntent } from '../events.ts';

const [folder = ''] = process.argv.slice(2);
const journal = await openJournal(folder);
let refused = 0;
let ran = 0;
for (let round = 0; ; round += 1) {
  const seq = journal.intent(makeIntent(`SELECT ${round}`));
  try {
    journal.flush();
  } catch (error) {
    journal.withdraw(seq);
    refused += 1;
    if (refused === 1) writeSync(1, `refused after ${ran}: ${(error as Error).message}\n`);
    await sleep(5);
    continue;
  }
  ran += 1;
  journal.outcome({ for: seq, status: 'ok', rows: 0, micros: 1 });
  if (refused > 0) break;
}
await journal.close();
writeSync(1, `resumed: ${ran} ran, ${refused} refused\n`);
