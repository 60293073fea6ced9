/** Reads what a database looks like now: tables, views, and all that compareSnapshots.ts holds against the baseline. */
import type { Client } from 'pg';
import type {
  SchemaSnapshot,
  SnapshotColumn,
  SnapshotConstraint,
  SnapshotGrant,
  SnapshotIndex,
  SnapshotTable,
} from './snapshot.ts';

/**
 * One state of the catalog for all queries. Everything that changes how the server writes names, types and constants is
 * set, as pg_dump does, so that equal schemas give equal texts whoever reads them; the timeouts keep a reader from
 * standing behind somebody's ALTER TABLE, and others from standing behind it.
 */
const begin = `
  BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SET LOCAL statement_timeout = '30s';
  SET LOCAL lock_timeout = '5s';
  SET LOCAL search_path = pg_catalog, pg_temp;
  SET LOCAL quote_all_identifiers = off;
  SET LOCAL standard_conforming_strings = on;
  SET LOCAL DateStyle = 'ISO, MDY';
  SET LOCAL IntervalStyle = 'postgres';
  SET LOCAL TimeZone = 'UTC';
  SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex';
  SET LOCAL lc_monetary = 'C'`;

/** Of users: `pg_` at the start of a name is the server's own (manual 5.10.5), temporary schemas included. */
const userTables = `
  pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

const tablesQuery = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind, pg_get_userbyid(c.relowner) AS owner,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition
  FROM ${userTables}
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** A NOT NULL that is not validated (PostgreSQL 18) is no guarantee yet: such a column may hold nulls. */
const columnsQuery = `
  SELECT a.attrelid AS table, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
         NOT a.attnotnull OR k.oid IS NOT NULL AS nullable, pg_get_expr(d.adbin, d.adrelid) AS default,
         a.attgenerated::text || a.attidentity::text AS generated
  FROM ${userTables}
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated
    AND k.conkey = ARRAY[a.attnum]
  ORDER BY a.attrelid, a.attnum`;

/** Without those behind constraints: they come and go with them, and one change is to be one item. */
const indexesQuery = `
  SELECT i.indrelid AS table, x.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
  FROM ${userTables}
  JOIN pg_index i ON i.indrelid = c.oid
  JOIN pg_class x ON x.oid = i.indexrelid
  WHERE NOT EXISTS (
    SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  ORDER BY i.indrelid, x.relname COLLATE "C"`;

/** NOT NULL belongs to the column (and is no constraint before PostgreSQL 18); a constraint trigger is a trigger. */
const constraintsQuery = `
  SELECT k.conrelid AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition
  FROM ${userTables}
  JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype NOT IN ('n', 't')
  ORDER BY k.conrelid, k.conname COLLATE "C"`;

/** What others than the owner hold; the same privilege given by several grantors is one. Grantee 0 is PUBLIC. */
const grantsQuery = `
  WITH acl AS (
    SELECT c.oid AS table, c.relowner AS owner, g.grantee, g.privilege_type AS privilege, g.is_grantable AS grantable,
           NULL::name AS column
    FROM ${userTables} CROSS JOIN aclexplode(c.relacl) g
    UNION ALL
    SELECT c.oid, c.relowner, g.grantee, g.privilege_type, g.is_grantable, a.attname
    FROM ${userTables}
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attacl IS NOT NULL
    CROSS JOIN aclexplode(a.attacl) g
  ), held AS (
    SELECT acl.table, CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee)::text END AS grantee,
           acl.privilege, bool_or(acl.grantable) AS grantable, acl.column
    FROM acl
    WHERE acl.grantee <> acl.owner
    GROUP BY acl.table, acl.grantee, acl.privilege, acl.column
  )
  SELECT * FROM held
  ORDER BY held.table, held.grantee COLLATE "C", held.privilege COLLATE "C", held.column COLLATE "C" NULLS FIRST`;

interface TableRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string;
  readonly definition: string | null;
}

interface ColumnRow {
  readonly table: number;
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly default: string | null;
  /** attgenerated and attidentity, of which one at most is set. */
  readonly generated: string;
}

/** Of an index or a constraint; null where it was dropped meanwhile: the server's functions see past our snapshot. */
interface DefinitionRow {
  readonly table: number;
  readonly name: string;
  readonly definition: string | null;
}

interface GrantRow {
  readonly table: number;
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
  readonly column: string | null;
}

const kinds: Readonly<Record<string, SnapshotTable['kind']>> = {
  p: 'partitioned',
  v: 'view',
  m: 'materializedView',
  f: 'foreign',
};

const generatedKinds: Readonly<Record<string, NonNullable<SnapshotColumn['generated']>>> = {
  s: 'stored',
  v: 'virtual',
  a: 'identityAlways',
  d: 'identityByDefault',
};

/**
 * Reads the schemas of users; PostgreSQL 13 to 18 (manual, chapter 52). The client must be outside a transaction, and is
 * so again afterwards. Any role may read all of it. Rejects with the server's error: 55P03 where somebody's DDL held a
 * lock for too long.
 */
export async function readSnapshot(client: Client): Promise<SchemaSnapshot> {
  await client.query(begin);
  try {
    // Sent one after the other: a client answers them in order anyway.
    const at = new Date().toISOString();
    const tables = (await client.query<TableRow>(tablesQuery)).rows;
    const columns = groupByTable((await client.query<ColumnRow>(columnsQuery)).rows, toColumn);
    const indexes = groupByTable((await client.query<DefinitionRow>(indexesQuery)).rows, toDefinition);
    const constraints = groupByTable(
      (await client.query<DefinitionRow>(constraintsQuery)).rows,
      toDefinition,
    );
    const grants = groupByTable((await client.query<GrantRow>(grantsQuery)).rows, toGrant);
    return {
      form: 1,
      at,
      tables: tables.map((row) => ({
        schema: row.schema,
        name: row.name,
        kind: kinds[row.kind] ?? 'table',
        owner: row.owner,
        columns: columns.get(row.oid) ?? [],
        indexes: indexes.get(row.oid) ?? [],
        constraints: constraints.get(row.oid) ?? [],
        grants: grants.get(row.oid) ?? [],
        ...(row.definition === null ? {} : { definition: row.definition }),
      })),
    };
  } finally {
    // It only read; and where the connection is gone, the first error tells more than this one.
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function toColumn(row: ColumnRow): SnapshotColumn {
  const generated = generatedKinds[row.generated];
  return {
    name: row.name,
    type: row.type,
    nullable: row.nullable,
    ...(row.default === null ? {} : { default: row.default }),
    ...(generated === undefined ? {} : { generated }),
  };
}

function toDefinition({ name, definition }: DefinitionRow): (SnapshotIndex & SnapshotConstraint) | undefined {
  return definition === null ? undefined : { name, definition };
}

function toGrant({ grantee, privilege, grantable, column }: GrantRow): SnapshotGrant {
  return { grantee, privilege, grantable, ...(column === null ? {} : { column }) };
}

function groupByTable<Row extends { readonly table: number }, Part>(
  rows: readonly Row[],
  toPart: (row: Row) => Part | undefined,
): Map<number, Part[]> {
  const parts = new Map<number, Part[]>();
  for (const row of rows) {
    const part = toPart(row);
    if (part === undefined) continue;
    const list = parts.get(row.table);
    if (list === undefined) parts.set(row.table, [part]);
    else list.push(part);
  }
  return parts;
}
