/** Exact lookups of protected values are free, and nobody learns a column by trying all values (BYPASSES.md, M08). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, type Person, shopSetup, startGoverned } from '../kit/governed.ts';

const everything = `
@id("test.all") permit (principal, action, resource) unless { action == Action::"limit" };`;
const limit = (count: number) => `${everything}
@id("test.limit.${count}") @limits("protectedLookupsPerHour=${count}")
permit (principal, action == Action::"limit", resource);`;
/** The number of a person, which is personal, and the address that a shop was written to, which nothing says of. */
const setup = `${shopSetup}
  CREATE TABLE people (id int PRIMARY KEY, ssn text, birth_date date, boss int);
  INSERT INTO people VALUES (1, '123-45-6789', '1984-05-06', NULL), (2, '987-65-4321', '1990-01-02', 1);
  CREATE TABLE letters (id int PRIMARY KEY, reference text);
  INSERT INTO letters VALUES (1, '123-45-6789');
  ANALYZE;
`;
const usedUp = { code: '53400', message: expect.stringContaining('different values an hour') };
const notCounted = { code: '42501', message: expect.stringContaining('nobody can tell how many') };

let directory: string;
let governed: Governed;
let nextPerson = 0;
const clients: Client[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lookups-'));
  governed = await startGoverned({ setup });
});
afterAll(async () => {
  await governed?.stop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
});

async function use(policy: string): Promise<void> {
  writeFileSync(join(directory, 'policy.cedar'), policy);
  await governed.proxy.policy.take(await readPolicyTexts(directory));
}

