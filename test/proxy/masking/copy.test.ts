/** What the masks make of COPY's data is what the server would have written, had the table held the masks; cut anywhere. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CopyFormat } from '../../../proxy/masking/copy/copyFormat.ts';
import { createCopyMasker } from '../../../proxy/masking/copy/copyMasker.ts';
import type { Mask } from '../../../proxy/masking/maskValue.ts';
import { OutputBuffer } from '../../../proxy/masking/outputBuffer.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { Random } from '../../kit/random.ts';
import { WireClient } from '../../kit/wireClient.ts';

const usual: CopyFormat = {
  kind: 'text',
  delimiter: 0x09,
  quote: 0x22,
  escapeByte: 0x22,
  nullText: '\\N',
  hasHeader: false,
  forceQuote: [],
};
const csv: CopyFormat = { ...usual, kind: 'csv', delimiter: 0x2c, nullText: '' };
const code = (character: string) => character.charCodeAt(0);

/** Each as SQL says it, and as we are told of it. */
const formats: readonly (readonly [string, CopyFormat])[] = [
  ['FORMAT text', usual],
  ["FORMAT text, DELIMITER '|', NULL ''", { ...usual, delimiter: code('|'), nullText: '' }],
  ["FORMAT text, DELIMITER E'\\x01', HEADER", { ...usual, delimiter: 1, hasHeader: true }],
  ["FORMAT text, DELIMITER ',', NULL 'none'", { ...usual, delimiter: code(','), nullText: 'none' }],
  ['FORMAT csv', csv],
  ['FORMAT csv, HEADER, FORCE_QUOTE *', { ...csv, hasHeader: true, forceQuote: 'all' }],
  ["FORMAT csv, DELIMITER 'a', NULL 'none'", { ...csv, delimiter: code('a'), nullText: 'none' }],
  [
    "FORMAT csv, QUOTE '''', ESCAPE E'\\\\', FORCE_QUOTE (b)",
    { ...csv, quote: code("'"), escapeByte: code('\\'), forceQuote: ['b'] },
  ],
  [
    "FORMAT csv, QUOTE '|', ESCAPE 'e', DELIMITER ' '",
    { ...csv, quote: code('|'), escapeByte: code('e'), delimiter: 32 },
  ],
  ['FORMAT binary', { ...usual, kind: 'binary' }],
];

/** Values that formats have trouble with. */
const pieces = [
  'a',
  'e',
  ',',
  '"',
  "'",
  '|',
  '\\',
  '\t',
  '\n',
  '\r',
  '\v',
  '\x01',
  ' ',
  '•',
  'none',
  '\\N',
  '\\.',
  '',
  '0',
];

let server: TestPostgres;
let client: WireClient;
beforeAll(async () => {
  server = await startTestPostgres();
  client = await WireClient.connect(server.url());
  const random = new Random(5);
  const value = () => {
    if (random.below(8) === 0) return 'NULL';
    const text = Array.from({ length: random.below(5) }, () => random.pick(pieces)).join('');
    return `'${text.replaceAll("'", "''")}'`;
  };
  const rows = Array.from({ length: 300 }, (_, i) => `(${i}, ${value()}, ${value()}, ${value()})`);
  await client.query('CREATE TABLE odd (id int, "a,""b" text, b text, c text)');
  await client.query(`INSERT INTO odd VALUES ${rows.join(', ')}`);
});
afterAll(async () => {
  client?.close();
  await server?.stop();
});

async function copy(query: string, options: string): Promise<Buffer> {
  client.send(serialize.query(`COPY (${query}) TO STDOUT (${options})`));
  const heard = await client.until('Z');
  expect(heard[0]?.type).toBe('H');
  return Buffer.concat(heard.filter(({ type }) => type === 'd').map(({ body }) => body));
}

function mask(
  data: Buffer,
  format: CopyFormat,
  masks: readonly (Mask | undefined)[],
  random: Random,
  names: readonly string[] = ['id', 'a,"b', 'b', 'c', 'more'],
): Buffer {
  const columns = names.slice(0, masks.length).map((name, i) => ({ name, mask: masks[i] }));
  const rows = createCopyMasker(columns, format);
  const out = new OutputBuffer();
  for (let at = 0; at < data.length; ) {
    const size = 1 + random.below(random.pick([1, 7, 100, 4000]));
    // Surrounded by other bytes, as a message is in its buffer.
    const piece = Buffer.concat([Buffer.from('\n"'), data.subarray(at, at + size), Buffer.from('"\n\\')]);
    rows.write(piece, 2, piece.length - 3, out);
    at += size;
  }
  rows.end();
  return Buffer.from(out.buffer.subarray(0, out.length));
}

