/** What an expression carries of protected columns, and whether RowDescription would still tell. */
import type { Classification } from '../../masking/classification.ts';

/** A protected column that a value comes from. */
export interface Source {
  /** `oid.attnum`: one key per column of the database. */
  readonly key: string;
  readonly relation: string;
  readonly column: string;
  readonly classification: Classification;
}

/**
 * The value of an expression or of an output column. With no sources it carries nothing protected. `lost` says in words
 * why RowDescription no longer carries the column's origin (absent: it does); `flagged`: a violation is on record already.
 */
export interface Value {
  readonly sources: readonly Source[];
  readonly lost?: string | undefined;
  readonly isWholeRow?: boolean | undefined;
  readonly isFlagged?: boolean | undefined;
  /** format_type's text, known for plain columns only. */
  readonly typeName?: string | undefined;
  /** Byte offset of the reference in the message's text. */
  readonly location?: number | undefined;
}

export const nothing: Value = { sources: [] };

export function isProtected(value: Value): boolean {
  return value.sources.length > 0;
}

/** A value that may be either or both: all sources count, and what one has lost is lost. */
export function unite(a: Value, b: Value): Value {
  if (!isProtected(a)) return isProtected(b) ? withType(b, a) : mergeTypes(a, b);
  if (!isProtected(b)) return withType(a, b);
  const sources = [...a.sources];
  for (const source of b.sources) {
    if (!sources.some((known) => known.key === source.key)) sources.push(source);
  }
  return {
    sources,
    lost: a.lost ?? b.lost,
    isWholeRow: a.isWholeRow === true || b.isWholeRow === true,
    isFlagged: a.isFlagged === true && b.isFlagged === true,
    typeName: a.typeName === b.typeName ? a.typeName : undefined,
    location: a.location ?? b.location,
  };
}

export function uniteAll(values: Iterable<Value>): Value {
  let all: Value | undefined;
  for (const value of values) all = all === undefined ? value : unite(all, value);
  return all ?? nothing;
}

/** The same value behind something that RowDescription does not look through. */
export function lose(value: Value, lost: string): Value {
  return isProtected(value) ? { ...value, lost: value.lost ?? lost, typeName: undefined } : nothing;
}

/** The value after a violation was recorded, so that what encloses it is not reported again. */
export function flag(value: Value): Value {
  return isProtected(value)
    ? { ...value, lost: value.lost ?? 'changed', isFlagged: true, typeName: undefined }
    : nothing;
}

function withType(value: Value, other: Value): Value {
  return value.typeName === other.typeName ? value : { ...value, typeName: undefined };
}

function mergeTypes(a: Value, b: Value): Value {
  return a.typeName === b.typeName ? a : nothing;
}
