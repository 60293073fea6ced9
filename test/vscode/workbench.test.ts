/** The workbench kit itself: what it promises to the tests that stand on it, shown with a small extension. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { type Editor, openEditor } from '../kit/workbench/driver.ts';
import { findWorkbench } from '../kit/workbench/findWorkbench.ts';
import { stragglers } from '../kit/workbench/ownProcesses.ts';
import { startWorkbench, type Workbench } from '../kit/workbench/workbench.ts';

const found = findWorkbench();
if (found.kind === 'missing') console.warn(`Skipped, for ${found.reason}`);
const sample = join(import.meta.dirname, 'sample');

describe.skipIf(found.kind === 'missing')('a workbench', { timeout: 120_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), 'workbench-test-'));
  let outside: Server;
  let browser: Browser;
  let ada: Workbench;
  let editor: Editor;

  async function start(name: string): Promise<Workbench> {
    const folder = join(work, name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'hello.sql'), `-- of ${name}\n`);
    const { port } = outside.address() as AddressInfo;
    const environment = { SAMPLE_LINK: `http://127.0.0.1:${port}/sign-in` };
    return startWorkbench({ name, folder, vsix: join(work, 'sample.vsix'), environment });
  }

  beforeAll(async () => {
    packageSample(join(work, 'sample.vsix'));
    outside = createServer((request, response) => {
      const callback = new URL(request.url ?? '', 'http://outside').searchParams.get('callback');
      response.setHeader('content-type', 'text/html');
      response.end(`<p>You are at ${request.headers.host}</p><a href="${callback}">Back</a>`);
    });
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
    ada = await start('ada');
    editor = await openEditor(browser, ada);
    await editor.statusBarItem('Sample ready').waitFor({ timeout: 60_000 });
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await ada?.stop();
    outside?.close();
    rmSync(work, { recursive: true, force: true });
  });

  it('has the extension at home in a folder of its own', async () => {
    expect(await editor.statusBarText()).toContain('Sample ready');
    expect(ada.logs()).toContain(`activated, at home in ${ada.home}`);
  });

  it('lets messages be read and answered, on the screen and afterwards', async () => {
    await editor.runCommand('Sample: Greet');
    expect(await editor.waitForNotification(/Hello/)).toBe('Hello from the sample');
    expect(await editor.notifications()).toEqual([
      { text: 'Hello from the sample', buttons: ['Wave Back', 'Ignore'] },
    ]);
    await editor.answerNotification('Hello', 'Wave Back');
    await editor.statusBarItem('Sample heard: Wave Back').waitFor();
    expect(await editor.notifications()).toEqual([]);
  });

  it('lets dialogs be answered', async () => {
    await editor.runCommand('Sample: Ask');
    expect(await editor.answerDialog('Go Ahead')).toBe('Really?');
    await editor.statusBarItem('Sample was told: Go Ahead').waitFor();
  });

  it('lets webviews be read and used', async () => {
    await editor.runCommand('Sample: Show Page');
    const page = await editor.webview('Sample Page');
    expect(await page.locator('h1').innerText()).toBe('A page of the sample');
    await page.getByRole('button', { name: 'Say' }).click();
    await editor.statusBarItem('Sample page said: hello').waitFor();
  });

  it('lets files be written, saved, and looked over for problems', async () => {
    await editor.openFile('hello.sql');
    expect(await editor.editorText()).toContain('-- of ada');
    await editor.replaceEditorText('SELECT 1;\n');
    await editor.typeInEditor('a (forbidden "word\n');
    await editor.squiggles('error').waitFor();
    expect(await editor.problems()).toEqual(['hello.sql 1', 'This word is forbidden [Ln 2, Col 4]']);
    await editor.openFile('hello.sql');
    await editor.save();
    const file = join(ada.folder, 'hello.sql');
    expect(readFileSync(file, 'utf8')).toBe('SELECT 1;\na (forbidden "word\n');
  });

  it('lets trees be read and unfolded', async () => {
    await editor.showContainer('Sample');
    expect(await editor.tree('Plants')).toEqual(['Oak', 'Elm']);
    await editor.treeRow('Plants', 'Oak').click();
    await editor.treeRow('Plants', 'Acorn').waitFor();
    expect(await editor.tree('Plants')).toEqual(['Oak', 'Acorn', 'Elm']);
  });

  it('lets terminals be used, with what the extension puts in their environment', async () => {
    await editor.openTerminal();
    await editor.typeInTerminal('echo "a $SAMPLE_WORD"');
    await editor.until(
      'the answer of the shell',
      () => editor.terminalText(),
      (text) => /^a watermelon$/m.test(text),
    );
  });

  it('delivers URIs to the extension', async () => {
    await editor.deliverUri('code-oss://portcullis-tests.sample/review?id=7');
    expect(await editor.waitForNotification('Arrived: /review')).toBe('Arrived: /review?id=7');
  });

  it('opens links to this machine as they are, and lets the browser come back from there', async () => {
    const page = await editor.pageOpenedBy(() => editor.runCommand('Sample: Open Outside'));
    expect(await page.locator('p').innerText()).toBe(`You are at ${new URL(page.url()).host}`);
    await page.getByRole('link', { name: 'Back' }).click();
    expect(await editor.waitForNotification('Arrived: /back')).toBe('Arrived: /back?from=outside');
    await page.close();
  });

  it('says what failed, with a picture and the logs', async () => {
    editor.page.context().setDefaultTimeout(1_000);
    const failure = await editor.runCommand('Sample: Sing').catch(String);
    editor.page.context().setDefaultTimeout(30_000);
    await editor.page.keyboard.press('Escape');
    expect(failure).toMatch(
      /Could not run the command "Sample: Sing".*Picture: .*\.png.*activated, at home/s,
    );
    const picture = /Picture: (.*)/.exec(String(failure))?.[1] ?? '';
    expect(readFileSync(picture).length).toBeGreaterThan(1_000);
    rmSync(picture);
  });

  it('stands beside another person, and leaves nothing behind when it stops', async () => {
    const bo = await start('bo');
    const other = await openEditor(browser, bo);
    await other.statusBarItem('Sample ready').waitFor({ timeout: 60_000 });
    await other.openFile('hello.sql');
    expect(await other.editorText()).toContain('-- of bo');
    await other.openTerminal();
    await other.typeInTerminal('setsid sleep 600 & echo started'); // leaves the group
    await other.until(
      'the start',
      () => other.terminalText(),
      (text) => /^started$/m.test(text),
    );
    await other.close();
    await bo.stop();
    expect(stragglers(dirname(bo.home))).toEqual([]);
    await editor.statusBarItem('Sample').waitFor();
  });
});

function packageSample(vsix: string): void {
  const vsce = join(import.meta.dirname, '..', '..', 'node_modules', '@vscode', 'vsce', 'vsce');
  const args = [
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    '--skip-license',
    '--out',
    vsix,
  ];
  execFileSync(process.execPath, [vsce, ...args], { cwd: sample, stdio: ['ignore', 'ignore', 'pipe'] });
}
