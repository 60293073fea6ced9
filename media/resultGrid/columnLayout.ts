/** Where columns stand: widths from what they hold until somebody drags them. */
import type { GridColumn } from '../../extension/kit/gridMessages.ts';
import { cellText } from './cellText.ts';
import type { GridRow } from './rowWindows.ts';

export const narrowest = 48;
const widestAtFirst = 380;
/** Paddings and the line between cells. */
const cellExtra = 18;
const maskExtra = 22;
const sampledRows = 100;
const longestMeasured = 80;

/** Width of a text in the grid's font. */
export type Measure = (text: string) => number;

export function widthsOf(
  columns: readonly GridColumn[],
  rows: readonly GridRow[],
  measure: Measure,
): number[] {
  return columns.map((column, index) => {
    const texts = rows
      .slice(0, sampledRows)
      .map((row) => cellText(row[index] ?? null).text.slice(0, longestMeasured));
    const longest = texts.reduce((most, text) => (text.length > most.length ? text : most), '');
    const header = measure(`${column.name}  ${column.type}`) + (column.mask === undefined ? 0 : maskExtra);
    const width = Math.max(header, measure(longest)) + cellExtra;
    return Math.round(Math.min(widestAtFirst, Math.max(narrowest, width)));
  });
}

export interface PlacedColumn {
  readonly index: number;
  readonly left: number;
  readonly width: number;
}

/** The columns that touch a stretch of pixels; the active one always, so that the focus has a cell to stand on. */
export function columnsWithin(
  widths: readonly number[],
  from: number,
  to: number,
  active: number,
): PlacedColumn[] {
  const placed: PlacedColumn[] = [];
  let left = 0;
  widths.forEach((width, index) => {
    if (index === active || (left + width > from && left < to)) placed.push({ index, left, width });
    left += width;
  });
  return placed;
}

export function placeOfColumn(widths: readonly number[], column: number): PlacedColumn {
  const left = widths.slice(0, column).reduce((sum, width) => sum + width, 0);
  return { index: column, left, width: widths[column] ?? 0 };
}

/** The column under a pixel; the last one beyond the end. */
export function columnAt(widths: readonly number[], x: number): number {
  let left = 0;
  for (const [index, width] of widths.entries()) {
    left += width;
    if (x < left) return index;
  }
  return Math.max(0, widths.length - 1);
}
