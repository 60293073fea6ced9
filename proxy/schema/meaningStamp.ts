/** A cheap look at what a statement stands on that others may have changed: asked while the statement's answer waits for it. */
import type { Client } from 'pg';

const firstUserOid = 16_384;

/** Of rows of a system catalog: another text as soon as one is made, changed or gone. xmin is the version of a row (5.6). */
const versions = (table: string) => `
  SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*),
    pg_catalog.sum(xmin::pg_catalog.text::pg_catalog.int8 * (oid::pg_catalog.int8 % 65521)))
  FROM pg_catalog.${table} WHERE oid >= ${firstUserOid}`;

const query = `
  SELECT pg_catalog.concat_ws('/', (
    SELECT pg_catalog.string_agg(
      pg_catalog.concat_ws(' ', c.oid, c.xmin, a.attnum, a.xmin), ',' ORDER BY c.oid, a.attnum)
    FROM pg_catalog.pg_class c
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relname = ANY ($1)
  ), (${versions('pg_rewrite')}), (${versions('pg_proc')})) AS stamp`;

/**
 * A text that changes when a relation of one of the names does, or its columns, or any view, rule or function of users; and
 * at times when nothing of meaning has. Rejects with the server's error.
 */
export async function meaningStamp(client: Client, names: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ stamp: string }>(query, [names]);
  return rows[0]?.stamp ?? '';
}
