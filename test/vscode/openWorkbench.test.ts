/** `npm run workbench` leads a person from what it prints to a signed-in editor, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { openEditor } from '../kit/workbench/driver.ts';
import { whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

it.skipIf(reason !== undefined)('can be followed by hand', { timeout: 120_000 }, async () => {
  const script = join(import.meta.dirname, 'openWorkbench.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
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
  const you = { name: 'you', url, folder, home: '', logs: () => said, stop: async () => undefined };
  const editor = await openEditor(browser, you);
  await editor.showContainer('Portcullis');
  await editor.page.getByRole('button', { name: 'Sign In' }).first().click();
  await editor.answerDialog('Allow');
  const login = await editor.pageOpenedBy(() => editor.answerDialog('Join'));
  await login.getByLabel('E-mail').fill(email);
  await login.getByLabel('Password').fill(password);
  await login.getByRole('button', { name: 'Sign in' }).click();
  await editor.statusBarItem(`${email} · production`).waitFor();
  await editor.openFile('sample.sql');
  await editor.page.getByText('Run (denied)').waitFor();

  child.kill('SIGINT');
  expect(await ended).toBe(0);
  expect(existsSync(folder)).toBe(false);
});
