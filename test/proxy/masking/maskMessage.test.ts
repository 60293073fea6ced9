/** What is left of errors and notices: of real ones, raised by a real server over a protected value, and of broken ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maskErrorFields } from '../../../proxy/masking/maskMessage.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { WireClient, type WireMessage } from '../../kit/wireClient.ts';

const secret = 'jane.doe@example.com';
const withheld = "(the server's text is withheld: it may hold protected values)";

/** The whole message, type byte and length included. */
function wholeOf({ type, body }: WireMessage): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function build(type: string, fields: Readonly<Record<string, string>>): Buffer {
  const body = `${Object.entries(fields)
    .map(([letter, value]) => `${letter}${value}\0`)
    .join('')}\0`;
  return wholeOf({ type, body: Buffer.from(body) });
}

/** The fields of a message, read by their own rule; checks the length word and the end. */
function readFields(message: Buffer): Record<string, string> {
  expect(message.readInt32BE(1)).toBe(message.length - 1);
  expect(message.at(-1)).toBe(0);
  const fields = message
    .subarray(5, -1)
    .toString('utf8')
    .split('\0')
    .filter((field) => field !== '');
  return Object.fromEntries(fields.map((field) => [field.slice(0, 1), field.slice(1)]));
}

const setup = `
  CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE NOT NULL, age int CHECK (age > 0), note text);
  CREATE TABLE letters (email text REFERENCES customers (email));
  INSERT INTO customers VALUES (1, '${secret}', 30);
  CREATE VIEW adults AS SELECT * FROM customers WHERE age >= 18 WITH CHECK OPTION;
  CREATE FUNCTION tell(state text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE e text; BEGIN
    SELECT email INTO e FROM customers;
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = e, DETAIL = e, HINT = e, SCHEMA = e, TABLE = e, COLUMN = e,
      DATATYPE = e, CONSTRAINT = e; END $$;
  CREATE FUNCTION notice(e text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
    RAISE NOTICE USING MESSAGE = e, DETAIL = e, HINT = e, TABLE = e; RETURN true; END $$;
  CREATE FUNCTION dynamic() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE (SELECT 'SELECT "' || email || '"' FROM customers); RETURN 1; END $$;
  CREATE FUNCTION insert_again() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO customers SELECT 2, email FROM customers; END $$;`;

/** Statements whose error quotes the value, or the key that is made of it. */
const leaking = [
  'SELECT email::int FROM customers',
  'SELECT email::date FROM customers',
  'SELECT email::json FROM customers',
  'SELECT email::uuid FROM customers',
  'SELECT email::regclass FROM customers',
  'SELECT email::regtype FROM customers',
  'SELECT email::regproc FROM customers',
  "SELECT replace(email, '.', '')::regclass FROM customers",
  "SELECT replace(email, '.', '')::regrole FROM customers",
  "SELECT replace(email, '.', '')::regnamespace FROM customers",
  "SELECT (email || '.x.y.z')::regclass FROM customers",
  "SELECT (email || ' |')::tsquery FROM customers",
  'SELECT pg_database_size(email::name) FROM customers',
  "SELECT cursor_to_xml(email::refcursor, 1, true, true, '') FROM customers",
  "SELECT set_config(email, 'x', false) FROM customers",
  "SELECT set_config('work_mem', email, false) FROM customers",
  "SELECT to_date(email, 'YYYY') FROM customers",
  'SELECT date_trunc(email, now()) FROM customers',
  'SELECT nextval(email) FROM customers',
  "SELECT query_to_xml('SELECT \"' || email || '\"', true, true, '') FROM customers",
  'SELECT dynamic()',
  'SELECT insert_again()',
  'INSERT INTO customers SELECT 2, email FROM customers',
  'INSERT INTO customers (id, note) SELECT 2, email FROM customers',
  'INSERT INTO customers SELECT 2, email || 1, -1 FROM customers',
  'INSERT INTO adults SELECT 2, email || 1, 3 FROM customers',
  'UPDATE customers SET age = -1',
  "INSERT INTO letters SELECT email || 'x' FROM customers",
  'SELECT notice(email) FROM customers',
  ...['P0001', '23505', '42P01', '57014', '40001', '0A000', '26000', '08006', '22000'].map(
    (state) => `SELECT tell('${state}')`,
  ),
];