async function connect(person: Person): Promise<Client> {
  const client = new Client({ connectionString: governed.url(person) });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const outcome = (work: Promise<{ rowCount: number | null }>) =>
  work.then(
    ({ rowCount }) => rowCount,
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

describe('lookups of protected values', { timeout: 60_000 }, () => {
  it('are free within the limit, count each value once, and are refused beyond it, by whatever protocol', async () => {
    await use(limit(5));
    const dev = await connect('dev');
    const byNumber = (ssn: string) => outcome(dev.query('SELECT id FROM people WHERE ssn = $1', [ssn]));
    for (let i = 0; i < 20; i++) expect(await byNumber('123-45-6789')).toBe(1);
    expect(await outcome(dev.query("SELECT id FROM people WHERE '987-65-4321' = ssn"))).toBe(1);
    expect(await byNumber('000-00-0001')).toBe(0);
    expect(
      await outcome(dev.query("SELECT id FROM people WHERE ssn IN ('000-00-0002', '000-00-0003')")),
    ).toBe(0);
    expect(await byNumber('000-00-0004')).toEqual(usedUp);
    expect(await outcome(dev.query("SELECT id FROM people WHERE ssn = '000-00-0005'"))).toEqual(usedUp);
    // What was looked up already may be again, and what asks for no value is not counted.
    expect(await byNumber('123-45-6789')).toBe(1);
    expect(await outcome(dev.query('SELECT * FROM people WHERE id = $1', [1]))).toBe(1);
    expect(await outcome(dev.query('SELECT count(*) FROM people GROUP BY ssn'))).toBe(2);
    expect(await outcome(dev.query('SELECT a.id FROM people a JOIN people b USING (ssn)'))).toBe(2);
    // In another session of the same person the same; of another person not.
    expect(await outcome((await connect('dev')).query("SELECT 1 FROM people WHERE ssn = 'x'"))).toEqual(
      usedUp,
    );
    expect(await outcome((await connect('reviewer')).query("SELECT 1 FROM people WHERE ssn = 'x'"))).toBe(0);
  });

  it('are on record where they are refused, without the value', async () => {
    const events = await governed.events();
    const refused = events.filter((event) => event.kind === 'refusal');
    expect(refused.at(-1)).toMatchObject({ reason: { code: 'LOOKUPS_USED_UP' } });
    expect(JSON.stringify(events)).not.toContain('000-00-0004');
  });

  const many = Array.from({ length: 40 }, (_, i) => `n-${String(i).padStart(3, '0')}`);
  const rows = many.map((value) => `('${value}')`).join(', ');
  const quoted = many.map((value) => `'${value}'`).join(', ');
  it.each<readonly [string, (client: Client) => Promise<{ rowCount: number | null }>, object]>([
    ['a list', (client) => client.query(`SELECT id FROM people WHERE ssn IN (${quoted})`), usedUp],
    ['an array', (client) => client.query(`SELECT id FROM people WHERE ssn = ANY ('{${many}}')`), usedUp],
    [
      'an array parameter',
      (client) => client.query('SELECT id FROM people WHERE ssn = ANY ($1)', [many]),
      usedUp,
    ],
    [
      'parameters',
      (client) =>
        client.query(`SELECT id FROM people WHERE ssn IN (${many.map((_, i) => `$${i + 1}`)})`, many),
      usedUp,
    ],
    [
      'VALUES joined',
      (client) => client.query(`SELECT v FROM (VALUES ${rows}) t(v) JOIN people p ON p.ssn = t.v`),
      usedUp,
    ],
    ['VALUES in IN', (client) => client.query(`SELECT id FROM people WHERE ssn IN (VALUES ${rows})`), usedUp],
    [
      'USING',
      (client) => client.query(`SELECT 1 FROM (VALUES ${rows}) t(ssn) JOIN people p USING (ssn)`),
      usedUp,
    ],
    [
      'unnest',
      (client) => client.query('SELECT g FROM unnest($1::text[]) g JOIN people ON ssn = g', [many]),
      usedUp,
    ],
    [
      'a text taken apart',
      (client) =>
        client.query('SELECT g FROM string_to_table($1, $2) g JOIN people ON ssn = g', [many.join('x'), 'x']),
      usedUp,
    ],
    [
      'a text taken apart in place',
      (client) =>
        client.query(
          `SELECT g FROM regexp_split_to_table('${many.join('-')}', '-') g JOIN people ON ssn = g`,
        ),
      usedUp,
    ],
    [
      'CASE',
      (client) =>
        client.query(`SELECT CASE ssn ${many.map((v) => `WHEN '${v}' THEN 1`).join(' ')} END FROM people`),
      usedUp,
    ],
    [
      'a series',
      (client) => client.query('SELECT g FROM generate_series(1, 1000) g JOIN people ON ssn = g::text'),
      usedUp,
    ],
    [
      'a series of dates',
      (client) =>
        client.query(
          "SELECT g FROM generate_series('1980-01-01'::date, '1990-01-01', '1 day') g JOIN people ON birth_date = g::date",
        ),
      notCounted,
    ],
    [
      'a series of unknown length',
      (client) =>
        client.query(
          'SELECT count(*) FROM people WHERE ssn IN (SELECT g::text FROM generate_series(1, $1::int) g)',
          [9],
        ),
      notCounted,
    ],
    [
      'recursion',
      (client) =>
        client.query(
          'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 99999) SELECT n FROM r JOIN people ON ssn = n::text',
        ),
      notCounted,
    ],
    [
      'lists multiplied',
      (client) =>
        client.query(
          "SELECT 1 FROM (VALUES ('1'),('2'),('3')) a(x), (VALUES ('1'),('2'),('3')) b(x), (VALUES ('1'),('2'),('3')) c(x), (VALUES ('1'),('2'),('3')) d(x), people p WHERE p.ssn = a.x || b.x || c.x || d.x",
        ),
      usedUp,
    ],
    [
      'an intersection',
      (client) => client.query(`SELECT count(*) FROM (SELECT ssn FROM people INTERSECT VALUES ${rows}) s`),
      usedUp,
    ],
    [
      'a prepared statement',
      async (client) => {
        await client.query('PREPARE p(text) AS SELECT id FROM people WHERE ssn = $1');
        for (const value of many) await client.query(`EXECUTE p('${value}')`);
        return client.query('DEALLOCATE p');
      },
      usedUp,
    ],
    [
      'a temporary table',
      async (client) => {
        await client.query('CREATE TEMP TABLE guesses (g text)');
        await client.query("INSERT INTO guesses SELECT 'n-' || i FROM generate_series(1, 100) i");
        return client.query('SELECT g FROM guesses JOIN people ON ssn = g');
      },
      usedUp,
    ],
    [
      'a temporary table made of a query',
      async (client) => {
        await client.query("CREATE TEMP TABLE more AS SELECT 'n-' || i AS g FROM generate_series(1, 100) i");
        return client.query('SELECT g FROM people JOIN more ON ssn = g');
      },
      usedUp,
    ],
  ])('count %s', async (_what, run, wanted) => {
    // Another limit is another policy; the counts of the person go on, so that each begins with the one before used.
    await use(limit(30 + (nextPerson++ % 5)));
    const result = await outcome(run(await connect('auditor')));
    expect(result).toEqual(wanted);
  });

  it.each([
    [
      'a join with a table that is there',
      'SELECT l.id FROM letters l JOIN people p ON p.ssn = l.reference',
      1,
    ],
    [
      'a hierarchy from one person on',
      "WITH RECURSIVE r AS (SELECT id FROM people WHERE ssn = '123-45-6789' UNION ALL SELECT p.id FROM people p JOIN r ON p.boss = r.id) SELECT id FROM r",
      2,
    ],
    [
      'a report by day',
      "SELECT d FROM generate_series('2020-01-01'::date, '2020-01-03', '1 day') d LEFT JOIN orders o ON o.id = 0 JOIN people p ON p.id = 1 AND p.ssn = '123-45-6789'",
      3,
    ],
    [
      'a count by address',
      'SELECT email, count(*) FROM customers GROUP BY email HAVING count(*) = 1 LIMIT 3',
      3,
    ],
  ])('leave %s alone', async (_what, sql, wanted) => {
    await use(limit(8));
    expect(await outcome((await connect('stranger')).query(sql))).toBe(wanted);
  });

  it('have no limit where the policy gives none', async () => {
    await use(everything);
    const dev = await connect('dev');
    for (let i = 0; i < 40; i++)
      expect(await outcome(dev.query('SELECT 1 FROM people WHERE ssn = $1', [`z${i}`]))).toBe(0);
  });
});
