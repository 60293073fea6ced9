/** Where protected values are copied to, they are protected: at once for the session that copies, and for everyone else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { errorFields, rowValues, types, WireClient, type WireMessage } from '../kit/wireClient.ts';

const marker = 'secret.example';
const setup = `${shopSetup}
  CREATE TABLE notes (id int PRIMARY KEY, note text);
  CREATE SCHEMA archive;
  CREATE TABLE kept (id int PRIMARY KEY, email text, note text);
  CREATE TABLE watched (id int PRIMARY KEY, email text);
  CREATE TABLE log (line text);
  CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.email); RETURN NEW; END $$;
  CREATE TRIGGER tell AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION tell();
`;

let governed: Governed;
beforeAll(async () => {
  governed = await startGoverned({ environment: 'development', setup });
});
afterAll(() => governed?.stop());

async function connect(): Promise<WireClient> {
  return WireClient.connect(governed.url());
}

/** Sends them one by one; what comes back must not hold a protected value. Gives the last answer. */
async function say(client: WireClient, ...texts: readonly string[]): Promise<WireMessage[]> {
  let heard: WireMessage[] = [];
  for (const text of texts) {
    heard = await client.query(text);
    for (const { body } of heard) expect(body.toString('latin1').toLowerCase(), text).not.toContain(marker);
  }
  return heard;
}

function firstRow(heard: readonly WireMessage[]): (string | null)[] {
  const row = heard.find(({ type }) => type === 'D');
  return row === undefined ? [] : rowValues(row);
}

describe('what gets another name', () => {
  it('is protected before that is committed', async () => {
    for (const renames of [
      ['ALTER TABLE customers RENAME TO aside', "SELECT id FROM aside WHERE left(email, 4) = 'ada1'"],
      [
        'ALTER TABLE customers SET SCHEMA archive',
        "SELECT id FROM archive.customers WHERE left(email, 4) = 'ada1'",
      ],
      ['ALTER SCHEMA public RENAME TO moved', "SELECT id FROM moved.customers WHERE left(email, 4) = 'ada1'"],
      [
        'ALTER TABLE customers RENAME city TO town',
        'ALTER TABLE customers RENAME email TO city',
        "SELECT id FROM customers WHERE left(city, 4) = 'ada1'",
      ],
      [
        'ALTER TABLE customers RENAME TO aside',
        'CREATE TEMP TABLE gone AS SELECT email AS a FROM aside',
        "SELECT a FROM gone WHERE left(a, 1) = 'a'",
      ],
    ]) {
      for (const isOneMessage of [false, true]) {
        const client = await connect();
        const heard = isOneMessage
          ? await say(client, renames.join('; '))
          : await say(client, 'BEGIN', ...renames);
        expect(types(heard), renames.join('; ')).toBe('EZ');
        expect(errorFields(heard[0])['C'], renames.join('; ')).toBe('42501');
        await say(client, 'ROLLBACK');
        client.close();
      }
    }
  });
});

/** Under names that tell nothing, so that only the copying can. */
const makings = [
  'CREATE TABLE %t AS SELECT id, email AS a, city AS b FROM customers',
  'CREATE TEMP TABLE %t AS SELECT id, email AS a, city AS b FROM customers',
  'CREATE TEMP TABLE %t (id, a, b) AS SELECT id, email, city FROM customers',
  'SELECT id, email AS a, city AS b INTO %t FROM customers',
  'SELECT id, email AS a, city AS b INTO TEMP %t FROM customers',
  'CREATE MATERIALIZED VIEW %t AS SELECT id, email AS a, city AS b FROM customers',
  'CREATE VIEW %t AS SELECT id, email AS a, city AS b FROM customers',
  'CREATE OR REPLACE TEMP VIEW %t (id, a, b) AS SELECT id, email, city FROM customers',
  'CREATE TABLE IF NOT EXISTS archive.%t AS WITH c AS (SELECT * FROM customers) SELECT id, email AS a, city AS b FROM c',
];
let made = 0;

