/** The checks inside the extension host, in the browser's VS Code; `npm run test:electron` runs them in a desktop one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson } from '../kit/workbench/browser.ts';
import { startWorkbench } from '../kit/workbench/workbench.ts';
import { bundleSuite } from './host/bundleSuite.ts';
import type { HostReport } from './host/suite.ts';
import { whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

describe.skipIf(reason !== undefined)('the extension host', () => {
  const work = mkdtempSync(join(tmpdir(), 'host-'));
  let report: HostReport;

  beforeAll(async () => {
    const folder = join(work, 'folder');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.sql'), '');
    const path = join(work, 'report.json');
    const workbench = await startWorkbench({
      name: 'host',
      folder,
      extensionPath: join(import.meta.dirname, '..', '..'),
      testsPath: await bundleSuite(work),
      environment: { PORTCULLIS_HOST_REPORT: path },
    });
    const browser = await launchBrowser();
    try {
      const context = await newPerson(browser);
      const page = await context.newPage();
      const ended = new Promise<void>((resolve) => {
        void page.exposeFunction('codeAutomationExit', () => resolve());
      });
      await page.exposeFunction('codeAutomationLog', () => undefined);
      await page.goto(workbench.url);
      await Promise.race([ended, wait(90_000)]);
      report = JSON.parse(readFileSync(path, 'utf8')) as HostReport;
    } finally {
      await browser.close();
      await workbench.stop();
    }
  }, 150_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it('passes every check', () => {
    expect(report.failed).toEqual([]);
    expect(report.passed.length).toBeGreaterThan(4);
  });
});
