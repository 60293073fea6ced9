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

  /** Every view is called v: its columns with their kinds, `-` where there is none, and `!` where they are computed. */
  const base = `CREATE TABLE customers (id int, name text, email text, salary numeric, status text, born date);
    CREATE TABLE products (id int, name text);
    COMMENT ON COLUMN customers.born IS 'Date of birth';`;

  it.each([
    ['SELECT id, email AS contact, name FROM customers', 'id - contact pii.email name pii.name'],
    [
      'SELECT * FROM customers',
      'id - name pii.name email pii.email salary pii.salary status - born pii.birthDate',
    ],
    [
      'SELECT p.name AS product, c.name AS buyer FROM customers c JOIN products p USING (id)',
      'product - buyer pii.name',
    ],
    ['SELECT name FROM products WHERE id IN (SELECT id FROM customers WHERE email > $$a$$)', 'name -'],
    [
      'SELECT upper(email) AS a, id + 1 AS b, left(name, 1) AS c FROM customers',
      'a pii.email! b - c pii.name!',
    ],
    [
      'SELECT email::varchar(9) AS a, email COLLATE "C" AS b, born::text AS c FROM customers',
      'a pii.email! b pii.email c pii.birthDate!',
    ],
    [
      'SELECT count(*) AS a, count(email) AS b, email IS NULL AS c, email > $$m$$ AS d FROM customers GROUP BY email',
      'a - b - c - d -',
    ],
    [
      'SELECT avg(salary) AS a, max(email) AS b, string_agg(name, $$,$$) AS c FROM customers',
      'a pii.salary! b pii.email! c pii.name!',
    ],
    [
      'SELECT status, email AS e, count(*) AS n FROM customers GROUP BY status, email',
      'status - e pii.email n -',
    ],
    [
      'SELECT row_number() OVER (ORDER BY id) AS n, lag(email) OVER (ORDER BY id) AS e FROM customers',
      'n - e pii.email!',
    ],
    [
      'WITH w AS (SELECT email AS e, id AS i FROM customers) SELECT s.e AS f, s.i AS g FROM (SELECT e, i FROM w) s',
      'f pii.email g -',
    ],
    ['WITH w(a, b) AS (SELECT id, email FROM customers) SELECT a, b FROM w', 'a - b pii.email'],
    ['SELECT s.a, s.b FROM (SELECT id, email FROM customers) s(a, b)', 'a - b pii.email'],
    ['SELECT q, z FROM customers AS k (i, o, q, z)', 'q pii.email z pii.salary'],
    ['SELECT j.a, j.e FROM (customers c CROSS JOIN (SELECT 1 AS one) o) AS j(a, b, e)', 'a - e pii.email'],
    ['SELECT x, id FROM customers, LATERAL unnest(ARRAY[email, name]) u(x)', 'x pii.email! id -'],
    [
      'SELECT v.x, v.y FROM customers c CROSS JOIN LATERAL (VALUES (c.email, 1), (c.name, 2)) v(x, y)',
      'x pii.email y -',
    ],
    ['SELECT name AS a, 1 AS b FROM products UNION ALL SELECT email, 2 FROM customers', 'a pii.email b -'],
    ['SELECT email AS a FROM customers EXCEPT SELECT $$none$$', 'a pii.email'],
    [
      'SELECT to_jsonb(c) AS j, c AS whole, (c).status AS s, id FROM customers c',
      'j pii.name! whole pii.name! s - id -',
    ],
    [
      'SELECT (SELECT max(email) FROM customers) AS a, EXISTS (SELECT FROM customers) AS b FROM products',
      'a pii.email! b -',
    ],
    [
      'SELECT p.id, (SELECT c.email FROM customers c WHERE c.id = p.id) AS e FROM products p',
      'id - e pii.email!',
    ],
    [
      'SELECT CASE WHEN status = $$x$$ THEN email ELSE status END AS a, coalesce(status, $$-$$) AS b FROM customers',
      'a pii.email! b -',
    ],
    [
      `WITH RECURSIVE r(a, b, n) AS (SELECT status, email, 1 FROM customers
         UNION ALL SELECT b, a, n + 1 FROM r WHERE n < 3) SELECT a, b, n FROM r`,
      'a pii.email b pii.email n -',
    ],
    [
      `WITH RECURSIVE r(i, e) AS (SELECT id, email FROM customers UNION ALL SELECT i + 1, e FROM r WHERE i < 3)
         SEARCH DEPTH FIRST BY e SET path SELECT i, path::text FROM r`,
      'i - path pii.email!',
    ],
    [
      'SELECT x.e FROM customers c, XMLTABLE($$/a$$ PASSING xmlelement(name a, c.email) COLUMNS e text PATH $$.$$) x',
      'e pii.email!',
    ],
    ['SELECT query_to_xml($$TABLE customers$$, true, true, $$$$)::text AS x', 'x pii.freeText!'],
    ['SELECT most_common_vals::text AS x, tablename FROM pg_stats', 'x secret.statistics! tablename -'],
    [
      'SELECT id AS ":odd {one}", email AS "(two) \\ ""three""" FROM customers',
      ':odd {one} - (two) \\ "three" pii.email',
    ],
  ])('carries classifications through a view: %s', async (query, wanted) => {
    await client.query(`${base} CREATE VIEW v AS ${query}`);
    const { all, catalog } = await classify();
    const view = catalog.named('v')[0];
    const shown = view?.columns.map(({ name, number }) => {
      const found = all.of(view.oid, number);
      return `${name} ${found === undefined ? '-' : `${found.kind}${found.isDerived ? '!' : ''}`}`;
    });
    expect(shown?.join(' ')).toBe(wanted);
    for (const found of all.inRelation(view?.oid ?? 0)?.values() ?? []) {
      if (found.isDerived) expect(found.use).toBe('none');
    }
  });

  it('carries classifications through views over views, materialized views and tables made later from them', async () => {
    await client.query(`${base} CREATE VIEW one AS SELECT email AS a FROM customers;
      CREATE VIEW two AS SELECT a AS b, upper(a) AS c FROM one; CREATE MATERIALIZED VIEW three AS SELECT b AS d, c AS e FROM two;
      CREATE VIEW four AS SELECT d AS f, e AS g FROM three`);
    const { all, catalog } = await classify();
    const four = catalog.named('four')[0]?.oid ?? 0;
    expect(all.of(four, 1)).toMatchObject({ kind: 'pii.email', use: 'equality' });
    expect(all.of(four, 2)).toMatchObject({ kind: 'pii.email', use: 'none', isDerived: true });
    // A name would say that it is shown in part; what is computed is not.
    await client.query('CREATE VIEW people AS SELECT substr(name, 3) AS name FROM customers');
    const second = await classify(all);
    expect(second.all.of(second.catalog.named('people')[0]?.oid ?? 0, 1)).toMatchObject({ isDerived: true });
    // A view that is made anew is read anew.
    await client.query('CREATE OR REPLACE VIEW four AS SELECT d AS f, e AS g, e AS h FROM three');
    const third = await classify(second.all);
    expect(third.kindOf('four.h')).toBe('pii.email');
    await client.query(`CREATE OR REPLACE VIEW four AS SELECT 'x'::text AS f, e AS g, d AS h FROM three`);
    const fourth = await classify(third.all);
    expect(['four.f', 'four.g'].map(fourth.kindOf)).toEqual([undefined, 'pii.email']);
    expect(fourth.all.of(four, 3)).not.toHaveProperty('isDerived');
  });

  it('takes a text from a function that may read anything for what it could be', async () => {
    await client.query(`${base}
      CREATE FUNCTION reads(i int) RETURNS text STABLE LANGUAGE sql AS 'SELECT email FROM customers WHERE id = i';
      CREATE FUNCTION shouts(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper(t)';
      CREATE VIEW v AS SELECT reads(id) AS a, shouts(name) AS b, f AS c, id FROM products, reads(1) f`);
    const { kindOf } = await classify();
    expect(['v.a', 'v.b', 'v.c', 'v.id'].map(kindOf)).toEqual([
      'pii.freeText',
      undefined,
      'pii.freeText',
      undefined,
    ]);
  });

  it('carries classifications to generated columns', async () => {
    await client.query(`CREATE TABLE t (email text, id int, low text GENERATED ALWAYS AS (lower(email)) STORED,
      twice int GENERATED ALWAYS AS (id * 2) STORED)`);
    const { kindOf, all, catalog } = await classify();
    expect(['t.low', 't.twice'].map(kindOf)).toEqual(['pii.email', undefined]);
    expect(all.of(catalog.named('t')[0]?.oid ?? 0, 3)).toMatchObject({ use: 'none', isDerived: true });
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
    await client.query(`CREATE TABLE busy AS SELECT ${mail} AS a FROM generate_series(1, 9) i;
      CREATE TABLE good AS SELECT ${mail} AS a FROM generate_series(1, 9) i`);
    const other = new Client({ connectionString: server.url() });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE busy');
    const first = await classify();
    expect(first.kindOf('good.a')).toBe('pii.email');
    expect(first.kindOf('busy.a')).toBeUndefined();
    expect(notices).toEqual([expect.stringMatching(/public\.busy .*lock timeout/)]);
    const second = await classify(first.all);
    expect(notices).toHaveLength(1);
    await other.end();
    expect((await classify(second.all)).kindOf('busy.a')).toBe('pii.email');
    expect((await client.query('SHOW statement_timeout')).rows[0].statement_timeout).toBe('0');
  });

  it('runs no code of the database by looking: not of a view, be it slow, broken or changing something', async () => {
    await client.query(`CREATE TABLE marks (n int);
      CREATE FUNCTION mark() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('ran', ''); RETURN 'x'; END $$;
      CREATE VIEW trap AS SELECT mark() AS x; CREATE VIEW slow AS SELECT pg_sleep(30)::text AS x`);
    const ran: string[] = [];
    client.on('notification', ({ channel }) => ran.push(channel));
    await client.query('LISTEN ran');
    const start = performance.now();
    await classify();
    await client.query('UNLISTEN *');
    expect(ran).toEqual([]);
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(notices).toEqual([]);
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