describe.each(makings)('what is made by %s', (making) => {
  const name = () => `t${++made}`;
  const from = (table: string) => (making.includes('archive.') ? `archive.${table}` : table);

  it('is protected at once, for the session and for others, and the rest is not', async () => {
    const client = await connect();
    const table = name();
    expect(types(await say(client, making.replace('%t', table)))).toBe('CZ');
    const [, a, b] = firstRow(await say(client, `SELECT * FROM ${from(table)} ORDER BY id`));
    expect([a, b]).toEqual(['a•••@s•••', 'London']);
    const probed = await say(client, `SELECT id FROM ${from(table)} WHERE left(a, 4) = 'ada1'`);
    expect(errorFields(probed[0])['C']).toBe('42501');
    const found = await say(
      client,
      `SELECT count(*) FROM ${from(table)} WHERE a = 'ada1@' || 'secret' || '.example'`,
    );
    expect(firstRow(found)).toEqual(['1']);
    if (!/TEMP/.test(making)) {
      const other = await connect();
      expect(firstRow(await say(other, `SELECT a FROM ${from(table)} LIMIT 1`))).toEqual(['a•••@s•••']);
      expect(types(await say(other, `SELECT id FROM ${from(table)} WHERE left(a, 4) = 'ada1'`))).toBe('EZ');
      other.close();
    }
    client.close();
  });

  it('is protected before its transaction is committed, and after', async () => {
    const client = await connect();
    const table = name();
    await say(client, 'BEGIN');
    expect(types(await say(client, making.replace('%t', table)))).toBe('CZ');
    expect(firstRow(await say(client, `SELECT a FROM ${from(table)} LIMIT 1`))).toEqual(['a•••@s•••']);
    expect(
      errorFields((await say(client, `SELECT id FROM ${from(table)} WHERE left(a, 4) = 'ada1'`))[0])['C'],
    ).toBe('42501');
    await say(client, 'ROLLBACK', 'BEGIN');
    await say(client, making.replace('%t', table));
    const other = await connect();
    // The catalog is read again while the transaction is open: what was learned of the table stays.
    await say(other, `CREATE TABLE ${table}_x (id int)`, `SELECT * FROM ${table}_x`);
    await say(client, 'COMMIT');
    expect(firstRow(await say(client, `SELECT a FROM ${from(table)} LIMIT 1`))).toEqual(['a•••@s•••']);
    expect(types(await say(client, `SELECT left(a, 4) < 'b' FROM ${from(table)} LIMIT 1`))).toBe('EZ');
    other.close();
    client.close();
  });

  it('is protected where all is sent at once, in the extended protocol', async () => {
    const { parse, bind, describe: ask, execute, sync } = serialize;
    const client = await connect();
    const table = name();
    const run = (text: string) => [parse({ text }), bind(), ask({ type: 'P' }), execute()];
    client.send(
      ...run(making.replace('%t', table)),
      ...run(`SELECT a, id FROM ${from(table)} LIMIT 1`),
      sync(),
    );
    const heard = await client.until('Z');
    expect(types(heard)).toBe('12nC12TDCZ');
    expect(firstRow(heard)[0]).toBe('a•••@s•••');
    client.send(...run(`SELECT id FROM ${from(table)} WHERE left(a, 4) = 'ada1'`), sync());
    expect(types(await client.until('Z'))).toBe('EZ');
    client.close();
  });
});

