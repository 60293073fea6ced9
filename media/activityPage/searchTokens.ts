/** The search box: words and tokens (`decision:deny table:orders -psql "two words"`), all of which must match. */
import type { ActivityRow } from '../../extension/kit/activityMessages.ts';

interface SearchTerm {
  /** Undefined: anywhere. */
  readonly field: string | undefined;
  readonly value: string;
  readonly isExcluded: boolean;
}

/** What a token looks at; the texts of a row that may hold its value. */
const fields: Readonly<Record<string, (row: ActivityRow) => readonly string[]>> = {
  decision: (row) => [row.decision, row.outcome],
  outcome: (row) => [row.outcome],
  table: (row) => [row.what],
  connection: (row) => [row.connection],
  environment: (row) => [row.environment],
  app: (row) => [row.application],
  masked: (row) => row.maskedColumns,
  sync: (row) => [row.isSynced ? 'sent' : 'waiting'],
};

/** The tokens there are, for the help text. */
export const searchFields: readonly string[] = Object.keys(fields);

export function parseSearch(text: string): SearchTerm[] {
  const terms: SearchTerm[] = [];
  for (const match of text.matchAll(/(-?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const [, minus, name = '', quoted, plain] = match;
    const field = name.toLowerCase();
    const isField = Object.hasOwn(fields, field);
    const value = (isField || name === '' ? '' : `${name}:`) + (quoted ?? plain ?? '');
    const isBegun =
      value === '' || (value.endsWith(':') && Object.hasOwn(fields, value.slice(0, -1).toLowerCase()));
    if (isBegun) continue; // still being typed
    terms.push({
      field: isField ? field : undefined,
      value: value.toLowerCase(),
      isExcluded: minus === '-',
    });
  }
  return terms;
}

export function findRows(rows: readonly ActivityRow[], search: string): readonly ActivityRow[] {
  const terms = parseSearch(search);
  if (terms.length === 0) return rows;
  return rows.filter((row) => terms.every((term) => matches(row, term) !== term.isExcluded));
}

function matches(row: ActivityRow, { field, value }: SearchTerm): boolean {
  const read = field === undefined ? undefined : fields[field];
  const texts = read === undefined ? everything(row) : read(row);
  if (field === 'table') return texts.some((text) => holdsName(text, value));
  if (field === 'decision') return texts.some((text) => text.toLowerCase().startsWith(value));
  return texts.some((text) => text.toLowerCase().includes(value));
}

/** Whole names only: `table:orders` is not about reorders. `public.orders` finds orders written so. */
function holdsName(text: string, name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${escaped}(?![\\p{L}\\p{N}_$])`, 'u').test(text.toLowerCase());
}

function everything(row: ActivityRow): readonly string[] {
  return [
    row.what,
    row.reason,
    row.outcome,
    row.connection,
    row.environment,
    row.application,
    row.time,
    ...row.maskedColumns,
  ];
}
