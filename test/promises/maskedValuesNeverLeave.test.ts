/** Whatever is asked, in whichever protocol and format: no byte that comes back holds a protected value. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { types, WireClient } from '../kit/wireClient.ts';

/** Stands in every e-mail address of the fixture and nowhere else. */
const marker = 'secret.example';

const setup = `${shopSetup}
  CREATE VIEW contacts AS SELECT id, email AS reach_at FROM customers;
  CREATE VIEW shouting AS SELECT id, upper(email) AS loud FROM customers;
  CREATE TABLE customers_backup (LIKE customers); INSERT INTO customers_backup SELECT * FROM customers;
  CREATE TABLE notes (id int PRIMARY KEY, note text);
  CREATE STATISTICS on_two (mcv) ON email, city FROM customers;
  INSERT INTO customers SELECT i, 'Twin', 'twin' || i || '@secret.example', '', 'London' FROM generate_series(101, 102) i;
  ANALYZE;
  SELECT lo_from_bytea(77, 'ada1@secret.example');
  ALTER ROLE postgres SET app.contact = 'ada1@secret.example';
`;

/** By BYPASSES.md's ids. Some are refused, some answer with masks; which, is not asked here. */
const ways: readonly string[] = [
  'SELECT * FROM customers',
  'SELECT x FROM (SELECT email x FROM customers) s',
  'WITH a AS (SELECT email FROM customers) SELECT * FROM a',
  'SELECT left(email, 30) FROM customers',
  "SELECT email || '' FROM customers",
  'SELECT email::int FROM customers',
  'SELECT email::regclass FROM customers',
  'SELECT email::json FROM customers',
  "INSERT INTO customers VALUES (1000, 'x', 'ada1@secret.' || 'example')",
  'UPDATE customers SET email = (SELECT email FROM customers WHERE id = 2) WHERE id = 1',
  "UPDATE customers SET name = NULL WHERE email = 'x' OR id = 1",
  "SELECT 1/(CASE WHEN email LIKE 'a%' THEN 0 ELSE 1 END) FROM customers",
  'SELECT max(email) FROM customers',
  'SELECT lag(email) OVER (ORDER BY id) FROM customers',
  'SELECT email FROM customers UNION SELECT status FROM orders',
  'SELECT email FROM customers EXCEPT SELECT status FROM orders',
  'SELECT c FROM customers c',
  'SELECT c::text FROM customers c',
  'SELECT row_to_json(c) FROM customers c',
  'SELECT to_jsonb(c) FROM customers c',
  'SELECT (c).* FROM customers c',
  'SELECT (c).email FROM customers c',
  'SELECT * FROM customers c, LATERAL jsonb_each_text(to_jsonb(c))',
  'SELECT unnest(ARRAY[email]) FROM customers',
  "SELECT string_agg(email, ',') FROM customers",
  'SELECT array_agg(email) FROM customers',
  'SELECT (SELECT email FROM customers WHERE id = 1)',
  'SELECT * FROM contacts',
  'SELECT * FROM shouting',
  'SELECT * FROM customers_backup',
  'CREATE TEMP TABLE copied AS SELECT email FROM customers; SELECT * FROM copied',
  'SELECT email INTO TEMP copied2 FROM customers; SELECT * FROM copied2',
  'INSERT INTO notes SELECT id, email FROM customers; SELECT * FROM notes',
  'UPDATE notes SET note = email FROM customers; SELECT * FROM notes',
  'DELETE FROM customers WHERE id = 100 RETURNING *',
  'UPDATE customers SET city = city WHERE id = 99 RETURNING email',
  'MERGE INTO notes n USING customers c ON n.id = c.id WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.email); SELECT * FROM notes',
  'COPY customers TO STDOUT',
  'COPY (SELECT email FROM customers) TO STDOUT',
  'BEGIN; DECLARE c CURSOR FOR SELECT email FROM customers; FETCH ALL FROM c; COMMIT',
  'PREPARE p AS SELECT email FROM customers; EXECUTE p; DEALLOCATE p',
  "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
  "SELECT to_jsonb(s) FROM pg_stats s WHERE tablename = 'customers'",
  'SELECT most_common_vals FROM pg_stats_ext',
  'SELECT stxdmcv::text FROM pg_statistic_ext_data',
  'SELECT m.* FROM pg_statistic_ext_data d, pg_mcv_list_items(d.stxdmcv) m',
  'SELECT query FROM pg_stat_activity',
  'SELECT * FROM pg_stat_get_activity(NULL)',
  'SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b',
  'SELECT a FROM pg_stat_activity a',
  'SELECT data FROM pg_largeobject',
  'SELECT lo_get(77)',
  "SELECT convert_from(lo_get(77), 'utf8')",
  'SELECT setconfig FROM pg_db_role_setting',
  'SELECT rolconfig FROM pg_roles',
  "COPY customers (email) TO STDOUT (FORMAT csv, DELIMITER '@')",
  'COPY customers TO STDOUT (FORMAT binary)',
  'COPY (SELECT c FROM customers c) TO STDOUT',
  'COPY (SELECT upper(email) FROM customers) TO STDOUT CSV',
  'COPY (DELETE FROM customers WHERE id = 98 RETURNING *) TO STDOUT',
  'COPY (SELECT query FROM pg_stat_activity) TO STDOUT',
  "SELECT query_to_xml('select email from customers', true, true, '')",
  "SELECT table_to_xml('customers', true, true, '')",
  "SELECT database_to_xml(true, true, '')",
  "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT email FROM customers LIMIT 1); END $$",
  'DO $$ BEGIN PERFORM email::int FROM customers; END $$',
  "SELECT pg_notify('c', email) FROM customers",
  'SELECT encode(email::bytea, $$base64$$), md5(email), reverse(email) FROM customers',
  "SELECT format('%s', email), quote_literal(email), to_tsvector(email) FROM customers",
  'SELECT id FROM customers ORDER BY email',
  "SELECT id FROM customers WHERE email > 'm'",
  'EXPLAIN ANALYZE SELECT * FROM customers WHERE email = (SELECT email FROM customers LIMIT 1)',
  'TABLE customers',
  'SELECT DISTINCT ON (email) email FROM customers',
  'SELECT * FROM customers FULL JOIN customers_backup USING (email)',
  'SELECT a.email FROM customers a NATURAL JOIN customers_backup b',
  'SELECT U&"\\0065mail" FROM customers',
  'CREATE VIEW pg_temp.peek AS SELECT email FROM customers; SELECT * FROM pg_temp.peek',
  'CREATE INDEX ON customers ((email::int))',
  'ALTER TABLE customers ALTER email TYPE int USING email::int',
  'ALTER TABLE customers ADD CHECK (email IS NULL)',
  'ALTER TABLE customers RENAME email TO note; SELECT upper(note), note FROM customers',
];

