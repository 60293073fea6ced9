/** What a database holds, as the proxy knows it: the types. Loaded by `loadCatalog`. */
import type { StoredCode } from './storedCode.ts';

export interface CatalogColumn {
  /** pg_attribute.attnum, the number that RowDescription carries. */
  readonly number: number;
  readonly name: string;
  readonly typeOid: number;
  /** format_type's text, for instance `character varying(80)`. */
  readonly typeName: string;
  readonly notNull: boolean;
  readonly comment: string | undefined;
  /** GENERATED ALWAYS AS (…). */
  readonly isGenerated?: true;
}

/** pg_class.relkind, in words. */
export type RelationKind = 'table' | 'partitioned' | 'view' | 'materializedView' | 'foreign' | 'other';

export interface CatalogRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  readonly columns: readonly CatalogColumn[];
  /** OIDs of parents by inheritance or partitioning. */
  readonly parents: readonly number[];
  /** pg_get_viewdef of views and materialized views. */
  readonly definition: string | undefined;
}

export interface Catalog {
  /** Grows by one with each load. */
  readonly version: number;
  readonly relations: ReadonlyMap<number, CatalogRelation>;
  /** All relations of that name, in every schema (name resolution by search_path comes later; until then all count). */
  named(name: string): readonly CatalogRelation[];
  /** Names of sequences in every schema, those of temporary ones excepted. */
  readonly sequences: ReadonlySet<string>;
  /** Lower-case names of functions and procedures outside pg_catalog and information_schema. */
  readonly userFunctions: ReadonlySet<string>;
  /** What the database runs by itself, or when it is called. */
  readonly code: StoredCode;
  /** Settings that sessions start with, by name: those of the proxy's role and the database, and switches of the planner. */
  readonly settings: ReadonlyMap<string, string>;
  /** Relations that hold rows of this one: partitions and children by inheritance, theirs, and so on. */
  descendantsOf(oid: number): readonly number[];
  /** Name of a function by OID, for the FunctionCall message: `schema.name`. */
  functionByOid(oid: number): string | undefined;
}
