/** Which cell is active and which cells are selected, and where the keys lead (W3C APG, grid pattern). */
import type { GridRange } from '../../extension/kit/gridMessages.ts';

export interface CellPlace {
  readonly row: number;
  readonly column: number;
}

export interface GridSelection {
  /** Has the focus. */
  readonly active: CellPlace;
  /** The other corner of what is selected. */
  readonly anchor: CellPlace;
}

export interface GridSize {
  readonly rows: number;
  readonly columns: number;
  /** Rows seen at once. */
  readonly page: number;
}

export interface PressedKey {
  readonly key: string;
  readonly isShift: boolean;
  /** Ctrl, or Cmd on a Mac. */
  readonly isCommand: boolean;
}

export const startSelection: GridSelection = {
  active: { row: 0, column: 0 },
  anchor: { row: 0, column: 0 },
};

export function rangeOf({ active, anchor }: GridSelection): GridRange {
  return {
    firstRow: Math.min(active.row, anchor.row),
    lastRow: Math.max(active.row, anchor.row),
    firstColumn: Math.min(active.column, anchor.column),
    lastColumn: Math.max(active.column, anchor.column),
  };
}

export function isWithin(range: GridRange, row: number, column: number): boolean {
  return (
    row >= range.firstRow && row <= range.lastRow && column >= range.firstColumn && column <= range.lastColumn
  );
}

export function cellCount(range: GridRange): number {
  return (range.lastRow - range.firstRow + 1) * (range.lastColumn - range.firstColumn + 1);
}

/** Moves the active cell; the anchor stays where it is to extend the selection. */
export function moveTo(
  selection: GridSelection,
  place: CellPlace,
  isExtending: boolean,
  size: GridSize,
): GridSelection {
  const active = {
    row: Math.max(0, Math.min(size.rows - 1, place.row)),
    column: Math.max(0, Math.min(size.columns - 1, place.column)),
  };
  return { active, anchor: isExtending ? selection.anchor : active };
}

export function selectAll(size: GridSize): GridSelection {
  return {
    active: { row: 0, column: 0 },
    anchor: { row: Math.max(0, size.rows - 1), column: Math.max(0, size.columns - 1) },
  };
}

/** Undefined for keys that mean nothing here. */
export function pressKey(
  selection: GridSelection,
  { key, isShift, isCommand }: PressedKey,
  size: GridSize,
): GridSelection | undefined {
  if (isCommand && key.toLowerCase() === 'a') return selectAll(size);
  const place = destination(selection.active, key, isCommand, size);
  return place === undefined ? undefined : moveTo(selection, place, isShift, size);
}

function destination(
  { row, column }: CellPlace,
  key: string,
  isCommand: boolean,
  { rows, columns, page }: GridSize,
): CellPlace | undefined {
  switch (key) {
    case 'ArrowUp':
      return { row: isCommand ? 0 : row - 1, column };
    case 'ArrowDown':
      return { row: isCommand ? rows - 1 : row + 1, column };
    case 'ArrowLeft':
      return { row, column: isCommand ? 0 : column - 1 };
    case 'ArrowRight':
      return { row, column: isCommand ? columns - 1 : column + 1 };
    case 'PageUp':
      return { row: row - page, column };
    case 'PageDown':
      return { row: row + page, column };
    case 'Home':
      return { row: isCommand ? 0 : row, column: 0 };
    case 'End':
      return { row: isCommand ? rows - 1 : row, column: columns - 1 };
    default:
      return undefined;
  }
}