let governed: Governed;
/** Somebody else, whose last statement the server still shows. */
let bystander: WireClient;
beforeAll(async () => {
  governed = await startGoverned({ environment: 'development', setup });
  bystander = await WireClient.connect(governed.direct());
  await bystander.query("SELECT id FROM customers WHERE email = 'ada1@secret.example'");
});
afterAll(async () => {
  bystander?.close();
  await governed?.stop();
});

async function hear(send: (client: WireClient) => void): Promise<string> {
  const client = await WireClient.connect(governed.url());
  try {
    send(client);
    const heard = await client.until('Z');
    for (const { type, body } of heard) {
      const text = body.toString('latin1');
      for (const form of [marker, marker.toUpperCase(), Buffer.from(marker).toString('hex')]) {
        expect(text.includes(form), `${type}: ${text.slice(0, 200)}`).toBe(false);
      }
    }
    return types(heard);
  } finally {
    client.send(serialize.query('ROLLBACK'));
    client.close();
  }
}

describe('a protected value', () => {
  it('is there to be found: directly, the marker comes', async () => {
    const direct = await WireClient.connect(governed.direct());
    const heard = await direct.query('SELECT email FROM customers LIMIT 1');
    expect(heard.some(({ body }) => body.includes(marker))).toBe(true);
    direct.close();
  });

  it.each(ways)('does not leave by: %s', async (text) => {
    const { parse, bind, describe: ask, execute, sync, query } = serialize;
    await hear((client) => client.send(query(text)));
    for (const binary of [false, true]) {
      await hear((client) =>
        client.send(parse({ text }), bind({ binary }), ask({ type: 'P' }), execute(), sync()),
      );
      await hear((client) => client.send(parse({ text }), bind({ binary }), execute(), sync()));
    }
  });

  it('comes masked where it is asked for plainly, through views too', async () => {
    const client = await WireClient.connect(governed.url());
    for (const text of [
      'SELECT * FROM contacts LIMIT 1',
      'SELECT id, loud FROM shouting LIMIT 1',
      'SELECT email FROM customers_backup LIMIT 1',
    ]) {
      const heard = await client.query(text);
      expect(types(heard)).toBe('TDCZ');
      expect(heard[1]?.body.toString('utf8')).toContain('•••');
    }
    client.close();
  });
});