describe('a copy', () => {
  it('of what is computed shows nothing of it', async () => {
    const client = await connect();
    await say(client, 'CREATE TEMP TABLE shouted AS SELECT upper(email) AS a, id FROM customers');
    expect(firstRow(await say(client, 'SELECT a FROM shouted LIMIT 1'))).toEqual(['•••']);
    expect(types(await say(client, "SELECT id FROM shouted WHERE a = 'X'"))).toBe('EZ');
    client.close();
  });

  it('of a copy is protected as well, under whatever name', async () => {
    const client = await connect();
    await say(client, 'BEGIN', 'CREATE TEMP TABLE one AS SELECT email AS a FROM customers');
    await say(client, 'ALTER TABLE one RENAME TO two', 'ALTER TABLE two RENAME a TO b');
    await say(client, 'CREATE TEMP TABLE three AS SELECT b AS c FROM two');
    expect(firstRow(await say(client, 'SELECT c FROM three LIMIT 1'))).toEqual(['a•••@s•••']);
    await say(client, 'CREATE VIEW four AS SELECT c AS d FROM three');
    expect(firstRow(await say(client, 'SELECT d FROM four LIMIT 1'))).toEqual(['a•••@s•••']);
    expect(types(await say(client, "SELECT 1 FROM two WHERE left(b, 3) < 'b'"))).toBe('EZ');
    client.close();
  });

  it('is not made where it could not be followed', async () => {
    const client = await connect();
    for (const text of [
      'CREATE TEMP TABLE c1 AS SELECT email FROM customers; SELECT * FROM c1',
      'CREATE SCHEMA c4 CREATE VIEW v AS SELECT email AS a FROM customers',
      'EXPLAIN ANALYZE CREATE TABLE c2 AS SELECT email AS a FROM customers',
      'CREATE TEMP TABLE c3 AS SELECT c FROM customers c',
    ]) {
      const heard = await say(client, text);
      expect(types(heard), text).toBe('EZ');
      expect(errorFields(heard[0])['C'], text).toBe('42501');
    }
    client.close();
  });

  it('goes by the table that was made, not by one of the same name', async () => {
    const client = await connect();
    await say(client, "CREATE TEMP TABLE twin AS SELECT 1 AS id, 'x'::text AS a");
    await say(client, 'CREATE TABLE public.twin AS SELECT id, email AS a FROM customers');
    expect(firstRow(await say(client, 'SELECT a FROM public.twin LIMIT 1'))).toEqual(['a•••@s•••']);
    expect(firstRow(await say(client, 'SELECT a FROM pg_temp.twin LIMIT 1'))).toEqual(['x']);
    // Where the name is taken, nothing is copied, and nothing is learned.
    expect(types(await say(client, 'CREATE TABLE notes AS SELECT id, email AS note FROM customers'))).toBe(
      'EZ',
    );
    await say(client, "INSERT INTO notes VALUES (1, 'plain')");
    expect(firstRow(await say(client, 'SELECT note FROM notes'))).toEqual(['plain']);
    await say(client, 'CREATE TABLE IF NOT EXISTS notes AS SELECT id, email AS note FROM customers');
    expect(firstRow(await say(client, 'SELECT note FROM notes'))).toEqual(['plain']);
    client.close();
  });
});

