/** A process for the tests to kill: records statements as fast as it can and prints the number of each one flushed. */
import { writeSync } from 'node:fs';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';
import { makeIntent } from './events.ts';

const [folder = '', segmentBytes = '65536'] = process.argv.slice(2);
const journal = await openJournal(folder, { segmentBytes: Number(segmentBytes) });
const templates = ['SELECT 1', `SELECT '${'x'.repeat(3000)}'`].map(makeIntent);

for (let round = 0; ; round += 1) {
  const seqs = Array.from({ length: 1 + (round % 3) }, (_, index) => {
    const template = templates[(round + index) % templates.length];
    if (template === undefined) throw new RangeError();
    return journal.intent(template);
  });
  if (round % 5 === 0) await journal.sync();
  else journal.flush();
  writeSync(1, seqs.map((seq) => `${seq}\n`).join(''));
  for (const seq of seqs) journal.outcome({ for: seq, status: 'ok', rows: 1, micros: 1 });
  if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
}
