/** Where a LIMIT belongs in a query that returns all of its rows. */
import { tokensOf } from './tokens.ts';

/** At the outer level: the query has a limit, or writes. */
const bounding = ['LIMIT', 'FETCH', 'INTO', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'];

/**
 * Offset in `text` at which ` LIMIT n` limits the whole query: behind its last word, before FOR UPDATE, OFFSET,
 * comments and semicolons. Undefined where the statement is no query, or returns what aggregates make of it.
 * @param statement where the statement stands in `text`.
 */
export function placeLimit(
  text: string,
  statement: { readonly start: number; readonly end: number },
): number | undefined {
  const tokens = tokensOf(text, statement.start, statement.end)
    .filter((token) => token.text !== ';')
    .map((token) => ({ ...token, word: token.text.toUpperCase() }));
  const outer = tokens.filter(({ depth }) => depth === 0);
  const words = outer.map(({ word }) => word);
  const first = words[0] ?? '';
  if (!['SELECT', 'TABLE', 'WITH'].includes(first) || words.some(isBounding)) return undefined;
  if (first !== 'TABLE' && !words.includes('FROM')) return undefined;
  const tail = outer.findIndex(({ word }, index) => word === 'OFFSET' || (word === 'FOR' && index > 0));
  const before = tail === -1 ? undefined : outer[tail];
  return tokens.findLast(({ start }) => before === undefined || start < before.start)?.end;
}

function isBounding(word: string, index: number, words: readonly string[]): boolean {
  const isLock = word === 'UPDATE' && ['FOR', 'KEY'].includes(words[index - 1] ?? '');
  return bounding.includes(word) && !isLock;
}
