/** What a statement makes of protected columns is answered, with nothing of them in it, in every protocol and format. */
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';
import { types, WireClient, type WireMessage } from '../kit/wireClient.ts';

const setup = `${shopSetup}
  CREATE TABLE leads (id int PRIMARY KEY, email text, source text);
  INSERT INTO leads SELECT i, 'ada' || i || '@secret.example', 'fair' FROM generate_series(1, 3) i;
  CREATE TABLE employees (id int PRIMARY KEY, name text, salary numeric(10, 2), birth_date date, manager_id int);
  INSERT INTO employees SELECT i, 'Ada Lovelace ' || i, 77000 + i, '1977-07-07', nullif(i - 1, 0) FROM generate_series(1, 5) i;
  CREATE VIEW contacts AS SELECT id, email AS reach_at FROM customers;
  ANALYZE;
`;

/** A statement and the numbers of its columns that are masked, from 0; the others are what they are directly. */
const everyday: readonly (readonly [string, readonly number[]])[] = [
  ["SELECT id, upper(name), coalesce(email, '') FROM customers WHERE id < 4 ORDER BY id", [1, 2]],
  ["SELECT id, name || ' <' || email || '>' AS label, city FROM customers ORDER BY id LIMIT 3", [1]],
  ['SELECT c.*, lower(c.email) AS lowered FROM customers c ORDER BY id LIMIT 3', [1, 2, 3, 5]],
  [
    "SELECT city, count(*), string_agg(email, ', ' ORDER BY id), max(phone) FROM customers GROUP BY city",
    [2, 3],
  ],
  ['SELECT count(*), sum(salary), round(avg(salary), 2), min(birth_date) FROM employees', [1, 2, 3]],
  [
    'SELECT id, salary * 12, salary / 12, age(birth_date), extract(year from birth_date) FROM employees ORDER BY id',
    [1, 2, 3, 4],
  ],
  [
    "SELECT id, to_char(birth_date, 'DD.MM.YYYY'), birth_date::text, name::varchar(3) FROM employees ORDER BY id",
    [1, 2, 3],
  ],
  ["SELECT coalesce(json_agg(s), '[]') FROM (SELECT id, email FROM customers) s", [0]],
  ['SELECT id, row_to_json(c), to_jsonb(c.email), c::text FROM customers c ORDER BY id LIMIT 2', [1, 2, 3]],
  [
    "SELECT o.id, jsonb_build_object('email', c.email), o.status FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY 1 LIMIT 3",
    [1],
  ],
  [
    'SELECT o.id, (SELECT email FROM customers c WHERE c.id = o.customer_id) FROM orders o ORDER BY 1 LIMIT 3',
    [1],
  ],
  ['SELECT id, email FROM leads UNION ALL SELECT id, email FROM customers WHERE id > 99', [1]],
  ['SELECT source, email FROM leads UNION SELECT city, email FROM customers WHERE id = 50', [1]],
  ["SELECT id, CASE WHEN id = 2 THEN email ELSE 'nobody' END FROM customers ORDER BY id LIMIT 3", [1]],
  ['SELECT id, ARRAY[email, phone], ROW(id, email) FROM customers ORDER BY id LIMIT 2', [1, 2]],
  ['SELECT ARRAY(SELECT email FROM leads), 1 AS one', [0]],
  [
    'SELECT id, lag(email) OVER (ORDER BY id), first_value(name) OVER (ORDER BY id) FROM customers ORDER BY id LIMIT 3',
    [1, 2],
  ],
  ['SELECT email, c.id, source FROM customers c FULL JOIN leads USING (email) ORDER BY c.id LIMIT 4', [0]],
  [
    'WITH RECURSIVE t AS (SELECT id, name, 1 AS depth FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, e.name, t.depth + 1 FROM employees e JOIN t ON e.manager_id = t.id) SELECT depth, name FROM t ORDER BY depth',
    [1],
  ],
  [
    "WITH RECURSIVE t AS (SELECT id, name AS path FROM employees WHERE manager_id IS NULL UNION ALL SELECT e.id, t.path || '/' || e.name FROM employees e JOIN t ON e.manager_id = t.id) SELECT id, path FROM t ORDER BY id",
    [1],
  ],
  [
    "SELECT c.id, key, value FROM customers c, jsonb_each_text(to_jsonb(c)) WHERE c.id = 1 AND key <> 'id' ORDER BY key",
    [2],
  ],
  ['SELECT id, x FROM customers, unnest(ARRAY[email, phone]) AS x WHERE id = 1', [1]],
  ['SELECT id, v.x FROM customers c, LATERAL (VALUES (c.email)) v(x) WHERE id < 3 ORDER BY id', [1]],
  [
    "SELECT id, split_part(email, '@', 2), left(phone, 4), md5(email), length(email), reverse(name) FROM customers WHERE id = 7",
    [1, 2, 3, 4, 5],
  ],
  ['SELECT id, upper(reach_at) FROM contacts ORDER BY id LIMIT 2', [1]],
  ['SELECT c FROM customers c WHERE id = 1', [0]],
  ['UPDATE customers SET city = city WHERE id = 5 RETURNING id, lower(email), to_jsonb(customers)', [1, 2]],
  ['SELECT max(email), count(*) FROM (SELECT upper(email) AS email FROM customers) s', [0]],
];

