/** `npm run workbench` leads a person from what it prints to a signed-in editor, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { Editor } from '../kit/workbench/driver.ts';
import { killProcesses, stragglers } from '../kit/workbench/ownProcesses.ts';
import { whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

it.skipIf(reason !== undefined)('can be followed by hand', { timeout: 120_000 }, async () => {
  const script = join(import.meta.dirname, 'openWorkbench.ts');
  const work = mkdtempSync(join(tmpdir(), 'by-hand-'));
  chmodSync(work, 0o755); // the embedded server may run as another user
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // In the path all that it starts can be told from the rest.
    env: { ...process.env, TMPDIR: work, PATH: `${process.env['PATH']}:${work}` },
    detached: true, // a group of its own, as in a terminal
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGINT');
    await Promise.race([ended, wait(15_000)]);
    killProcesses(child.pid, work); // where it failed
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Ctrl-C')) resolve();
    });
    void ended.then(() => reject(new Error(`it ended: ${said}`)));
  });
  const url = /^ {2}(http:\S+)$/m.exec(said)?.[1] ?? '';
  const [, email = '', password = ''] = /^ {2}(reviewer@\S+) +(\S+)/m.exec(said) ?? [];
  const folder = new URL(url).searchParams.get('folder') ?? '';

  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  // As people have it: the other tests' browsers help the workbench to open links.
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(30_000);
  const you = { name: 'you', url, folder, home: '', logs: () => said, stop: async () => undefined };
  const editor = new Editor(page, you, join(tmpdir(), 'portcullis-screenshots'));
  await editor.open();
  await editor.showContainer('Portcullis');
  // Not the status bar's item, which offers more.
  await page.locator('.sidebar').getByRole('button', { name: 'Sign In', exact: true }).first().click();
  await editor.answerDialog('Allow');
  const login = await editor.pageOpenedBy(() => editor.answerDialog('Join'));
  await login.getByLabel('E-mail').fill(email);
  await login.getByLabel('Password').fill(password);
  await login.getByRole('button', { name: 'Sign in' }).click();
  await editor.statusBarItem(`${email} · production`).waitFor();
  await editor.openFile('sample.sql');
  await page.getByText('Run (denied)').waitFor();

  // Ctrl+C reaches every process of the group, some of them twice: whoever started one passes it on.
  expect(stragglers(work).length).toBeGreaterThan(3);
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await wait(20); // two at once are one
  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(stragglers(work)).toEqual([]);
  expect(readdirSync(work).filter((name) => name.startsWith('portcullis'))).toEqual([]);
});
