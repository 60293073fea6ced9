/** A process for the tests to kill: records statements and hands them to the collector at the same time. */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';
import { startSync } from '../../../proxy/audit/sync.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { makeIntent } from './events.ts';

const [dataDirectory = '', url = ''] = process.argv.slice(2);
const folder = join(dataDirectory, 'journal');
const journal = await openJournal(folder, { segmentBytes: 65_536 });
const client = new CollectorClient({ url, token: () => 'token' });
startSync({ folder, dataDirectory, client, journal, log: createLog('silent'), pollMs: 5 });
const template = makeIntent('SELECT 1');
writeSync(1, 'ready\n');
for (;;) {
  const seqs = Array.from({ length: 20 }, () => journal.intent(template));
  journal.flush();
  for (const seq of seqs) journal.outcome({ for: seq, status: 'ok', rows: 1, micros: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1));
}
