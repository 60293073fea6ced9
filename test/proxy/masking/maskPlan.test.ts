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
import { judgeUse } from '../../kit/judgeUse.ts';
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
    expect((await plan(sql)).plan?.maskedColumns ?? []).toEqual([]);
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

describe('lineage, where RowDescription names no origin', () => {
  /** The plan for a statement's rows with the lineage of another statement, or of itself. */
  async function planned(sql: string, lineageOf = sql, format = 0) {
    const { output } = judgeUse(lineageOf, { catalog, classifications }, { ground: 'now' });
    const known = { outputs: output === undefined ? [] : [output], ground: 'now' };
    return planMasks(await describeRows(sql, format), catalog, classifications, known);
  }
  const maskedBy = async (sql: string, lineageOf?: string) =>
    (await planned(sql, lineageOf)).plan?.columns.map((mask) => mask !== undefined) ?? [];

  it.each<[string, boolean[]]>([
    ['SELECT id, upper(email), email FROM customers', [false, true, true]],
    ['SELECT c.*, lower(c.name) FROM customers c', [false, true, true, true, false, true]],
    ['SELECT status FROM customers UNION ALL SELECT email FROM customers', [true]],
    ['SELECT count(*), max(birth_date) FROM customers', [false, true]],
    ['SELECT upper(contact), 1 FROM people', [true, false]],
  ])('masks what is made of classified columns: %s', async (sql, masked) => {
    expect(await maskedBy(sql)).toEqual(masked);
  });

  it('shows nothing of the value, in either format', async () => {
    for (const format of [0, 1]) {
      const { plan } = await planned(
        'SELECT left(email, 3), length(email), to_jsonb(email) FROM customers',
        undefined,
        format,
      );
      const masks = plan?.columns.map((mask) => mask?.(Buffer.from('jane'), 0, 4)?.toString('utf8'));
      expect(masks).toEqual(['•••', undefined, `${format === 1 ? '\u0001' : ''}"•••"`]);
    }
    expect((await planned('SELECT md5(email) AS x FROM customers')).plan?.maskedColumns).toEqual([
      { column: 'x', classification: 'pii.email' },
    ]);
  });

  it('masks every column without an origin where the two do not have the same columns', async () => {
    expect(
      await maskedBy(
        'SELECT id, upper(status), upper(email) FROM customers',
        'SELECT upper(email) FROM customers',
      ),
    ).toEqual([false, true, true]);
    expect(
      await maskedBy(
        'SELECT oid, upper(relname), 1 FROM pg_class',
        'SELECT * FROM pg_class, (SELECT upper(email) FROM customers) s',
      ),
    ).toEqual([false, true, true]);
  });

  it('refuses an answer of which the two say what cannot both be true', async () => {
    const disagrees = async (sql: string, lineageOf: string) =>
      expect(planned(sql, lineageOf)).rejects.toMatchObject({ code: 'LINEAGE_DISAGREES' });
    await disagrees('SELECT id, email FROM customers', 'SELECT email, id FROM customers');
    await disagrees(
      'SELECT status, upper(email) FROM customers',
      'SELECT upper(email), status FROM customers',
    );
  });

  it('does not compare them where the ground has moved between', async () => {
    const text = 'SELECT email, id FROM customers';
    const { output } = judgeUse(text, { catalog, classifications }, { ground: 'before' });
    if (output === undefined) throw new Error('no lineage');
    const description = await describeRows('SELECT id, email FROM customers');
    const { plan } = planMasks(description, catalog, classifications, { outputs: [output], ground: 'now' });
    expect(plan?.columns.map((mask) => mask !== undefined)).toEqual([false, true]);
  });

  it('masks by any of several, for a cursor may be one of them', async () => {
    const outputs = [
      'SELECT id, upper(email) FROM customers',
      'SELECT upper(name), 1 FROM customers',
    ].flatMap((sql) => judgeUse(sql, { catalog, classifications }).output ?? []);
    const description = await describeRows('SELECT upper(status), 2 FROM customers');
    const { plan } = planMasks(description, catalog, classifications, { outputs });
    expect(plan?.columns.map((mask) => mask !== undefined)).toEqual([true, true]);
    const unknown = planMasks(description, catalog, classifications, { isOutputUnknown: true });
    expect(unknown.plan?.columns.map((mask) => mask !== undefined)).toEqual([true, true]);
  });

  it('tells which columns the catalog does not know yet', async () => {
    await wire.query('ALTER TABLE products ADD COLUMN added text');
    const { unknownColumns } = await plan('SELECT * FROM products');
    expect(unknownColumns).toHaveLength(1);
    expect(unknownColumns[0]).toMatch(/^\d+\.3$/);
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
