/** A masked column is asked for in the grid, approved by a reviewer in another editor, and seen in clear: in a real VS Code. */
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { Company, type Person, runStatementAt, whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

const sql = 'SELECT id, name, email FROM customers ORDER BY id LIMIT 5;\n';

describe.skipIf(reason !== undefined)('asking to see a masked column', { timeout: 240_000 }, () => {
  let company: Company;
  let dev: Person;
  let reviewer: Person;

  beforeAll(async () => {
    company = await Company.found();
    dev = await company.hire('dev', { 'ask.sql': sql });
    reviewer = await company.hire('reviewer', { 'notes.sql': '-- reviews\n' });
    await company.join(dev);
    await company.join(reviewer);
  }, 360_000);
  afterAll(() => company?.close(), 60_000);

  const see = (person: Person) => onTestFailed(async () => console.error(await person.editor.evidence()));
  const rawEmail = async () =>
    String((await company.direct('SELECT email FROM customers ORDER BY id LIMIT 1'))[0]?.['email']);

  it('begins in the column’s menu, with the statement filled in, and waits', async () => {
    see(dev);
    const { editor } = dev;
    await editor.openFile('ask.sql');
    await runStatementAt(editor, 'SELECT id, name');
    const grid = await editor.webview('Results');
    await grid.getByText('5 rows').first().waitFor();
    await grid.locator('.columnHeader', { hasText: 'email' }).locator('.lock').click();
    await grid.getByText('Ask to See email…').click();
    await grid.locator('pre.asked', { hasText: 'FROM customers' }).waitFor();
    await grid.locator('vscode-textarea textarea').fill('a customer cannot sign in');
    await editor.screenshot('14-ask');
    await grid.getByText('Ask reviewers').click();
    await grid.getByText('Waiting for approval.').waitFor();
    await editor.screenshot('15-asked');
    expect(await grid.getByRole('grid').innerText()).not.toContain(await rawEmail());
  });

  it('is approved on the page where statements are, which says who, what, why and for how long', async () => {
    see(reviewer);
    const { editor } = reviewer;
    await editor.showContainer('Portcullis');
    await editor.treeRow('Approvals', 'See public.customers.email').click();
    const page = await editor.webview(/^Review: /);
    for (const words of ['a customer cannot sign in', 'for 15 minutes', 'pii.email', 'dev@example.com'])
      await page.getByText(words).first().waitFor();
    await editor.screenshot('16-sight-request');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Revoke').first().waitFor();
    await editor.screenshot('17-sight-approved');
  });

  it('shows the column in clear when it is run again, and no other', async () => {
    see(dev);
    const { editor } = dev;
    const grid = await editor.webview('Results');
    await grid.getByText('approved it').waitFor();
    // By keys: where it stands, the notification of the answer may lie above it.
    await grid.locator('#runAgain').focus();
    await editor.page.keyboard.press('Enter');
    await grid
      .getByText(await rawEmail())
      .first()
      .waitFor();
    const [row] = await company.direct('SELECT name FROM customers ORDER BY id LIMIT 1');
    const shown = await grid.getByRole('grid').innerText();
    expect(shown).not.toContain(String(row?.['name']));
    await editor.screenshot('18-seen');
  });

  it('masks it again when the reviewer revokes it', async () => {
    see(reviewer);
    const page = await reviewer.editor.webview(/^Review: /);
    await page.getByRole('textbox').fill('That was enough.');
    await page.getByText('Revoke', { exact: true }).click();
    await page.getByText('Approved, and revoked').waitFor();
    see(dev);
    await runStatementAt(dev.editor, 'SELECT id, name');
    const grid = await dev.editor.webview('Results');
    await grid.getByText('•••@').first().waitFor();
    expect(await grid.getByRole('grid').innerText()).not.toContain(await rawEmail());
  });
});
