/**
 * VS Code in the browser with the packed extension, by hand: `npm run workbench [-- --collector URL]`. Without a collector it
 * starts `portcullis up` beside it. Stays until Ctrl+C and leaves nothing behind.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createLog } from '../../proxy/kit/log.ts';
import { openInBrowser } from '../../proxy/local/openInBrowser.ts';
import { runUntilStopped, type Service } from '../../proxy/local/untilStopped.ts';
import { startUp, type UpProcess } from '../kit/upProcess.ts';
import { startWorkbench } from '../kit/workbench/workbench.ts';

const sample = `-- Ctrl+Enter runs the statement under the cursor.
SELECT id, name, email, phone FROM customers ORDER BY id LIMIT 50;

DROP TABLE customers;

UPDATE orders SET status = 'paid' WHERE id = 1;
`;

const say = (text: string) => process.stdout.write(`${text}\n`);
const { values } = parseArgs({ options: { collector: { type: 'string' } } });
const vsix = join(import.meta.dirname, '..', '..', 'portcullis.vsix');
process.exitCode = await runUntilStopped(createLog('warn'), open);

async function open(service: Service): Promise<void> {
  const up = values.collector === undefined ? await startOwnUp(service) : undefined;
  const collector = values.collector ?? up?.answer.collector ?? '';
  const folder = makeFolder('portcullis-workbench-', service);
  writeFileSync(join(folder, 'sample.sql'), sample);
  const workbench = await startWorkbench({
    name: 'you',
    folder,
    vsix,
    settings: { 'portcullis.collector': collector },
    // Links to this machine open as they are, as on a desktop: led through the workbench a sign-in page loses its cookies.
    environment: { VSCODE_PROXY_URI: '' },
  });
  service.closers.push(() => workbench.stop());
  say(describe(workbench.url, collector, up));
  openInBrowser(workbench.url);
}

/** In folders of its own: one that was started by hand keeps its place as the running one. */
async function startOwnUp(service: Service): Promise<UpProcess> {
  // At the top: the embedded server may run as another user, who must get there.
  const data = makeFolder('portcullis-workbench-up-', service);
  const runtime = join(data, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const up = await startUp(['--data', data], { XDG_RUNTIME_DIR: runtime });
  service.closers.push(async () => void (await up.end('SIGTERM')));
  up.process.once('exit', () => service.end());
  return up;
}

function makeFolder(name: string, service: Service): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  service.closers.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function describe(url: string, collector: string, up: UpProcess | undefined): string {
  const identities = up?.answer.identities ?? [];
  const width = Math.max(...identities.map(({ email }) => email.length));
  const logins = identities.map(
    ({ email, password, groups }) => `  ${email.padEnd(width)}   ${password}   ${groups.join(', ')}`,
  );
  const whoMay =
    up === undefined
      ? 'Who may sign in there is known where the collector was started.'
      : `Who may sign in there, with which password:\n${logins.join('\n')}`;
  return `
VS Code is at
  ${url}

To join ${collector} in it:
  1. Choose Portcullis in the bar on the left, then Sign In.
  2. Answer Allow, then Join: the sign-in page opens.
  3. Open sample.sql.
To join another: "Portcullis: Join a Collector" in the command palette (F1).

${whoMay}

For a second person, beside this one:
  npm run workbench -- --collector ${collector}

Ctrl-C stops it.
`;
}