const same: Mask = (source, start, end) => Buffer.from(source.subarray(start, end));
const nasty = 'a,b "c\\\t\'d|e\n•';

describe.each(formats)('COPY (%s)', (options, format) => {
  it('gives masks the values as they are, and writes them as the server does', async () => {
    const data = await copy('SELECT * FROM odd ORDER BY id', options);
    const random = new Random(1);
    expect(mask(data, format, [same, same, same, same], random).equals(data)).toBe(true);
  });

  it.each([
    ['a text', nasty, Buffer.from(nasty)],
    ['a plain text', '•••', Buffer.from('•••')],
    ['an empty text', '', Buffer.alloc(0)],
    ['the end of data', '\\.', Buffer.from('\\.')],
    ['NULL', null, undefined],
  ])('writes %s in place of every value but NULL', async (_name, text, bytes) => {
    const random = new Random(2);
    const sql = text === null ? 'NULL' : `'${text.replaceAll("'", "''")}'`;
    const put = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN ${sql}::text END AS ${column}`;
    // A value that equals what stands for NULL in text format cannot be told from it.
    const isSame = `'${format.nullText}'`;
    const kept =
      format.kind === 'text' ? `WHERE b IS DISTINCT FROM ${isSame} AND c IS DISTINCT FROM ${isSame}` : '';
    const data = await copy(`SELECT * FROM odd ${kept} ORDER BY id`, options);
    const wanted = await copy(
      `SELECT id, "a,""b", ${put('b')}, ${put('c')} FROM odd ${kept} ORDER BY id`,
      options,
    );
    const made = mask(data, format, [undefined, undefined, () => bytes, () => bytes], random);
    expect(made.toString()).toBe(wanted.toString());

    const one = await copy(`SELECT b FROM odd ${kept} ORDER BY id`, options);
    const wantedOne = await copy(`SELECT ${put('b')} FROM odd ${kept} ORDER BY id`, options);
    expect(mask(one, format, [() => bytes], random, ['b']).toString()).toBe(wantedOne.toString());
  });

  it('leaves every byte of what only had to be looked at', async () => {
    const data = await copy('SELECT * FROM odd ORDER BY id', options);
    const seen: string[] = [];
    const clean = (source: Buffer, start: number, end: number) => {
      seen.push(source.toString('utf8', start, end));
      return undefined;
    };
    const columns = ['id', 'a,"b', 'b', 'c'].map((name) => ({ name, mask: undefined, clean }));
    const rows = createCopyMasker(columns, format);
    const out = new OutputBuffer();
    rows.write(data, 0, data.length, out);
    rows.end();
    expect(out.buffer.subarray(0, out.length).equals(data)).toBe(true);
    expect(seen.length).toBeGreaterThan(600);
  });

  it('does not pass what is not what was announced', async () => {
    const data = await copy('SELECT * FROM odd ORDER BY id', options);
    const random = new Random(3);
    const masks = [undefined, undefined, undefined];
    expect(() => mask(data, format, [...masks, same, same], random)).toThrow('other columns');
    expect(() => mask(data, format, [undefined, same], random)).toThrow('other columns');
    const cut = data.subarray(0, data.length - 1);
    expect(() => mask(cut, format, [...masks, same], random)).toThrow('ends');
  });
});

describe('COPY in binary', () => {
  it('is refused where header or trailer are not what they must be', async () => {
    const format: CopyFormat = { ...usual, kind: 'binary' };
    const data = await copy('SELECT 1', 'FORMAT binary');
    const random = new Random(4);
    const withOids = Buffer.from(data);
    withOids.writeInt32BE(0x10000, 11);
    expect(() => mask(withOids, format, [same], random)).toThrow('header');
    expect(() => mask(Buffer.concat([data, data]), format, [same], random)).toThrow('after its end');
    expect(() => mask(data.subarray(0, data.length - 2), format, [same], random)).toThrow('trailer');
    expect(() => mask(Buffer.from(`1\tx\n${'x'.repeat(40)}`), format, [same], random)).toThrow('header');
  });
});
