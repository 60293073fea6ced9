/** The search box: words and tokens (`decision:deny table:orders -psql "two words"`), all of which must match. */
import type { ActivityRow, StatementSearch } from '../../extension/kit/activityMessages.ts';

interface SearchTerm {
  /** Undefined: anywhere. */
  readonly field: string | undefined;
  readonly value: string;
  readonly isExcluded: boolean;
}

/** What a token looks at; the texts of a row that may hold its value. */
const fields: Readonly<Record<string, (row: ActivityRow) => readonly string[]>> = {
  who: (row) => [row.who],
  agent: (row) => [row.agent],
  table: (row) => [...row.relations, row.what],
  decision: (row) => [row.decision, row.outcome],
  outcome: (row) => [row.outcome],
  connection: (row) => [row.connection],
  environment: (row) => [row.environment],
  app: (row) => [row.application],
  masked: (row) => row.maskedColumns,
  clear: (row) => row.unmaskedColumns,
  since: () => [],
  until: () => [],
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

/**
 * What the collector is asked for. It matches whole values, so what it cannot look for (`app:`, `clear:`, a minus, parts
 * of names) is left to {@link findRows}, over what it found.
 */
export function toStatementSearch(search: string): StatementSearch {
  const found: Record<string, string> = {};
  const words: string[] = [];
  for (const { field, value, isExcluded } of parseSearch(search)) {
    if (isExcluded) continue;
    if (field === undefined) words.push(value);
    else if (field === 'decision') Object.assign(found, decisionOf(value));
    else if (field === 'masked') found[value.includes('.') ? 'classification' : 'column'] = value;
    else if (field === 'since' || field === 'until') Object.assign(found, momentOf(field, value));
    else if (field in sameAt) found[sameAt[field] ?? ''] = value;
  }
  if (words.length > 0) found['text'] = words.join(' ');
  return found;
}

/** Tokens whose value is looked for whole, and what the collector calls them. */
const sameAt: Readonly<Record<string, string>> = {
  who: 'identity',
  agent: 'agent',
  table: 'relation',
  connection: 'connection',
};

/** `deny`, or the beginning of it. */
function decisionOf(value: string): { decision?: string } {
  if (value === '') return {};
  const decision = ['allow', 'deny', 'approve'].find((known) => known.startsWith(value));
  return decision === undefined ? {} : { decision };
}

/** A date, a moment, or so many hours or days ago (`since:2026-11-01`, `since:3h`, `since:7d`). */
function momentOf(field: string, value: string): Readonly<Record<string, string>> {
  const ago = /^(\d{1,4})(h|d)$/.exec(value);
  const hours = Number(ago?.[1]) * (ago?.[2] === 'd' ? 24 : 1);
  const moment = ago === null ? new Date(value.toUpperCase()) : new Date(Date.now() - hours * 3_600_000);
  return Number.isNaN(moment.getTime()) ? {} : { [field]: moment.toISOString() };
}

function matches(row: ActivityRow, { field, value }: SearchTerm): boolean {
  if (field === 'since' || field === 'until') {
    const moment = momentOf(field, value)[field];
    if (moment === undefined) return true; // still being typed
    return field === 'since' ? row.at >= moment : row.at < moment;
  }
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
    row.who,
    row.agent,
    row.time,
    ...row.maskedColumns,
  ];
}
