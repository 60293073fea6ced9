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

/** pg_type.typcategory (manual, 52.64): domains have that of the type below, and arrays go by their elements. */
const byCategory: Readonly<Record<string, TypeFamily>> = {
  S: 'text',
  N: 'number',
  D: 'date',
  I: 'network',
  G: 'place',
};

/** Rejects with the server's error. Types that are not there count as `other`. */
export async function readTypeFamilies(
  client: Client,
  types: ReadonlySet<number>,
): Promise<(type: number) => TypeFamily> {
  const { rows } = await client.query<TypeRow>(
    `SELECT t.oid, COALESCE(b.typname, e.typname, t.typname) AS name,
            COALESCE(b.typcategory, e.typcategory, t.typcategory) AS category
     FROM pg_catalog.pg_type t
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
     LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
     WHERE t.oid = ANY ($1::pg_catalog.oid[])`,
    [[...types]],
  );
  const families = new Map(
    rows.map((row) => [row.oid, byName[row.name] ?? byCategory[row.category] ?? 'other']),
  );
  return (type) => families.get(type) ?? 'other';
}
