/** What a database looks like at one moment, and how two such states differ: the types. */

export interface SnapshotColumn {
  readonly name: string;
  /** format_type's text, for instance `character varying(80)`. */
  readonly type: string;
  readonly nullable: boolean;
  /** pg_get_expr's text of the default, or of the generated expression. */
  readonly default?: string;
  readonly generated?: 'stored' | 'virtual' | 'identityAlways' | 'identityByDefault';
}

export interface SnapshotIndex {
  readonly name: string;
  /** pg_get_indexdef's text. */
  readonly definition: string;
}

export interface SnapshotConstraint {
  readonly name: string;
  /** pg_get_constraintdef's text. */
  readonly definition: string;
}

/** One privilege on a table or column, as information in pg_class.relacl and pg_attribute.attacl. */
export interface SnapshotGrant {
  /** Role name, or `PUBLIC`. */
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
  /** Absent for the whole table. */
  readonly column?: string;
}

export interface SnapshotTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'materializedView' | 'foreign';
  readonly owner: string;
  /** In the table's own order. */
  readonly columns: readonly SnapshotColumn[];
  /** These three sorted by name, grants by grantee, privilege, column. */
  readonly indexes: readonly SnapshotIndex[];
  readonly constraints: readonly SnapshotConstraint[];
  readonly grants: readonly SnapshotGrant[];
  /** pg_get_viewdef's text of views and materialized views. */
  readonly definition?: string;
}

export interface SchemaSnapshot {
  /** Version of this form. */
  readonly form: 1;
  /** When it was read: RFC 3339, UTC. */
  readonly at: string;
  /** Sorted by schema, then name. */
  readonly tables: readonly SnapshotTable[];
}

/** `unexpected` is not in the baseline, `missing` is no longer in the database, `changed` is in both and differs. */
export type DriftKind = 'unexpected' | 'missing' | 'changed';

/** Who changed it and by which statement, where it passed through the proxy. */
export interface DriftAuthor {
  readonly email: string;
  readonly at: string;
  /** The recorded text: literals of classified columns masked. */
  readonly statement: string;
}

export interface DriftItem {
  readonly kind: DriftKind;
  readonly schema: string;
  readonly table: string;
  /** What differs: the table itself, or a part of it. */
  readonly part:
    | { readonly kind: 'table' }
    | { readonly kind: 'column'; readonly name: string }
    | { readonly kind: 'index'; readonly name: string }
    | { readonly kind: 'constraint'; readonly name: string }
    | { readonly kind: 'grant'; readonly grantee: string; readonly privilege: string };
  /** One line: `type changed from integer to bigint`. */
  readonly summary: string;
  /** True for what widens access or loses a guarantee: badge `!`. */
  readonly isRisky: boolean;
  /** Absent where nothing that passed through Portcullis explains it: "outside Portcullis". */
  readonly author?: DriftAuthor;
}

/** The state of one connection against its baseline. */
export interface DriftReport {
  readonly connection: string;
  /** Absent: there is no baseline, which is not the same as no drift. */
  readonly baseline?: { readonly at: string; readonly by: string };
  /** When the live snapshot was read; absent where none was sent yet. */
  readonly liveAt?: string;
  readonly items: readonly DriftItem[];
}
