/** Sensitive values in columns that nothing told of: masked from the first on, in place, and their columns known since. */
import { Client, type QueryArrayConfig, type types } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';

const jwt = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"1"}').toString('base64url')}.c2lnbmF0dXJl`;

/** Filled after the proxy has looked at the database, so that sampling has seen none of it. */
const setup = `
  CREATE EXTENSION hstore; CREATE EXTENSION citext;
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE remarks (id int PRIMARY KEY, body text);
  CREATE TABLE singles (id int PRIMARY KEY, v text);
  CREATE TABLE weak (id int PRIMARY KEY, v text);
  CREATE TABLE shapes (id int PRIMARY KEY, j json, jb jsonb, x xml, h hstore, ta text[], va varchar(80)[], p pair, c citext,
    b char(40), v varchar(80), ts tsvector);
  CREATE TABLE settled (id int PRIMARY KEY, v text);
  CREATE TABLE lookalikes (id int PRIMARY KEY, v text);
  CREATE TABLE files (id int PRIMARY KEY, body bytea, parts bytea[]);
`;

const fill = `
  INSERT INTO remarks SELECT i, 'nothing to see in ' || i FROM generate_series(1, 50) i;
  INSERT INTO remarks VALUES (51, 'write to ann.o@mail.example or bob@mail.example'), (52, 'all fine');
  INSERT INTO singles VALUES (1, 'none'), (2, '${jwt}');
  INSERT INTO weak SELECT i, 'ticket' FROM generate_series(1, 20) i;
  INSERT INTO weak VALUES (21, '4242424242424242');
  INSERT INTO shapes VALUES (1, '{"to":"ann@mail.example","card":4242424242424242}', '{"a":["\\u00e9ann@mail.example",1]}',
    '<e to="ann@mail.example"/>', 'mail=>ann@mail.example', '{ann@mail.example,"x y"}', '{ann@mail.example}', (7, 'ann@mail.example'),
    'Ann@mail.example', 'ann@mail.example', 'ann@mail.example', to_tsvector('simple', 'ann@mail.example'));
  INSERT INTO files VALUES (1, '\\x000102', NULL), (2, '\\x0000'::bytea || convert_to('to ann@mail.example', 'UTF8') || '\\xff00',
    ARRAY[convert_to('to ann@mail.example', 'UTF8')]);
  SELECT lo_from_bytea(4711, convert_to('to ann@mail.example', 'UTF8'));
  INSERT INTO lookalikes SELECT i, '2026-01-0' || i || ' order 4242424242424242 v1.2.3 3f2504e0-4f89-41d3-9a0c-0305e82c3301'
    FROM generate_series(1, 9) i;
`;

let governed: Governed;
let client: Client;

beforeAll(async () => {
  governed = await startGoverned({ setup, environment: 'development' });
  const owner = new Client({ connectionString: governed.direct() });
  await owner.connect();
  await owner.query(fill);
  await owner.end();
  client = new Client({ connectionString: governed.url() });
  await client.connect();
}, 120_000);

afterAll(async () => {
  await client?.end();
  await governed?.stop();
});

const rows = async (text: string, values: unknown[] = []) =>
  (await client.query({ text, values, rowMode: 'array' })).rows as unknown[][];

