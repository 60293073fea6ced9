/** What the page of the grid asks of a result: windows of rows with long texts cut, and text for the clipboard. */
import type { CopyFormat, GridCell, GridRange, HostToGrid } from '../../kit/gridMessages.ts';
import { formatRows } from './copyFormats.ts';
import type { ResultRun } from './resultRun.ts';
import type { StoredRow } from './rowStore.ts';

/** More than a page shows at once; what asks for more gets this many. */
const mostRows = 1_000;
const longestCell = 1_000;
/** More on the clipboard stalls the editor and whatever it is pasted into. */
const mostCopiedBytes = 50 * 1024 * 1024;
const rowsPerStep = 1_000;

export function windowOf(run: ResultRun, offset: number, count: number): HostToGrid {
  const rows = run.rows.window(offset, Math.min(count, mostRows));
  const { result, rowSet } = run.snapshot();
  return { kind: 'window', result, rowSet, offset, rows: rows.map((row) => row.map(cut)) };
}

export function cellOf(run: ResultRun, row: number, column: number): HostToGrid {
  const value = run.rows.window(row, 1)[0]?.[column] ?? null;
  return { kind: 'cell', result: run.result, row, column, value };
}

/** Undefined where it would be more than a clipboard should hold. */
export function copyOf(
  run: ResultRun,
  format: CopyFormat,
  range: GridRange,
  isWithHeader: boolean,
): string | undefined {
  const pick = <Item>(items: readonly Item[]) => items.slice(range.firstColumn, range.lastColumn + 1);
  const rows: StoredRow[] = [];
  let size = 0;
  for (let from = range.firstRow; from <= range.lastRow; from += rowsPerStep) {
    const step = run.rows.window(from, Math.min(rowsPerStep, range.lastRow + 1 - from));
    if (step.length === 0) break;
    for (const row of step.map(pick)) {
      for (const cell of row) size += (cell?.length ?? 0) + 1;
      rows.push(row);
    }
    if (size > mostCopiedBytes) return undefined;
  }
  const names = pick(run.snapshot().columns).map(({ name }) => name);
  return formatRows(format, names, rows, isWithHeader);
}

function cut(cell: string | null): GridCell {
  if (cell === null || cell.length <= longestCell) return cell;
  return { start: cell.slice(0, longestCell), length: cell.length };
}
