/** What an expression carries of protected columns, and whether RowDescription would still tell. */
import type { LineageSource } from '../lineage/outputLineage.ts';

/** A protected column that a value comes from. */
export interface Source extends LineageSource {
  /** `oid.attnum`: one key per column of the database. */
  readonly key: string;
}

/**
 * The value of an expression or of an output column. With no sources it carries nothing protected. `lost` says in words
 * why RowDescription no longer carries the column's origin (absent: it does); `flagged`: a violation is on record already.
 *
 * `changed`: made of protected values by what cannot fail on any of them (columnUse/expressions/totalCalls.ts). It may be returned, where
 * lineage masks all of it, but not be compared, sorted by, or tested: `lower(email) = 'a'` shows what `email = 'a'` does
 * not. Its words are those of the finding, should anything else be done with it.
 */
export interface Value {
  readonly sources: readonly Source[];
  readonly lost?: string | undefined;
  readonly changed?: string | undefined;
  /** Made of the values of many rows. */
  readonly isAggregated?: boolean | undefined;
  /** It may be no column but a call, of a function of that name on the row (manual 8.16.5): which, is not known. */
  readonly mayCall?: boolean | undefined;
  /** Its length tells of its content, as that of `trim(email)` does: it must not be made so long that an error shows it. */
  readonly isTelling?: boolean | undefined;
  /** How many stored values or short constants it may be as long as; 1 unless said. */
  readonly size?: number | undefined;
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

/** A value that may be either or both: all sources count, and what one has lost or is changed by is so for both. */
export function unite(a: Value, b: Value): Value {
  const size = sizeOf(a) === sizeOf(b) ? a.size : Math.max(sizeOf(a), sizeOf(b));
  if (!isProtected(a) && !isProtected(b)) return mergeClear(a, b, size);
  const sources = [...a.sources];
  for (const source of b.sources) {
    if (!sources.some((known) => known.key === source.key)) sources.push(source);
  }
  const isFlagged =
    isProtected(a) && isProtected(b) ? a.isFlagged && b.isFlagged : a.isFlagged || b.isFlagged;
  return {
    sources,
    lost: a.lost ?? b.lost,
    changed: a.changed ?? b.changed,
    isAggregated: a.isAggregated || b.isAggregated,
    mayCall: a.mayCall || b.mayCall,
    isTelling: a.isTelling || b.isTelling,
    size,
    isWholeRow: a.isWholeRow === true || b.isWholeRow === true,
    isFlagged: isFlagged === true,
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
  return isProtected(value)
    ? { ...value, lost: value.lost ?? lost, typeName: undefined }
    : ofSize(sizeOf(value));
}

/** The value after a violation was recorded, so that what encloses it is not reported again. */
export function flag(value: Value): Value {
  return isProtected(value)
    ? { ...value, lost: value.lost ?? 'changed', isFlagged: true, typeName: undefined }
    : ofSize(sizeOf(value));
}

/** How a value came out of a change. */
export interface Change {
  /** What was done with it, as a finding says it. */
  readonly how: string;
  readonly typeName?: string | undefined;
  readonly isTelling?: boolean | undefined;
  readonly isAggregated?: boolean | undefined;
  readonly size?: number | undefined;
}

/** What is made of protected values; nothing of them may show. The first change is the one that a finding names. */
export function change(value: Value, { how, typeName, isTelling, isAggregated, size }: Change): Value {
  return {
    sources: value.sources,
    lost: value.lost ?? 'changed',
    changed: value.changed ?? how,
    isAggregated: value.isAggregated === true || isAggregated === true,
    isTelling: value.isTelling === true || isTelling === true,
    isFlagged: value.isFlagged,
    size: size ?? value.size,
    typeName,
    location: value.location,
  };
}

export function sizeOf(value: Value): number {
  return value.size ?? 1;
}

/** What carries nothing protected and may be that long. */
export function ofSize(size: number): Value {
  return size <= 1 ? nothing : { sources: [], size };
}

function mergeClear(a: Value, b: Value, size: number | undefined): Value {
  if (a.typeName === b.typeName && a.size === size) return a;
  return ofSize(size ?? 1);
}
