/** The parts of the grid that need no browser: windows of rows, the scroll map, keys, texts. */
import { describe, expect, it } from 'vitest';
import { cellText } from '../../media/resultGrid/cellText.ts';
import { pressKey, rangeOf, startSelection } from '../../media/resultGrid/gridSelection.ts';
import { blockRows, RowWindows } from '../../media/resultGrid/rowWindows.ts';
import { mapScroll } from '../../media/resultGrid/scrollMap.ts';
import { commandWords, duration } from '../../media/resultGrid/words.ts';

function openWindows(rowCount: number) {
  const asked: number[] = [];
  const windows = new RowWindows((offset) => asked.push(offset));
  windows.grow(rowCount);
  return { windows, asked };
}

describe('windows of rows', () => {
  it('asks once for each block that is looked at, and for nothing beyond the rows', () => {
    const { windows, asked } = openWindows(500);
    windows.want(150, 450);
    windows.want(150, 900);
    expect(asked).toEqual([0, blockRows, 2 * blockRows]);
  });

  it('asks again for a block that has grown since it came', () => {
    const { windows, asked } = openWindows(3);
    windows.want(0, 20);
    windows.accept(0, [['1'], ['2'], ['3']]);
    windows.want(0, 20);
    expect(asked).toEqual([0]);
    windows.grow(7);
    windows.want(0, 20);
    expect(asked).toEqual([0, 0]);
    expect(windows.row(2)).toEqual(['3']);
  });

  it('keeps a bounded number of rows, those looked at last', () => {
    const { windows } = openWindows(1_000_000);
    for (let block = 0; block < 200; block++) windows.accept(block * blockRows, [[String(block)]]);
    expect(windows.row(0)).toBeUndefined();
    expect(windows.row(199 * blockRows)).toEqual(['199']);
  });
});

describe('the scroll map', () => {
  it('is exact where a browser can be that high', () => {
    const map = mapScroll(1_000_000, 22, 400);
    expect(map.height).toBe(22_000_000);
    expect(map.toContent(12_345)).toBe(12_345);
  });

  it('reaches the first and the last of fifty million rows', () => {
    const map = mapScroll(50_000_000, 22, 400);
    expect(map.height).toBeLessThan(33_000_000);
    expect(map.toContent(0)).toBe(0);
    expect(map.toContent(map.height - 400)).toBeCloseTo(50_000_000 * 22 - 400, 0);
    expect(map.toContent(map.toScroll(123_456_789))).toBeCloseTo(123_456_789, 0);
  });
});

describe('keys', () => {
  const size = { rows: 100, columns: 4, page: 10 };
  const key = (name: string, isShift = false, isCommand = false) => ({ key: name, isShift, isCommand });

  it('stay within the rows and columns', () => {
    const up = pressKey(startSelection, key('ArrowUp'), size);
    expect(up?.active).toEqual({ row: 0, column: 0 });
    const end = pressKey(startSelection, key('End', false, true), size);
    expect(end?.active).toEqual({ row: 99, column: 3 });
    expect(end && pressKey(end, key('PageDown'), size)?.active).toEqual({ row: 99, column: 3 });
  });

  it('extend the selection with shift, and take everything with Ctrl+A', () => {
    const down = pressKey(startSelection, key('PageDown', true), size);
    expect(down && rangeOf(down)).toEqual({ firstRow: 0, lastRow: 10, firstColumn: 0, lastColumn: 0 });
    const all = pressKey(startSelection, key('a', false, true), size);
    expect(all && rangeOf(all)).toEqual({ firstRow: 0, lastRow: 99, firstColumn: 0, lastColumn: 3 });
    expect(pressKey(startSelection, key('x'), size)).toBeUndefined();
  });
});

describe('texts', () => {
  it('never write NULL, the empty text and a text alike', () => {
    expect(cellText(null)).toMatchObject({ kind: 'null', text: 'NULL' });
    expect(cellText('')).toMatchObject({ kind: 'empty' });
    expect(cellText('NULL')).toMatchObject({ kind: 'text', text: 'NULL' });
  });

  it('make control characters and reversed writing visible', () => {
    expect(cellText('a\u0000b\nc\u202ed\u007f').text).toBe('a⟨U+0000⟩b↵c⟨U+202E⟩d⟨U+007F⟩');
  });

  it('tell durations and affected rows in words', () => {
    expect([duration(84), duration(3_210), duration(125_000)]).toEqual(['84 ms', '3.2 s', '2 min 05 s']);
    expect(commandWords('INSERT 0 3')).toBe('INSERT: 3 rows affected');
    expect(commandWords('UPDATE 1')).toBe('UPDATE: 1 row affected');
    expect(commandWords('CREATE TABLE')).toBe('CREATE TABLE');
  });
});
