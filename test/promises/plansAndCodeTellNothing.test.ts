/** What chooses the plan of a query, and code that reads for it, tell nothing of protected values; honest uses of both go on. */
import { Client, type DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';

const setup = `${shopSetup}
  CREATE TABLE tasks (id int PRIMARY KEY, state text, customer_id int);
  INSERT INTO tasks SELECT i, CASE i % 2 WHEN 0 THEN 'open' ELSE 'done' END, i FROM generate_series(1, 20) i;
  CREATE VIEW firsts AS SELECT min(id) AS id FROM customers GROUP BY email;
  CREATE DOMAIN mail AS text; CREATE DOMAIN work_mail AS mail; CREATE DOMAIN amount AS int;
  CREATE TABLE people (id int PRIMARY KEY, email work_mail, total amount);
  INSERT INTO people VALUES (1, 'jane@secret.example', 1);
  CREATE FUNCTION id_of(text) RETURNS int LANGUAGE sql STABLE AS 'SELECT id FROM customers WHERE email = $1';
  CREATE FUNCTION city_of(wanted int) RETURNS text LANGUAGE plpgsql STABLE AS $$
    DECLARE found_city text; BEGIN SELECT city INTO found_city FROM customers WHERE id = wanted; RETURN found_city; END $$;
  CREATE FUNCTION with_mail() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
    DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM customers c WHERE c.email IS NOT NULL; RETURN n; END $$;
  CREATE FUNCTION size_of(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT length(email) FROM customers WHERE id = $1';
  CREATE FUNCTION through(int) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN size_of($1); END $$;
  CREATE FUNCTION is_early(int) RETURNS boolean BEGIN ATOMIC SELECT email < 'ada5' FROM customers WHERE id = $1; END;
  CREATE FUNCTION larger(int, int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT size_of($1) > $2';
  CREATE OPERATOR >>>> (LEFTARG = int, RIGHTARG = int, FUNCTION = larger);
  CREATE FUNCTION sizes() RETURNS TABLE (who int, size int) LANGUAGE sql STABLE AS 'SELECT id, length(email) FROM customers';
  CREATE FUNCTION fails(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'no' USING ERRCODE = (SELECT email FROM customers WHERE id = $1); END $$;
  CREATE FUNCTION decides(int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE m text; n text; BEGIN
    SELECT email INTO m FROM customers WHERE id = $1; n := m; IF n < 'ada5' THEN RETURN NULL; END IF; RETURN 1; END $$;
  CREATE FUNCTION passes_on(int) RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
    FOR r IN SELECT * FROM customers LOOP PERFORM pg_notify('c', r.email); END LOOP; END $$;
  CREATE FUNCTION found(text) RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM customers WHERE email LIKE $1';
  CREATE FUNCTION kept(wanted int) RETURNS text LANGUAGE plpgsql STABLE AS $$ DECLARE m text; n int; BEGIN
    SELECT email, id INTO m, n FROM customers WHERE id = wanted; IF n > 1000 THEN RETURN 'x'; END IF; SELECT count(*) INTO n FROM customers WHERE email = m;
    IF m IS NULL OR n < 1 THEN RETURN NULL; END IF; RETURN m; END $$;
  CREATE FUNCTION insists() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'QQ002'; END $$;
  CREATE FUNCTION sorted() RETURNS SETOF int LANGUAGE sql SET enable_hashagg = off AS 'SELECT min(id) FROM customers GROUP BY email';
  CREATE FUNCTION sorts() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('enable_hashagg', 'off', true); RETURN QUERY SELECT min(id) FROM customers GROUP BY email; END $$;
  CREATE FUNCTION sorts_so() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE 'SET LOCAL enable_' || 'hashagg = off'; RETURN QUERY SELECT min(id) FROM customers GROUP BY email; END $$;
  CREATE FUNCTION sets(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET %I = off', $1); END $$;
  CREATE FUNCTION groups() RETURNS SETOF int LANGUAGE sql AS 'SELECT min(id) FROM customers GROUP BY email';
  ANALYZE;
`;

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let governed: Governed;
  const clients: Client[] = [];

  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', version, setup });
  });
  afterAll(async () => {
    for (const client of clients) await client.end();
    await governed?.stop();
  });

  async function connect(options?: string): Promise<Client> {
    const client = new Client({ connectionString: governed.url(), ...(options && { options }) });
    await client.connect();
    clients.push(client);
    return client;
  }

  /** The error's code and message; undefined where there is none. */
  async function refusal(client: Client, text: string, values?: unknown[]): Promise<string | undefined> {
    try {
      await client.query(text, values);
      return undefined;
    } catch (error) {
      return `${(error as DatabaseError).code} ${(error as DatabaseError).message}`;
    }
  }

  describe('a session that has a say in plans', () => {
    const grouped = 'SELECT min(id) FROM customers GROUP BY email';

    it('reads no table with columns that may not be sorted by, and hears which setting to put back', async () => {
      const client = await connect();
      expect(await refusal(client, grouped)).toBeUndefined();
      await client.query('SET enable_hashagg TO off');
      for (const text of [
        grouped,
        'SELECT id FROM customers',
        'SELECT DISTINCT email FROM customers',
        'SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id',
        'SELECT id FROM firsts',
        'SELECT sum(id) OVER (ROWS UNBOUNDED PRECEDING) FROM customers',
        'SELECT max(n) FROM (SELECT row_number() OVER () AS n, id FROM customers) x WHERE id = 3',
        "UPDATE customers SET city = 'Leeds' WHERE email IS NOT NULL RETURNING id",
        'EXPLAIN ANALYZE SELECT id FROM customers WHERE email IS NOT NULL LIMIT 1',
        'CREATE TABLE copied AS SELECT id FROM customers',
      ]) {
        expect(await refusal(client, text), text).toMatch(
          /^42501 enable_hashagg is not as the server has it/,
        );
      }
      for (const text of [
        'SELECT state, count(*) FROM tasks GROUP BY state',
        'SELECT count(*), max(id) FROM customers WHERE city IS NOT NULL',
        `EXPLAIN ${grouped}`,
      ]) {
        expect(await refusal(client, text), text).toBeUndefined();
      }
      await client.query('RESET enable_hashagg');
      expect(await refusal(client, grouped)).toBeUndefined();
    });

    it.each([
      ["SELECT set_config('enable_hashjoin', 'off', false)", 'RESET ALL'],
      ['SET random_page_cost = 0.1', 'SET random_page_cost TO DEFAULT'],
      ["SET work_mem = '64kB'", "SET work_mem = '64MB'"],
      ['SET SESSION enable_sort = false', 'SET enable_sort = on'],
      ["DO $$ BEGIN PERFORM set_config('enable_sort', 'off', false); END $$", 'DISCARD ALL'],
      ["DO $$ BEGIN EXECUTE 'SET enable_' || 'sort = off'; END $$", 'RESET ALL'],
    ])('%s is noticed, and %s puts it back', async (set, reset) => {
      const client = await connect();
      await client.query(set);
      expect(await refusal(client, grouped)).toMatch(/is not as the server has it/);
      await client.query(reset);
      expect(await refusal(client, grouped)).toBeUndefined();
    });

    it.each([
      ["SET work_mem = '256MB'"],
      ['SET enable_seqscan = on'],
      ['SET statement_timeout = 60000'],
      ['SET max_parallel_workers_per_gather = 0'],
      ['SET search_path = public'],
    ])('%s gives it none', async (set) => {
      const client = await connect();
      await client.query(set);
      expect(await refusal(client, grouped)).toBeUndefined();
    });

    it('is not believed where a transaction or an error takes back what it has put back', async () => {
      const client = await connect();
      await client.query('SET enable_hashagg = off');
      for (const text of ['BEGIN', 'RESET enable_hashagg', 'ROLLBACK']) await client.query(text);
      expect(await refusal(client, grouped)).toMatch(/is not as/);
      await refusal(client, 'RESET enable_hashagg; SELECT 1 / 0');
      expect(await refusal(client, grouped)).toMatch(/is not as/);
      await client.query('SET LOCAL enable_hashagg = on');
      expect(await refusal(client, grouped)).toMatch(/is not as/);
    });

    it('stays so where it was opened with it, whatever it resets', async () => {
      const client = await connect('-c enable_seqscan=off');
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_seqscan is not/);
      await client.query('RESET ALL');
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_seqscan is not/);
      await client.query('SET enable_seqscan = on');
      expect(await refusal(client, grouped)).toBeUndefined();
      await client.query('RESET enable_seqscan');
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_seqscan is not/);
    });

    it.each(['sorted', 'sorts', 'sorts_so'])('calls no function that has it: %s()', async (name) => {
      const text = `SELECT * FROM ${name}()`;
      const direct = new Client({ connectionString: governed.direct() });
      await direct.connect();
      const { rows } = await direct.query({ text, rowMode: 'array' });
      const ordered = await direct.query({
        text: 'SELECT id FROM customers ORDER BY email',
        rowMode: 'array',
      });
      await direct.end();
      expect(rows, 'without the proxy it tells the order').toEqual(ordered.rows);
      expect(await refusal(await connect(), text)).toMatch(/^42501 enable_hashagg is not/);
    });

    it('calls none that is given it', async () => {
      const client = await connect();
      expect(await refusal(client, 'SELECT * FROM groups()')).toBeUndefined();
      for (const text of ['BEGIN', 'ALTER FUNCTION groups() SET enable_hashagg = off'])
        await client.query(text);
      expect(await refusal(client, 'SELECT * FROM groups()')).toMatch(/^42501 enable_hashagg is not/);
      await client.query('ROLLBACK');
      expect(await refusal(await connect(), "SELECT sets('enable_hashagg')")).toMatch(/^42501 sets/);
    });

    it.each([
      'ALTER ROLE CURRENT_USER SET enable_hashagg = off',
      'ALTER ROLE ALL SET enable_sort TO false',
      'ALTER DATABASE shop SET random_page_cost = 0.001',
      'ALTER ROLE CURRENT_USER IN DATABASE shop SET enable_sort FROM CURRENT',
      'DO $$ BEGIN ALTER ROLE CURRENT_USER SET enable_hashagg = off; END $$',
    ])('is not given to those to come: %s', async (text) => {
      expect(await refusal(await connect(), text)).toMatch(/^42501 \w+ is not as the server has it/);
    });

    it.each([
      "ALTER ROLE CURRENT_USER SET work_mem = '64MB'",
      'ALTER DATABASE shop SET random_page_cost = 1.1',
      "ALTER ROLE CURRENT_USER SET statement_timeout = '10min'",
      'ALTER ROLE CURRENT_USER RESET enable_hashagg',
    ])('%s is a matter of approval', async (text) => {
      expect(await refusal(await connect(), text)).toMatch(/^42501 changing privileges .* needs approval/);
    });

    it('is noticed where others have set it for its role or database before it opened', async () => {
      const direct = new Client({ connectionString: governed.direct() });
      await direct.connect();
      await direct.query('ALTER DATABASE shop SET enable_hashagg = off');
      await direct.query('ALTER ROLE ALL SET random_page_cost = 2');
      const noticed = { timeout: 20_000, interval: 200 };
      const openAnew = async () => {
        const session = new Client({ connectionString: governed.url() });
        await session.connect();
        const told = await refusal(session, grouped);
        await session.end();
        return told;
      };
      await expect.poll(openAnew, noticed).toMatch(/^42501 enable_hashagg is not/);
      const client = await connect();
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_hashagg is not/);
      await client.query('RESET ALL');
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_hashagg is not/);
      await client.query('SET enable_hashagg = on');
      expect(await refusal(client, grouped)).toBeUndefined();
      await direct.query('ALTER DATABASE shop RESET enable_hashagg');
      await direct.end();
      await expect.poll(openAnew, noticed).toBeUndefined();
    });

    it('is noticed where the whole server has it', async () => {
      const settings = { enable_sort: 'off', random_page_cost: '1.1', work_mem: '32MB' };
      const other = await startGoverned({ environment: 'development', version, settings });
      const client = new Client({ connectionString: other.url() });
      await client.connect();
      expect(await refusal(client, grouped)).toMatch(/^42501 enable_sort is not/);
      await client.query('SET enable_sort = on');
      expect(await refusal(client, grouped)).toBeUndefined();
      await client.end();
      await other.stop();
    });

    it('has what was prepared before judged again', async () => {
      const client = await connect();
      const prepared = { name: 'p', text: grouped };
      await client.query(prepared);
      await client.query('SET enable_hashagg = off');
      await expect(client.query(prepared)).rejects.toThrow(/is not as the server has it/);
    });
  });

  it.each([
    'CLUSTER customers USING customers_email_key',
    'ALTER TABLE customers CLUSTER ON customers_email_key',
  ])('%s would store rows in the order of a column that may not be sorted by', async (text) => {
    expect(await refusal(await connect(), text)).toMatch(/cannot be sorted by CLUSTER|approv/i);
  });

  it('a new check of a domain is not tried on protected values, and is where there are none', async () => {
    const client = await connect();
    await client.query('BEGIN');
    expect(await refusal(client, "ALTER DOMAIN mail ADD CHECK (VALUE < 'k')")).toMatch(
      /people\.email is protected .* cannot be checked by a constraint of its type mail|approv/i,
    );
    await client.query('ROLLBACK');
  });

  describe('code that reads', () => {
    it.each([
      'SELECT id FROM orders WHERE customer_id = size_of(1)',
      'SELECT id FROM orders WHERE is_early(customer_id)',
      'SELECT id FROM orders ORDER BY through(customer_id), id',
      'SELECT CASE WHEN is_early(1) THEN 1 ELSE 2 END',
      'SELECT count(*) FILTER (WHERE size_of(id) > 20) FROM orders',
      'SELECT id FROM orders WHERE customer_id >>>> 20',
      'SELECT id FROM orders o JOIN sizes() s ON s.size = o.id',
      'SELECT size_of(1) > 20',
      'SELECT decides(1)',
      'SELECT passes_on(1)',
      "SELECT count(*) FROM found('ada1%')",
      "SELECT id FROM orders WHERE kept(1) < 'b'",
      'SELECT 1 / (size_of(1) - 20)',
      'EXPLAIN ANALYZE SELECT id FROM orders WHERE is_early(1)',
      'UPDATE tasks SET customer_id = size_of(1)',
    ])('%s is refused for what the function reads', async (text) => {
      const told = await refusal(await connect(), text);
      expect(told).toMatch(/^42501 customers\.email is protected \(pii\.email\) and cannot be /);
    });

    it.each([
      "SELECT id FROM orders WHERE customer_id = id_of('ada1@secret.example')",
      "SELECT id FROM orders WHERE city_of(customer_id) = 'London' ORDER BY city_of(customer_id), id LIMIT 3",
      'SELECT id FROM tasks WHERE id < with_mail() ORDER BY id',
    ])('%s goes on: the function keeps to the rule of use', async (text) => {
      const direct = new Client({ connectionString: governed.direct() });
      await direct.connect();
      const { rows } = await direct.query(text);
      await direct.end();
      expect(rows.length).toBeGreaterThan(0);
      expect((await (await connect()).query(text)).rows).toEqual(rows);
    });

    it('may return what it reads, masked', async () => {
      const client = await connect();
      const { rows } = await client.query({
        text: 'SELECT size_of(1), through(2), kept(3), s.* FROM sizes() s',
        rowMode: 'array',
      });
      expect(rows.length).toBe(100);
      expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(1);
    });

    it('is looked into when it was made in the same transaction', async () => {
      const client = await connect();
      await client.query('BEGIN');
      await client.query(
        "CREATE FUNCTION mine() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT email FROM customers WHERE id = 1); END'",
      );
      await client.query("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'");
      expect((await client.query('SELECT twice(21) AS n')).rows).toEqual([{ n: 42 }]);
      expect((await client.query('SELECT mine() AS n')).rows).not.toEqual([{ n: 'ada1@secret.example' }]);
      expect(await refusal(client, 'SELECT id FROM tasks WHERE state = mine()')).toMatch(
        /^42501 customers\.email/,
      );
      await client.query('ROLLBACK');
    });

    it('fails with the same code whatever it has read', async () => {
      const client = await connect();
      const states = [await refusal(client, 'SELECT fails(1)'), await refusal(client, 'SELECT fails(60)')];
      expect(states[0]).toMatch(/^P0001 /);
      expect(new Set(states).size).toBe(1);
      expect(await refusal(client, 'SELECT insists()')).toMatch(/^QQ002 /);
    });
  });

  describe('a block', () => {
    it.each([
      "DO $$ BEGIN IF (SELECT email FROM customers WHERE id = 1) < 'b' THEN RAISE NOTICE 'x'; END IF; END $$",
      'DO $$ DECLARE v text; BEGIN SELECT email INTO v FROM customers WHERE id = 1; END $$',
      'DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM customers LOOP RAISE NOTICE $n$x$n$; END LOOP; END $$',
      'DO $$ BEGIN IF is_early(1) THEN PERFORM 1; END IF; END $$',
      "DO $$ BEGIN EXECUTE format('CREATE TABLE %I ()', (SELECT email FROM customers WHERE id = 1)); END $$",
      'DO $$ BEGIN DO $i$ BEGIN PERFORM pg_notify($n$c$n$, email) FROM customers; END $i$; END $$',
    ])('%s is refused', async (text) => {
      expect(await refusal(await connect(), text)).toMatch(/^42501 customers\.\w+ is protected /);
    });

    it.each([
      'DO $$ BEGIN END $$',
      "DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM customers WHERE email = 'a@b.example'; IF n > 0 THEN RAISE NOTICE 'there'; END IF; END $$",
      "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, city FROM customers LOOP IF r.city = 'x' THEN RAISE NOTICE '%', r.id; END IF; END LOOP; END $$",
      "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN PERFORM 1; END IF; END $$",
      "DO $$ DECLARE wanted int := 1; BEGIN UPDATE tasks SET state = 'open' WHERE id = wanted; END $$",
    ])('%s runs', async (text) => {
      expect(await refusal(await connect(), text)).toBeUndefined();
    });
  });
});
