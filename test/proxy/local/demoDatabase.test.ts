/** Promises of the demo database: the same rows every time, believable ones, and a role that is no superuser. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDemoDatabase, demoRole } from '../../../proxy/local/demo/demoDatabase.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { ask } from './fixtures.ts';

let server: TestPostgres;
const rolePassword = "it's a $secret$";

/** Makes the demo in a database of its own. */
async function makeDemo(on: TestPostgres, database: string, password = rolePassword): Promise<void> {
  if ((await ask(on.url(), `SELECT FROM pg_database WHERE datname = '${database}'`)).length === 0) {
    await ask(on.url(), `CREATE DATABASE ${database}`);
  }
  const client = new Client({ connectionString: on.url(database) });
  await client.connect();
  try {
    await createDemoDatabase(client, { rolePassword: password });
  } finally {
    await client.end();
  }
}

/** For each relation with rows, how many they are and an md5 over all of them. */
async function readContent(on: TestPostgres, database: string): Promise<Record<string, unknown>> {
  const names = await ask(
    on.url(database),
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm') ORDER BY 1",
  );
  const content: Record<string, unknown> = {};
  for (const [name] of names) {
    const sql = `SELECT count(*)::integer, md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C")) FROM ${name} t`;
    content[String(name)] = (await ask(on.url(database), sql))[0];
  }
  return content;
}

beforeAll(async () => {
  server = await startTestPostgres();
  await makeDemo(server, 'demo');
});

afterAll(() => server?.stop());

