/** What the policy gives a session to use up is all that it gets: time, idle transactions, rows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, type Person, startGoverned } from '../kit/governed.ts';
import { types, WireClient } from '../kit/wireClient.ts';

const everything = `
@id("test.all") permit (principal, action, resource) unless { action == Action::"limit" };`;
const limits = (text: string) => `${everything}
@id("test.limits") @limits("${text}") permit (principal, action == Action::"limit", resource);`;

let directory: string;
let governed: Governed;
let client: Client;
const ended: Error[] = [];

/** Puts the policy into force and connects. */
async function start(policy: string, person: Person = 'dev'): Promise<void> {
  writeFileSync(join(directory, 'policy.cedar'), policy);
  await governed.proxy.policy.take(await readPolicyTexts(directory));
  client = await connect(person);
}

async function connect(person: Person): Promise<Client> {
  const opened = new Client({ connectionString: governed.url(person) });
  opened.on('error', (error) => ended.push(error));
  await opened.connect();
  return opened;
}

async function direct(text: string): Promise<unknown[]> {
  const owner = new Client({ connectionString: governed.direct() });
  await owner.connect();
  try {
    return (await owner.query(text)).rows;
  } finally {
    await owner.end();
  }
}

const failure = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'limits-'));
  governed = await startGoverned();
});
afterAll(async () => {
  await governed?.stop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  await client?.end().catch(() => undefined);
  ended.length = 0;
});

