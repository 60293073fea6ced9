/** What a session does with its own temporary tables and sequences needs nobody's approval; what only looks like them does. */
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';

describe.each([15, 18] as const)('PostgreSQL %i, production', (version) => {
  let governed: Governed;
  let client: Client;

  beforeAll(async () => {
    const setup = `${shopSetup} CREATE SEQUENCE tickets; CREATE TABLE mine (id serial, x int); CREATE SEQUENCE basket_id_seq1;`;
    governed = await startGoverned({ version, setup });
  });
  beforeEach(async () => {
    client = new Client({ connectionString: governed.url() });
    await client.connect();
  });
  afterEach(() => client.end());
  afterAll(() => governed?.stop());

  const run = (sql: string) =>
    client.query(sql).then(
      () => 'runs',
      ({ code }: { code: string }) => code,
    );
  const outcomes = async (...texts: string[]) => {
    const seen: Record<string, string> = {};
    for (const text of texts) seen[text] = await run(text);
    return seen;
  };
  const all = (outcome: string, texts: readonly string[]) =>
    Object.fromEntries(texts.map((text) => [text, outcome]));

  it('lets it fill, count, look after and drop them', async () => {
    const texts = [
      'CREATE TEMP TABLE basket (id serial, x int, n int GENERATED ALWAYS AS IDENTITY)',
      'INSERT INTO basket (x) VALUES (1), (2)',
      'INSERT INTO basket (x) SELECT id FROM orders',
      'ANALYZE basket',
      'ANALYZE pg_temp.basket (x)',
      'VACUUM (ANALYZE) basket',
      'REINDEX TABLE basket',
      "SELECT nextval('basket_id_seq')",
      "SELECT setval('basket_n_seq', 7)",
      "SELECT nextval('pg_temp.basket_id_seq')",
      'ALTER SEQUENCE basket_id_seq RESTART',
      'CREATE TEMP SEQUENCE numbers',
      "SELECT nextval('numbers')",
      'DROP SEQUENCE numbers',
      'TRUNCATE basket RESTART IDENTITY',
      'SELECT 1 AS one INTO TEMP copied',
      'ANALYZE copied',
      'DROP TABLE basket',
    ];
    expect(await outcomes(...texts)).toEqual(all('runs', texts));
  });

  it('holds what is everybody’s, or may be', async () => {
    await client.query('CREATE TEMP TABLE basket (id serial)');
    // Names that were those of temporary ones, and are not, or not these alone.
    await client.query('BEGIN; CREATE TEMP SEQUENCE tickets; CREATE TEMP TABLE mine (id int); ROLLBACK');
    const texts = [
      "SELECT nextval('tickets')",
      "SELECT setval('tickets', 1)",
      'ALTER SEQUENCE tickets RESTART',
      'DROP SEQUENCE tickets',
      "SELECT nextval('mine_id_seq')",
      "SELECT nextval('basket_id_seq1')",
      "SELECT nextval('public.basket_id_seq')",
      'ANALYZE mine',
      'VACUUM mine',
      'ANALYZE orders',
      'ANALYZE basket, orders',
      'VACUUM',
      'ANALYZE',
      "SELECT nextval('pg_temp_3.tickets')",
    ];
    expect(await outcomes(...texts)).toEqual(all('42501', texts));
  });

  it('holds a name that somebody has made for all since', async () => {
    await client.query('CREATE TEMP SEQUENCE later');
    expect(await run("SELECT nextval('later')")).toBe('runs');
    await client.query('DROP SEQUENCE later');
    const direct = new Client(governed.direct());
    await direct.connect();
    await direct.query('CREATE SEQUENCE later');
    await direct.end();
    expect(await run("SELECT setval('later', 9)")).toBe('42501');
  });

  it('lets the role of the login be taken on again, and no other', async () => {
    const back = [
      'SET SESSION AUTHORIZATION DEFAULT',
      'RESET SESSION AUTHORIZATION',
      'SET LOCAL SESSION AUTHORIZATION DEFAULT',
      'ABORT; RESET ALL; SET SESSION AUTHORIZATION DEFAULT',
    ];
    expect(await outcomes(...back)).toEqual(all('runs', back));
    const other = [
      'SET SESSION AUTHORIZATION postgres',
      "SET session_authorization = 'default'",
      "SELECT set_config('session_authorization', 'postgres', false)",
      'RESET ROLE',
      'ALTER ROLE postgres SET session_authorization TO DEFAULT',
    ];
    expect(await outcomes(...other)).toEqual(all('42501', other));
  });
});