describe('the demo database', () => {
  it('is the same every time, wherever and whenever it is made', async () => {
    await ask(server.url(), "ALTER ROLE postgres SET TimeZone = 'Pacific/Auckland'");
    await ask(server.url(), "ALTER ROLE postgres SET DateStyle = 'SQL, DMY'");
    await makeDemo(server, 'again');
    await ask(server.url(), 'ALTER ROLE postgres RESET ALL');
    const content = await readContent(server, 'demo');
    expect(await readContent(server, 'again')).toEqual(content);
    expect(Object.keys(content).length).toBeGreaterThan(15);
  });

  it.runIf(hasPostgres15())('is the same on PostgreSQL 15', async () => {
    const older = await startTestPostgres({ version: 15 });
    try {
      await makeDemo(older, 'demo');
      expect(await readContent(older, 'demo')).toEqual(await readContent(server, 'demo'));
    } finally {
      await older.stop();
    }
  });

  it('holds some 50,000 rows, and each table what a shop would have', async () => {
    const counts = Object.fromEntries(
      Object.entries(await readContent(server, 'demo')).map(([name, row]) => [name, (row as [number])[0]]),
    );
    expect(counts).toMatchObject({
      customers: 5000,
      orders: 16000,
      employees: 240,
      documents: 1500,
      training_runs: 800,
    });
    const tables = await ask(
      server.url('demo'),
      "SELECT relname FROM pg_stat_user_tables WHERE relname <> 'monthly_revenue'",
    );
    const total = tables.reduce((sum, [name]) => sum + (counts[String(name)] ?? 0), 0);
    expect(total).toBeGreaterThan(45_000);
    expect(total).toBeLessThan(65_000);
  });

  it('begins its columns as the documentation says', async () => {
    const columns = async (table: string): Promise<unknown> =>
      (
        await ask(
          server.url('demo'),
          `SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0`,
        )
      )[0]?.[0];
    expect(await columns('customers')).toBe(
      'id name email phone birth_date address city country created_at notes loyalty_points',
    );
    expect(await columns('orders')).toBe('id customer_id status total currency created_at shipped_at');
  });

  it('has card numbers that pass Luhn and IBANs that pass ISO 13616', async () => {
    const payments = await ask(server.url('demo'), 'SELECT card_number, iban FROM payments');
    const cards = payments.flatMap(([card]) => (typeof card === 'string' ? [card] : []));
    const ibans = payments.flatMap(([, iban]) => (typeof iban === 'string' ? [iban] : []));
    expect(cards.length).toBeGreaterThan(10_000);
    expect(ibans.length).toBeGreaterThan(2_000);
    expect(cards.filter((card) => !/^\d{16}$/.test(card) || !passesLuhn(card))).toEqual([]);
    expect(ibans.filter((iban) => !passesIban(iban))).toEqual([]);
  });

  it('adds up: totals are the sums of their lines, and nobody orders before being a customer', async () => {
    const wrong = `SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id
      WHERE o.created_at < c.created_at
        OR o.total <> (SELECT sum(quantity * unit_price) FROM order_items i WHERE i.order_id = o.id)
        OR o.shipped_at < o.created_at`;
    expect(await ask(server.url('demo'), wrong)).toEqual([]);
    expect(
      await ask(server.url('demo'), "SELECT email FROM customers WHERE email !~ '^[a-z.]+[0-9]+@[a-z.]+$'"),
    ).toEqual([]);
  });

  it('is left alone when made again, save for the password of its role', async () => {
    await makeDemo(server, 'kept');
    await ask(server.url('kept'), "UPDATE customers SET name = 'Changed' WHERE id = 1");
    await makeDemo(server, 'kept', 'another');
    expect(await ask(server.url('kept'), 'SELECT name FROM customers WHERE id = 1')).toEqual([['Changed']]);
    const url = new URL(server.url('kept'));
    url.username = demoRole;
    url.password = 'another';
    expect(await ask(url.href, 'SELECT current_user')).toEqual([[demoRole]]);
    await makeDemo(server, 'kept', rolePassword);
  });

  it('belongs to a role that may change all of it and is no superuser', async () => {
    const url = new URL(server.url('demo'));
    url.username = demoRole;
    url.password = encodeURIComponent(rolePassword);
    const rights = 'SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles';
    expect(await ask(url.href, `${rights} WHERE rolname = current_user`)).toEqual([
      [false, false, false, false, false],
    ]);
    const others = `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner <> current_user::regrole`;
    expect(await ask(url.href, others)).toEqual([]);
    // Ids go on after the rows that were made.
    const [[id] = []] = await ask(url.href, 'INSERT INTO orders (customer_id) VALUES (1) RETURNING id');
    expect(id).toBe(16_001);
    await ask(url.href, 'DELETE FROM orders WHERE id > 16000');
    await ask(url.href, 'CREATE TABLE mine (a integer); DROP TABLE mine');
    await expect(ask(url.href, "SELECT pg_read_file('PG_VERSION')")).rejects.toMatchObject({ code: '42501' });
    await expect(ask(url.href, 'SELECT rolpassword FROM pg_authid')).rejects.toMatchObject({ code: '42501' });
  });

  it('lets its role use what the owner of the server makes later', async () => {
    await ask(server.url('demo'), 'CREATE TABLE beside (a integer)');
    const url = new URL(server.url('demo'));
    url.username = demoRole;
    url.password = encodeURIComponent(rolePassword);
    expect(await ask(url.href, 'INSERT INTO beside VALUES (1) RETURNING a')).toEqual([[1]]);
    await ask(server.url('demo'), 'DROP TABLE beside');
  });
});

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(number: string): boolean {
  const digits = [...number].reverse().map(Number);
  const sum = digits.reduce((total, digit, place) => {
    const counted = place % 2 === 0 ? digit : digit * 2;
    return total + (counted > 9 ? counted - 9 : counted);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 13616: rearranged and with letters as numbers, the remainder by 97 is 1. */
function passesIban(iban: string): boolean {
  const length = { DE: 22, FR: 27 }[iban.slice(0, 2)];
  const numbers = [...`${iban.slice(4)}${iban.slice(0, 4)}`]
    .map((char) => Number.parseInt(char, 36))
    .join('');
  return iban.length === length && BigInt(numbers) % 97n === 1n;
}
