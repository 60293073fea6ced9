/** Rows as text for the clipboard. */
import type { CopyFormat } from '../../kit/gridMessages.ts';
import type { StoredRow } from './rowStore.ts';

type Formatter = (header: readonly string[] | undefined, rows: readonly StoredRow[]) => string;

/** @param header names of the columns; undefined to leave them out (JSON and Markdown need them). */
export function formatRows(
  format: CopyFormat,
  names: readonly string[],
  rows: readonly StoredRow[],
  isWithHeader: boolean,
): string {
  if (format === 'json') return toJson(names, rows);
  if (format === 'markdown') return toMarkdown(names, rows);
  return (format === 'csv' ? toCsv : toTsv)(isWithHeader ? names : undefined, rows);
}

/** What spreadsheets take: tabs and line breaks within a cell would make other cells, so they become blanks. A lone value is copied as it is. */
const toTsv: Formatter = (header, rows) => {
  if (header === undefined && rows.length === 1 && rows[0]?.length === 1) return rows[0][0] ?? '';
  return [...(header === undefined ? [] : [header]), ...rows]
    .map((row) => row.map((cell) => (cell ?? '').replace(/[\t\r\n]+/g, ' ')).join('\t'))
    .join('\n');
};

/** RFC 4180; NULL is nothing and the empty text is `""`, as COPY writes them. */
const toCsv: Formatter = (header, rows) =>
  [...(header === undefined ? [] : [header]), ...rows]
    .map((row) => `${row.map(csvCell).join(',')}\r\n`)
    .join('');

function csvCell(cell: string | null): string {
  if (cell === null) return '';
  return cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Values as the server wrote them, as text: a number of JSON would lose digits. A name that comes twice is counted. */
function toJson(names: readonly string[], rows: readonly StoredRow[]): string {
  const seen = new Map<string, number>();
  const keys = names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} ${times}`;
  });
  const objects = rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index] ?? null])));
  return JSON.stringify(objects, undefined, 2);
}

function toMarkdown(names: readonly string[], rows: readonly StoredRow[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(names.map(markdownCell)),
    line(names.map(() => '---')),
    ...rows.map((row) => line(row.map((cell) => (cell === null ? 'NULL' : markdownCell(cell))))),
  ].join('\n');
}

function markdownCell(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/\r\n|\r|\n/g, '<br>');
}
