/** What proxies tell each other of a column, through the collector: where it is, what it is, and why. */
import type { ColumnId, ColumnUseRight } from './classification.ts';

export interface SharedClassification {
  /** Which database it was found in, as `readDatabaseIdentity` names it: OIDs mean something there alone. */
  readonly database: string;
  readonly relation: { readonly oid: number; readonly schema: string; readonly name: string };
  readonly column: { readonly number: number; readonly name: string };
  /** A proxy of another version may know kinds that this one does not. */
  readonly kind: string;
  readonly use: ColumnUseRight;
  readonly why: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly isDerived?: true;
  /** The column that it was first found on, where it has come here from another of the same database. */
  readonly origin?: ColumnId;
  /** RFC 3339. */
  readonly since: string;
}

/** As text: alike for what says the same of the same column. What it is called is part of it, so that renames are told too. */
export function keyOfShared({ database, relation, column, isDerived }: SharedClassification): string {
  const { oid, schema, name } = relation;
  return JSON.stringify([database, oid, column.number, schema, name, column.name, isDerived === true]);
}
