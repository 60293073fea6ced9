/** What masking.yaml says holds from the moment that it is taken, in every session, and its tokens outlive a restart. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';

const setup = `${shopSetup}
  CREATE VIEW contacts AS SELECT id, email, upper(email) AS loud FROM customers;
  CREATE TABLE newsletter (recipient text REFERENCES customers (email), since date);
  INSERT INTO newsletter SELECT email, '2020-01-01' FROM customers;
`;

let directory: string;
let governed: Governed;
let client: Client;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'masking-'));
  governed = await startGoverned({ setup });
  await connect();
});
afterAll(async () => {
  await client?.end().catch(() => undefined);
  await governed?.stop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => use(''));

async function connect(): Promise<void> {
  client = new Client({ connectionString: governed.url() });
  client.on('error', () => undefined);
  await client.connect();
}

async function use(text: string): Promise<void> {
  writeFileSync(join(directory, 'masking.yaml'), text);
  await governed.proxy.policy.take(await readPolicyTexts(directory));
}

async function first(text: string): Promise<unknown> {
  return (await client.query({ text, rowMode: 'array' })).rows[0]?.[0];
}

const connection = () => {
  const found = governed.proxy.connections.get('shop');
  if (found === undefined) throw new Error('no connection');
  return found;
};

function kindOf(table: string, column: string): string | undefined {
  const { catalog, classifications } = connection();
  const relation = catalog.named(table)[0];
  const number = relation?.columns.find(({ name }) => name === column)?.number;
  return relation && classifications.of(relation.oid, number ?? 0)?.kind;
}

const email = 'ada1@secret.example';
const masked = 'a•••@s•••';
const prepared = { name: 'ask', text: 'SELECT email FROM customers WHERE id = 1' };

describe('masking.yaml', { timeout: 60_000 }, () => {
  it('classifies a column that nothing else would, in statements that were prepared before too', async () => {
    const ask = { name: 'city', text: 'SELECT city FROM customers WHERE id = 1' };
    expect((await client.query(ask)).rows).toEqual([{ city: 'London' }]);
    await use('classify: [{column: public.customers.city, as: pii.address}]');
    expect((await client.query(ask)).rows).toEqual([{ city: '•••' }]);
    const refused = await client.query("SELECT 1 FROM customers WHERE city LIKE 'L%'").catch((e) => e.code);
    expect(refused).toBe('42501');
    await use('');
    expect((await client.query(ask)).rows).toEqual([{ city: 'London' }]);
  });

  it('takes a classification away, with what followed from it, and gives it back', async () => {
    expect((await client.query(prepared)).rows).toEqual([{ email: masked }]);
    expect(await first('SELECT loud FROM contacts')).toBe('•••');
    expect(await first('SELECT recipient FROM newsletter')).toBe(masked);
    const before = connection().classifications.version;
    await use('unclassify: [{column: public.customers.email, reason: a test}]');
    expect(connection().classifications.version).toBeGreaterThan(before);
    expect((await client.query(prepared)).rows).toEqual([{ email }]);
    // Not protected any more, though what looks like an address in it is masked all the same.
    expect(kindOf('contacts', 'loud')).toBeUndefined();
    expect(kindOf('newsletter', 'recipient')).toBeUndefined();
    // It looks like an address by its own name: only what followed from the other column goes with it.
    expect(await first('SELECT email FROM contacts WHERE id = 1')).toBe(masked);
    await use('');
    expect((await client.query(prepared)).rows).toEqual([{ email: masked }]);
    expect(await first('SELECT loud FROM contacts')).toBe('•••');
    expect(await first('SELECT recipient FROM newsletter')).toBe(masked);
  });

  it('lets the exact rule win over a wildcard', async () => {
    await use(`
      classify: [{column: "public.customers.*", as: pii.freeText}]
      unclassify: [{column: public.customers.id, reason: numbers of our own}]`);
    expect((await client.query('SELECT * FROM customers WHERE id = 1')).rows).toEqual([
      { id: 1, name: '•••', email: '•••', phone: '•••', city: '•••' },
    ]);
  });

  it('chooses how a kind is masked: tokens are equal across tables, joins and restarts', async () => {
    await use('methods: {pii.email: token}');
    const token = await first('SELECT email FROM customers WHERE id = 1');
    expect(token).toMatch(/^tok_[a-z2-7]{16}@masked\.invalid$/);
    expect(await first(`SELECT recipient FROM newsletter WHERE recipient = '${email}'`)).toBe(token);
    const { rows } = await client.query(
      'SELECT c.email, n.recipient FROM customers c JOIN newsletter n ON n.recipient = c.email',
    );
    expect(rows).toHaveLength(100);
    expect(rows.every((row) => row.email === row.recipient)).toBe(true);
    expect(new Set(rows.map((row) => row.email)).size).toBe(100);
    const path = join(governed.dataDirectory, 'masking.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const key = readFileSync(path);
    await client.end();
    await governed.restart();
    await use('methods: {pii.email: token}');
    await connect();
    expect(await first('SELECT email FROM customers WHERE id = 1')).toBe(token);
    const journal = JSON.stringify(await governed.events());
    expect(journal).not.toContain(key.toString('hex'));
    expect(journal).not.toContain(key.toString('base64'));
    expect(existsSync(path)).toBe(true);
  });

  it('chooses what a kind may be used for', async () => {
    const sorted = 'SELECT id FROM customers ORDER BY email LIMIT 1';
    expect(await first(sorted).catch((e) => e.code)).toBe('42501');
    await use('use: {pii.email: order}');
    expect(await first(sorted)).toEqual(expect.any(Number));
    await use('use: {pii.email: none}');
    expect(await first(`SELECT id FROM customers WHERE email = '${email}'`).catch((e) => e.code)).toBe(
      '42501',
    );
  });

  it('is told of where it names a column that is not there, until there is one', async () => {
    await use('classify:\n  - {column: public.customers.emial, as: pii.email}\n');
    expect(connection().maskingProblems).toEqual([
      'masking.yaml:2:5: shop has no column public.customers.emial, so the rule does nothing',
    ]);
    const owner = new Client({ connectionString: governed.direct() });
    await owner.connect();
    await owner.query("ALTER TABLE customers ADD COLUMN emial text DEFAULT 'x@y.example'");
    await connection().refresh();
    expect(connection().maskingProblems).toEqual([]);
    expect(await first('SELECT emial FROM customers')).toBe('x•••@y•••');
    await owner.query('ALTER TABLE customers DROP COLUMN emial');
    await owner.end();
  });

  it('does not open what the server keeps of all tables', async () => {
    await use(`
      unclassify:
        - {column: pg_catalog.pg_stats.most_common_vals, reason: a test}
        - {column: "*.histogram_bounds", reason: a test}`);
    const { rows } = await client.query(
      "SELECT most_common_vals AS v, histogram_bounds AS h FROM pg_stats WHERE tablename = 'customers'",
    );
    expect(JSON.stringify(rows)).not.toContain('secret.example');
  });

  it('keeps what was found meanwhile', async () => {
    const { oid, columns } = connection().catalog.named('customers')[0] ?? { oid: 0, columns: [] };
    const column = columns.find(({ name }) => name === 'city')?.number ?? 0;
    const classification = {
      kind: 'pii.address',
      use: 'equality',
      why: 'seen in rows',
      confidence: 0.9,
    } as const;
    connection().learn([{ relation: oid, column, classification }]);
    expect(await first('SELECT city FROM customers')).toBe('•••');
    await use('methods: {pii.email: token}');
    expect(await first('SELECT city FROM customers')).toBe('•••');
    expect(connection().classifications.of(oid, column)?.since).toMatch(/^\d{4}-\d\d-\d\dT/);
  });
});
