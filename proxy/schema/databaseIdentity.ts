/** Which database it is, wherever one connects from and whatever the connection is called. */
import type { Client } from 'pg';

/**
 * The cluster's system identifier, which initdb makes and which stands in pg_control for as long as the cluster lives
 * (manual, 9.28.11: pg_control_system), and the database's OID in it: within one such database an OID means one relation.
 * Standbys and restored base backups have it too, and are the same data; a restored dump has another. Where it may not be
 * read, name and OID of the database, which others may have as well: see {@link isExactIdentity}.
 */
export async function readDatabaseIdentity(client: Client): Promise<string> {
  const { rows } = await client.query<{ oid: number; name: string }>(
    'SELECT oid, datname AS name FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()',
  );
  const { oid, name } = rows[0] ?? { oid: 0, name: '' };
  try {
    const control = await client.query<{ system: string }>(
      'SELECT system_identifier::pg_catalog.text AS system FROM pg_catalog.pg_control_system()',
    );
    const system = control.rows[0]?.system;
    if (system !== undefined) return `${exactMark}${system}/${oid}`;
  } catch (error) {
    // Class 42: not permitted, or no such function. Anything else says nothing about the database.
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('42')) throw error;
  }
  return `name:${name}/${oid}`;
}

const exactMark = 'system:';

/** Whether it tells the database from all others, so that OIDs of who names the same are OIDs of the same relations. */
export function isExactIdentity(identity: string): boolean {
  return identity.startsWith(exactMark);
}
