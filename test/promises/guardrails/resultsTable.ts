/** The table of results in `proxy/policy/README.md`: per row of BYPASSES.md what was tried, missed, and refused in vain. */
import type { Verdict } from './guardCase.ts';

const begin = '<!-- results: made by test/promises/guardrails.test.ts -->';
const end = '<!-- /results -->';

const titles: Readonly<Record<string, string>> = {
  G01: 'comments, case, white space, Unicode escapes',
  G02: 'stacked statements',
  G03: 'leaving read-only or the role; settings',
  G04: 'functions with effects, anywhere',
  G05: 'files and programs',
  G06: 'another connection',
  G07: 'delayed payloads',
  G08: 'writes in a read’s clothing',
  G09: 'prepare now, execute later',
  G10: 'below SQL: messages and lengths',
  G11: 'always-true predicates',
  G12: 'small statement, large effect',
  G13: 'privilege laundering',
  G14: 'denial of service',
  G15: 'two-phase and savepoint games',
  G16: 'every kind of statement; unknown grammar',
  G17: 'round the gate',
  G18: 'open by mistake',
  G19: 'what changes under a statement',
  G20: 'false alarms; what tools ask',
};

/** Markdown lines, columns aligned. */
export function renderResults(verdicts: ReadonlyMap<15 | 18, readonly Verdict[]>): string {
  const all = [...verdicts.values()].flat();
  const lines = [['row', 'of', 'cases', 'twins', 'missed (15, 18)', 'false alarms (15, 18)']];
  const addLine = (row: string, title: string, belongs: (id: string) => boolean) => {
    const ours = all.filter(({ guardCase }) => belongs(guardCase.id));
    const ids = new Set(ours.map(({ guardCase }) => guardCase.id));
    const twins = new Set(
      ours.filter(({ guardCase }) => guardCase.isTwin).map(({ guardCase }) => guardCase.id),
    );
    const wrong = (isTwin: boolean) =>
      [...verdicts.values()]
        .map(
          (list) =>
            list.filter(
              ({ guardCase, wrong: said }) =>
                belongs(guardCase.id) && said !== undefined && !guardCase.isTwin !== isTwin,
            ).length,
        )
        .join(', ');
    lines.push([row, title, String(ids.size), String(twins.size), wrong(false), wrong(true)]);
  };
  for (const [row, title] of Object.entries(titles)) addLine(row, title, (id) => id.startsWith(row));
  addLine('all', '', () => true);
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  const pad = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = lines;
  return [pad(head), pad(widths.map((width) => '-'.repeat(width))), ...rest.map(pad)].join('\n');
}

/** The text with the table between its marks. */
export function withResults(text: string, table: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error('proxy/policy/README.md has lost the marks of its table of results');
  return `${text.slice(0, from)}${begin}\n\n${table}\n\n${text.slice(to)}`;
}