describe('a copy into a table that is there', () => {
  const copy = 'INSERT INTO kept (id, email) SELECT id, email FROM customers';
  const state = (heard: readonly WireMessage[]) => errorFields(heard[0])['C'];

  it('is made where its column is protected as well, and nobody sees more of it', async () => {
    const [client, other] = [await connect(), await connect()];
    const begun = await say(client, 'BEGIN', copy);
    expect([types(begun), errorFields(begun[0])['M']]).toEqual(['CZ', undefined]);
    expect(firstRow(await say(client, 'SELECT email FROM kept LIMIT 1'))).toEqual(['a•••@s•••']);
    expect(firstRow(await say(other, 'SELECT count(*) FROM kept'))).toEqual(['0']);
    await say(client, 'ROLLBACK', copy);
    for (const session of [client, other]) {
      expect(firstRow(await say(session, 'SELECT email FROM kept LIMIT 1'))).toEqual(['a•••@s•••']);
      expect(state(await say(session, "SELECT id FROM kept WHERE left(email, 4) = 'ada1'"))).toBe('42501');
    }
    const again = await say(
      client,
      `${copy} ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email RETURNING email`,
    );
    expect(firstRow(again)).toEqual(['a•••@s•••']);
    await say(client, 'UPDATE kept SET email = c.email FROM customers c WHERE c.id = kept.id');
    client.close();
    other.close();
  });

  it('is not made where something else gets the value', async () => {
    const client = await connect();
    const into = (table: string) => `INSERT INTO ${table} (id, email) SELECT id, email FROM customers`;
    expect(state(await say(client, into('watched')))).toBe('42501');
    // The catalog does not show it before it is committed.
    await say(client, 'BEGIN', 'CREATE TABLE fresh (id int, email text)', 'COMMIT');
    await say(
      client,
      'BEGIN',
      'CREATE TRIGGER tell AFTER INSERT ON fresh FOR EACH ROW EXECUTE FUNCTION tell()',
    );
    expect(state(await say(client, into('fresh')))).toBe('42501');
    await say(client, 'ROLLBACK', 'BEGIN', 'ALTER TABLE watched DISABLE TRIGGER tell', 'COMMIT');
    expect(types(await say(client, into('watched')))).toBe('CZ');
    await say(client, 'DELETE FROM watched WHERE true', 'BEGIN', 'ALTER TABLE watched ENABLE TRIGGER tell');
    expect(state(await say(client, into('watched')))).toBe('42501');
    await say(client, 'ROLLBACK');
    expect(firstRow(await say(client, 'SELECT count(*) FROM log'))).toEqual(['0']);
    client.close();
  });
});

