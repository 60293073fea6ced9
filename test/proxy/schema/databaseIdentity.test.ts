/** Promises about which database is taken for which: the same from wherever, and never another. */
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { isExactIdentity, readDatabaseIdentity } from '../../../proxy/schema/databaseIdentity.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

async function identify(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await readDatabaseIdentity(client);
  } finally {
    await client.end();
  }
}

async function run(server: TestPostgres, text: string, database = 'postgres'): Promise<void> {
  const client = new Client({ connectionString: server.url(database) });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

describe.each(hasPostgres15() ? ([15, 18] as const) : ([18] as const))('on PostgreSQL %i', (version) => {
  it('a database is the same under another name, and another than any beside it', async () => {
    const [server, other] = await Promise.all([
      startTestPostgres({ version }),
      startTestPostgres({ version }),
    ]);
    await run(server, 'CREATE DATABASE one');
    const first = await identify(server.url('one'));
    expect(isExactIdentity(first)).toBe(true);
    await run(server, 'ALTER DATABASE one RENAME TO two');
    expect(await identify(server.url('two'))).toBe(first);
    expect(await identify(server.url())).not.toBe(first);
    expect(await identify(other.url())).not.toBe(await identify(server.url()));
    // Who may not read it knows the database by its name alone.
    await run(server, 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC', 'two');
    await run(server, "CREATE ROLE plain LOGIN PASSWORD 'plain'");
    const plain = new URL(server.url('two'));
    plain.username = 'plain';
    plain.password = 'plain';
    const weak = await identify(plain.href);
    expect(weak).toMatch(/^name:two\/\d+$/);
    expect(isExactIdentity(weak)).toBe(false);
    await Promise.all([server.stop(), other.stop()]);
  });
});
