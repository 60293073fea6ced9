/** In a real VS Code: the activity page tells an admin how the sinks stand, and a developer nothing of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { HttpReceiver } from '../proxy/collector/sinks/receivers.ts';
import { secretText } from '../proxy/collector/sinks/sinkHarness.ts';
import { Company, type Person, whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

describe.skipIf(reason !== undefined)('sinks in the editor', { timeout: 120_000 }, () => {
  const receiver = new HttpReceiver();
  let folder: string;
  let company: Company;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sinks-'));
    await receiver.start();
    receiver.answer = () => ({ status: 503 });
    const file = join(folder, 'sinks.yaml');
    writeFileSync(join(folder, 'secret'), secretText);
    writeFileSync(
      file,
      `sinks:
  - {name: siem, kind: webhook, url: "${receiver.url}", secret: {file: "${join(folder, 'secret')}"}, start: beginning}
  - {name: file, kind: jsonLines, path: "${join(folder, 'events.jsonl')}"}
`,
    );
    company = await Company.found(['--sinks', file]);
  }, 180_000);
  afterAll(async () => {
    await company?.close();
    await receiver.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  async function openActivity(role: 'admin' | 'dev') {
    const person: Person = await company.hire(role, { 'notes.sql': '-- notes\n' });
    onTestFailed(async () => console.error(await person.editor.evidence()));
    await company.join(person);
    await person.editor.runCommand('Portcullis: Show Activity');
    const page = await person.editor.webview('Portcullis Activity');
    await page.locator('.sync').first().waitFor();
    return { person, page };
  }

  it('are told of to an admin, with what is undelivered and why, and that all is well again', async () => {
    const { person, page } = await openActivity('admin');
    await page.getByText(/^2 sinks: (1 current; )?webhook siem has \d+ undelivered.*503/).waitFor();
    await person.editor.screenshot('admin-sinks');
    receiver.answer = () => ({ status: 204 });
    // Asked again when somebody comes back to the page.
    await person.editor.until(
      'delivery',
      async () => {
        await person.editor.openFile('notes.sql');
        await person.editor.runCommand('Portcullis: Show Activity');
        const shown = await person.editor.webview('Portcullis Activity');
        return shown.locator('.sinks').innerText();
      },
      (text) => text.includes('2 sinks: all current.'),
    );
  });

  it('are not told of to a developer', async () => {
    const { page } = await openActivity('dev');
    await page.getByText('are at the collector').or(page.getByText('waits to be sent')).first().waitFor();
    expect(await page.locator('.sinks').count()).toBe(0);
  });
});
