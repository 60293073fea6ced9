/** Classification against a real server: where values flow, what stays, and what failing to look at values does. */
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Classifications } from '../../../proxy/masking/classification.ts';
import { classifyCatalog } from '../../../proxy/masking/classifyCatalog.ts';
import { loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const mail = "'u' || i || '@example.org'";

describe.each(hasPostgres15() ? ([18, 15] as const) : ([18] as const))('with PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: Client;
  let notices: string[] = [];

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new Client({ connectionString: server.url() });
    await client.connect();
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });
  beforeEach(() => client.query('CREATE SCHEMA IF NOT EXISTS public'));
  afterEach(async () => {
    notices = [];
    await client.query('DROP SCHEMA public CASCADE');
  });

  async function classify(previous?: Classifications) {
    const catalog = await loadCatalog(client, 0);
    const all = await classifyCatalog(client, catalog, previous, (text) => notices.push(text));
    const kindOf = (path: string) => {
      const [table = '', column = ''] = path.split('.');
      const relation = catalog.named(table)[0];
      const number = relation?.columns.find(({ name }) => name === column)?.number;
      if (relation === undefined || number === undefined) throw new Error(`no ${path}`);
      return all.of(relation.oid, number)?.kind;
    };
    return { all, catalog, kindOf };
  }

  it('classifies a column by its values where its name says nothing', async () => {
    await client.query(`CREATE TABLE t AS SELECT i AS id, ${mail} AS a, 'order ' || i AS b, gen_random_uuid()::text AS c,
      (1700000000000000 + i)::text AS d, '1.2.' || i AS e, md5(i::text) AS f, 'see ' || ${mail} AS g,
      jsonb_build_object('to', ${mail}) AS h, '192.168.3.' || i AS k FROM generate_series(1, 50) i`);
    const { kindOf } = await classify();
    expect(Object.fromEntries('abcdefghk'.split('').map((name) => [name, kindOf(`t.${name}`)]))).toEqual({
      a: 'pii.email',
      g: 'pii.freeText',
      h: 'pii.freeText',
      k: 'pii.ipAddress',
    });
  });

  it('finds values of a column that the first rows do not have', async () => {
    await client.query(
      `CREATE TABLE late AS SELECT i, CASE WHEN i > 900 THEN ${mail} END AS extra FROM generate_series(1, 1000) i`,
    );
    expect((await classify()).kindOf('late.extra')).toBe('pii.email');
  });

  it('carries classifications through views whatever the columns are called there', async () => {
    await client.query(`CREATE TABLE customers (id int, name text, email text, salary numeric);
      CREATE TABLE products (id int, name text);
      CREATE VIEW renamed AS SELECT id, email AS contact, upper(name) AS n, count(email) OVER () AS c FROM customers;
      CREATE VIEW above AS SELECT contact AS x FROM renamed;
      CREATE VIEW joined AS SELECT p.name AS product, c.name AS buyer FROM customers c JOIN products p USING (id);
      CREATE VIEW inner_one AS WITH w AS (SELECT email AS e, id AS i FROM customers) SELECT s.e AS f, s.i AS g FROM (SELECT e, i FROM w) s;
      CREATE VIEW united AS SELECT name AS a, 1 AS b FROM products UNION ALL SELECT email, 2 FROM customers;
      CREATE VIEW rows AS SELECT to_jsonb(c) AS j, c AS whole FROM customers c;
      CREATE VIEW aliased AS SELECT q FROM customers AS k (i, o, q, z);
      CREATE VIEW pay AS SELECT avg(salary) AS a, count(*) AS many FROM customers;
      CREATE MATERIALIZED VIEW kept AS SELECT email AS m FROM customers`);
    const { kindOf } = await classify();
    const shown = (paths: string) => Object.fromEntries(paths.split(' ').map((path) => [path, kindOf(path)]));
    expect(shown('renamed.contact renamed.n above.x joined.buyer inner_one.f united.a pay.a kept.m')).toEqual(
      {
        'renamed.contact': 'pii.email',
        'renamed.n': 'pii.name',
        'above.x': 'pii.email',
        'joined.buyer': 'pii.name',
        'inner_one.f': 'pii.email',
        'united.a': 'pii.email',
        'pay.a': 'pii.salary',
        'kept.m': 'pii.email',
      },
    );
    expect(kindOf('rows.j')).toBeDefined();
    expect(kindOf('rows.whole')).toBeDefined();
    expect(kindOf('aliased.q')).toBeDefined();
    for (const clear of [
      'renamed.id',
      'renamed.c',
      'joined.product',
      'inner_one.g',
      'united.b',
      'pay.many',
    ]) {
      expect([clear, kindOf(clear)]).toEqual([clear, undefined]);
    }
  });

  it('carries classifications to partitions, from children to parents, and along foreign keys', async () => {
    await client.query(`CREATE TABLE logs (at date, who text) PARTITION BY RANGE (at);
      CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE TABLE base (code text); CREATE TABLE child () INHERITS (base);
      COMMENT ON COLUMN child.code IS 'The social security number.';
      CREATE TABLE people (email text PRIMARY KEY);
      CREATE TABLE orders (buyer text REFERENCES people);
      INSERT INTO logs SELECT '2026-02-02', ${mail} FROM generate_series(1, 9) i`);
    const { kindOf } = await classify();
    expect(['logs.who', 'logs_1.who', 'base.code', 'orders.buyer'].map(kindOf)).toEqual([
      'pii.email',
      'pii.email',
      'pii.nationalId',
      'pii.email',
    ]);
  });

  it('keeps what it found through renames and changes of values, and counts versions by differences', async () => {
    await client.query(`CREATE TABLE t AS SELECT ${mail} AS a FROM generate_series(1, 9) i`);
    const first = await classify();
    await client.query("UPDATE t SET a = 'none'; ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO other");
    const second = await classify(first.all);
    expect(second.kindOf('other.b')).toBe('pii.email');
    expect(second.all.version).toBe(first.all.version);
    await client.query('CREATE TABLE more (phone text)');
    expect((await classify(second.all)).all.version).toBe(first.all.version + 1);
  });

  it('reports once what cannot be looked at, and goes on with the rest', async () => {
    await client.query(`CREATE FUNCTION broken() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'no luck'; END $$;
      CREATE VIEW bad AS SELECT broken() AS x; CREATE VIEW slow AS SELECT pg_sleep(30)::text AS x;
      CREATE TABLE good AS SELECT ${mail} AS a FROM generate_series(1, 9) i`);
    const first = await classify();
    expect(first.kindOf('good.a')).toBe('pii.email');
    expect(notices).toEqual([
      expect.stringMatching(/public\.bad .*no luck/),
      expect.stringMatching(/public\.slow .*statement timeout/),
    ]);
    await classify(first.all);
    expect(notices).toHaveLength(2);
    expect((await client.query('SHOW statement_timeout')).rows[0].statement_timeout).toBe('0');
  });

  it('changes nothing by looking, even at a view that would', async () => {
    await client.query(`CREATE TABLE marks (n int);
      CREATE FUNCTION mark() RETURNS text LANGUAGE sql AS $$ INSERT INTO marks VALUES (1); SELECT 'x' $$;
      CREATE VIEW trap AS SELECT mark() AS x`);
    await classify();
    expect((await client.query('SELECT FROM marks')).rowCount).toBe(0);
    expect(notices).toEqual([expect.stringContaining('read-only')]);
  });

  it("knows the server's own columns that hold values and secrets", async () => {
    const { kindOf, all, catalog } = await classify();
    expect(kindOf('pg_stats.most_common_vals')).toBe('secret.statistics');
    expect(kindOf('pg_statistic.stavalues3')).toBe('secret.statistics');
    expect(kindOf('pg_stat_activity.query')).toBe('secret.statistics');
    expect(kindOf('pg_authid.rolpassword')).toBe('secret.password');
    expect(kindOf('pg_largeobject.data')).toBe('secret.token');
    expect(kindOf('pg_roles.rolpassword')).toBeUndefined();
    expect(kindOf('pg_stat_activity.client_addr')).toBeUndefined();
    const pgStats = catalog.named('pg_stats')[0]?.oid ?? 0;
    expect([...(all.inRelation(pgStats)?.values() ?? [])].every(({ use }) => use === 'none')).toBe(true);
  });
});
