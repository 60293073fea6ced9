/** Texts made to cost time, memory or the session: each is answered or refused in words, and the session and others go on. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { errorFields, types, WireClient } from '../kit/wireClient.ts';

const { query, parse, bind, execute, sync } = serialize;
const nested = (open: string, inner: string, close: string, times: number) =>
  `${open.repeat(times)}${inner}${close.repeat(times)}`;
const megabyte = 1024 * 1024;

/** What may come instead of rows: too complex (54001), too long (54000), not understood or not parsed. */
const clear = /^(54001|54000|42601|42501|0A000)$/;

const texts: Readonly<Record<string, string>> = {
  'ten thousand parentheses': `SELECT ${nested('(', '1', ')', 10_000)}`,
  'five thousand subqueries': `SELECT * FROM ${nested('(SELECT * FROM ', '(SELECT 1 AS a) x', ') x', 5_000)}`,
  'a condition of fifty thousand parts': `SELECT 1 WHERE ${Array.from({ length: 50_000 }, (_, i) => `${i}=${i}`).join(' AND ')}`,
  'ten thousand UNIONs': Array.from({ length: 10_000 }, (_, i) => `SELECT ${i}`).join(' UNION ALL '),
  'twenty thousand array brackets': `SELECT ${nested('ARRAY[', '1', ']', 20_000)}`,
  'a hundred thousand NOTs': `SELECT ${'NOT '.repeat(100_000)}true`,
  'a list of a megabyte': `SELECT 1 WHERE 7 IN (${Array.from({ length: 150_000 }, (_, i) => i).join(',')})`,
  'a constant of ten megabytes': `SELECT length('${'x'.repeat(10 * megabyte)}')`,
  'a comment of ten megabytes': `SELECT 1 /* ${'x'.repeat(10 * megabyte)} */`,
  'a hundred thousand nested comments': `SELECT 1 ${nested('/*', '', '*/', 100_000)}`,
  'ten thousand nested WITHs': `${nested('WITH a AS (', 'SELECT 1', ') SELECT * FROM a', 10_000)}`,
  'a name of a megabyte': `SELECT 1 AS "${'n'.repeat(megabyte)}"`,
  'five thousand statements': 'SELECT 1;'.repeat(5_000),
  'a hundred thousand empty statements': ';'.repeat(100_000),
  'five thousand statements, the last of which is refused': `${'SELECT 1;'.repeat(4_999)}DROP TABLE customers`,
};

let governed: Governed;
let client: WireClient;
let other: WireClient;

beforeAll(async () => {
  governed = await startGoverned({ environment: 'production' });
  other = await WireClient.connect(governed.url());
});
afterAll(async () => {
  other?.close();
  await governed?.stop();
});

/** The SQLSTATE of what came, or `rows`; the session and another one go on. */
async function answerTo(...messages: Buffer[]): Promise<string> {
  client = await WireClient.connect(governed.url());
  try {
    client.send(...messages);
    const answer = await client.until('Z');
    const error = answer.find(({ type }) => type === 'E');
    if (error !== undefined) expect((errorFields(error)['M'] ?? '').length).toBeGreaterThan(10);
    expect(types(await client.query('SELECT 1'))).toBe('TDCZ');
    expect(types(await other.query('SELECT 1'))).toBe('TDCZ');
    return error === undefined ? 'rows' : (errorFields(error)['C'] ?? '');
  } finally {
    client.close();
  }
}

describe.each(Object.keys(texts))('%s', (name) => {
  const text = texts[name] ?? '';

  it('is answered, or refused in words, by Query', { timeout: 60_000 }, async () => {
    const got = await answerTo(query(text));
    if (got !== 'rows') expect(got).toMatch(clear);
  });

  it('is answered, or refused in words, by Parse', { timeout: 60_000 }, async () => {
    const got = await answerTo(
      Buffer.concat([parse({ name: '', text, types: [] }), bind(), execute(), sync()]),
    );
    if (got !== 'rows') expect(got).toMatch(clear);
  });
});

it('runs nothing of a text of which one statement is refused', async () => {
  const client = await WireClient.connect(governed.url());
  client.send(query(texts['five thousand statements, the last of which is refused'] ?? ''));
  const answer = await client.until('Z');
  expect(types(answer)).toBe('EZ');
  expect(errorFields(answer[0])['C']).toBe('42501');
  client.close();
});

it('keeps no more memory than texts take while they are looked at', { timeout: 60_000 }, async () => {
  const text = texts['a condition of fifty thousand parts'] ?? '';
  for (let i = 0; i < 5; i += 1) await answerTo(query(`${text} /* ${i} */`));
  const before = process.memoryUsage().rss;
  for (let i = 5; i < 25; i += 1) await answerTo(query(`${text} /* ${i} */`));
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * megabyte);
});
