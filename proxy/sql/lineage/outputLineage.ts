/** Which protected columns each column of a statement's rows comes from: what masking goes by where RowDescription is silent. */
import type { Classification } from '../../masking/classification.ts';

/** A protected column of the database that a value comes from. */
export interface LineageSource {
  readonly oid: number;
  readonly attribute: number;
  readonly relation: string;
  readonly column: string;
  readonly classification: Classification;
}

/**
 * How an output column comes of its sources: `copied` as they are (through names, subqueries, joins, set operations),
 * `transformed` by functions, `aggregated` over rows.
 */
export type Derivation = 'copied' | 'transformed' | 'aggregated';

export interface OutputColumn {
  /** None: nothing protected is in it. */
  readonly sources: readonly LineageSource[];
  readonly how: Derivation;
  /** RowDescription should name the very column that it comes from. */
  readonly keepsOrigin: boolean;
}

/** The columns of the rows that a statement returns; only where at least one of them has sources. */
export interface OutputLineage {
  readonly columns: readonly OutputColumn[];
  /** The columns are all there are, in their order. Otherwise any column without an origin may be any of them. */
  readonly isOrdered: boolean;
  /** What it was found with: another means that catalog or classifications are others. Undefined: not known. */
  readonly ground: string | undefined;
  /** The same for equal lineages; part of cache keys. */
  readonly key: string;
}

/** Undefined where no column has sources. */
export function describeOutput(
  columns: readonly OutputColumn[],
  isOrdered: boolean,
  ground: string | undefined,
): OutputLineage | undefined {
  if (columns.every(({ sources }) => sources.length === 0)) return undefined;
  const parts = columns.map(({ sources, how, keepsOrigin }) => [
    how,
    keepsOrigin,
    sources.map(({ oid, attribute }) => `${oid}.${attribute}`),
  ]);
  return { columns, isOrdered, ground, key: JSON.stringify([isOrdered, ground, parts]) };
}
