/**
 * VS Code in the browser with the packed extension, by hand: `npm run workbench [-- --collector URL]`. Without a collector it
 * starts `portcullis up` beside it. Stays until Ctrl+C and leaves nothing behind.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openInBrowser } from '../../proxy/local/openInBrowser.ts';
import { startUp } from '../kit/upProcess.ts';
import { startWorkbench } from '../kit/workbench/workbench.ts';

const sample = `-- Ctrl+Enter runs the statement under the cursor.
SELECT id, name, email, phone FROM customers ORDER BY id LIMIT 50;

DROP TABLE customers;

UPDATE orders SET status = 'paid' WHERE id = 1;
`;

const say = (text: string) => process.stdout.write(`${text}\n`);
const { values } = parseArgs({ options: { collector: { type: 'string' } } });
const vsix = join(import.meta.dirname, '..', '..', 'portcullis.vsix');
const work = mkdtempSync(join(tmpdir(), 'portcullis-workbench-'));
writeFileSync(join(work, 'sample.sql'), sample);

const up = values.collector === undefined ? await startUp([]) : undefined;
const collector = values.collector ?? up?.answer.collector ?? '';
const workbench = await startWorkbench({
  name: 'you',
  folder: work,
  vsix,
  settings: { 'portcullis.collector': collector, 'security.workspace.trust.enabled': false },
});

say(`
VS Code is open on ${collector}:

  ${workbench.url}

Open it, choose Portcullis in the bar on the left, then Sign In, and confirm the collector.`);
if (up !== undefined) {
  say(`
Who may sign in, with which password:
${up.answer.identities.map(({ email, password, groups }) => `  ${email.padEnd(20)}   ${password}   ${groups.join(', ')}`).join('\n')}`);
}
say(`
A second person: run this again with --collector ${collector}
Ctrl-C stops it.
`);
openInBrowser(workbench.url);

await new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});
await workbench.stop();
await up?.end('SIGTERM');
rmSync(work, { recursive: true, force: true });
