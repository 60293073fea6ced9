/** The results page in Chromium, with a million rows behind it. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openResultPages, type ResultPage, type ResultPages } from './resultPage.ts';

let pages: ResultPages;
let result: ResultPage;

describe.skipIf(!existsSync(chromiumPath))('the results page', () => {
  beforeAll(async () => {
    pages = await openResultPages();
    result = await pages.open();
  });
  afterAll(() => pages.close());

  /** Text of the cell that has the focus, and its place in words of ARIA. */
  const focused = () =>
    result.page.evaluate(`(() => {
      const cell = document.activeElement;
      return [cell?.textContent, cell?.closest('[role=row]')?.getAttribute('aria-rowindex'), cell?.getAttribute('aria-colindex')];
    })()`);
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await result.page.keyboard.press(key);
    await result.page.waitForTimeout(150);
  };

  it('says what to do before anything was run', async () => {
    expect(await result.page.textContent('.empty')).toBe('Run a statement to see its rows here.');
    expect(await result.sent()).toEqual([{ kind: 'ready' }]);
  });

  it('draws a million rows with only those that are seen in the document', async () => {
    await result.show({});
    const grid = result.page.locator('[role=grid]');
    expect(await grid.getAttribute('aria-rowcount')).toBe('1000001');
    expect(await grid.getAttribute('aria-colcount')).toBe('5');
    expect(await result.page.locator('.gridRow').count()).toBeLessThan(40);
    expect(await result.page.locator('[role=gridcell][tabindex="0"]').count()).toBe(1);
  });

  it('reaches the last row by the scroll bar', async () => {
    await result.page.evaluate("document.querySelector('.grid').scrollTop = 1e9");
    await result.page.waitForTimeout(300);
    const last = result.page.locator('[aria-rowindex="1000001"] [role=gridcell]').first();
    expect(await last.textContent()).toBe('1000000');
    const [row, grid] = [await last.boundingBox(), await result.page.locator('.grid').boundingBox()];
    expect((row?.y ?? 0) + (row?.height ?? 0)).toBeLessThanOrEqual((grid?.y ?? 0) + (grid?.height ?? 0) + 1);
    expect(await result.page.locator('.gridRow').count()).toBeLessThan(40);
  });

  it('goes everywhere by the keys of the grid pattern, with one tab stop', async () => {
    await result.page.evaluate('document.querySelector(\'[role=gridcell][tabindex="0"]\').focus()');
    await press('ArrowDown', 'ArrowRight');
    expect(await focused()).toEqual(['Ada Lovelace 2', '3', '3']);
    await press('Control+End');
    expect(((await focused()) as string[]).slice(1)).toEqual(['1000001', '5']);
    await press('Home');
    expect(await focused()).toEqual(['1000000', '1000001', '2']);
    await press('PageUp', 'End');
    expect(Number(((await focused()) as string[])[1])).toBeLessThan(1_000_001);
    await press('Control+Home');
    expect(await focused()).toEqual(['1', '2', '2']);
    expect(await result.page.locator('[role=gridcell][tabindex="0"]').count()).toBe(1);
  });

  it('shows NULL, empty, masked, markup and control characters each as what they are', async () => {
    const cell = (row: number, column: number) =>
      result.page.locator(`[aria-rowindex="${row + 1}"] [aria-colindex="${column + 1}"]`);
    expect(await cell(1, 4).getAttribute('class')).toContain('is-null');
    expect(await cell(2, 4).getAttribute('class')).toContain('is-empty');
    expect(await cell(3, 4).textContent()).toBe('<b>bold</b>→tab⟨U+0007⟩bell');
    expect(await cell(1, 3).getAttribute('title')).toBe('a**@*****.example\npii.email, masked (partial)');
    expect(await cell(4, 3).getAttribute('class')).not.toContain('isMasked');
    const header = result.page.locator('[role=columnheader][aria-colindex="4"]');
    expect(await header.getAttribute('aria-label')).toBe('email: text; pii.email, masked (partial)');
  });

  it('copies what is selected, by shift and by the mouse', async () => {
    await result.page.click('[aria-rowindex="2"] [aria-colindex="2"]');
    await press('Shift+ArrowRight', 'Shift+ArrowDown', 'Control+c');
    const range = { firstRow: 0, lastRow: 1, firstColumn: 0, lastColumn: 1 };
    expect((await result.sent()).at(-1)).toEqual({
      kind: 'copy',
      result: 1,
      format: 'tsv',
      range,
      isWithHeader: false,
    });
    await result.page.hover('[aria-rowindex="4"] [aria-colindex="3"]');
    await result.page.mouse.down();
    await result.page.hover('[aria-rowindex="6"] [aria-colindex="4"]');
    await result.page.mouse.up();
    await press('Control+c');
    expect((await result.sent()).at(-1)).toMatchObject({
      range: { firstRow: 2, lastRow: 4, firstColumn: 1, lastColumn: 2 },
    });
    await result.page.click('.copy vscode-button');
    await result.page.getByText('Markdown').click();
    expect((await result.sent()).at(-1)).toMatchObject({
      kind: 'copy',
      format: 'markdown',
      isWithHeader: true,
    });
  });

  it('opens the whole of a long value, and gives the focus back', async () => {
    await result.page.click('[aria-rowindex="5"] [aria-colindex="5"]');
    await press('Enter');
    expect((await result.page.textContent('.viewer pre'))?.length).toBe(5_000);
    await press('Escape');
    expect(await result.page.locator('.viewer').count()).toBe(0);
    expect(((await focused()) as string[]).slice(1)).toEqual(['5', '5']);
  });

  it('makes a column wider by dragging its edge', async () => {
    const header = result.page.locator('[role=columnheader][aria-colindex="3"]');
    const before = (await header.boundingBox())?.width ?? 0;
    await header.locator('.edge').hover();
    const edge = await header.locator('.edge').boundingBox();
    await result.page.mouse.down();
    await result.page.mouse.move((edge?.x ?? 0) + 83, edge?.y ?? 0);
    await result.page.mouse.up();
    await result.page.waitForTimeout(100);
    expect((await header.boundingBox())?.width).toBeGreaterThan(before + 60);
  });

  it('says that a statement waits for a reviewer, and cancels it on demand', async () => {
    await result.show({
      result: 2,
      state: { kind: 'held', request: 'r1', message: 'DELETE changes every row of orders' },
      columns: [],
      rowCount: 0,
    });
    expect(await result.page.textContent('.banner')).toContain('DELETE changes every row of orders');
    expect(await result.page.textContent('.state')).toContain('Waiting for approval');
    await result.page.click('.banner vscode-button');
    expect((await result.sent()).at(-1)).toEqual({ kind: 'cancel', result: 2 });
  });

  it('shows an error as text, with the place that it points at', async () => {
    await result.show({
      result: 3,
      columns: [],
      rowCount: 0,
      state: {
        kind: 'failed',
        problem: {
          message: '<img src=x onerror=alert(1)>\u202e does not exist',
          sqlState: '42703',
          place: { line: 2, column: 3, text: '  nmae' },
        },
      },
    });
    const text = (await result.page.textContent('.banner')) ?? '';
    expect(text).toContain('<img src=x onerror=alert(1)>⟨U+202E⟩ does not exist');
    expect(text).toContain('2 |   nmae\n  |   ^');
    expect(await result.page.locator('.banner img').count()).toBe(0);
  });

  it('shows rows while more come', async () => {
    await result.show({ result: 4, rowCount: 3, state: { kind: 'running' } });
    expect(await result.page.locator('.gridRow').count()).toBe(3);
    await result.show({ result: 4, rowCount: 12, state: { kind: 'running' } });
    expect(await result.page.textContent('[aria-rowindex="13"] [aria-colindex="2"]')).toBe('12');
    expect(result.complaints).toEqual([]);
  });
});
