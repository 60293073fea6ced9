/**
 * Code that cannot be looked into is not run while there are protected columns: of another language, of another extension, or
 * executing a text that may be any. Each case tells one value from another where no proxy is, and none through it.
 */
import { Client, type DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';

/** PL/pgSQL by another name: to the proxy it is a language that it knows the name of, and no more. */
const otherLanguage = `
  CREATE TRUSTED LANGUAGE plv8 HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator`;

const first = 'ascii(substr((SELECT email FROM customers WHERE id = 1), 1))';

const setup = `${shopSetup} ${otherLanguage};
  CREATE EXTENSION tablefunc;
  CREATE TABLE log (n int); CREATE TABLE tasks (id int, state text);
  CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at);
  CREATE FUNCTION peek(int) RETURNS int LANGUAGE plv8 AS $$ BEGIN RETURN ${first}; END $$;
  CREATE FUNCTION peeks() RETURNS SETOF int LANGUAGE plv8 AS $$ BEGIN RETURN NEXT ${first}; END $$;
  CREATE FUNCTION is_early(int) RETURNS boolean LANGUAGE plv8 AS $$ BEGIN RETURN ${first} < 98; END $$;
  CREATE FUNCTION always(int) RETURNS int IMMUTABLE LANGUAGE plv8 AS $$ BEGIN RETURN ${first}; END $$;
  CREATE FUNCTION tell() RETURNS void LANGUAGE plv8 AS $$ BEGIN INSERT INTO log VALUES (${first}); END $$;
  CREATE FUNCTION through() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN peek(1); END $$;
  CREATE FUNCTION run(text) RETURNS int LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN EXECUTE $1 INTO n; RETURN n; END $$;
  CREATE FUNCTION as_xml(text, boolean, boolean, text) RETURNS xml LANGUAGE internal AS 'query_to_xml';
  CREATE FUNCTION add_peek(int, int) RETURNS int LANGUAGE plv8 AS $$ BEGIN RETURN $1 + ${first}; END $$;
  CREATE AGGREGATE gather(int) (SFUNC = add_peek, STYPE = int, INITCOND = '0');
  CREATE OPERATOR ?>> (LEFTARG = int, RIGHTARG = int, FUNCTION = add_peek);
  CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE FUNCTION mood_number(mood) RETURNS int LANGUAGE plv8 AS $$ BEGIN RETURN ${first}; END $$;
  CREATE CAST (mood AS int) WITH FUNCTION mood_number(mood);
  CREATE VIEW peeked AS SELECT id, peek(id) AS n FROM tasks;
  CREATE VIEW crossed AS SELECT b FROM crosstab('SELECT 1, 2, ${first}') AS t (a int, b int);
  INSERT INTO tasks VALUES (1, 'open'), (2, 'done');
  CREATE TABLE defaulted (id int, n int DEFAULT peek(1));
  CREATE TABLE checked (id int CHECK (is_early(id)));
  CREATE TABLE generated (id int, n int GENERATED ALWAYS AS (always(id)) STORED);
  CREATE DOMAIN early_id AS int CHECK (is_early(VALUE));
  CREATE FUNCTION size_of(int) RETURNS int LANGUAGE sql AS 'SELECT length(email) FROM customers WHERE id = $1';
  CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE TABLE plain_default (id int, n int DEFAULT plain());
  CREATE FUNCTION decides() RETURNS int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN
    EXECUTE 'SELECT email FROM customers WHERE id = 1' INTO v;
    IF v < 'b' THEN INSERT INTO log VALUES (1); END IF; RETURN NULL; END $$;
  CREATE FUNCTION hands_on() RETURNS int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN
    SELECT email INTO v FROM customers WHERE id = 1;
    EXECUTE 'INSERT INTO log VALUES (length($1))' USING v; RETURN NULL; END $$;
  CREATE FUNCTION comments() RETURNS int LANGUAGE plpgsql AS $$ DECLARE v text; BEGIN
    SELECT email INTO v FROM customers WHERE id = 1;
    EXECUTE 'COMMENT ON TABLE tasks IS ''' || v || ''''; RETURN NULL; END $$;
  CREATE FUNCTION make_part(date) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format(
    'CREATE TABLE IF NOT EXISTS %I PARTITION OF parted FOR VALUES FROM (%L) TO (%L)', 'parted_' || to_char($1, 'YYYY'), $1, $1 + 365); END $$;
  CREATE ROLE reader; GRANT SELECT ON customers TO reader;
  CREATE TABLE guarded (id int); INSERT INTO guarded VALUES (1); GRANT SELECT ON guarded TO reader;
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; CREATE POLICY early ON guarded USING (is_early(id));
  CREATE PROCEDURE copies() LANGUAGE sql AS 'INSERT INTO log SELECT length(email) FROM customers WHERE id = 1';
  CREATE PROCEDURE measures(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN SELECT length(email) INTO n FROM customers WHERE id = 1; END $$;
  CREATE PROCEDURE peeks_so(INOUT n int) LANGUAGE plv8 AS $$ BEGIN n := ${first}; END $$;
  CREATE PROCEDURE finishes(done int) LANGUAGE plpgsql AS $$ BEGIN UPDATE tasks SET state = 'done' WHERE id = done; COMMIT; END $$;
  CREATE FUNCTION makes() RETURNS void LANGUAGE plpgsql AS $d$ BEGIN
    CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT length(email) FROM customers WHERE id = 1'; END $d$;
  SET check_function_bodies = off;
  CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SELECT FROM WHERE; END $$;
  RESET check_function_bodies;
  CREATE FUNCTION atomic() RETURNS int BEGIN ATOMIC SELECT length(email) FROM customers WHERE id = 1; END;
  ANALYZE;
`;

const open = (text: string) =>
  `EXECUTE 'INSERT INTO log SELECT ascii(' || ${text} || ') FROM customers WHERE id = 1'`;

/** Each is a session's statements, one after the other; those that leave something behind are rolled back. */
const telling: readonly (readonly string[])[] = [
  ['SELECT peek(1)'],
  ['SELECT peek(n) FROM generate_series(1, 2) n'],
  ['SELECT count(*) FROM tasks WHERE is_early(id)'],
  ['SELECT CASE WHEN is_early(1) THEN 1 ELSE 2 END'],
  ['SELECT * FROM peeks()'],
  ['SELECT through()'],
  [`SELECT run('SELECT ascii(email) FROM customers WHERE id = 1')`],
  [`SELECT length(as_xml('SELECT email FROM customers WHERE id = 1', true, false, '')::text)`],
  [`SELECT length(query_to_xml('SELECT email FROM customers WHERE id = 1', true, false, '')::text)`],
  [
    `SELECT count(*) FROM tasks WHERE query_to_xml('SELECT email FROM customers', true, false, '')::text LIKE '%>ada1@%'`,
  ],
  [`SELECT max(length(word)) FROM ts_stat($$SELECT to_tsvector('simple', email) FROM customers$$)`],
  [`SELECT b FROM crosstab('SELECT 1, 2, ${first}') AS t (a int, b int)`],
  ['SELECT gather(id) FROM tasks'],
  ['SELECT 1 ?>> 0'],
  [`SELECT 'good'::mood::int`],
  ['SELECT n FROM peeked WHERE id = 1'],
  ['SELECT b FROM crossed'],
  ['SELECT 1::early_id'],
  ['COPY (SELECT peek(1)) TO STDOUT', 'SELECT peek(1)'],
  ['PREPARE p AS SELECT peek(1)', 'EXECUTE p', 'DEALLOCATE p'],
  ['BEGIN', 'DECLARE c CURSOR FOR SELECT peek(1)', 'FETCH c', 'ROLLBACK'],
  ['BEGIN', 'SELECT tell()', 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', 'INSERT INTO defaulted (id) VALUES (1)', 'SELECT n FROM defaulted', 'ROLLBACK'],
  ['BEGIN', 'INSERT INTO checked VALUES (1)', 'ROLLBACK'],
  ['BEGIN', 'INSERT INTO generated (id) VALUES (1)', 'SELECT n FROM generated', 'ROLLBACK'],
  ['BEGIN', 'CREATE VIEW mine AS SELECT peek(1) AS n', 'SELECT n FROM mine', 'ROLLBACK'],
  ['BEGIN', 'CREATE TABLE mine AS SELECT peek(1) AS n', 'SELECT n FROM mine', 'ROLLBACK'],
  ['BEGIN', 'ALTER TABLE tasks ADD COLUMN n int DEFAULT peek(1)', 'SELECT n FROM tasks', 'ROLLBACK'],
  [
    'BEGIN',
    'CREATE TABLE mine (n int DEFAULT peek(1))',
    'INSERT INTO mine DEFAULT VALUES',
    'SELECT n FROM mine',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    'CREATE TABLE mine (n int DEFAULT size_of(1))',
    'INSERT INTO mine DEFAULT VALUES',
    'SELECT n FROM mine',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    `CREATE OR REPLACE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT length(email) FROM customers WHERE id = 1'`,
    'INSERT INTO plain_default (id) VALUES (1)',
    'SELECT n FROM plain_default',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    `CREATE FUNCTION mine() RETURNS int LANGUAGE plv8 AS $$ BEGIN RETURN ${first}; END $$`,
    'SELECT mine()',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    `DO $d$ BEGIN EXECUTE 'CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS ''SELECT length(email) FROM customers WHERE id = 1'''; END $d$`,
    'SELECT count(*) FROM tasks WHERE mine() > 20',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    `CREATE FUNCTION maker() RETURNS void LANGUAGE plpgsql AS $d$ BEGIN CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT length(email) FROM customers WHERE id = 1'; END $d$`,
    'SELECT maker()',
    'SELECT count(*) FROM tasks WHERE mine() > 20',
    'ROLLBACK',
  ],
  ['BEGIN', 'CALL copies()', 'SELECT n FROM log', 'ROLLBACK'],
  ['CALL measures(NULL)'],
  ['SET ROLE reader', 'SELECT id FROM guarded', 'RESET ROLE'],
  ['CALL peeks_so(NULL)'],
  ['BEGIN', 'SELECT makes()', 'SELECT count(*) FROM tasks WHERE mine() > 20', 'ROLLBACK'],
  [
    'BEGIN',
    `CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id := length((SELECT email FROM customers WHERE id = 1)); RETURN NEW; END $$`,
    'CREATE TRIGGER mine BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION mine()',
    'INSERT INTO tasks VALUES (3)',
    'SELECT id FROM tasks',
    'ROLLBACK',
  ],
  [
    'BEGIN',
    `CREATE FUNCTION quote_ident(int) RETURNS text LANGUAGE sql AS $$ SELECT 'tasks; INSERT INTO log SELECT length(email) FROM customers WHERE id = 1' $$`,
    `DO $$ BEGIN EXECUTE 'TRUNCATE ' || quote_ident(1); END $$`,
    'SELECT n FROM log',
    'ROLLBACK',
  ],
  ['BEGIN', 'SELECT decides()', 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', 'SELECT hands_on()', 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', 'SELECT comments()', `SELECT length(obj_description('tasks'::regclass))`, 'ROLLBACK'],
  ['BEGIN', `DO LANGUAGE plv8 $$ BEGIN PERFORM tell(); END $$`, 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', `DO $$ DECLARE c text := 'email'; BEGIN ${open('c')}; END $$`, 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', `DO $$ BEGIN ${open("quote_ident('email')")}; END $$`, 'SELECT n FROM log', 'ROLLBACK'],
  ['BEGIN', `DO $$ BEGIN ${open("'email'")}; END $$`, 'SELECT n FROM log', 'ROLLBACK'],
  [
    'BEGIN',
    `DO $$ BEGIN DO $i$ DECLARE c text := 'email'; BEGIN ${open('c')}; END $i$; END $$`,
    'SELECT n FROM log',
    'ROLLBACK',
  ],
];

const honest: readonly string[] = [
  'SELECT plain()',
  'INSERT INTO plain_default (id) VALUES (1)',
  'SELECT count(*) FROM normal_rand(3, 0, 1)',
  "SELECT make_part('2031-01-01')",
  'CALL finishes(1)',
  "DO $$ DECLARE t text := 'tasks'; BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS seen int DEFAULT 0', t); END $$",
  "DO $$ DECLARE t text := 'tasks'; BEGIN EXECUTE 'ANALYZE ' || t::regclass; END $$",
  "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP EXECUTE format('GRANT SELECT ON %I TO PUBLIC', r.tablename); END LOOP; END $$",
  "DO $$ DECLARE n bigint; t text := 'customers'; BEGIN EXECUTE format('SELECT count(*) FROM %I', t) INTO n; END $$",
  "DO $$ BEGIN EXECUTE 'CREATE INDEX IF NOT EXISTS ' || quote_ident('tasks_state') || ' ON tasks (state)'; END $$",
  "DO $$ BEGIN EXECUTE 'UPDATE tasks SET state = ' || '''open'' WHERE id = 1'; END $$",
  "DO $$ BEGIN EXECUTE format('SET search_path = %I', 'public'); END $$",
  'SELECT min(id) FROM customers GROUP BY email',
];

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let governed: Governed;
  let direct: Client;

  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', version, setup });
    direct = new Client({ connectionString: governed.direct() });
    await direct.connect();
  });
  afterAll(async () => {
    await direct?.end();
    await governed?.stop();
  });

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: governed.url() });
    await client.connect();
    return client;
  }

  /** What a session sees of its statements: rows, or the code of the error. */
  async function outcomes(session: Client, texts: readonly string[]): Promise<string[]> {
    const seen: string[] = [];
    for (const text of texts) {
      try {
        seen.push(JSON.stringify((await session.query(text)).rows));
      } catch (error) {
        seen.push(`${(error as DatabaseError).code} ${(error as DatabaseError).message}`);
      }
    }
    await session.query('ROLLBACK');
    return seen;
  }

  /** The same with two values in the column. */
  async function compare(session: Client, texts: readonly string[]): Promise<[string[], string[]]> {
    const before = await outcomes(session, texts);
    await direct.query("UPDATE customers SET email = 'zzz' || email WHERE id = 1");
    const after = await outcomes(session, texts);
    await direct.query('UPDATE customers SET email = substr(email, 4) WHERE id = 1');
    return [before, after];
  }

  it.each(telling.map((texts) => [texts.join('; '), texts] as const))(
    '%s tells nothing',
    async (_name, texts) => {
      const [one, other] = await compare(direct, texts);
      expect(other, 'without the proxy it tells the values apart').not.toEqual(one);
      const client = await connect();
      const [seen, seenOther] = await compare(client, texts);
      await client.end();
      expect(seenOther).toEqual(seen);
      expect(seen.join('\n')).toMatch(/^42501 .*(?:protected)/m);
    },
  );

  it('comes masked where it can be read, and fails where the server cannot read it either', async () => {
    const client = await connect();
    const [seen, seenOther] = await compare(client, ['SELECT atomic() AS n']);
    expect(seenOther).toEqual(seen);
    expect(await outcomes(direct, ['SELECT broken()'])).toEqual([expect.stringMatching(/^42601 /)]);
    expect(await outcomes(client, ['SELECT broken()'])).toEqual([
      expect.stringMatching(/^42501 broken\(\) /),
    ]);
    await client.end();
  });

  it.each(honest)('%s goes on', async (text) => {
    const client = await connect();
    const [seen] = await outcomes(client, [text]);
    await client.end();
    expect(seen).toMatch(/^\[/);
  });
});
