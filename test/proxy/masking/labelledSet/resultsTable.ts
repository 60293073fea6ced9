/** The tables of results in `proxy/masking/README.md`. */
import { type Measured, precisionOf, recallOf } from './measure.ts';

const begin = (name: string) => `<!-- ${name}: made by test/proxy/masking/labelledSet.test.ts -->`;
const end = (name: string) => `<!-- /${name} -->`;

/** Markdown lines, columns aligned. */
export function renderResults(what: string, results: ReadonlyMap<string, Measured>): string {
  const figure = (value: number) => value.toFixed(3);
  const lines = [
    [what, 'in the set', 'found', 'taken for it', 'precision', 'recall'],
    ...[...results]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, result]) => [
        name,
        String(result.values),
        String(result.found),
        String(result.wrong),
        figure(precisionOf(result)),
        figure(recallOf(result)),
      ]),
  ];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const pad = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = lines;
  return [pad(head), pad(widths.map((width) => '-'.repeat(width))), ...rest.map(pad)].join('\n');
}

/** The text with the table between the marks of its name. */
export function withResults(text: string, name: string, table: string): string {
  const [from, to] = [text.indexOf(begin(name)), text.indexOf(end(name))];
  if (from < 0 || to < from)
    throw new Error(`proxy/masking/README.md has lost the marks of its table of ${name}`);
  return `${text.slice(0, from)}${begin(name)}\n\n${table}\n\n${text.slice(to)}`;
}
