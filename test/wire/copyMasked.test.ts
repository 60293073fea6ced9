/** COPY … TO STDOUT through the proxy: masked as rows are, in every format, and otherwise what the server itself sends. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';
import { errorFields, rowValues, types, WireClient, type WireMessage } from '../kit/wireClient.ts';

const setup = `${shopSetup}
  ALTER TABLE customers ADD COLUMN shout text GENERATED ALWAYS AS (upper(email)) STORED;
  ALTER TABLE customers ADD COLUMN remark text;
  UPDATE customers SET email = NULL, remark = E'tab\\there, "quoted"\\nnew \\\\ line' WHERE id = 2;
  UPDATE customers SET email = E'odd,"\\t\\\\x@secret.example' WHERE id = 3;
  CREATE TABLE plain (id int PRIMARY KEY, word text);
  INSERT INTO plain SELECT i, 'word ' || i FROM generate_series(1, 3) i;
  CREATE TABLE remarks (id int, what text);
  INSERT INTO remarks SELECT i, CASE WHEN i = 250 THEN E'call\t"Bob" at bob.unforeseen@secret.example' ELSE 'nothing' END
    FROM generate_series(1, 300) i;
  CREATE SCHEMA other;
  CREATE TABLE other.plain AS SELECT id, email AS word FROM customers;
`;
const run = promisify(execFile);
const marker = /secret\.example/i;

let governed: Governed;
beforeAll(async () => {
  governed = await startGoverned({ environment: 'development', setup });
});
afterAll(() => governed?.stop());

async function ask(text: string, url = governed.url()): Promise<WireMessage[]> {
  const client = await WireClient.connect(url);
  const heard = await client.query(text);
  client.close();
  return heard;
}

function copied(messages: readonly WireMessage[]): string {
  const data = messages.filter(({ type }) => type === 'd').map(({ body }) => body);
  return Buffer.concat(data).toString('utf8');
}

describe('COPY … TO STDOUT', () => {
  it('sends the rows of a table masked, and every other byte as the server sends it', async () => {
    const text = 'COPY (SELECT * FROM customers ORDER BY id) TO STDOUT';
    const heard = await ask('COPY customers (id, name, email, phone, city, remark) TO STDOUT');
    expect(types(heard)).toMatch(/^Hd{100}cCZ$/);
    const lines = copied(heard).split('\n').sort();
    expect(lines.join('\n')).not.toMatch(marker);
    expect(lines).toContain('1\tA••• 1•••\ta•••@s•••\t•••01\tLondon\t\\N');
    expect(lines).toContain('2\tA••• 2•••\t\\N\t•••02\tLondon\ttab\\there, "quoted"\\nnew \\\\ line');
    expect(copied(await ask(text))).not.toMatch(marker);
  });

  it.each([
    ['CSV', '2,A••• 2•••,,"tab\there, ""quoted""\nnew \\ line"'],
    ['CSV HEADER', 'id,name,email,remark\n1,A••• 1•••,a•••@s•••,\n'],
    ["CSV DELIMITER '@' NULL 'none'", '1@A••• 1•••@"a•••@s•••"@none'],
    ["CSV QUOTE '''' ESCAPE E'\\\\' FORCE QUOTE email", "1,A••• 1•••,'a•••@s•••',"],
    ["DELIMITER '@' NULL ''", '1@A••• 1•••@a•••\\@s•••@\n'],
    ['(FORMAT csv, FORCE_QUOTE *)', '"1","A••• 1•••","a•••@s•••",\n'],
    ['(HEADER)', 'id\tname\temail\tremark\n1\tA••• 1•••'],
  ])('keeps to the options %s', async (options, expected) => {
    const text = copied(
      await ask(`COPY (SELECT id, name, email, remark FROM customers ORDER BY id) TO STDOUT ${options}`),
    );
    expect(text).toContain(expected);
    expect(text).not.toMatch(marker);
  });

  it('masks the binary format', async () => {
    const heard = await ask('COPY customers (id, email) TO STDOUT (FORMAT binary)');
    expect(types(heard)).toMatch(/^Hd+cCZ$/);
    const text = copied(heard);
    expect(text).toContain('a•••@s•••');
    expect(text).not.toMatch(marker);
  });

  it('leaves generated columns out where none are listed, as the server does', async () => {
    const line = copied(await ask('COPY customers TO STDOUT')).split('\n')[0] ?? '';
    expect(line.split('\t')).toHaveLength(6);
    expect(line).not.toMatch(marker);
    expect(copied(await ask('COPY customers (id, shout) TO STDOUT'))).not.toMatch(marker);
  });

  it('works in the extended protocol, and in a transaction', async () => {
    const { parse, bind, execute, sync, query } = serialize;
    const client = await WireClient.connect(governed.url());
    client.send(query('BEGIN'));
    await client.until('Z');
    client.send(parse({ text: 'COPY customers (email) TO STDOUT' }), bind(), execute(), sync());
    const heard = await client.until('Z');
    expect(types(heard)).toMatch(/^12Hd{100}cCZ$/);
    expect(copied(heard)).not.toMatch(marker);
    client.send(query('SELECT 1'));
    expect(types(await client.until('Z'))).toBe('TDCZ');
    client.close();
  });

  it('goes by what the names mean to the session', async () => {
    const client = await WireClient.connect(governed.url());
    expect(copied(await client.query('COPY plain TO STDOUT'))).toContain('word 1');
    await client.query('SET search_path = other');
    const masked = await client.query('COPY plain TO STDOUT');
    expect(types(masked)).toMatch(/^Hd+cCZ$/);
    expect(copied(masked)).not.toMatch(marker);
    await client.query('RESET search_path');
    await client.query('BEGIN');
    await client.query('ALTER TABLE plain RENAME TO aside');
    await client.query('ALTER TABLE customers RENAME TO plain');
    await client.query('ALTER TABLE plain RENAME email TO word');
    const renamed = await client.query('COPY plain (id, word) TO STDOUT');
    expect(copied(renamed)).not.toMatch(marker);
    await client.query('ROLLBACK');
    client.close();
  });

  it('tells errors as the server does, without a trace of the question before', async () => {
    for (const text of [
      'COPY nowhere TO STDOUT',
      'COPY plain (id, nothing) TO STDOUT',
      'COPY (SELECT nothing) TO STDOUT',
    ]) {
      const [own, theirs] = [await ask(text), await ask(text, governed.direct())];
      expect(errorFields(own[0])).toEqual(errorFields(theirs[0]));
      const client = await WireClient.connect(governed.url());
      await client.query('BEGIN');
      const heard = await client.query(text);
      expect(types(heard)).toBe('EZ');
      expect(errorFields(heard[0])['C']).toBe(errorFields(theirs[0])['C']);
      expect(heard.at(-1)?.body.toString()).toBe('E');
      client.close();
    }
  });

  it('is refused where masking could not hold', async () => {
    for (const [text, why] of [
      ["COPY customers TO STDOUT (ENCODING 'UTF16')", 'encoded'],
      ["COPY customers TO STDOUT (ENCODING 'SJIS')", 'encoded'],
      ["COPY customers (email) TO STDOUT (NULL 'ada1@secret.example')", 'NULL'],
      ['ALTER TABLE plain RENAME TO aside; COPY plain TO STDOUT', 'beside'],
      ['SET search_path = other; COPY plain TO STDOUT', 'beside'],
    ] as const) {
      const heard = await ask(text);
      expect(types(heard), text).toBe('EZ');
      expect(errorFields(heard[0])['M']).toContain(why);
    }
    expect(types(await ask('SELECT 1; COPY customers (email) TO STDOUT; SELECT 2'))).toMatch(
      /^TDCHd+cCTDCZ$/,
    );
  });

  it('records which columns were masked and how many rows were copied', async () => {
    await ask('COPY customers (id, email, name) TO STDOUT');
    const events = await governed.events();
    const outcome = events.findLast(({ kind }) => kind === 'outcome');
    expect(JSON.stringify(outcome)).toContain('pii.email');
    expect(JSON.stringify(outcome)).toContain('"rows":100');
  });

  it.each(['', 'CSV', 'BINARY'])('hides what no classification foresaw (%s)', async (format) => {
    const heard = await ask(`COPY (SELECT id, what || '' AS what FROM remarks) TO STDOUT ${format}`);
    expect(types(heard)).toMatch(/^Hd+cCZ$/);
    const text = copied(heard);
    expect(text).toContain('•••');
    expect(text).toContain('nothing');
    expect(text).not.toMatch(marker);
  });

  it('changes nothing of what is not protected', async () => {
    for (const text of [
      'COPY plain TO STDOUT',
      'COPY plain TO STDOUT BINARY',
      'COPY (SELECT 1, NULL) TO STDOUT CSV',
    ]) {
      const [own, theirs] = [await ask(text), await ask(text, governed.direct())];
      expect(own.map(({ type, body }) => type + body.toString('hex'))).toEqual(
        theirs.map(({ type, body }) => type + body.toString('hex')),
      );
    }
  });
});

/** Its own is of the server's version or later: it refuses to dump a later one. */
describe.runIf(hasPostgres15())('pg_dump', () => {
  let older: Governed;
  beforeAll(async () => {
    older = await startGoverned({ version: 15, environment: 'production', setup });
  });
  afterAll(() => older?.stop());

  it('dumps tables with masked data, which can be restored', async () => {
    const options = ['--dbname', older.url(), '--no-owner', '--table=customers', '--table=public.plain'];
    const { stdout } = await run('pg_dump', options, { maxBuffer: 64 * 1024 * 1024 });
    expect(stdout).toContain('COPY public.customers (id, name, email, phone, city, remark) FROM stdin;');
    expect(stdout).toContain('a•••@s•••');
    expect(stdout).not.toMatch(marker);

    const direct = new Client({ connectionString: older.server.url('postgres') });
    await direct.connect();
    await direct.query('CREATE DATABASE restored');
    await direct.end();
    const restored = older.server.url('restored');
    const restoring = run('psql', ['--quiet', '--dbname', restored]);
    // E-mail addresses are unique, masks are not: that constraint is all that cannot be kept.
    restoring.child.stdin?.end(stdout);
    expect((await restoring).stderr).not.toMatch(/COPY|syntax/);
    const reader = await WireClient.connect(restored);
    const rows = await reader.query('SELECT count(*), count(email) FROM customers');
    expect(rows[1] && rowValues(rows[1])).toEqual(['100', '99']);
    reader.close();
  });
});
