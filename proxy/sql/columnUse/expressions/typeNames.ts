/** Type names: the grammar's spelling against format_type's. */
import { type Fields, fieldsOf, isFields, readList, readNames } from '../tree.ts';

/** format_type's words for the names that the grammar gives (format_type.c). */
const formatted: Readonly<Record<string, string>> = {
  bool: 'boolean',
  bpchar: 'character',
  float4: 'real',
  float8: 'double precision',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  time: 'time without time zone',
  timetz: 'time with time zone',
  varbit: 'bit varying',
  varchar: 'character varying',
};

/** A TypeName as format_type would write it, where it has at most plain modifiers. */
export function readTypeName(node: unknown): string {
  const fields: Fields = isFields(node) ? (fieldsOf(node, 'TypeName') ?? node) : {};
  const names = readNames(fields['names']);
  const base = names[0] === 'pg_catalog' ? names.slice(1).join('.') : names.join('.');
  const modifiers = readList(fields['typmods']).map((modifier) => {
    const ival = fieldsOf(modifier, 'A_Const')?.['ival'];
    return isFields(ival) ? String(ival['ival'] ?? 0) : '?';
  });
  const isArray = readList(fields['arrayBounds']).length > 0 || fields['setof'] === true;
  const suffix = modifiers.length === 0 ? '' : `(${modifiers.join(',')})`;
  return `${formatted[base] ?? base}${suffix}${isArray ? '[]' : ''}`;
}

/** True where a cast between them changes nothing, so that RowDescription still tells the origin. */
export function isSameType(from: string | undefined, to: string): boolean {
  return from !== undefined && from === to;
}

/** True for a cast that keeps every character and cannot fail: any string type to one without a length. */
export function isTextWidening(from: string | undefined, to: string): boolean {
  if (from === undefined) return false;
  return /^(text|character varying(\(\d+\))?)$/.test(from) && (to === 'text' || to === 'character varying');
}

const integers = ['smallint', 'integer', 'bigint'];

/**
 * True for a cast that can be made of every value: all have a text (manual 4.2.9), which a cast that is written cuts to its
 * length; numbers go into wider ones, moments into their day.
 */
export function isTotalCast(from: string | undefined, to: string): boolean {
  if (/^(text|name|bpchar|character varying(\(\d+\))?|character(\(\d+\))?)$/.test(to)) return true;
  if (from === undefined) return false;
  const width = integers.indexOf(from);
  if (width >= 0 && (integers.indexOf(to) > width || to === 'numeric' || to === 'double precision'))
    return true;
  if (/^numeric(\(.*\))?$/.test(from)) return to === 'numeric';
  return to === 'date' && /^timestamp(\(\d\))? with(out)? time zone$/.test(from);
}
