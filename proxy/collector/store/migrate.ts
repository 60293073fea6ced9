/** Brings the store's tables up to date; several collectors may do so at once. */
import { migrations } from './migrations.ts';
import type { Store } from './store.ts';

/** Any number that nothing else in the database takes: "portcull" in ASCII. */
const migrationLock = '8101821206206606444';

/** @throws Error where the store is of a newer version than this program */
export async function migrate(store: Store): Promise<void> {
  await store.transaction(async (queries) => {
    await queries.query('SELECT pg_advisory_xact_lock($1::bigint)', [migrationLock]);
    await queries.query('CREATE SCHEMA IF NOT EXISTS portcullis');
    await queries.query(
      `CREATE TABLE IF NOT EXISTS portcullis.migrations (
         number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    const { rows } = await queries.query<{ last: number | null }>(
      'SELECT max(number) AS last FROM portcullis.migrations',
    );
    const last = rows[0]?.last ?? 0;
    const newest = migrations.at(-1)?.number ?? 0;
    if (last > newest) {
      throw new Error(
        `the store is of version ${last}, and this collector knows versions up to ${newest}. Start a newer collector, or name another database.`,
      );
    }
    for (const { number, name, sql, fill } of migrations.filter((migration) => migration.number > last)) {
      await queries.query(sql);
      await fill?.(queries);
      await queries.query('INSERT INTO portcullis.migrations (number, name) VALUES ($1, $2)', [number, name]);
    }
  });
}
