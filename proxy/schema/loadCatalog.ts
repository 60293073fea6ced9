/** Reads what a database holds: its relations, columns, views' texts and function names; and asks cheaply whether that changed. */
import type { Client } from 'pg';
import type { Catalog, CatalogColumn, CatalogRelation, RelationKind } from './catalog.ts';
import { addTo, firstUserOid } from './catalogRows.ts';
import { loadSettings, settingFacts } from './loadSettings.ts';
import { loadStoredCode, storedCodeFacts } from './loadStoredCode.ts';

interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly definition: string | null;
}

interface ColumnRow {
  readonly relation: number;
  readonly number: number;
  readonly name: string;
  readonly type: number;
  readonly type_name: string;
  readonly not_null: boolean;
  readonly generated: boolean;
  readonly comment: string | null;
}

interface FunctionRow {
  readonly oid: number;
  readonly full_name: string;
  readonly name: string;
  readonly is_own: boolean;
}

/** Tables, partitioned tables, views, materialized views, foreign tables: what a query can read rows from (pg_class.relkind). */
const readableKinds = "('r', 'p', 'v', 'm', 'f')";

/** pg_get_viewdef only outside the server's own schemas, whose views are known and need no lineage. */
const relationsQuery = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
         CASE WHEN c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
           THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ${readableKinds}`;

const columnsQuery = `
  SELECT a.attrelid AS relation, a.attnum AS number, a.attname AS name, a.atttypid AS type,
         pg_catalog.format_type(a.atttypid, a.atttypmod) AS type_name, a.attnotnull AS not_null,
         a.attgenerated <> '' AS generated, d.description AS comment
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ${readableKinds}
  LEFT JOIN pg_catalog.pg_description d
    ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
  WHERE a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum`;

const parentsQuery =
  'SELECT inhrelid AS child, inhparent AS parent FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno';

const sequencesQuery = `
  SELECT DISTINCT c.relname AS name FROM pg_catalog.pg_class c WHERE c.relkind = 'S' AND c.relpersistence <> 't'`;

const functionsQuery = `
  SELECT p.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS full_name,
         p.proname AS name, n.nspname NOT IN ('pg_catalog', 'information_schema') AS is_own
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace`;

/**
 * Sums of hashes need no sort. They go over what the catalog is made of instead of over xmin, so that VACUUM, ANALYZE,
 * TRUNCATE, REINDEX and REFRESH change nothing; a view's text is known by the version (xmin) of its rule. Functions that
 * hash texts need one collation.
 */
const probeQuery = `
  WITH relation AS (
    SELECT oid, relname, relnamespace, relkind FROM pg_catalog.pg_class
    WHERE relkind IN ${readableKinds} AND oid >= ${firstUserOid}
  ), fact (kind, text) AS (
    SELECT 'relation', pg_catalog.concat_ws(' ', oid, relnamespace, relkind, relname) FROM relation
    UNION ALL
    SELECT 'column', pg_catalog.concat_ws(' ', a.attrelid, a.attnum, a.atttypid, a.atttypmod, a.attnotnull, a.attname)
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'sequence', pg_catalog.concat_ws(' ', oid, relname) FROM pg_catalog.pg_class
    WHERE relkind = 'S' AND relpersistence <> 't'
    UNION ALL
    SELECT 'rule', pg_catalog.concat_ws(' ', oid, ev_class, xmin) FROM pg_catalog.pg_rewrite WHERE oid >= ${firstUserOid}
    UNION ALL
    SELECT 'parent', pg_catalog.concat_ws(' ', inhrelid, inhseqno, inhparent) FROM pg_catalog.pg_inherits
    UNION ALL
    SELECT 'reference', pg_catalog.concat_ws(' ', oid, conrelid, conkey, confrelid, confkey, confdeltype, confupdtype)
    FROM pg_catalog.pg_constraint WHERE contype = 'f'
    UNION ALL
    ${storedCodeFacts}
    UNION ALL
    ${settingFacts}
    UNION ALL
    SELECT 'comment', pg_catalog.concat_ws(' ', objoid, objsubid, description) FROM pg_catalog.pg_description
    WHERE objoid >= ${firstUserOid} AND classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL
    SELECT 'schema', pg_catalog.concat_ws(' ', oid, nspname, nspowner, nspacl) FROM pg_catalog.pg_namespace
    WHERE oid >= ${firstUserOid}
    UNION ALL
    SELECT 'member', pg_catalog.concat_ws(' ', roleid, member, xmin) FROM pg_catalog.pg_auth_members
    UNION ALL
    SELECT 'role', pg_catalog.concat_ws(' ', oid, rolname, rolsuper) FROM pg_catalog.pg_roles
  )
  SELECT pg_catalog.string_agg(part, ' ' ORDER BY part) AS probe
  FROM (
    SELECT pg_catalog.concat_ws(':', kind, pg_catalog.count(*),
      pg_catalog.sum(pg_catalog.hashtextextended(text COLLATE "C", 0))) AS part
    FROM fact GROUP BY kind
  ) parts`;

const kinds: Readonly<Record<string, RelationKind>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materializedView',
  f: 'foreign',
};

/**
 * A short text that changes when relations, columns, comments, views, foreign keys or functions of users do, or who may use
 * which schema (names are looked for in those only), or what sessions start with, and not with statistics. Rejects with the server's error.
 */
export async function catalogProbe(client: Client): Promise<string> {
  const { rows } = await client.query<{ probe: string | null }>(probeQuery);
  return rows[0]?.probe ?? '';
}

/**
 * Reads the catalog; PostgreSQL 13 to 18 (manual, chapter 52). The server's own relations are part of it, and so are the
 * temporary ones of all sessions. Its version is one more than `previousVersion`. Rejects with the server's error.
 */
export async function loadCatalog(client: Client, previousVersion: number): Promise<Catalog> {
  // Sent one after the other: a client answers them in order anyway.
  const relationRows = (await client.query<RelationRow>(relationsQuery)).rows;
  const columnRows = (await client.query<ColumnRow>(columnsQuery)).rows;
  const parentRows = (await client.query<{ child: number; parent: number }>(parentsQuery)).rows;
  const functionRows = (await client.query<FunctionRow>(functionsQuery)).rows;
  const sequenceRows = (await client.query<{ name: string }>(sequencesQuery)).rows;

  const code = await loadStoredCode(client);
  const settings = await loadSettings(client);

  const columns = groupColumns(columnRows);
  const parents = new Map<number, number[]>();
  const children = new Map<number, number[]>();
  for (const { child, parent } of parentRows) {
    addTo(parents, child, parent);
    addTo(children, parent, child);
  }
  const relations = new Map<number, CatalogRelation>();
  const byName = new Map<string, CatalogRelation[]>();
  for (const row of relationRows) {
    const relation: CatalogRelation = {
      oid: row.oid,
      schema: row.schema,
      name: row.name,
      kind: kinds[row.kind] ?? 'other',
      columns: columns.get(row.oid) ?? [],
      parents: parents.get(row.oid) ?? [],
      definition: row.definition ?? undefined,
    };
    relations.set(relation.oid, relation);
    addTo(byName, relation.name, relation);
  }
  const functionNames = new Map(functionRows.map((row) => [row.oid, row.full_name]));
  return {
    version: previousVersion + 1,
    relations,
    named: (name) => byName.get(name) ?? [],
    sequences: new Set(sequenceRows.map(({ name }) => name)),
    userFunctions: new Set(functionRows.filter((row) => row.is_own).map((row) => row.name.toLowerCase())),
    code,
    settings,
    descendantsOf: (oid) => descendantsOf(children, oid),
    functionByOid: (oid) => functionNames.get(oid),
  };
}

function descendantsOf(children: ReadonlyMap<number, readonly number[]>, oid: number): readonly number[] {
  const found = new Set<number>();
  const visit = (parent: number) => {
    for (const child of children.get(parent) ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      visit(child);
    }
  };
  visit(oid);
  return [...found];
}

function groupColumns(rows: readonly ColumnRow[]): Map<number, CatalogColumn[]> {
  const columns = new Map<number, CatalogColumn[]>();
  for (const row of rows) {
    addTo(columns, row.relation, {
      number: row.number,
      name: row.name,
      typeOid: row.type,
      typeName: row.type_name,
      notNull: row.not_null,
      comment: row.comment ?? undefined,
      ...(row.generated && { isGenerated: true as const }),
    });
  }
  return columns;
}
