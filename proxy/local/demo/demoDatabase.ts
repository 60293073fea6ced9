/** Makes the demo database: a small shop and its ML platform, some 50,000 rows, the same ones every time. */
import type { Client } from 'pg';
import { demoHelpers, demoLists, demoRows } from './demoData.ts';
import { demoConstraints, demoTables, demoViews } from './demoSchema.ts';

/** The role that owns the demo's tables, no superuser: what the proxy logs in with. */
export const demoRole = 'portcullis_demo';

/** Tables whose ids go on after the highest one. */
const numbered = [
  'customers',
  'products',
  'orders',
  'payments',
  'employees',
  'documents',
  'api_keys',
  'datasets',
  'models',
  'training_runs',
];

/**
 * Makes tables, rows and views in the schema `public` of the database that `client`, a superuser, is connected to, all in
 * one transaction; and {@link demoRole}, with the password given. Where the tables are there already, they are left as
 * they are, and only the role's password is set.
 */
export async function createDemoDatabase(
  client: Client,
  options: { readonly rolePassword: string },
): Promise<void> {
  await client.query('BEGIN');
  try {
    await setRole(client, options.rolePassword);
    const { rows } = await client.query<{ made: boolean }>(
      "SELECT to_regclass('public.customers') IS NOT NULL AS made",
    );
    const isMade = rows[0]?.made === true;
    if (!isMade) await fillDatabase(client);
    await client.query('COMMIT');
    // Sets the visibility map and the statistics, which autovacuum would do in the middle of somebody's first queries.
    if (!isMade) await client.query('VACUUM (FREEZE, ANALYZE)');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

async function setRole(client: Client, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [demoRole]);
  const rights = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
  const verb = rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(`${verb} ROLE ${demoRole} ${rights} PASSWORD ${client.escapeLiteral(password)}`);
}

async function fillDatabase(client: Client): Promise<void> {
  // What the superuser makes later beside the proxy, the proxy's role may use too. Membership in the superuser's role
  // would not do: it passes on the right to read password hashes and the server's files.
  for (const kind of ['TABLES', 'SEQUENCES', 'ROUTINES', 'TYPES', 'SCHEMAS']) {
    await client.query(`ALTER DEFAULT PRIVILEGES GRANT ALL ON ${kind} TO ${demoRole}`);
  }
  const { rows } = await client.query<{ name: string }>('SELECT quote_ident(current_database()) AS name');
  await client.query(`GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${rows[0]?.name} TO ${demoRole}`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${demoRole}`);
  await client.query(
    `SET LOCAL ROLE ${demoRole}; SET LOCAL search_path = public; SET LOCAL TimeZone = 'UTC'`,
  );
  // Parallel workers would not share the session's temporary functions, and row order must not depend on a plan.
  await client.query('SET LOCAL max_parallel_workers_per_gather = 0');
  for (const part of [demoTables, demoHelpers, demoLists, demoRows, demoConstraints, demoViews])
    await client.query(part);
  for (const table of numbered) {
    await client.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table}`);
  }
  await client.query('DROP TABLE demo_country, demo_kind, demo_flag');
  await client.query('RESET ROLE');
}
