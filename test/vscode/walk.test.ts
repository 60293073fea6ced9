/** The whole walk: two people, from the join link to the events at the collector, in a real VS Code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { Company, type Person, runStatementAt, whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

const walkSql = `SELECT id, name, email, phone FROM customers ORDER BY id LIMIT 50;

DROP TABLE customers;

UPDATE orders SET status = 'paid' WHERE id = 1;

UPDATE orders SET status = 'lost' WHERE id = 2;

ALTER TABLE orders ADD COLUMN gift boolean NOT NULL DEFAULT false;
`;

describe.skipIf(reason !== undefined)('the walk', { timeout: 120_000 }, () => {
  let company: Company;
  let dev: Person;
  let reviewer: Person;

  beforeAll(async () => {
    company = await Company.found();
    dev = await company.hire('dev', { 'walk.sql': walkSql });
    reviewer = await company.hire('reviewer', { 'notes.sql': '-- reviews\n' });
  }, 180_000);
  afterAll(() => company?.close(), 60_000);

  const see = (person: Person) => onTestFailed(async () => console.error(await person.editor.evidence()));
  /** The results view says it, or will. */
  const says = async (text: string) =>
    (await dev.editor.webview('Results')).getByText(text).first().waitFor();
  const status = async (id: number) =>
    (await company.direct(`SELECT status FROM orders WHERE id = ${id}`))[0]?.['status'];

  it('leads from the join link to a signed-in editor with nothing typed but the login', async () => {
    see(dev);
    await company.join(dev, async (picture) => {
      const folder = process.env['PORTCULLIS_SCREENSHOTS'];
      if (folder !== undefined) writeFileSync(join(folder, 'dev-01-login.png'), await picture());
    });
    expect(await dev.editor.statusBarText()).toContain('dev@example.com · production');
  });

  it('warns of a dangerous statement while it is only written', async () => {
    see(dev);
    const { editor } = dev;
    await editor.openFile('walk.sql');
    await editor.squiggles('error').first().waitFor();
    await editor.page.getByText('Run (waits for approval)').first().waitFor();
    const problems = (await editor.problems()).join('\n');
    expect(problems).toContain('DROP TABLE customers is denied on demo (production)');
    expect(problems).toContain('UPDATE orders needs approval on demo (production)');
    await editor.openFile('walk.sql');
    await editor.screenshot('02-warned');
  });

  it('shows rows in a grid with personal data masked, and says why', async () => {
    see(dev);
    await runStatementAt(dev.editor, 'SELECT id, name');
    await says('50 rows');
    const grid = await dev.editor.webview('Results');
    await grid.getByRole('row').nth(3).waitFor();
    await says('50 rows');
    const text = await grid.getByRole('grid').innerText();
    const raw = await company.direct('SELECT name, email FROM customers ORDER BY id LIMIT 5');
    for (const { name, email } of raw) {
      expect(text).not.toContain(String(name));
      expect(text).not.toContain(String(email));
    }
    expect(text).toMatch(/\w•••@\w•••/);
    expect(await grid.locator('[title*="pii.email"]').count()).toBeGreaterThan(0);
    await dev.editor.screenshot('03-masked');
  });

  it('refuses the dangerous statement before it runs, with the reason', async () => {
    see(dev);
    await runStatementAt(dev.editor, 'DROP TABLE customers');
    await says('DROP TABLE customers is denied on demo (production)');
    await dev.editor.screenshot('04-denied');
    expect(await company.direct("SELECT to_regclass('customers') IS NOT NULL AS there")).toEqual([
      { there: true },
    ]);
  });

  it('holds a risky statement, and tells the reviewer by badge, tree and notification', async () => {
    see(reviewer);
    await company.join(reviewer);
    await runStatementAt(dev.editor, "'paid'");
    await says('Waiting for approval');
    await dev.editor.screenshot('05-waiting');
    const notified = reviewer.editor.waitForNotification(/dev@example.com/);
    await reviewer.editor.showContainer('Portcullis');
    await reviewer.editor.treeRow('Approvals', 'UPDATE orders').waitFor();
    expect(await notified).toContain('dev@example.com');
    await reviewer.editor.screenshot('06-request');
    expect(await status(1)).not.toBe('paid');
  });

  it('lets nobody review their own request', async () => {
    see(dev);
    await dev.editor.showContainer('Portcullis');
    await dev.editor.treeRow('Approvals', 'UPDATE orders').click();
    const page = await dev.editor.webview(/^Review: /);
    await page.getByText('Nobody reviews their own request').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(false);
    await dev.editor.openFile('walk.sql');
  });

  it('runs the held statement once when the reviewer approves, and the waiting view fills', async () => {
    see(reviewer);
    await reviewer.editor.treeRow('Approvals', 'UPDATE orders').click();
    const page = await reviewer.editor.webview(/^Review: /);
    await page.getByText('Changes of rows in production are seen by a second person').first().waitFor();
    await reviewer.editor.screenshot('07-review');
    await page.getByRole('button', { name: 'Approve' }).click();
    await says('UPDATE: 1 row affected');
    await dev.editor.screenshot('08-ran');
    expect(await status(1)).toBe('paid');
  });

  it('tells who denied a request, and why, and runs nothing', async () => {
    see(dev);
    await runStatementAt(dev.editor, "'lost'");
    await says('Waiting for approval');
    const before = await status(2);
    await reviewer.editor.treeRow('Approvals', "'lost'").click();
    const page = await reviewer.editor.webview(/^Review: /);
    await page.getByText("'lost'").first().waitFor();
    await page.getByRole('textbox').fill('Orders are never lost.');
    await page.getByRole('button', { name: 'Deny' }).click();
    await says('reviewer@example.com has denied it');
    await says('Orders are never lost.');
    await dev.editor.screenshot('09-refused');
    expect(await status(2)).toBe(before);
  });

  it('shows drift on the changed table, and who changed it by which statement', async () => {
    see(dev);
    await runStatementAt(dev.editor, 'ADD COLUMN gift');
    await says('Waiting for approval');
    await reviewer.editor.treeRow('Approvals', 'ALTER TABLE orders').click();
    const page = await reviewer.editor.webview(/^Review: /);
    await page.getByText('ADD COLUMN gift').first().waitFor();
    await page.getByRole('button', { name: 'Approve' }).click();
    await says('ALTER TABLE');
    const { editor } = dev;
    await editor.runCommand('Notifications: Clear All Notifications');
    // The other views make room for the schema.
    for (const view of ['Approvals', 'Activity']) await editor.toggleView(view);
    await editor.treeRow('Schema', 'demo').click();
    await editor.treeRow('Schema', 'public').click();
    const row = editor.treeRow('Schema', /^\s*orders/);
    await editor.until(
      'the badge on orders',
      () => editor.badge(row),
      (badge) => badge === '~',
    );
    await editor.screenshot('10-drift');
    const drift = await company.ask<{
      items: { table: string; author?: { email: string; statement: string } }[];
    }>('/v1/drift?connection=demo', dev.token);
    expect(drift.items).toMatchObject([{ table: 'orders', author: { email: 'dev@example.com' } }]);
  });

  it('opens the difference of the two DDL texts', async () => {
    see(dev);
    const { editor } = dev;
    await editor.treeRow('Schema', /^\s*orders/).hover();
    await editor
      .treeRow('Schema', /^orders/)
      .getByRole('button', { name: 'Show Drift' })
      .click();
    await editor.page.locator('.monaco-diff-editor').waitFor();
    await editor.page.locator('.monaco-diff-editor .view-line', { hasText: 'gift' }).first().waitFor();
    await editor.screenshot('11-difference');
  });

  it('tells of a change beside Portcullis that it came from outside', async () => {
    see(dev);
    await company.direct('ALTER TABLE products ALTER COLUMN name DROP NOT NULL');
    await dev.editor.until(
      'drift on products',
      () =>
        company.ask<{ items: { table: string; author?: unknown }[] }>('/v1/drift?connection=demo', dev.token),
      ({ items }) => items.some(({ table, author }) => table === 'products' && author === undefined),
    );
    const row = dev.editor.treeRow('Schema', /^\s*products/);
    await dev.editor.until(
      'the badge on products',
      () => dev.editor.badge(row),
      (badge) => badge === '~' || badge === '!',
    );
  });

  it('connects psql in the terminal with no configuration', async () => {
    see(dev);
    const { editor } = dev;
    await editor.openTerminal();
    await editor.typeInTerminal('psql -c "SELECT id, email FROM customers ORDER BY id LIMIT 2"');
    await editor.until(
      'masked rows in the terminal',
      () => editor.terminalText(),
      (text) => /1 \| \w•••@\w•••/.test(text),
    );
    await editor.screenshot('12-psql');
  });

  it('shows what was run, and that its events are at the collector', async () => {
    see(dev);
    const { editor } = dev;
    await editor.toggleView('Activity');
    await editor.until(
      'all events sent',
      () => editor.tree('Activity'),
      (rows) => rows.some((row) => row.includes('All events are at the collector')),
    );
    const rows = (await editor.tree('Activity')).join('\n');
    expect(rows).toContain('DROP TABLE customers');
    await editor.screenshot('13-activity');
    const admin = company.answer.identities.find(({ email }) => email.startsWith('admin'));
    type Item = {
      event: {
        kind: string;
        decision?: { outcome: string; approval?: { by: string[] } };
        reason?: { code: string };
      };
    };
    const { items } = await company.ask<{ items: Item[] }>(
      '/v1/events?identity=dev@example.com&limit=200',
      admin?.token ?? '',
    );
    const approved = items.filter(({ event }) => event.decision?.approval !== undefined);
    expect(approved.map(({ event }) => event.decision?.approval?.by)).toEqual([
      ['reviewer@example.com'],
      ['reviewer@example.com'],
    ]);
    const refused = items.flatMap(({ event }) => (event.kind === 'refusal' ? [event.reason?.code] : []));
    expect(refused).toEqual(expect.arrayContaining(['STATEMENT_DENIED', 'APPROVAL_DENIED']));
  });
});