describe.each(hasPostgres15() ? ([18, 15] as const) : ([18] as const))('with PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let wire: WireClient;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    wire = await WireClient.connect(server.url());
    await wire.query(setup);
  }, 120_000);
  afterAll(async () => {
    wire?.close();
    await server?.stop();
  });

  async function complain(sql: string): Promise<Buffer> {
    const messages = await wire.query(sql);
    const complaint = messages.find(({ type }) => type === 'E' || type === 'N');
    if (complaint === undefined) throw new Error(`no complaint about ${sql}`);
    return wholeOf(complaint);
  }

  it.each(leaking)('nothing of the value is left in the error of %s', async (sql) => {
    const original = await complain(sql);
    expect(original.toString()).toMatch(/jan|doe@/); // or the case proves nothing
    const masked = maskErrorFields(original);
    for (const part of [secret, 'jane', 'doe@']) expect(masked.includes(part)).toBe(false);
    const before = readFields(original);
    const after = readFields(masked);
    expect([after['S'], after['V'], after['C'], after['R']]).toEqual([
      before['S'],
      before['V'],
      before['C'],
      before['R'],
    ]);
    expect(after['M']).not.toBe('');
  });

  it('the constraint, its table and its message stay, the row and the key do not', async () => {
    const masked = readFields(
      maskErrorFields(await complain('INSERT INTO customers SELECT 2, email FROM customers')),
    );
    expect(masked).toMatchObject({
      C: '23505',
      M: 'duplicate key value violates unique constraint "customers_email_key"',
      D: withheld,
      s: 'public',
      t: 'customers',
      n: 'customers_email_key',
    });
  });

  it('the constraint stays when a function violates it, without the context', async () => {
    const masked = readFields(maskErrorFields(await complain('SELECT insert_again()')));
    expect(masked).toMatchObject({ C: '23505', n: 'customers_email_key' });
    expect(masked['W']).toBeUndefined();
  });

  it.each([
    ['SELECT emial FROM customers', '42703', 'column "emial" does not exist', 'H'],
    ['SELECT * FROM customer', '42P01', 'relation "customer" does not exist', 'P'],
    ['SELEC email FROM customers', '42601', 'syntax error at or near "SELEC"', 'P'],
    [
      "SELECT email FROM customers WHERE id = 'one'",
      '22P02',
      'invalid input syntax for type integer: "one"',
      'P',
    ],
    ['SELECT lower(email, 1) FROM customers', '42883', 'function lower(text, integer) does not exist', 'H'],
    ['EXECUTE nothing', '26000', 'prepared statement "nothing" does not exist', 'C'],
  ])('a mistake in the text of the statement is told as it is: %s', async (sql, code, text, field) => {
    const masked = readFields(maskErrorFields(await complain(sql)));
    expect(masked).toMatchObject({ C: code, M: text });
    expect(masked[field]).toBeTruthy();
  });

  it('a value that does not fit is told without the value', async () => {
    expect(readFields(maskErrorFields(await complain('SELECT email::int FROM customers')))['M']).toBe(
      `a value does not fit its type or its use ${withheld}`,
    );
  });

  it('names that a function chose are left out', async () => {
    const masked = readFields(maskErrorFields(await complain("SELECT tell('23505')")));
    expect(Object.keys(masked).sort()).toEqual(['C', 'F', 'L', 'M', 'R', 'S', 'V']);
  });
});

describe('a message', () => {
  it('of a kind that a newer server may add fields to loses what is not known', () => {
    const masked = maskErrorFields(
      build('E', { S: 'ERROR', C: '23505', M: 'text', Z: secret, W: secret, q: secret }),
    );
    expect(masked.includes(secret)).toBe(false);
  });

  it('keeps its bytes where it keeps its text, in any encoding', () => {
    const original = Buffer.concat([
      Buffer.from('E\0\0\0\0SERROR\0C23505\0M'),
      Buffer.from([0xe9, 0xff]),
      Buffer.from('\0\0'),
    ]);
    original.writeInt32BE(original.length - 1, 1);
    expect(maskErrorFields(original).includes(Buffer.from([0x4d, 0xe9, 0xff, 0]))).toBe(true);
  });

  it('that is broken or empty becomes a whole one', () => {
    for (const bytes of ['', 'E', 'E\0\0\0\x05\0', `E\0\0\0\x09M${secret}`, 'N\0\0\0\x05']) {
      const masked = maskErrorFields(Buffer.from(bytes, 'latin1'));
      expect(masked.readInt32BE(1)).toBe(masked.length - 1);
      expect(masked.includes(secret)).toBe(false);
    }
  });
});