describe('a statement', { timeout: 60_000 }, () => {
  it('is cancelled when it runs too long, by whatever protocol, and the session goes on', async () => {
    await start(limits('statementSeconds=1'));
    const slow = { code: '57014', message: expect.stringContaining('ran for more than 1 s') };
    expect(await failure(client.query('SELECT pg_sleep(20)'))).toEqual(slow);
    expect(await failure(client.query('SELECT pg_sleep($1)', [20]))).toEqual(slow);
    // A setting of the session does not lift it.
    await client.query('SET statement_timeout = 0');
    expect(await failure(client.query('SELECT pg_sleep(20)'))).toEqual(slow);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('that the client itself cancels is cancelled in the server’s words', async () => {
    await start(limits('statementSeconds=30'));
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const sleeping = failure(client.query('SELECT pg_sleep(20)'));
    await wait(300);
    await direct(`SELECT pg_cancel_backend(${rows[0].pid})`);
    expect(await sleeping).toEqual({ code: '57014', message: 'canceling statement due to user request' });
  });
});

describe('a transaction', { timeout: 60_000 }, () => {
  it('that is left open ends with its session, and is rolled back', async () => {
    await start(limits('idleInTransactionSeconds=1'));
    await direct('CREATE TABLE left_open (n int)');
    await client.query('BEGIN');
    await client.query('INSERT INTO left_open VALUES (1)');
    for (let waited = 0; ended.length === 0 && waited < 100; waited += 1) await wait(100);
    expect(ended[0]).toMatchObject({ code: '25P03', message: expect.stringContaining('stood open') });
    expect(await direct('SELECT * FROM left_open')).toEqual([]);
  });

  it('in which something runs, and a session outside of one, stay', async () => {
    await start(limits('idleInTransactionSeconds=1'));
    await wait(2_500);
    await client.query('BEGIN');
    await client.query('SELECT pg_sleep(2.5)');
    await client.query('COMMIT');
    await wait(2_500);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(ended).toEqual([]);
  });
});

describe('rows', { timeout: 60_000 }, () => {
  it('are counted over all sessions of an identity; when they are used up, reading ends and the rest goes on', async () => {
    await start(limits('rowsPerHour=1000'));
    await direct('CREATE TABLE many AS SELECT generate_series(1, 100000) AS n');
    expect((await client.query('SELECT n FROM many LIMIT 600')).rows.length).toBe(600);
    const second = await connect('dev');
    expect((await second.query('SELECT n FROM many LIMIT 600')).rows.length).toBe(600);
    const used = { code: '53400', message: 'the policy gives you 1000 rows an hour, and they are used up' };
    expect(await failure(second.query('SELECT n FROM many LIMIT 1'))).toEqual(used);
    expect(await failure(client.query('SELECT n FROM many WHERE n = $1', [1]))).toEqual(used);
    await second.end();
    // Looking why, and working without reading, goes on.
    await client.query('SELECT relname FROM pg_catalog.pg_class LIMIT 1');
    await client.query('INSERT INTO many VALUES (1)');
    await client.query('BEGIN; ROLLBACK');
  });

  it('end in the middle of an answer that is larger than what is left', async () => {
    await start(limits('rowsPerHour=1000'), 'reviewer');
    // Some rows a second: it is looked at once a second.
    const text = 'SELECT n, pg_sleep(0.001) FROM generate_series(1, 100000) n';
    const started = Date.now();
    expect(await failure(client.query(text))).toMatchObject({ code: '53400' });
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

describe('a policy of limits', () => {
  it.each([
    ['statementSeconds', /cannot be read at "statementSeconds"/],
    ['statementSeconds=0', /no usable number/],
    ['statementSeconds=1, statementSeconds=2', /names statementSeconds twice/],
    ['rows=5', /cannot be read at "rows=5"/],
  ])('that says %s is refused', async (text, words) => {
    await expect(start(limits(text))).rejects.toThrow(words);
  });

  it('belongs to the action limit, on a permit', async () => {
    const wrong = `@id("a") @limits("rowsPerHour=1") permit (principal, action == Action::"read", resource);`;
    await expect(start(wrong)).rejects.toThrow(/belong together/);
    await expect(start('@id("a") permit (principal, action == Action::"limit", resource);')).rejects.toThrow(
      /belong together/,
    );
  });
});

describe('a statement that changes rows', { timeout: 60_000 }, () => {
  const rows = async (table: string) =>
    Number(((await direct(`SELECT count(*) AS n FROM ${table}`)) as { n: string }[])[0]?.n);
  const tooMany = {
    code: '54000',
    message: 'the statement changed 11 rows, and the policy gives it 10: nothing of it was kept',
  };
  const notCounted = { code: '54000', message: expect.stringContaining('cannot be counted') };

  beforeAll(async () => {
    await direct(
      'CREATE TABLE portions (n int PRIMARY KEY, parent int REFERENCES portions DEFERRABLE INITIALLY DEFERRED)',
    );
    await direct('CREATE TABLE others (n int)');
  });
  afterEach(async () => {
    await client?.query('ROLLBACK').catch(() => undefined);
    await direct('TRUNCATE portions, others');
  });

  it('is kept as far as the policy gives it rows, by either protocol', async () => {
    await start(limits('rowsChanged=10'));
    const ten = await client.query('INSERT INTO portions SELECT generate_series(1, 10)');
    expect([ten.command, ten.rowCount]).toEqual(['INSERT', 10]);
    expect((await client.query('UPDATE portions SET parent = n WHERE n > $1', [0])).rowCount).toBe(10);
    const back = await client.query('DELETE FROM portions WHERE n <= 5 RETURNING n');
    expect([back.rowCount, back.rows.length]).toEqual([5, 5]);
    expect(await rows('portions')).toBe(5);
  });

  it.each([
    ['the simple protocol', undefined],
    ['the extended protocol', [0]],
  ])('is undone beyond that, by %s, and the session goes on', async (_, values) => {
    await start(limits('rowsChanged=10'));
    const where = values === undefined ? '' : ' WHERE 0 = $1';
    expect(
      await failure(client.query(`INSERT INTO portions SELECT generate_series(1, 11)${where}`, values)),
    ).toEqual(tooMany);
    expect(await rows('portions')).toBe(0);
    expect((await client.query('INSERT INTO portions VALUES (1)')).rowCount).toBe(1);
    expect((await client.query('SELECT count(*)::int AS n FROM portions')).rows).toEqual([{ n: 1 }]);
  });

  it.each([
    ['the simple protocol', undefined],
    ['the extended protocol', [0]],
  ])('fails the transaction that it stands in, by %s', async (_, values) => {
    await start(limits('rowsChanged=10'));
    await client.query('BEGIN');
    await client.query('INSERT INTO portions VALUES (100)');
    const where = values === undefined ? '' : ' WHERE 0 = $1';
    expect(
      await failure(client.query(`INSERT INTO portions SELECT generate_series(1, 11)${where}`, values)),
    ).toEqual(tooMany);
    expect((await failure(client.query('SELECT 1')))?.code).toBe('25P02');
    expect((await client.query('COMMIT')).command).toBe('ROLLBACK');
    expect(await rows('portions')).toBe(0);
  });

  it('that fails by itself, at once or as it is committed, is answered in the server’s words', async () => {
    await start(limits('rowsChanged=10'));
    await client.query('INSERT INTO portions VALUES (1)');
    expect((await failure(client.query('INSERT INTO portions VALUES (1)')))?.code).toBe('23505');
    expect((await failure(client.query('INSERT INTO portions VALUES (2, 77)')))?.code).toBe('23503');
    expect((await client.query('SELECT count(*)::int AS n FROM portions')).rows).toEqual([{ n: 1 }]);
  });

  it('is not run where its rows could not be counted', async () => {
    await start(limits('rowsChanged=10'));
    const hidden =
      'WITH all_of_them AS (INSERT INTO portions SELECT generate_series(1, 11) RETURNING n) SELECT count(*) FROM all_of_them';
    expect(await failure(client.query(hidden))).toEqual(notCounted);
    expect(
      await failure(
        client.query(`${hidden.replace('SELECT count(*) FROM', 'INSERT INTO others SELECT n FROM')} LIMIT 1`),
      ),
    ).toEqual(notCounted);
    expect(
      await failure(client.query('INSERT INTO portions VALUES (1); INSERT INTO portions VALUES (2)')),
    ).toEqual(notCounted);
    const prepared = 'PREPARE writing AS INSERT INTO portions SELECT generate_series(1, 11)';
    expect(await failure(client.query(prepared))).toEqual(notCounted);
    expect(await rows('portions')).toBe(0);
    await client.query('CREATE TEMP TABLE mine AS SELECT generate_series(1, 100) AS n');
    await client.query('DELETE FROM mine; SELECT 1');
  });

  it('is undone too where the client does not read to its end', async () => {
    await start(limits('rowsChanged=10'));
    const wire = await WireClient.connect(governed.url('dev'));
    const { parse, bind, execute, sync } = serialize;
    const text = 'INSERT INTO portions SELECT generate_series(1, 11) RETURNING n';
    wire.send(Buffer.concat([parse({ text }), bind(), execute({ rows: 3 }), sync()]));
    const heard = await wire.until('Z');
    expect(types(heard)).toBe('12DDDEZ');
    expect(heard.find(({ type }) => type === 'E')?.body.toString()).toContain('cannot be counted');
    wire.close();
    expect(await rows('portions')).toBe(0);
  });

  it('is counted where it copies in, too', async () => {
    await start(limits('rowsChanged=10'));
    const wire = await WireClient.connect(governed.url('dev'));
    const copy = async (count: number) => {
      wire.send(serialize.query('COPY others FROM STDIN'));
      await wire.until('G');
      for (let n = 0; n < count; n++) wire.send(serialize.copyData(Buffer.from(`${n}\n`)));
      wire.send(serialize.copyDone());
      return types(await wire.until('Z'));
    };
    expect(await copy(10)).toBe('CZ');
    expect(await copy(11)).toBe('EZ');
    expect(await rows('others')).toBe(10);
    wire.close();
  });

  it('is kept where the client says goodbye right behind it', async () => {
    await start(limits('rowsChanged=10'));
    const wire = await WireClient.connect(governed.url('dev'));
    wire.send(serialize.query('INSERT INTO portions VALUES (1)'), serialize.end());
    await wire.until('C');
    expect(await rows('portions')).toBe(1);
  });

  it('is recorded as what came of it', async () => {
    await start(limits('rowsChanged=10'));
    await client.query('INSERT INTO portions VALUES (1)');
    await failure(client.query('INSERT INTO portions SELECT generate_series(2, 12)'));
    await client.query('SELECT 1');
    const outcomes = (await governed.events()).filter(({ kind }) => kind === 'outcome').slice(-3);
    expect(
      outcomes.map((event) => [
        (event as { status?: string }).status,
        (event as { sqlState?: string }).sqlState,
      ]),
    ).toEqual([
      ['ok', undefined],
      ['error', '54000'],
      ['ok', undefined],
    ]);
  });
});
