/** The table of the leak corpus in `proxy/masking/README.md`: per row of BYPASSES.md what was tried and what came through. */
import type { Verdict } from './leakCase.ts';

const begin = '<!-- table: leaks -->';
const end = '<!-- end -->';

const titles: Readonly<Record<string, string>> = {
  M01: 'other names: aliases, subqueries, CTEs',
  M02: 'expressions, letter by letter',
  M03: 'casts whose errors print the value',
  M04: 'constraint errors that print the row',
  M05: 'whether an error comes',
  M06: 'predicates',
  M07: 'order, windows, extremes, set operations',
  M08: 'equality in bulk',
  M09: 'whole rows',
  M10: 'set-returning functions',
  M11: 'aggregates',
  M12: 'views, materialized views',
  M13: 'functions that read inside',
  M14: 'copied, then read',
  M15: 'RETURNING',
  M16: 'moved into a readable column',
  M17: 'COPY TO STDOUT',
  M18: 'cursors',
  M19: 'prepared statements, portals',
  M20: 'EXPLAIN',
  M21: 'statistics and activity',
  M22: 'binary format, odd types',
  M23: 'notices and notifications',
  M24: 'dynamic SQL',
  M25: 'other doors',
  M26: 'siblings of the table',
  M27: 'renamed, retyped columns',
  M28: 'tricks with names',
  M29: 'stale catalog',
  M30: 'string syntax, encodings of the client',
  M31: 'encodings of the value',
  M32: 'time',
  M33: 'masks written back',
  M34: 'constants in records',
};

/** Markdown lines, columns aligned. */
export function renderResults(verdicts: ReadonlyMap<15 | 18, readonly Verdict[]>): string {
  const lists = [...verdicts.entries()].sort(([one], [other]) => one - other).map(([, list]) => list);
  const lines = [['row', 'of', 'cases', 'answered', 'leaked (15, 18)']];
  const addLine = (row: string, title: string) => {
    const ours = lists.map((list) => list.filter(({ leakCase }) => leakCase.id.startsWith(row)));
    const newest = ours.at(-1) ?? [];
    const answered = newest.filter(({ isAnswered }) => isAnswered).length;
    const leaked = ours
      .map((list) => list.filter((verdict) => verdict.leaked !== undefined).length)
      .join(', ');
    lines.push([row || 'all', title, String(newest.length), String(answered), leaked]);
  };
  for (const [row, title] of Object.entries(titles)) addLine(row, title);
  addLine('', '');
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const pad = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = lines;
  return [pad(head), pad(widths.map((width) => '-'.repeat(width))), ...rest.map(pad)].join('\n');
}

/** The text with the table between its marks. */
export function withResults(text: string, table: string): string {
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < from)
    throw new Error('proxy/masking/README.md has lost the marks of the table of leaks');
  return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
}
