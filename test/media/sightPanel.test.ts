/** Asking to see a masked column, and why any column is as it is: by mouse and by keys alone, in every theme. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SightState } from '../../extension/kit/gridMessages.ts';
import { customers, openResultPages, type ResultPage, type ResultPages } from './resultPage.ts';
import { type Theme, themes } from './themes.ts';

const columns = customers.columns.map((column) =>
  column.name === 'email'
    ? {
        ...column,
        source: 'public.customers.email',
        why: 'Masked (partial) as pii.email: the column is named email (90 % sure, since 2026-05-06). From public.customers.email.',
      }
    : { ...column, why: 'Not masked: nothing says that it is personal or secret.' },
);
const form: SightState = {
  kind: 'form',
  minutes: [15, 30, 60],
  approvers: 'reviewers',
  text: 'SELECT id, name, email, note\nFROM customers\nWHERE email = ?',
  isSending: false,
};

let pages: ResultPages;
beforeAll(async () => {
  pages = await openResultPages();
}, 60_000);
afterAll(() => pages?.close());

async function open(theme?: Theme): Promise<ResultPage> {
  const shown = await pages.open(theme);
  await shown.show({ columns, rowCount: 30 });
  await shown.page.locator('.cell').first().waitFor();
  return shown;
}

async function tell({ page }: ResultPage, state: SightState): Promise<void> {
  const sight = { result: 1, column: 2, state };
  await page.evaluate(`window.tell(${JSON.stringify({ kind: 'sight', sight })})`);
}

/** From the cell of the column in question, without the mouse. */
async function askByKeys({ page }: ResultPage): Promise<void> {
  await page.locator('.cell[tabindex="0"]').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+F10');
  await page.locator('vscode-context-menu-item').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
}

const picture = async ({ page }: ResultPage, theme: string, name: string) => {
  const folder = process.env['PORTCULLIS_PICTURES'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
};

describe('a masked column', { timeout: 60_000 }, () => {
  it('is asked for by keys alone: menu, reason, time, and the answer', async () => {
    const shown = await open();
    const { page } = shown;
    await askByKeys(shown);
    await expect.poll(() => shown.sent()).toContainEqual({ kind: 'openSight', result: 1, column: 2 });
    await tell(shown, form);
    await page.waitForFunction("document.activeElement?.id === 'reason'");
    await page.keyboard.type('a customer cannot sign in');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => shown.sent())
      .toContainEqual({
        kind: 'askSight',
        result: 1,
        column: 2,
        minutes: 30,
        reason: 'a customer cannot sign in',
      });
    await tell(shown, { kind: 'waiting', message: 'reviewers have been asked.', isSending: false });
    await page.getByText('Waiting for approval').waitFor();
    await tell(shown, { kind: 'approved', message: 'reviewer@example.com approved it.' });
    await page.waitForFunction("document.activeElement?.id === 'runAgain'");
    await page.keyboard.press('Enter');
    await expect.poll(() => shown.sent()).toContainEqual({ kind: 'runAgain', result: 1 });
    expect(shown.complaints).toEqual([]);
  });

  it('is not asked for without a reason, and Escape leaves the form for the cell', async () => {
    const shown = await open();
    const { page } = shown;
    await page.locator('.lock').click();
    await page.locator('vscode-context-menu-item', { hasText: 'Ask to See email' }).click();
    await tell(shown, form);
    await page.locator('#ask').click();
    await page.getByText('Say why').waitFor();
    expect((await shown.sent()).filter(({ kind }) => kind === 'askSight')).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.sight').waitFor({ state: 'detached' });
    await page.waitForFunction("document.activeElement?.getAttribute('role') === 'gridcell'");
    expect(await shown.sent()).toContainEqual({ kind: 'closeSight', result: 1 });
  });

  it('and any other says why it is as it is', async () => {
    const shown = await open();
    const { page } = shown;
    await page.locator('.columnHeader').nth(2).click({ button: 'right' });
    await page.locator('vscode-context-menu-item', { hasText: 'Why Is It Masked?' }).click();
    await page.locator('.why', { hasText: 'Masked (partial) as pii.email' }).waitFor();
    await page.locator('.columnHeader').nth(0).click({ button: 'right' });
    expect(await page.locator('vscode-context-menu-item').count()).toBe(1);
    await page.locator('vscode-context-menu-item', { hasText: 'Why Is It Not Masked?' }).click();
    await page.locator('.why', { hasText: 'Not masked: nothing says' }).waitFor();
    const header = page.locator('.columnName').nth(2);
    expect(await header.getAttribute('title')).toContain('From public.customers.email.');
  });
});

describe.each(Object.keys(themes) as Theme[])('in the theme %s', (theme) => {
  it('the panel stands beside the grid and is not cut off', { timeout: 60_000 }, async () => {
    const shown = await open(theme);
    const { page } = shown;
    await page.locator('.columnHeader').nth(2).click({ button: 'right' });
    await page.locator('vscode-context-menu-item').first().waitFor();
    await picture(shown, theme, 'menu');
    await page.locator('vscode-context-menu-item').first().click();
    await tell(shown, form);
    await page.locator('#ask').waitFor();
    await picture(shown, theme, 'form');
    const box = await page.locator('.sightBody').evaluate((body) => body.scrollWidth - body.clientWidth);
    expect(box).toBe(0);
    await tell(shown, {
      kind: 'waiting',
      message:
        'reviewers have been asked. You can go on working: the answer comes here and in the Approvals view.',
      isSending: false,
    });
    await page.getByText('Withdraw').waitFor();
    await picture(shown, theme, 'waiting');
    await tell(shown, {
      kind: 'approved',
      message:
        'reviewer@example.com approved it. “go ahead” You see it in clear until 15:06, on this connection.',
    });
    await page.getByText('Run Again').waitFor();
    await picture(shown, theme, 'approved');
  });
});
