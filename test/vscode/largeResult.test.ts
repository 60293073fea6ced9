/** A result of a million rows in a real VS Code: it streams, it can be scrolled to its end, and it stays small. */
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { extensionHostOf, memoryOf } from '../kit/workbench/partProcesses.ts';
import { Company, type Person, runStatementAt, whyNot } from './people.ts';

const reason = whyNot();
if (reason !== undefined) console.warn(`Skipped, for ${reason}`);

const largeSql = `SELECT g, 'row ' || g AS name, md5(g::text) AS hash, now() AS at FROM generate_series(1, 1000000) g;

SELECT n, repeat('x', 20) AS filler FROM (SELECT generate_series(1, 2000000000) AS n) endless;

SELECT 'row ' || i AS name, (SELECT count(*) FROM generate_series(1, CASE WHEN i > 2000 THEN 50000000 ELSE 1 END)) AS slow FROM generate_series(1, 1000000) i;

SELECT 'few' AS word, h FROM generate_series(1, 300) h;
`;
const mostRowElements = 60;
const mostMegabytes = 300;

describe.skipIf(reason !== undefined)('a result of a million rows', { timeout: 120_000 }, () => {
  let company: Company;
  let dev: Person;
  let hostPid = 0;

  beforeAll(async () => {
    company = await Company.found();
    dev = await company.hire('dev', { 'large.sql': largeSql });
    await company.join(dev);
    await dev.editor.openFile('large.sql');
    await dev.editor.page.getByText('Run', { exact: true }).first().waitFor();
    hostPid = extensionHostOf(dev.workbench);
  }, 180_000);
  afterAll(() => company?.close(), 60_000);

  const see = () => onTestFailed(async () => console.error(await dev.editor.evidence()));
  const page = () => dev.editor.webview('Results');
  const says = async (text: string | RegExp, timeout = 30_000) =>
    (await page()).getByText(text).first().waitFor({ timeout });
  /** The rows that are drawn and filled: their numbers and the text of their cells. */
  const rowsOf = async (frame: Frame) =>
    (await frame.locator('.gridRow').allInnerTexts()).map((text) => text.split('\n'));
  const showsRow = async (number: number) => {
    const frame = await page();
    const row = frame.locator('.gridRow').filter({ has: frame.locator(`[data-row="${number - 1}"]`) });
    await row.getByText(`row ${number}`, { exact: true }).waitFor();
    await expect.poll(() => isInView(frame, number)).toBe(true);
  };
  const grid = async () => (await page()).locator('.grid');

  it('shows its first rows while the others still come', async () => {
    see();
    // After some rows the server takes its time: the others cannot have come.
    await runStatementAt(dev.editor, 'AS slow');
    await showsRow(1);
    const frame = await page();
    expect(await frame.getByRole('toolbar').innerText()).toContain('Running');
    await frame.locator('vscode-button', { hasText: 'Cancel' }).click();
    await frame.getByText('Cancelled', { exact: true }).waitFor();
  });

  it('comes whole', async () => {
    see();
    await runStatementAt(dev.editor, 'md5(g::text)');
    await showsRow(1);
    const frame = await page();
    await frame.getByText('1,000,000 rows').waitFor({ timeout: 60_000 });
    await frame.getByText('Done', { exact: true }).waitFor();
    await dev.editor.screenshot('large-01-done');
  });

  it('goes to its last row by keyboard, and back', async () => {
    see();
    const frame = await page();
    await frame.getByRole('gridcell').first().click();
    await dev.editor.page.keyboard.press('Control+End');
    await showsRow(1_000_000);
    await dev.editor.screenshot('large-02-end');
    await dev.editor.page.keyboard.press('Control+Home');
    await showsRow(1);
  });

  it('goes to its last row by the scroll bar, with few elements on the page', async () => {
    see();
    const frame = await page();
    const box = await (await grid()).boundingBox();
    if (box === null) throw new Error('the grid has no place');
    const { mouse } = dev.editor.page;
    // The bar is the last pixels at the right edge; its handle begins below the arrow at the top.
    await mouse.move(box.x + box.width - 5, box.y + 24);
    await mouse.down();
    for (const share of [0.3, 0.6, 0.9, 1]) {
      await mouse.move(box.x + box.width - 5, box.y + box.height * share + 20);
      await dev.editor.page.waitForTimeout(100);
      expect(await frame.getByRole('row').count()).toBeLessThan(mostRowElements);
    }
    await mouse.up();
    await showsRow(1_000_000);
    expect((await rowsOf(frame)).length).toBeLessThan(mostRowElements);
  });

  it('shows the same rows, at the same place, when the panel was hidden and is shown again', async () => {
    see();
    const before = await topRow(await page());
    expect(before).toBeGreaterThan(999_900);
    await dev.editor.runCommand('View: Toggle Panel Visibility');
    await expect.poll(() => dev.editor.page.locator('.part.panel').isVisible()).toBe(false);
    await dev.editor.runCommand('View: Toggle Panel Visibility');
    await showsRow(1_000_000);
    expect(await topRow(await page())).toBe(before);
    await says('1,000,000 rows');
  });

  it('leaves the process of the extensions below 300 MB', { timeout: 90_000 }, async () => {
    see();
    // What a collection will free belongs to nobody any more: it runs when VS Code is idle.
    const deadline = Date.now() + 60_000;
    while (memoryOf(hostPid).nowMb > mostMegabytes && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const { nowMb, peakMb } = memoryOf(hostPid);
    console.log(`extension host: ${nowMb} MB resident, ${peakMb} MB at its highest`);
    const hint = 'with VS Code’s own extensions and all rows; look at its memory before a run first';
    expect(nowMb, hint).toBeLessThanOrEqual(mostMegabytes);
    // What is freed on the way may stand a moment longer.
    expect(peakMb, hint).toBeLessThanOrEqual(mostMegabytes * 1.1);
  });

  it('frees the rows of the first result when the second one is shown', async () => {
    see();
    const { nowMb: before } = memoryOf(hostPid);
    await runStatementAt(dev.editor, "'few' AS word");
    await says('300 rows');
    await (await page()).getByText('few').first().waitFor();
    const { nowMb: after } = memoryOf(hostPid);
    console.log(`extension host: ${before} MB with the rows, ${after} MB without`);
    expect(after, 'at once, and not when a collection happens to run').toBeLessThan(before - 60);
  });

  it('cancels a running statement within two seconds, in the words of the server', async () => {
    see();
    await runStatementAt(dev.editor, 'endless');
    const frame = await page();
    // Not before rows have come: those that are on their way must not keep the answer back.
    await frame.getByText(/^[1-9]\d{2},\d{3} rows$/).waitFor();
    const button = frame.locator('vscode-button', { hasText: 'Cancel' });
    await button.waitFor();
    const pressed = Date.now();
    await button.click();
    await frame.getByText('canceling statement due to user request').waitFor({ timeout: 2_000 });
    await frame.getByText('57014').waitFor({ timeout: 2_000 });
    expect(Date.now() - pressed).toBeLessThan(2_000);
    await frame.getByText('Cancelled', { exact: true }).waitFor();
    await dev.editor.screenshot('large-03-cancelled');
  });
});

/** Not only drawn beyond the edges. */
function isInView(frame: Frame, number: number): Promise<boolean> {
  return frame.locator('.grid').evaluate((element, row) => {
    const place = element.querySelector(`[data-row="${row - 1}"]`)?.getBoundingClientRect();
    const view = element.getBoundingClientRect();
    return (
      place !== undefined && place.top >= view.top && place.bottom <= view.top + element.clientHeight + 1
    );
  }, number);
}

/** The number of the first row that is seen below the header. */
function topRow(frame: Frame): Promise<number> {
  return frame.locator('.grid').evaluate((element) => {
    const view = element.getBoundingClientRect();
    const seen = [...element.querySelectorAll('[data-row]')]
      .filter((each) => each.getBoundingClientRect().top >= view.top + 20)
      .map((each) => Number(each.textContent));
    return Math.min(...seen);
  });
}
