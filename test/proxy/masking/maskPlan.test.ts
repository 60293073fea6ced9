/** Which columns a real server's row descriptions lead to masks for. */
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortcullisError } from '../../../proxy/kit/errors.ts';
import type { Classifications } from '../../../proxy/masking/classification.ts';
import { classifyCatalog } from '../../../proxy/masking/classifyCatalog.ts';
import { planMasks } from '../../../proxy/masking/maskPlan.ts';
import type { Catalog } from '../../../proxy/schema/catalog.ts';
import { loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { WireClient } from '../../kit/wireClient.ts';

let server: TestPostgres;
let wire: WireClient;
let catalog: Catalog;
let classifications: Classifications;

beforeAll(async () => {
  server = await startTestPostgres();
  wire = await WireClient.connect(server.url());
  await wire.query(`CREATE TABLE customers (id int, name text, email text, birth_date date, status text);
    CREATE TABLE products (id int, name text); CREATE VIEW people AS SELECT id, email AS contact FROM customers`);
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  catalog = await loadCatalog(client, 0);
  classifications = await classifyCatalog(client, catalog, undefined, () => undefined);
  await client.end();
}, 120_000);
afterAll(async () => {
  wire?.close();
  await server?.stop();
});

/** RowDescription of a statement's portal, whole, with the result format asked for. */
async function describeRows(sql: string, format = 0): Promise<Buffer> {
  wire.send(
    serialize.parse({ text: sql }),
    serialize.bind({ binary: format === 1 }),
    serialize.describe({ type: 'P' }),
    serialize.sync(),
  );
  const body = (await wire.until('Z')).find(({ type }) => type === 'T')?.body;
  if (body === undefined) throw new Error(`no rows from ${sql}`);
  const head = Buffer.from('T\0\0\0\0', 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

async function plan(sql: string, format = 0) {
  return planMasks(await describeRows(sql, format), catalog, classifications);
}

async function maskedOf(sql: string): Promise<string[]> {
  const planned = (await plan(sql)).plan;
  return planned?.maskedColumns.map(({ column, classification }) => `${column} ${classification}`) ?? [];
}

describe('a plan', () => {
  it.each([
    ['SELECT * FROM customers', ['name pii.name', 'email pii.email', 'birth_date pii.birthDate']],
    ['SELECT status, email AS x FROM customers c', ['x pii.email']],
    ['SELECT q.y FROM (SELECT email AS y, id FROM customers) q', ['y pii.email']],
    ['WITH w AS MATERIALIZED (SELECT email FROM customers) SELECT * FROM w', ['email pii.email']],
    ['UPDATE customers SET status = status RETURNING email, id', ['email pii.email']],
    ['SELECT c.email, p.name FROM customers c, products p', ['email pii.email']],
    ['SELECT contact FROM people', ['contact pii.email']],
    ['SELECT customers FROM customers', ['customers pii.email']],
    ['SELECT most_common_vals FROM pg_stats', ['most_common_vals secret.statistics']],
  ])('masks what comes from classified columns: %s', async (sql, wanted) => {
    expect((await maskedOf(sql)).sort()).toEqual([...wanted].sort());
  });

  it.each([
    'SELECT id, status FROM customers',
    'SELECT * FROM products',
    'SELECT products FROM products',
    'SELECT count(email) FROM customers',
    'SELECT oid, relname FROM pg_class',
    'SELECT ctid, tableoid FROM customers',
    'SELECT',
  ])('is none where nothing is masked: %s', async (sql) => {
    expect((await plan(sql)).plan).toBeUndefined();
  });

  it('masks in the format of the portal, each column by its type', async () => {
    const description = await describeRows('SELECT birth_date FROM customers', 1);
    const mask = planMasks(description, catalog, classifications).plan?.columns[0];
    const days = Buffer.alloc(4); // 2000-01-01
    days.writeInt32BE(200);
    expect(mask?.(days, 0, 4)).toEqual(Buffer.alloc(4));
  });

  it('shows nothing of a row that is taken whole', async () => {
    const mask = (await plan('SELECT customers FROM customers')).plan?.columns[0];
    expect(mask?.(Buffer.from('(1,Jane)'), 0, 8)).toBeUndefined();
  });

  it('tells which relations the catalog does not know yet', async () => {
    await wire.query('CREATE TABLE newer (email text)');
    const { unknownRelations } = await plan('SELECT n.*, c.id FROM newer n, customers c');
    expect(unknownRelations).toHaveLength(1);
    expect(catalog.relations.has(unknownRelations[0] ?? 0)).toBe(false);
    expect((await plan('SELECT * FROM customers')).unknownRelations).toEqual([]);
  });
});

describe('a broken row description', () => {
  it('is refused wherever it is cut, and with bytes behind it', async () => {
    const whole = await describeRows('SELECT id, email FROM customers');
    for (let length = 5; length < whole.length; length++) {
      expect(() => planMasks(whole.subarray(0, length), catalog, classifications)).toThrow(PortcullisError);
    }
    const longer = Buffer.concat([whole, Buffer.from('x')]);
    expect(() => planMasks(longer, catalog, classifications)).toThrow(PortcullisError);
  });
});
