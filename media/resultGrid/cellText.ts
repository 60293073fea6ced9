/** How the value of a cell is written: NULL, the empty text and a text are never alike. */
import type { GridCell } from '../../extension/kit/gridMessages.ts';
import { visibleLine } from '../kit/visibleText.ts';

/** More of a text in one line of a grid is seen by nobody. */
const longestShown = 300;

export interface CellText {
  readonly kind: 'null' | 'empty' | 'text';
  readonly text: string;
  readonly isCut: boolean;
}

export function cellText(cell: GridCell): CellText {
  if (cell === null) return { kind: 'null', text: 'NULL', isCut: false };
  const value = typeof cell === 'string' ? cell : cell.start;
  if (value === '') return { kind: 'empty', text: '“”', isCut: false };
  const isCut = typeof cell !== 'string' || value.length > longestShown;
  return { kind: 'text', text: visibleLine(value.slice(0, longestShown)) + (isCut ? '…' : ''), isCut };
}

/** `pii.email, masked (partial)` */
export function maskWords(mask: { readonly classification: string; readonly method: string }): string {
  return `${mask.classification}, masked (${mask.method})`;
}
