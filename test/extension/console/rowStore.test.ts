/** Rows kept as text come back as they went in, and leave no memory behind. */
import { describe, expect, it } from 'vitest';
import { RowStore } from '../../../extension/console/results/rowStore.ts';

describe('the row store', () => {
  it('tells NULL from the empty text, and keeps every character', () => {
    const store = new RowStore();
    const row = ['', null, 'žluťoučký 🐎', '\u0000\n', 'x'.repeat(100_000)];
    expect(store.append(row)).toBe(true);
    expect(store.append([])).toBe(true);
    expect(store.append([null])).toBe(true);
    expect(store.window(0, 10)).toEqual([row, [], [null]]);
  });

  it('gives any window of many rows, wherever it begins', () => {
    const store = new RowStore();
    for (let row = 0; row < 25_500; row++) store.append([String(row), row % 3 === 0 ? null : `name ${row}`]);
    expect(store.rowCount).toBe(25_500);
    const window = store.window(9_990, 2_020);
    expect(window).toHaveLength(2_020);
    window.forEach(([id, name], index) => {
      const row = 9_990 + index;
      expect([id, name]).toEqual([String(row), row % 3 === 0 ? null : `name ${row}`]);
    });
    expect(store.window(25_490, 100)).toHaveLength(10);
    expect(store.window(30_000, 100)).toEqual([]);
  });

  it('gives rows of any length back', () => {
    const store = new RowStore();
    for (let row = 0; row < 40; row++) store.append([String(row), 'y'.repeat(row * 20_000)]);
    for (let row = 0; row < 40; row++)
      expect(store.window(row, 1)[0]?.map((cell) => cell?.length)).toEqual([
        String(row).length,
        row * 20_000,
      ]);
  });

  it('refuses the row that would pass its limit, and keeps those before', () => {
    const store = new RowStore(1_000);
    let kept = 0;
    while (store.append(['z'.repeat(98)])) kept += 1;
    expect([kept, store.rowCount, store.byteCount]).toEqual([10, 10, 1_000]);
    expect(store.append(['too long for what is left'])).toBe(false);
    store.clear();
    expect([store.rowCount, store.append(['again']), store.window(0, 5)]).toEqual([0, true, [['again']]]);
  });

  it('counts rows that have no cells, so that no result grows without end', () => {
    const store = new RowStore(100);
    let kept = 0;
    while (kept < 1_000 && store.append([])) kept += 1;
    expect(kept).toBe(100);
    expect(store.window(98, 10)).toEqual([[], []]);
  });

  it('gives the memory of forgotten rows back at once, without a collection', () => {
    const store = new RowStore();
    while (store.append(['x'.repeat(100_000)]));
    const full = process.memoryUsage.rss();
    store.clear();
    expect(full - process.memoryUsage.rss()).toBeGreaterThan(150e6);
  });

  it('keeps its rows outside the JavaScript heap', () => {
    const store = new RowStore();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let row = 0; row < 300_000; row++) store.append([String(row), 'name', 'a@b.example', null]);
    globalThis.gc?.();
    expect(store.byteCount).toBeGreaterThan(7e6);
    // Without a collection on demand some garbage of the loop is still counted.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60e6);
  });
});
