/** What a statement sets off in a real database is known before it runs. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogProbe, loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import type { Effect } from '../../../proxy/sql/facts.ts';
import { loadParser, type SqlParser } from '../../../proxy/sql/parser.ts';
import { readFacts } from '../../../proxy/sql/readFacts.ts';
import { CodeReader } from '../../../proxy/sql/storedCode/codeSummary.ts';
import { DatabaseCode } from '../../../proxy/sql/storedCode/databaseCode.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const versions = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

const schema = `
  CREATE TABLE customers (id int PRIMARY KEY, email text, note text, touched timestamptz);
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE CASCADE, status text);
  CREATE TABLE items (id serial PRIMARY KEY, order_id int REFERENCES orders ON DELETE SET NULL);
  CREATE TABLE audit (at timestamptz DEFAULT now(), what text);
  CREATE TABLE settings (name text, value text);

  CREATE FUNCTION plain_sum(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
  CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders; RETURN n; END $$;
  CREATE FUNCTION emails() RETURNS SETOF text LANGUAGE sql AS 'SELECT email FROM customers';
  CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM items';
  CREATE FUNCTION outer_wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM wipe(); RETURN 1; END $$;
  CREATE FUNCTION loops(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN loops(n - 1); END $$;
  CREATE FUNCTION dynamic(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DROP TABLE ' || t; END $$;
  CREATE FUNCTION fixed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'TRUNCATE audit'; END $$;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := now(); RETURN NEW; END $$;
  CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO audit (what) VALUES (TG_OP); RETURN NULL; END $$;
  CREATE FUNCTION standard() RETURNS void BEGIN ATOMIC UPDATE settings SET value = '1'; END;
  CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM audit WHERE at < now()';
  CREATE TRIGGER touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE TRIGGER log_orders AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION log_it();
  CREATE TRIGGER log_off AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION log_it();
  ALTER TABLE orders DISABLE TRIGGER log_off;

  CREATE VIEW wiping AS SELECT outer_wipe() AS x;
  CREATE VIEW over_wiping AS SELECT x FROM wiping;
  CREATE VIEW few AS SELECT id, status FROM orders WHERE id < 10;
  CREATE TABLE inbox (id int DEFAULT outer_wipe(), at timestamptz DEFAULT now());
  CREATE RULE forward AS ON INSERT TO settings DO ALSO DELETE FROM audit;
  CREATE TABLE notes (id int, text text) PARTITION BY RANGE (id);
  CREATE TABLE notes_1 PARTITION OF notes FOR VALUES FROM (0) TO (10);
  CREATE TRIGGER log_notes AFTER INSERT ON notes_1 FOR EACH ROW EXECUTE FUNCTION log_it();
  CREATE DOMAIN tidy_int AS int CHECK (outer_wipe() IS NOT NULL);
  CREATE TABLE with_domain (n tidy_int);
  CREATE TABLE guarded (id int);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY p ON guarded USING (outer_wipe() = 1);
  CREATE FUNCTION step(int, int) RETURNS int LANGUAGE sql AS 'DELETE FROM audit; SELECT 1';
  CREATE AGGREGATE strange_sum(int) (SFUNC = step, STYPE = int);
  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = step);
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE FUNCTION to_mood(int) RETURNS mood LANGUAGE sql AS $$ DELETE FROM items; SELECT 'ok'::mood $$;
  CREATE CAST (int AS mood) WITH FUNCTION to_mood(int);
  CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
  CREATE FUNCTION gap(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN DELETE FROM items; RETURN 1; END $$;
  CREATE TYPE gap_span AS RANGE (subtype = float8, subtype_diff = gap);
  CREATE TYPE tidy_span AS RANGE (subtype = tidy_int);
  CREATE EXTENSION pg_trgm;
  CREATE EXTENSION dblink;
  CREATE EXTENSION tablefunc;`;

describe.each(versions)('the code of a database of PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: Client;
  let parser: SqlParser;
  let code: DatabaseCode;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new Client({ connectionString: server.url() });
    await client.connect();
    await client.query(schema);
    parser = await loadParser();
    code = new DatabaseCode(await loadCatalog(client, 0), new CodeReader(parser));
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  const factsOf = (text: string) => {
    const [facts] = readFacts(parser.parse(text), text);
    if (facts === undefined) throw new Error('no statement');
    return code.complete(facts);
  };
  /** `delete items real`, without what only reads. */
  const show = ({ kind, relation, functionName, predicate }: Effect) =>
    [kind, relation?.name ?? functionName, predicate === 'none' ? '' : predicate].filter(Boolean).join(' ');
  const effectsOf = (text: string) =>
    factsOf(text)
      .effects.filter(({ kind }) => kind !== 'read')
      .map(show)
      .sort();

  it.each([
    ['SELECT plain_sum(1, 2)', []],
    ['SELECT count_orders()', []],
    ['SELECT similarity(status, status) FROM orders', []],
    ['SELECT * FROM few', []],
    ['SELECT public.plain_sum(1, 2)', []],
    ['SELECT span(1, 2), span(1, 2, $$[]$$), $$[1,2)$$::span, $$[1,2)$$::span && span(0, 3)', []],
  ])('lets %s be what it is: a read', (text, effects) => {
    expect(effectsOf(text)).toEqual(effects);
    expect(factsOf(text).readOnly).toBe(true);
  });

  it.each([
    ['SELECT outer_wipe()', ['delete items absent']],
    ['SELECT public.outer_wipe()', ['delete items absent']],
    ['SELECT loops(3)', []],
    ['SELECT fixed()', ['truncate audit']],
    ['SELECT standard()', ['update settings absent']],
    ['CALL tidy()', ['call tidy', 'delete audit real']],
    ['SELECT * FROM wiping', ['delete items absent']],
    ['SELECT * FROM over_wiping', ['delete items absent']],
    ['SELECT strange_sum(id) FROM orders', ['delete audit absent']],
    ['SELECT 1 === 2', ['delete audit absent']],
    ['SELECT 1::mood', ['delete items absent']],
    ['SELECT gap_span(1, 2)', ['delete items absent']],
    ['SELECT $$[1,2)$$::gap_span', ['delete items absent']],
    ['SELECT tidy_span(1, 2)', ['procedural tidy_span']],
    ['SELECT * FROM guarded', ['delete items absent']],
    ['INSERT INTO inbox DEFAULT VALUES', ['delete items absent', 'insert inbox']],
    ['INSERT INTO with_domain VALUES (1)', ['delete items absent', 'insert with_domain']],
    ['INSERT INTO orders VALUES (1)', ['insert audit', 'insert orders']],
    ['INSERT INTO notes VALUES (1)', ['insert audit', 'insert notes']],
    ['INSERT INTO settings VALUES (1)', ['delete audit absent', 'insert settings']],
    ["UPDATE customers SET note = '' WHERE id = 1", ['update customers real']],
    ["UPDATE orders SET status = '' WHERE id = 1", ['update orders real']],
    [
      'DELETE FROM few WHERE id = 1',
      ['delete few real', 'delete orders real', 'insert audit', 'update items real'],
    ],
    [
      'DELETE FROM customers WHERE id = 1',
      ['delete customers real', 'delete orders real', 'insert audit', 'update items real'],
    ],
    ['INSERT INTO items (order_id) VALUES (1)', ['insert items']],
    ['PREPARE p AS SELECT 1', ['session']],
  ])('sees what %s sets off', (text, effects) => {
    expect(effectsOf(text)).toEqual(effects);
  });

  it('sees through PREPARE', () => {
    const { role } = factsOf('PREPARE p AS SELECT outer_wipe()');
    expect(role.kind === 'prepare' && role.inner.effects.map(show)).toContain('delete items absent');
  });

  it('says by what', () => {
    const why = (text: string, kind: string) =>
      factsOf(text).effects.find((effect) => effect.kind === kind)?.why;
    const [, second] = factsOf('INSERT INTO orders VALUES (1)').effects;
    expect(second?.why).toBe('is done by the trigger log_orders on orders');
    expect(why('SELECT outer_wipe()', 'delete')).toBe('is done by the function outer_wipe');
    expect(
      factsOf('DELETE FROM customers').effects.find(({ relation }) => relation?.name === 'orders')?.why,
    ).toBe('is done by the foreign key orders_customer_id_fkey, which follows customers');
  });

  it('keeps what cannot be looked into as code whose effects are not known', () => {
    expect(effectsOf("SELECT dynamic('items')")).toEqual(['procedural']);
    expect(effectsOf("SELECT * FROM crosstab('SELECT 1') AS t (a int)")).toEqual(['procedural crosstab']);
    expect(effectsOf('SELECT no_such_function()')).toEqual(['procedural no_such_function']);
  });

  it('knows a function of the server by its name, also where an extension has put it elsewhere', () => {
    expect(effectsOf("SELECT public.dblink_exec('x', 'y')")).toEqual(['serverAccess dblink_exec']);
  });

  it('knows which relations functions read out of sight', () => {
    expect(factsOf('SELECT * FROM emails()').hiddenReads).toEqual([{ name: 'customers' }]);
    expect(factsOf('SELECT * FROM customers').hiddenReads).toEqual([]);
    expect(factsOf('INSERT INTO orders VALUES (1)').hiddenReads).toEqual([]);
  });

  it('notices every change of code, by the probe', async () => {
    const changes = [
      `CREATE OR REPLACE FUNCTION plain_sum(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a - b'`,
      'ALTER TABLE orders ENABLE TRIGGER log_off',
      'ALTER TABLE inbox ALTER COLUMN at SET DEFAULT clock_timestamp()',
      'ALTER TABLE inbox ADD CHECK (id > 0)',
      'ALTER POLICY p ON guarded USING (true)',
      'ALTER TABLE guarded DISABLE ROW LEVEL SECURITY',
      'CREATE INDEX ON inbox ((id + 1))',
      'DROP CAST (int AS mood)',
      'ALTER TABLE items DROP CONSTRAINT items_order_id_fkey, ADD FOREIGN KEY (order_id) REFERENCES orders',
    ];
    for (const change of changes) {
      const before = await catalogProbe(client);
      await client.query('BEGIN');
      await client.query(change);
      expect(await catalogProbe(client), change).not.toBe(before);
      await client.query('ROLLBACK');
    }
  });
});