describe('a copy into a column that nothing protects', () => {
  const state = (heard: readonly WireMessage[]) => errorFields(heard[0])['C'];
  let count = 0;
  const makeTable = async (client: WireClient, more = '') => {
    const table = `target${++count}`;
    await say(
      client,
      `CREATE TABLE ${table} (id int PRIMARY KEY, town text, said text, short varchar(5), place text${more})`,
      `INSERT INTO ${table} VALUES (-1, 'x', 'plain', 'y', 'z')`,
    );
    return table;
  };

  it.each([
    'INSERT INTO %t (id, said) SELECT id, email FROM customers',
    'INSERT INTO %t (said, id) SELECT c.email, c.id FROM customers c WHERE c.id < 5',
    'INSERT INTO %t (id, said) VALUES (1, (SELECT email FROM customers WHERE id = 1))',
    'INSERT INTO %t (id, said) SELECT id, email FROM customers UNION SELECT id + 9000, email FROM customers',
    'INSERT INTO %t (id, said) WITH c AS (SELECT * FROM customers) SELECT id, email FROM c',
    'INSERT INTO %t (id, town) SELECT -1, email FROM customers LIMIT 1 ON CONFLICT (id) DO UPDATE SET said = EXCLUDED.town',
    'UPDATE %t SET said = email FROM customers c WHERE c.id = 1',
    'UPDATE %t SET said = (SELECT email FROM customers WHERE id = 1)',
  ])('protects it from then on, for everyone: %s', async (copy) => {
    const [client, other] = [await connect(), await connect()];
    const table = await makeTable(client);
    const mostly = `SELECT max(said) AS said FROM ${table}`;
    expect(firstRow(await say(other, `SELECT said FROM ${table}`))).toEqual(['plain']);
    expect(firstRow(await say(other, mostly))).toEqual(['plain']);
    other.send(
      serialize.parse({ name: 'before', text: `SELECT id FROM ${table} WHERE said LIKE $1` }),
      serialize.sync(),
    );
    await other.until('Z');
    expect(types(await say(client, copy.replace('%t', table)))).toBe('CZ');
    for (const session of [client, other]) {
      const told = await say(session, `SELECT said, place FROM ${table} ORDER BY id DESC LIMIT 1`);
      expect(firstRow(told)[0]).toMatch(/^(.•••@s•••|•••)$/);
      expect(types(await say(session, mostly))).not.toContain('E');
      expect(state(await say(session, `SELECT id FROM ${table} WHERE left(said, 1) = 'a'`))).toBe('42501');
      expect(firstRow(await say(session, `SELECT place FROM ${table} WHERE id = -1`))).toEqual(['z']);
    }
    const bound = serialize.bind({ statement: 'before', values: ['a%'] });
    other.send(bound, serialize.execute(), serialize.sync());
    const heard = await other.until('Z');
    expect(heard.map(({ type }) => type)).toContain('E');
    client.close();
    other.close();
  });

  it('can be made again, and from there further', async () => {
    const client = await connect();
    const [first, second] = [await makeTable(client), await makeTable(client)];
    const copy = `INSERT INTO ${first} (id, said) SELECT id, email FROM customers`;
    await say(client, copy, `DELETE FROM ${first} WHERE id > 0`);
    expect(errorFields((await say(client, copy))[0])['M']).toBeUndefined();
    expect(
      types(await say(client, `UPDATE ${second} SET place = f.said FROM ${first} f WHERE f.id = 1`)),
    ).toBe('CZ');
    expect(firstRow(await say(client, `SELECT place FROM ${second} WHERE id = -1`))[0]).toMatch(/•••@s•••$/);
    client.close();
  });

  it.each([
    [
      'something of it would be given back',
      'INSERT INTO %t (id, said) SELECT id, email FROM customers RETURNING said',
    ],
    [
      'another statement may read it',
      'INSERT INTO %t (id, said) SELECT id, email FROM customers; SELECT said FROM %t',
    ],
    [
      'it stands in a query',
      'WITH w AS (INSERT INTO %t (id, said) SELECT id, email FROM customers) SELECT 1',
    ],
    ['it is changed on the way', 'INSERT INTO %t (id, said) SELECT id, left(email, 4) FROM customers'],
    ['it may not fit', 'INSERT INTO %t (id, short) SELECT id, email FROM customers'],
    [
      'it may be of two kinds',
      'INSERT INTO %t (id, said) SELECT id, email FROM customers UNION SELECT id, name FROM customers',
    ],
    ['it is not said into what', 'INSERT INTO %t SELECT c.* FROM customers c'],
    ['only a plan is asked for', 'EXPLAIN INSERT INTO %t (id, said) SELECT id, email FROM customers'],
  ])('is not made where %s', async (_why, copy) => {
    const client = await connect();
    const table = await makeTable(client);
    expect(state(await say(client, copy.replaceAll('%t', table)))).toBe('42501');
    expect(firstRow(await say(client, `SELECT said FROM ${table}`))).toEqual(['plain']);
    client.close();
  });

  it('is not made where the policy says that the column holds nothing to protect', async () => {
    const client = await connect();
    const table = await makeTable(client);
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-open-'));
    const use = async (text: string) => {
      writeFileSync(join(directory, 'masking.yaml'), text);
      await governed.proxy.policy.take(await readPolicyTexts(directory));
    };
    await use(`unclassify: [{column: public.${table}.said, reason: a test}]`);
    const [heard] = await say(
      client,
      `UPDATE ${table} SET said = (SELECT email FROM customers WHERE id = 1)`,
    );
    expect(errorFields(heard)['M']).toContain(`a column of "${table}" that stays open`);
    expect(firstRow(await say(client, `SELECT said FROM ${table}`))).toEqual(['plain']);
    await use('');
    rmSync(directory, { recursive: true });
    client.close();
  });

  it('is not made where something else sees the value', async () => {
    const client = await connect();
    const table = await makeTable(client, ', twice text GENERATED ALWAYS AS (said) STORED');
    expect(state(await say(client, `INSERT INTO ${table} (id, said) SELECT id, email FROM customers`))).toBe(
      '42501',
    );
    client.close();
  });
});
