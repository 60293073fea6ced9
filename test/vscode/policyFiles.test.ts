/** Policy files in the editor: the proxy's own errors and warnings where they are written, with nobody signed in. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { type Editor, openEditor } from '../kit/workbench/driver.ts';
import { startWorkbench, type Workbench } from '../kit/workbench/workbench.ts';
import { whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);
const vsix = process.env['PORTCULLIS_VSIX'] ?? join(import.meta.dirname, '..', '..', 'portcullis.vsix');

const good = '@id("reads")\npermit (principal, action == Action::"read", resource);\n';

describe.skipIf(reason !== undefined)('a policy file in the editor', { timeout: 120_000 }, () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'policy-files-')), 'policy');
  let browser: Browser;
  let workbench: Workbench;
  let editor: Editor;

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'reads.cedar'), good);
    writeFileSync(join(folder, 'more.cedar'), good.replace('permit', 'forbid'));
    browser = await launchBrowser();
    workbench = await startWorkbench({ name: 'author', folder, vsix });
    editor = await openEditor(browser, workbench);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await workbench?.stop();
    rmSync(join(folder, '..'), { recursive: true, force: true });
  }, 60_000);

  const problems = (isThere: (all: string[]) => boolean) => {
    onTestFailed(async () => console.error(await editor.evidence()));
    return editor.until('the problems', () => editor.problems(), isThere);
  };

  it('is checked with the others of its folder as soon as it is opened', async () => {
    await editor.openFile('reads.cedar');
    const found = await problems((all) => all.some((text) => text.includes('is taken already')));
    expect(found.join('\n')).toContain('The id "reads" is taken already, in more.cedar.');
  });

  it('is checked as it stands, saved or not', async () => {
    await editor.replaceEditorText(good.replace('reads', 'own').replace('"read"', '"raed"'));
    const found = await problems((all) => all.some((text) => text.includes('raed')));
    expect(found.join('\n')).toContain('[Ln 2, Col 30]');
    expect(found.join('\n')).not.toContain('is taken already');
    await editor.squiggles('error').first().waitFor();
    expect(readFileSync(join(folder, 'reads.cedar'), 'utf8')).toBe(good);
  });

  it('is told that it changes nothing, as a warning', async () => {
    await editor.replaceEditorText(`${good.replace('reads', 'own')}`);
    const found = await problems((all) => all.some((text) => text.includes('permits nothing')));
    expect(found.join('\n')).toContain('"own" permits nothing: "reads" in more.cedar:1 refuses all of it.');
    await editor.squiggles('warning').first().waitFor();
  });

  it('has no problems once there are none', async () => {
    await editor.openFile('more.cedar');
    await editor.replaceEditorText(good.replace('reads', 'more').replace('"read"', '"session"'));
    await problems((all) => all.every((text) => !text.includes('cedar') && !text.includes('[Ln')));
  });
});
