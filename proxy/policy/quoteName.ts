/** Names and other people's text as a message may show them: quoted as PostgreSQL would, on one line, harmless. */
import type { RelationName } from '../sql/facts.ts';

/** Reserved words of PostgreSQL 18, also those that may be function or type names (manual, appendix C). */
const reservedWords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
  column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
  from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
  localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
  returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
  unique user using variadic verbose when where window with`.split(/\s+/),
);

/** Identifiers of PostgreSQL are cut at 63 bytes; what is longer is shown cut. */
const longestName = 63;

/** A relation's name, quoted where it must be: `customers`, `"Order Items"`, `sales."user"`. */
export function quoteRelation({ schema, name }: RelationName): string {
  return schema === undefined ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

/** An identifier as `quote_ident` would write it. */
export function quoteName(name: string): string {
  const plain = oneLine(name, longestName);
  if (/^[a-z_][a-z0-9_$]*$/.test(plain) && !reservedWords.has(plain)) {
    return plain;
  }
  return `"${plain.replaceAll('"', '""')}"`;
}

/**
 * Text without what could forge a line or hide in it: control characters, line separators, marks that turn the
 * direction of writing (Unicode 16, UAX 9) or have no width, halves of surrogate pairs.
 */
export function oneLine(text: string, longest = 200): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const characters = [...clean];
  return characters.length <= longest ? clean : `${characters.slice(0, longest - 1).join('')}…`;
}