/** Nothing of a value: NULL, or the fixed forms of text, json and jsonb (in binary with its version before it). */
const forms: ReadonlySet<string> = new Set(['•••', '"•••"', '\u0001"•••"']);
/** What a protected column itself comes as. */
const partial = /•/;

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let governed: Governed;
  let client: WireClient;
  let direct: WireClient;

  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', version, setup });
    client = await WireClient.connect(governed.url());
    direct = await WireClient.connect(governed.direct());
  });
  afterAll(async () => {
    client?.close();
    direct?.close();
    await governed?.stop();
  });

  const { parse, bind, describe: ask, execute, sync, query } = serialize;
  const ways: Readonly<Record<string, (text: string) => Buffer[]>> = {
    simple: (text) => [query(text)],
    'extended, text': (text) => [parse({ text }), bind(), ask({ type: 'P' }), execute(), sync()],
    'extended, binary': (text) => [
      parse({ text }),
      bind({ binary: true }),
      ask({ type: 'P' }),
      execute(),
      sync(),
    ],
    'extended, binary, not described': (text) => [parse({ text }), bind({ binary: true }), execute(), sync()],
  };

  async function rowsOf(by: WireClient, messages: Buffer[]): Promise<(Buffer | null)[][]> {
    by.send(...messages);
    const heard = await by.until('Z');
    const error = heard.find(({ type }) => type === 'E');
    expect(error?.body.toString('utf8')).toBeUndefined();
    return heard.filter(({ type }) => type === 'D').map(readRow);
  }

  describe.each(Object.entries(ways))('%s', (_way, send) => {
    it.each(everyday)('%s', async (text, masked) => {
      const rows = await rowsOf(client, send(text));
      const plain = await rowsOf(direct, send(text));
      expect(rows.length).toBeGreaterThan(0);
      expect(rows.length).toBe(plain.length);
      rows.forEach((row, at) => {
        row.forEach((value, column) => {
          const own = plain[at]?.[column] ?? null;
          if (!masked.includes(column)) expect(value).toEqual(own);
          else if (own === null) expect(value).toBeNull();
          else if (value !== null && !forms.has(value.toString('utf8'))) {
            // The plain columns of `c.*` have masks of their own.
            expect(text).toContain('c.*');
            expect(value.toString('utf8')).toMatch(partial);
          }
        });
      });
      expect(Buffer.concat(rows.flat().filter((value) => value !== null)).toString('latin1')).not.toMatch(
        /secret|lovelace|terces|ecalevol|7946|77000|1977/i,
      );
    });
  });

  it('goes with prepared statements, by SQL and by the protocol', async () => {
    await client.query('PREPARE shout AS SELECT id, upper(email) FROM customers WHERE id = $1');
    expect(await textsOf('EXECUTE shout(3)')).toEqual([['3', '•••']]);
    expect(await textsOf('EXECUTE shout(4); DEALLOCATE shout')).toEqual([['4', '•••']]);
    expect(
      await textsOf("PREPARE once AS SELECT name || '' FROM customers WHERE id = 1; EXECUTE once"),
    ).toEqual([['•••']]);
    const rows = await rowsOf(client, [
      parse({ name: 'again', text: 'SELECT lower(email) FROM customers WHERE id = $1', types: [23] }),
      bind({ statement: 'again', values: ['1'] }),
      execute(),
      bind({ statement: 'again', values: ['2'] }),
      execute(),
      sync(),
    ]);
    expect(rows.map((row) => row.map(String))).toEqual([['•••'], ['•••']]);
  });

  it('goes with cursors, held ones and portals too', async () => {
    const declare = 'DECLARE c CURSOR FOR SELECT id, upper(email) FROM customers ORDER BY id';
    expect(await textsOf(`BEGIN; ${declare}; FETCH 2 FROM c; COMMIT`)).toEqual([
      ['1', '•••'],
      ['2', '•••'],
    ]);
    await client.query(declare.replace('CURSOR', 'CURSOR WITH HOLD'));
    expect(await textsOf('FETCH 1 FROM c')).toEqual([['1', '•••']]);
    const fetched = await rowsOf(client, [
      parse({ text: 'FETCH 1 FROM c' }),
      bind({ binary: true }),
      execute(),
      sync(),
    ]);
    expect(fetched[0]?.[1]?.toString('utf8')).toBe('•••');
    // The name means another one now, with nothing protected in it.
    await client.query('CLOSE c');
    await client.query('DECLARE c CURSOR WITH HOLD FOR SELECT id, upper(city) FROM customers ORDER BY id');
    expect(await textsOf('FETCH 1 FROM c')).toEqual([['1', 'LONDON']]);
    await client.query('CLOSE c');
    // FETCH reads from the protocol's portals, too.
    const text = 'SELECT upper(email), id FROM customers ORDER BY id';
    const rows = await rowsOf(client, [
      parse({ text }),
      bind({ portal: 'p' }),
      parse({ name: 'f', text: 'FETCH 2 FROM p' }),
      bind({ statement: 'f' }),
      execute(),
      sync(),
    ]);
    expect(rows.map((row) => row.map(String))).toEqual([
      ['•••', '1'],
      ['•••', '2'],
    ]);
  });

  it('is recorded', async () => {
    await client.query('SELECT id, md5(email) AS digest, city FROM customers WHERE id = 42');
    const events = await governed.events();
    const intent = events.findLast(
      (event) => JSON.stringify(event).includes('digest') && event.kind === 'intent',
    );
    const outcome = events.find((event) => event.kind === 'outcome' && event.for === intent?.seq);
    expect(outcome).toMatchObject({
      status: 'ok',
      maskedColumns: [{ column: 'digest', classification: 'pii.email' }],
    });
  });

  it('holds where others have changed the table since the catalog was read', async () => {
    const admin = new Client({ connectionString: governed.direct() });
    await admin.connect();
    try {
      await admin.query(
        'ALTER TABLE leads ADD COLUMN contact_email text; UPDATE leads SET contact_email = email',
      );
      const rows = await textsOf(
        'SELECT l.*, upper(l.email), upper(l.contact_email) FROM leads l WHERE id = 1',
      );
      expect(JSON.stringify(rows)).not.toMatch(/secret/i);
      expect(rows[0]).toHaveLength(6);
      expect(rows[0]?.slice(4)).toEqual(['•••', '•••']);
    } finally {
      await admin.query('ALTER TABLE leads DROP COLUMN contact_email');
      await admin.end();
    }
  });

  it("does not take a function of somebody's own for PostgreSQL's, not even in the message that makes it", async () => {
    const make = `CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'seen %', $1; END $$`;
    const read = 'SELECT lower(email) FROM customers';
    const heard = await client.query(`${make}; ${read}`);
    expect(heard.map(({ body }) => body.toString('latin1')).join()).not.toMatch(/secret/i);
    expect(heard.find(({ type }) => type === 'E')?.body.toString('utf8')).toContain('passed to lower()');
    await client.query('BEGIN');
    await client.query(make);
    const inside = await client.query(read);
    expect(inside.find(({ type }) => type === 'E')?.body.toString('utf8')).toContain('cannot be');
    await client.query('ROLLBACK');
    // Once the transaction has ended, and the catalog was read again, all is as before.
    await expect.poll(async () => types(await client.query(`${read} WHERE id = 1`))).toBe('TDCZ');
  });

  async function textsOf(text: string): Promise<(string | null)[][]> {
    const rows = await rowsOf(client, [query(text)]);
    return rows.map((row) => row.map((value) => value?.toString('utf8') ?? null));
  }
});

/** DataRow (manual 55.7). */
function readRow({ body }: WireMessage): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}
