/** Triggers that somebody makes take no protected value out of its column; those that keep records straight may be made. */
import { Client, type DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';

const trigger = (name: string, body: string, declare = '') =>
  `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $body$ ${declare} BEGIN ${body} RETURN NEW; END $body$`;
const onCustomers = (name: string, when = '') =>
  `CREATE TRIGGER ${name}_t BEFORE UPDATE ON customers FOR EACH ROW ${when} EXECUTE FUNCTION ${name}()`;

/** To the proxy a language that it knows the name of, and no more. */
const otherLanguage = `
  CREATE TRUSTED LANGUAGE plv8 HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator`;

const setup = `${shopSetup} ${otherLanguage};
  CREATE TABLE log (line text); CREATE TABLE notes (id int, line text);
  ALTER TABLE customers ADD COLUMN changed timestamptz, ADD COLUMN note text;
  CREATE FUNCTION log_it(text) RETURNS void LANGUAGE plv8 AS $$ BEGIN INSERT INTO log VALUES ($1); END $$;
  ${trigger('there', 'NEW.changed := now();')}; ${onCustomers('there')};
`;

const tells: Readonly<Record<string, readonly [string, string?]>> = {
  'writes it elsewhere': ['INSERT INTO log VALUES (NEW.email);'],
  'writes the whole row elsewhere': ['INSERT INTO log VALUES (NEW::text);'],
  'writes the old one elsewhere': ['INSERT INTO log SELECT OLD.email;'],
  'puts it into a column beside it': ['NEW.note := NEW.email;'],
  'puts it there through a variable': ['v := NEW.email; NEW.note := v;', 'DECLARE v text;'],
  'puts it there by a query': ["SELECT NEW.email || 'x' INTO v; NEW.note := v;", 'DECLARE v text;'],
  'decides by it': ["IF NEW.email < 'm' THEN INSERT INTO log VALUES ('early'); END IF;"],
  'says it': ["RAISE NOTICE '%', NEW.email;"],
  'notifies by it': ["PERFORM pg_notify('c', NEW.email);"],
  'hands it to a text made up': ["EXECUTE 'INSERT INTO log VALUES ($1)' USING NEW.email;"],
  'puts it into a setting': ["PERFORM set_config('my.value', NEW.email, false);"],
};

/** Functions whose bodies are more than can be read. */
const unreadable: Readonly<Record<string, string>> = {
  'of another language': `RETURNS trigger LANGUAGE plv8 AS $body$ BEGIN INSERT INTO log VALUES (NEW.email); RETURN NEW; END $body$`,
  'with a text that is made up': `RETURNS trigger LANGUAGE plpgsql AS $body$ DECLARE c text := 'email'; BEGIN
    EXECUTE 'INSERT INTO log SELECT ' || c || ' FROM customers WHERE id = 1'; RETURN NEW; END $body$`,
  'with a block of another language': `RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
    DO LANGUAGE plv8 $i$ BEGIN INSERT INTO log SELECT email FROM customers WHERE id = 1; END $i$; RETURN NEW; END $body$`,
  'that calls one of another language': `RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN PERFORM log_it(NEW.email); RETURN NEW; END $body$`,
  'that does not parse': `RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN INSERT INTO WHERE; END $body$`,
};

const honest: Readonly<Record<string, readonly [string, string?]>> = {
  'keeps a time': ['NEW.changed := now();'],
  'keeps a column in form': ['NEW.email := lower(NEW.email);'],
  'copies an open column': ['INSERT INTO notes VALUES (NEW.id, NEW.city);'],
  'insists on a value': ["IF NEW.email IS NULL THEN RAISE EXCEPTION 'an address is needed'; END IF;"],
  'sees a change': ['IF NEW.email IS DISTINCT FROM OLD.email THEN NEW.changed := now(); END IF;'],
};

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let governed: Governed;
  let client: Client;
  let names = 0;

  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', version, setup });
    client = new Client({ connectionString: governed.url() });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await governed?.stop();
  });

  async function refusal(text: string, session = client): Promise<string | undefined> {
    try {
      await session.query(text);
      return undefined;
    } catch (error) {
      return `${(error as DatabaseError).code} ${(error as DatabaseError).message}`;
    }
  }
  const fresh = () => `f${version}_${++names}`;

  it.each(Object.keys(tells))('makes no trigger that %s', async (what) => {
    const name = fresh();
    const [body, declare] = tells[what] ?? [''];
    expect(await refusal(trigger(name, body, declare))).toBeUndefined();
    expect(await refusal(onCustomers(name))).toMatch(/^42501 /);
  });

  it.each(Object.keys(tells))('gives no trigger that is there a function that %s', async (what) => {
    const [body, declare] = tells[what] ?? [''];
    expect(await refusal(trigger('there', body, declare))).toMatch(/^42501 /);
  });

  it('makes neither in one message, nor in one transaction', async () => {
    const name = fresh();
    const body = 'INSERT INTO log VALUES (NEW.email);';
    expect(await refusal(`${trigger(name, body)}; ${onCustomers(name)}`)).toMatch(/^42501 /);
    await client.query('BEGIN');
    expect(await refusal(trigger(name, body))).toBeUndefined();
    expect(await refusal(onCustomers(name))).toMatch(/^42501 /);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    expect(await refusal(trigger(name, 'NEW.changed := now();'))).toBeUndefined();
    expect(await refusal(onCustomers(name))).toBeUndefined();
    expect(await refusal(trigger(name, body))).toMatch(/^42501 /);
    await client.query('ROLLBACK');
  });

  it('makes none of a language that it cannot look into', async () => {
    expect(
      await refusal(
        "CREATE TRIGGER words BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('note', 'pg_catalog.simple', 'email')",
      ),
    ).toMatch(/^42501 /);
  });

  it.each(Object.keys(unreadable))('makes none %s', async (what) => {
    const name = fresh();
    const direct = new Client({ connectionString: governed.direct() });
    await direct.connect();
    const make = (own: string) => `CREATE OR REPLACE FUNCTION ${own}() ${unreadable[what]}`;
    await direct.query('SET check_function_bodies = off');
    await direct.query(make(name));
    await direct.end();
    const session = new Client({ connectionString: governed.url() });
    await session.connect();
    await session.query('SET check_function_bodies = off');
    expect(await refusal(make('there'), session), 'there is a trigger that calls it').toMatch(/^42501 /);
    expect(await refusal(onCustomers(name), session), 'somebody else has made it').toMatch(/^42501 /);
    expect(await refusal(onCustomers(name).replace('customers', 'notes'), session)).toMatch(/^42501 /);
    await session.end();
    const another = new Client({ connectionString: governed.url() });
    await another.connect();
    await another.query('SET check_function_bodies = off');
    await another.query('BEGIN');
    expect(await refusal(make(fresh()), another), 'by itself it does nothing').toBeUndefined();
    expect(await refusal(onCustomers(`f${version}_${names}`), another)).toMatch(/^42501 /);
    await another.end();
  });

  it.each(Object.keys(honest))('makes a trigger that %s', async (what) => {
    const name = fresh();
    const [body, declare] = honest[what] ?? [''];
    expect(await refusal(trigger(name, body, declare))).toBeUndefined();
    expect(await refusal(onCustomers(name))).toBeUndefined();
    expect(await refusal("UPDATE customers SET city = 'Leeds' WHERE id = 3")).toBeUndefined();
    await client.query(`DROP TRIGGER ${name}_t ON customers`);
  });

  it('leaves tables alone that hold nothing protected', async () => {
    const name = fresh();
    expect(await refusal(trigger(name, 'INSERT INTO log VALUES (NEW.line);'))).toBeUndefined();
    expect(
      await refusal(`CREATE TRIGGER n BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION ${name}()`),
    ).toBeUndefined();
  });
});