describe('values that no classification foresaw', () => {
  it('are masked in place from the first on, and their column for every later statement', async () => {
    const first = await rows('SELECT id, body FROM remarks ORDER BY id');
    expect(first[0]).toEqual([1, 'nothing to see in 1']);
    expect(first.at(-2)).toEqual([51, 'write to ••• or •••']);
    expect(first.at(-1)).toEqual([52, 'all fine']);
    expect((await rows('SELECT body FROM remarks WHERE id = 1'))[0]).toEqual(['•••']);
    const events = await governed.events();
    const masked = events.flatMap((event) => (event.kind === 'outcome' ? (event.maskedColumns ?? []) : []));
    expect(masked[0]).toEqual({ column: 'body', classification: 'pii.freeText' });
  });

  it('classify their column as what they are where they are all of a value', async () => {
    expect(await rows('SELECT v FROM singles ORDER BY id')).toEqual([['none'], ['•••']]);
    await expect(client.query("SELECT 1 FROM singles WHERE v LIKE 'e%'")).rejects.toThrow(
      /singles\.v|protected/,
    );
  });

  it('are masked without protecting their column where one of them alone may be chance', async () => {
    expect((await rows('SELECT v FROM weak ORDER BY id')).at(-1)).toEqual(['•••']);
    expect((await rows("SELECT count(*) FROM weak WHERE v LIKE 'tick%'"))[0]).toEqual(['20']);
  });

  it.each([
    ['j', '{"to":"•••","card":"•••"}'],
    ['jb', '{"a": ["•••", 1]}'],
    ['x', '<e to="•••"/>'],
    ['h', '"mail"=>"•••"'],
    ['ta', '{•••,"x y"}'],
    ['va', '{•••}'],
    ['p', '(7,•••)'],
    ['c', '•••'],
    ['b', `•••${' '.repeat(24)}`],
    ['v', '•••'],
    ['ts', "'•••':1"],
  ])('leave the shape of their value: %s', async (column, wanted) => {
    const asText = { getTypeParser: () => String };
    const { rows: found } = await client.query({
      text: `SELECT ${column} AS v FROM shapes`,
      types: asText as unknown as typeof types,
    });
    expect(found).toEqual([{ v: wanted }]);
  });

  it('are found in bytes, in every form that these come in', async () => {
    const read = async (column: string, more: object = {}) => {
      const query = { text: `SELECT ${column} FROM files ORDER BY id`, rowMode: 'array', ...more } as const;
      return (await client.query(query as QueryArrayConfig)).rows as unknown[][];
    };
    const whole = [[Buffer.from([0, 1, 2])], [null]];
    expect(await read('body')).toEqual(whole);
    expect(await read('body', { binary: true })).toEqual(whole);
    expect((await read('parts')).at(-1)).toEqual([null]);
    expect(JSON.stringify(await read('files'))).not.toContain('616e6e406d61696c');
    expect(JSON.stringify(await read('to_jsonb(files)'))).not.toContain('616e6e406d61696c');
    await client.query("SET bytea_output = 'escape'");
    expect((await client.query("SELECT encode(body, 'escape') AS v FROM files WHERE id = 2")).rows).toEqual([
      { v: expect.stringContaining('•••') },
    ]);
    expect(await rows('SELECT body::text FROM files WHERE id = 2')).toEqual([
      [expect.stringContaining('•••')],
    ]);
    expect(await read('body')).toEqual(whole);
    await client.query('RESET bytea_output');
    expect(await rows('SELECT lo_get(4711)')).toEqual([[null]]);
    // One file with an address in it says little of the others.
    expect((await rows('SELECT count(*) FROM files WHERE length(body) > 3'))[0]).toEqual(['1']);
  });

  it('are found in what is computed, in both formats', async () => {
    expect(await rows("SELECT 'to ' || $1::text", ['ann@mail.example'])).toEqual([['to •••']]);
    const binary = {
      text: "SELECT convert_from($1::bytea, 'UTF8'), jsonb_build_object('a', 'x@mail.example'), ARRAY['x@mail.example']",
      values: [Buffer.from('ann@mail.example')],
      binary: true,
      rowMode: 'array',
      types: {
        getTypeParser: () => (value: Buffer | string) => Buffer.from(value).toString(),
      } as unknown as typeof types,
    } as QueryArrayConfig; // binary: which pg knows and its types do not
    expect((await client.query(binary)).rows[0]).toEqual(['•••', '\u0001{"a": "•••"}', null]);
  });

  it('are found in errors, notices and notifications', async () => {
    const heard: string[] = [];
    client.on('notice', ({ message }) => heard.push(message ?? ''));
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await client.query('LISTEN news');
    await client.query('DROP TABLE IF EXISTS "ann@mail.example"');
    await client.query('SELECT pg_notify(\'news\', \'{"to":"ann@mail.example"}\')');
    await client.query('SELECT 1');
    expect(heard).toEqual(['table "•••" does not exist, skipping', '{"to":"•••"}']);
    await expect(client.query("SELECT 'ann@mail.example'::int")).rejects.toThrow(
      'invalid input syntax for type integer: "•••"',
    );
    await client.query('CREATE TEMP TABLE own (v text PRIMARY KEY)');
    await client.query("INSERT INTO own VALUES ('4242 4242 4242 4242')");
    const error = await client.query("INSERT INTO own VALUES ('4242 4242 4242 4242')").catch((e) => e);
    expect(error.detail).toBe('Key (v)=(•••) already exists.');
  });

  it('leave what only looks like them', async () => {
    const wanted = (await rows('SELECT v FROM lookalikes ORDER BY id')).map(([v]) => v);
    expect(wanted[0]).toBe('2026-01-01 order 4242424242424242 v1.2.3 3f2504e0-4f89-41d3-9a0c-0305e82c3301');
    expect(await rows("SELECT v FROM lookalikes WHERE v LIKE '%v1.2.3%'")).toHaveLength(9);
  });
});
