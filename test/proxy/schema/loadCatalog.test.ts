/** The catalog as it is read from real servers, and the probe that says when to read it again. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogProbe, loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const versions = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

describe.each(versions)('the catalog of PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: Client;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`
      CREATE TABLE people (id int PRIMARY KEY, gone int, email varchar(80) NOT NULL);
      ALTER TABLE people DROP COLUMN gone;
      COMMENT ON COLUMN people.email IS 'Where to write.';
      CREATE VIEW addresses AS SELECT email AS contact FROM people;
      CREATE MATERIALIZED VIEW kept AS SELECT * FROM people;
      CREATE TABLE log (at date, text text) PARTITION BY RANGE (at);
      CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE SCHEMA "Other One";
      CREATE TABLE "Other One".people (x int);
      CREATE FUNCTION "Other One"."Odd" () RETURNS int LANGUAGE sql AS 'SELECT 1';`);
  }, 120_000);

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  it('knows relations of all schemas by name, with their kinds, parents and definitions', async () => {
    const catalog = await loadCatalog(client, 6);
    expect(catalog.version).toBe(7);
    expect(
      catalog
        .named('people')
        .map(({ schema }) => schema)
        .sort(),
    ).toEqual(['Other One', 'public']);
    expect(catalog.named('PEOPLE')).toEqual([]);
    expect(catalog.named('addresses')[0]).toMatchObject({
      kind: 'view',
      definition: expect.stringContaining('people'),
    });
    expect(catalog.named('kept')[0]?.kind).toBe('materializedView');
    const parent = catalog.named('log')[0];
    expect(parent?.kind).toBe('partitioned');
    expect(catalog.named('log_2026')[0]?.parents).toEqual([parent?.oid]);
    expect(catalog.named('pg_class')[0]?.columns.length).toBeGreaterThan(20);
    expect(catalog.named('pg_stats')[0]?.definition).toBeUndefined();
    expect(catalog.named('tables')[0]?.schema).toBe('information_schema');
  });

  it('numbers columns as the row description does, dropped ones left out', async () => {
    const people = (await loadCatalog(client, 0)).named('people').find(({ schema }) => schema === 'public');
    expect(people?.columns).toEqual([
      { number: 1, name: 'id', typeOid: 23, typeName: 'integer', notNull: true, comment: undefined },
      {
        number: 3,
        name: 'email',
        typeOid: 1043,
        typeName: 'character varying(80)',
        notNull: true,
        comment: 'Where to write.',
      },
    ]);
  });

  it('knows functions by OID in quotes and those of users by lower-case name', async () => {
    const catalog = await loadCatalog(client, 0);
    const { rows } = await client.query(
      `SELECT '"Other One"."Odd"'::regproc::oid AS own, 'pg_sleep'::regproc::oid AS sleep`,
    );
    expect(catalog.functionByOid(rows[0].own)).toBe('"Other One"."Odd"');
    expect(catalog.functionByOid(rows[0].sleep)).toBe('pg_catalog.pg_sleep');
    expect(catalog.functionByOid(1)).toBeUndefined();
    expect([...catalog.userFunctions]).toEqual(['odd']);
  });

  it("sees other sessions' temporary tables", async () => {
    const other = new Client({ connectionString: server.url() });
    await other.connect();
    const before = await catalogProbe(client);
    await other.query('CREATE TEMP TABLE mine (secret text)');
    expect(await catalogProbe(client)).not.toBe(before);
    const [mine] = (await loadCatalog(client, 0)).named('mine');
    expect(mine?.schema).toMatch(/^pg_temp_\d+$/);
    await other.end();
  });

  it.each([
    'CREATE TABLE fresh (a int)',
    'ALTER TABLE fresh RENAME TO stale',
    'ALTER TABLE stale ADD b text',
    'ALTER TABLE stale RENAME b TO c',
    'ALTER TABLE stale ALTER c TYPE varchar(9)',
    "COMMENT ON COLUMN stale.c IS 'now with words'",
    'CREATE OR REPLACE VIEW addresses AS SELECT lower(email)::varchar(80) AS contact FROM people',
    'CREATE FUNCTION pick() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'ALTER FUNCTION pick() RENAME TO choose',
    'ALTER TABLE log DETACH PARTITION log_2026',
    'ALTER TABLE stale ADD FOREIGN KEY (a) REFERENCES people (id)',
    'ALTER SCHEMA "Other One" RENAME TO other',
    'DROP TABLE stale',
  ])('has a probe that changes with %s', async (statement) => {
    const before = await catalogProbe(client);
    await client.query(statement);
    expect(await catalogProbe(client)).not.toBe(before);
  });

  it.each([
    "INSERT INTO people SELECT i, 'x' FROM generate_series(1000, 3000) i",
    'ANALYZE',
    'VACUUM FULL people',
    'REINDEX TABLE people',
    'TRUNCATE log',
    'REFRESH MATERIALIZED VIEW kept',
  ])('has a probe that stays the same with %s', async (statement) => {
    const before = await catalogProbe(client);
    await client.query(statement);
    expect(await catalogProbe(client)).toBe(before);
  });
});
