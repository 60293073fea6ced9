/** Which relations the database shows to everybody by now: those whose transaction is committed. */
import type { Client } from 'pg';
import { addTo } from './catalogRows.ts';

/** What a relation is called, with its columns: less than the catalog has of it, and there much sooner. */
export interface ShownRelation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly number: number; readonly name: string }[];
}

interface Row {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly number: number;
  readonly column: string;
}

const query = `
  SELECT c.oid, n.nspname AS schema, c.relname AS name, a.attnum AS number, a.attname AS column
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid
  WHERE c.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
  ORDER BY c.oid, a.attnum`;

/** Of these, those that are there. Rejects with the server's error. */
export async function readShownRelations(
  client: Client,
  oids: ReadonlySet<number>,
): Promise<ReadonlyMap<number, ShownRelation>> {
  const { rows } = await client.query<Row>(query, [[...oids]]);
  const columns = new Map<number, { number: number; name: string }[]>();
  for (const { oid, number, column } of rows) addTo(columns, oid, { number, name: column });
  return new Map(
    rows.map(({ oid, schema, name }) => [oid, { oid, schema, name, columns: columns.get(oid) ?? [] }]),
  );
}
