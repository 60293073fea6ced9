/** What is sampled of tables: rows from all over a large one, elements of arrays, and what keys to sampled columns are. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifyCatalog } from '../../../proxy/masking/classifyCatalog.ts';
import { splitArray } from '../../../proxy/masking/columns/detectors.ts';
import { loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const mail = "'u' || i || '@example.org'";
/** All rows but the first 5,000 hold an address: those stand on the first pages. */
const large = `SELECT i, CASE WHEN i > 5000 THEN ${mail} ELSE 'none' END AS extra FROM generate_series(1, 200000) i`;

describe.each(hasPostgres15() ? ([18, 15] as const) : ([18] as const))('with PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: Client;
  let kindOf: (path: string) => string | undefined;
  const statements: string[] = [];

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`
      CREATE TABLE analyzed AS ${large};
      CREATE TABLE unanalyzed WITH (autovacuum_enabled = off) AS ${large};
      CREATE MATERIALIZED VIEW matview AS ${large};
      CREATE TABLE parted (i int, extra text) PARTITION BY RANGE (i);
      CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (1000000);
      INSERT INTO parted ${large};
      ANALYZE analyzed; ANALYZE matview; ANALYZE parted;
      CREATE TABLE lists AS SELECT i, ARRAY[${mail}, NULL] AS a, ARRAY['red', 'blue'] AS b
        FROM generate_series(1, 50) i;
      CREATE TABLE people (handle text PRIMARY KEY);
      INSERT INTO people SELECT ${mail} FROM generate_series(1, 50) i;
      CREATE TABLE posts (id int, author text REFERENCES people);
      CREATE TABLE gone AS SELECT i, ${mail} AS extra FROM generate_series(1, 200000) i;
      ANALYZE gone; DELETE FROM gone WHERE i > 30;
    `);
    const query = client.query.bind(client);
    client.query = ((...all: unknown[]) => {
      const [first] = all;
      statements.push(typeof first === 'string' ? first : (first as { text: string }).text);
      return (query as (...rest: unknown[]) => unknown)(...all);
    }) as typeof client.query;
    const catalog = await loadCatalog(client, 0);
    const all = await classifyCatalog(client, catalog, undefined, () => undefined);
    kindOf = (path) => {
      const [table = '', column = ''] = path.split('.');
      const relation = catalog.named(table)[0];
      const number = relation?.columns.find(({ name }) => name === column)?.number;
      return all.of(relation?.oid ?? 0, number ?? 0)?.kind;
    };
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  it.each(['analyzed', 'unanalyzed', 'matview', 'parted'])(
    'rows come from all over a large relation: %s',
    (name) => {
      expect(kindOf(`${name}.extra`)).toBe('pii.email');
      const read = statements.filter((text) => text.includes(`"${name}"`) && text.includes('LIMIT'));
      expect(read.some((text) => text.includes('TABLESAMPLE SYSTEM'))).toBe(true);
    },
  );

  it('a table that the server takes for large and that is not is read from its start', () => {
    expect(kindOf('gone.extra')).toBe('pii.email');
  });

  it('arrays are judged by their elements', () => {
    expect([kindOf('lists.a'), kindOf('lists.b')]).toEqual(['pii.email', undefined]);
  });

  it('a column that refers to a key with personal data is that, too', () => {
    expect([kindOf('people.handle'), kindOf('posts.author'), kindOf('posts.id')]).toEqual([
      'pii.email',
      'pii.email',
      undefined,
    ]);
  });
});

describe('an array as text', () => {
  it.each([
    ['{}', []],
    ['{a,NULL,"NULL"}', ['a', 'NULL']],
    ['{"a,b","c\\"d\\\\"}', ['a,b', 'c"d\\']],
    ['{{a,b},{c,d}}', ['a', 'b', 'c', 'd']],
    ['[0:1]={a,b}', ['[0:1]=', 'a', 'b']],
  ])('is split into its elements: %s', (text, elements) => {
    expect(splitArray(text)).toEqual(elements);
  });
});
