/** The manifest of functions against running servers: a function that nobody has looked at is a failure here. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFunction, isKnownOperator } from '../../../proxy/sql/functions/functionManifest.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const versions: readonly (15 | 18)[] = hasPostgres15() ? [15, 18] : [18];

describe.each(versions)('PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  async function names(sql: string): Promise<string[]> {
    const { rows } = await client.query<{ name: string }>(sql);
    return rows.map((row) => row.name);
  }

  it('has no function that the manifest does not know', async () => {
    const all = await names(`SELECT DISTINCT proname AS name FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace`);
    expect(all.length).toBeGreaterThan(2500);
    expect(all.filter((name) => describeFunction(undefined, name) === undefined)).toEqual([]);
    expect(all.filter((name) => describeFunction('pg_catalog', name) === undefined)).toEqual([]);
  });

  it('has no function in information_schema that the manifest does not know', async () => {
    const all = await names(`SELECT DISTINCT proname AS name FROM pg_proc
      WHERE pronamespace = 'information_schema'::regnamespace`);
    expect(all.filter((name) => describeFunction('information_schema', name) === undefined)).toEqual([]);
  });

  it('has no operator that the manifest does not know', async () => {
    const all = await names('SELECT DISTINCT oprname AS name FROM pg_operator');
    expect(all.filter((name) => !isKnownOperator(name))).toEqual([]);
  });

  it('lets only its superuser call functions that reach files and processes, and none of those counts as harmless', async () => {
    const guarded = await names(`SELECT DISTINCT proname AS name FROM pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND NOT has_function_privilege('pg_monitor', oid, 'EXECUTE')`);
    expect(guarded).toContain('pg_read_file');
    const harmless = guarded.filter((name) => describeFunction(undefined, name)?.kind === 'read');
    // It tells whether there are statistics of an object, and no more.
    expect(harmless.filter((name) => name !== 'pg_stat_have_stats')).toEqual([]);
  });
});

describe('functions that nobody knows', () => {
  it('are not described', () => {
    expect(describeFunction(undefined, 'my_function')).toBeUndefined();
    expect(describeFunction('public', 'lower')).toBeUndefined();
    expect(describeFunction('pg_temp', 'lower')).toBeUndefined();
    expect(describeFunction(undefined, 'LOWER')).toBeUndefined();
  });
});
