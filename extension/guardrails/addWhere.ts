/** Where a WHERE clause belongs in an UPDATE or DELETE that has none. */
import { tokensOf } from './tokens.ts';

const verbs = ['SELECT', 'VALUES', 'TABLE', 'INSERT', 'UPDATE', 'DELETE', 'MERGE'];
const leads = ['UPDATE', 'DELETE', 'WITH', 'EXPLAIN', 'PREPARE'];

/** Codes of findings about an UPDATE or DELETE without WHERE: `deny.update.absent`, `approve.delete.absent`. */
export function isAboutMissingWhere(code: string): boolean {
  return /^(deny|approve)\.(update|delete)\.absent$/.test(code);
}

/**
 * Offset in `text` at which ` WHERE …` makes the clause: after the last word, before RETURNING, comments, semicolons.
 * Undefined where it cannot be told for certain, such as with another UPDATE or DELETE inside the statement.
 * @param statement where the statement stands in `text`.
 */
export function placeWhere(
  text: string,
  statement: { readonly start: number; readonly end: number },
): number | undefined {
  const tokens = tokensOf(text, statement.start, statement.end)
    .filter((token) => token.text !== ';')
    .map((token) => ({ ...token, word: token.text.toUpperCase() }));
  const outer = tokens.filter(({ depth }) => depth === 0).map(({ word }) => word);
  // The first verb outside brackets is the statement's: MERGE and INSERT hold an UPDATE of another grammar.
  const verb = outer.find((word) => verbs.includes(word));
  if (!leads.includes(outer[0] ?? '') || (verb !== 'UPDATE' && verb !== 'DELETE')) return undefined;
  const hasInner = tokens.some(({ depth, word }) => depth > 0 && (word === 'UPDATE' || word === 'DELETE'));
  if (hasInner || outer.includes('WHERE')) return undefined;
  const returning = tokens.findIndex(({ depth, word }) => depth === 0 && word === 'RETURNING');
  return tokens.at(returning === -1 ? -1 : returning - 1)?.end;
}
