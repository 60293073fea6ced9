/** The coarse family of each type that columns have, from pg_type. */
import type { Client } from 'pg';
import type { TypeFamily } from './columnNames.ts';

interface TypeRow {
  readonly oid: number;
  readonly name: string;
  readonly category: string;
}

const byName: Readonly<Record<string, TypeFamily>> = {
  json: 'json',
  jsonb: 'json',
  hstore: 'json',
  xml: 'json',
  bytea: 'bytes',
  uuid: 'uuid',
  geometry: 'place',
  geography: 'place',
};

/** pg_type.typcategory (manual, 52.64), of the type that is reached below. Composites are documents of named parts. */
const byCategory: Readonly<Record<string, TypeFamily>> = {
  S: 'text',
  N: 'number',
  D: 'date',
  I: 'network',
  G: 'place',
  E: 'choice',
  C: 'json',
};

/**
 * Domains go by the type below, arrays by their elements, ranges by their bounds, however deep these stand in each other.
 * Rejects with the server's error. Types that are not there count as `other`.
 */
export async function readTypeFamilies(
  client: Client,
  types: ReadonlySet<number>,
): Promise<(type: number) => TypeFamily> {
  // pg_range.rngmultitypid is there from PostgreSQL 14 on.
  const { rows } = await client.query<TypeRow>(
    `WITH RECURSIVE walk (oid, type, depth) AS (
       SELECT o, o, 0 FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS o
       UNION ALL
       SELECT w.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typcategory = 'A' THEN t.typelem ELSE r.rngsubtype END, w.depth + 1
       FROM walk w
       JOIN pg_catalog.pg_type t ON t.oid = w.type
       LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
         OR (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid = t.oid
       WHERE (t.typtype IN ('d', 'r', 'm') OR (t.typcategory = 'A' AND t.typelem <> 0)) AND w.depth < 20
     )
     SELECT DISTINCT ON (w.oid) w.oid, t.typname AS name, t.typcategory AS category
     FROM walk w JOIN pg_catalog.pg_type t ON t.oid = w.type
     ORDER BY w.oid, w.depth DESC`,
    [[...types]],
  );
  const families = new Map(
    rows.map((row) => [row.oid, byName[row.name] ?? byCategory[row.category] ?? 'other']),
  );
  return (type) => families.get(type) ?? 'other';
}
