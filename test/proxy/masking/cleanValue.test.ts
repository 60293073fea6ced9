/** Values with what was found in them replaced: nothing of it is left, and they are still values of their type. */
import { describe, expect, it } from 'vitest';
import { cleanMessage } from '../../../proxy/masking/detecting/cleanMessage.ts';
import { cleanValue } from '../../../proxy/masking/detecting/cleanValue.ts';
import { planScan, type ScannedShape } from '../../../proxy/masking/detecting/scanPlan.ts';
import { Random } from '../../kit/random.ts';
import { makeLabelledSet } from './labelledSet/labelledSet.ts';

/** As bytea is written. */
const hex = (text: string) => `\\x${Buffer.from(text).toString('hex')}`;

function clean(text: string, shape: ScannedShape = 'text', column = ''): string | undefined | null {
  // Between others, which must neither be read nor changed.
  const source = Buffer.from(`a@b.co 4${text}4 a@b.co`);
  const before = Buffer.from(source);
  const cleaned = cleanValue({ shape, column }, source, 8, 8 + Buffer.byteLength(text));
  expect(source.equals(before)).toBe(true);
  if (cleaned === undefined) return undefined;
  return cleaned.bytes === undefined ? null : cleaned.bytes.toString();
}

describe('a value in which something was found', () => {
  it.each<[string, string, ScannedShape, string | null]>([
    ['in a text', 'to a@x.co, b@x.co!', 'text', 'to •••, •••!'],
    ['as all of it', 'a@x.co', 'text', '•••'],
    ['in an array', '{a@x.co,"b c <d@x.co>"}', 'text', '{•••,"b c <•••>"}'],
    ['in a composite', '(1,a@x.co,"x ""y"" z@x.co")', 'text', '(1,•••,"x ""y"" •••")'],
    ['in a text that is JSON', '{"n":4242424242424242}', 'text', '{"n":"•••"}'],
    ['in a text that begins like JSON', '{4242424242424242', 'text', '{•••'],
    ['in a string of JSON', '{"a":"see a@x.co","b":1}', 'json', '{"a":"see •••","b":1}'],
    ['twice in a string of JSON', '["a@x.co and b@x.co","c"]', 'json', '["•••","c"]'],
    ['as a number of JSON', '[1, 4242424242424242, 2]', 'json', '[1, "•••", 2]'],
    ['as a key of JSON', '{"a@x.co":1}', 'json', '{"•••":1}'],
    ['behind an escape', '{"a":"x\\na@x.co"}', 'json', '{"a":"x\\n•••"}'],
    ['from an escape on', '{"a":"\\u00e9a@x.co"}', 'json', '{"a":"•••"}'],
    ['behind an escaped backslash', '{"a":"\\\\a@x.co"}', 'json', '{"a":"\\\\•••"}'],
    ['without its end', '{"a":"-----BEGIN PRIVATE KEY-----\\nMII","b":1}', 'json', '{"a":"•••","b":1}'],
    ['as JSON that is a string', '"a@x.co"', 'json', '"•••"'],
    ['in jsonb behind its version', '\u0001{"a":"a@x.co"}', 'jsonb', '\u0001{"a":"•••"}'],
    ['behind an escape of JSON', '{"a":"jo\\u0040x.co","b":1}', 'json', '{"a":"•••","b":1}'],
    ['as the escapes of JSON', '{"a":"\\u002B49 151 2345 6789 or so"}', 'text', '{"a":"••• or so"}'],
    ['behind escaped slashes', '"u":"postgres:\\/\\/app:hunter2hunter2@h\\/x"', 'text', '"u":"•••"'],
    ['in bytea', 'name: a@x.co', 'bytes', null],
    ['in a short bytea', 'a@x.co', 'bytes', null],
    [
      'in bytea in hex',
      hex(`\u0000\u0001${'\u0000'.repeat(5000)}mail to a@x.co\u0000`),
      'writtenBytes',
      null,
    ],
    ['in bytea in escapes', '\\001\\303\\251a@x.co\\000', 'writtenBytes', null],
    ['in an array of bytea', `{NULL,"\\${hex('mail to a@x.co')}"}`, 'whole', null],
    ['in bytea within a row', `(1,"\\${hex('mail to a@x.co')}",b)`, 'text', '(1,"\\•••",b)'],
    ['in bytea within JSON', `{"a":"\\${hex('mail to a@x.co')}","b":1}`, 'json', '{"a":"•••","b":1}'],
    ['among bytes with lengths', '\u0000\u0006a@x.co', 'whole', null],
  ])('has it replaced: %s', (_, text, shape, wanted) => {
    expect(clean(text, shape)).toBe(wanted);
  });

  it.each<[string, string, ScannedShape]>([
    ['hex of numbers', hex('\u0001\u0002'.repeat(40)), 'writtenBytes'],
    ['digits of hex that look like a card', '\\x4242424242424242', 'writtenBytes'],
    ['a card of one digit in hex', '\\x4242424242424242 and more', 'text'],
    ['an escape of one character', '{"a":"x\\u003cb\\u003e y"}', 'json'],
    ['letters of other alphabets', '{"a":"\\u0436\\u0430@x.co!"}'.replace('@x.co', ''), 'json'],
    ['half an escape', 'jo\\u004', 'text'],
  ])('is left as it is: %s', (_, text, shape) => {
    expect(clean(text, shape)).toBe(undefined);
  });

  it('says little of a column of bytes', () => {
    const source = Buffer.from('name: a@x.co');
    const cleaned = cleanValue({ shape: 'bytes', column: '' }, source, 0, source.length);
    expect(cleaned?.findings[0].isCertain).toBe(false);
  });

  it('is seldom found in bytes that are chance', () => {
    const random = new Random(3);
    const bytes = Buffer.from(Array.from({ length: 1 << 20 }, () => random.below(256)));
    expect(cleanValue({ shape: 'bytes', column: '' }, bytes, 0, bytes.length)).toBe(undefined);
    // The same behind all of it, at every distance that the look steps by.
    for (let at = 0; at < 13; at++) {
      const text = Buffer.from('\u0000jo@example.com\u0000');
      const value = Buffer.concat([bytes.subarray(0, 5000 + at), text]);
      expect(cleanValue({ shape: 'bytes', column: '' }, value, 0, value.length)).toBeDefined();
      const written = Buffer.from(`\\x${value.toString('hex')}`);
      expect(cleanValue({ shape: 'writtenBytes', column: '' }, written, 0, written.length)).toBeDefined();
    }
  });

  it('holds nothing more that could be found, and JSON stays JSON', () => {
    for (const { text, column, form, part } of makeLabelledSet()) {
      const cleaned = clean(text, 'text', column);
      if (form === undefined || typeof cleaned !== 'string') continue;
      expect(cleaned).not.toContain(part);
      expect([cleaned, clean(cleaned, 'text', column)]).toEqual([cleaned, undefined]);
      if (!/^[{[]\s*"\w+":/.test(text)) continue;
      JSON.parse(cleaned);
      // By their shape, as columns of json are.
      const json = clean(text, 'json', column);
      if (typeof json === 'string') JSON.parse(json);
    }
  });
});

describe('columns that are looked through', () => {
  const of = (type: number, more: { relation?: number; format?: number; typeName?: string } = {}) =>
    planScan(
      { name: 'v', relation: more.relation ?? 20_000, attribute: 1, type, format: more.format ?? 0 },
      { name: 'v', typeName: more.typeName ?? '' },
    )?.shape;

  it.each([
    ['text', 25],
    ['varchar', 1043],
    ['character', 1042],
    ['xml', 142],
    ['unknown', 705],
  ])('are the same in both formats: %s', (_, oid) => {
    expect([of(oid), of(oid, { format: 1 })]).toEqual(['text', 'text']);
  });

  it.each([
    ['text[]', 1009, 'text', 'whole'],
    ['json', 114, 'json', 'json'],
    ['jsonb', 3802, 'json', 'jsonb'],
    ['jsonb[]', 3807, 'whole', 'whole'],
    ['record', 2249, 'text', 'whole'],
    ['tsvector', 3614, 'text', 'whole'],
  ] as const)('are of their shape: %s', (_, oid, text, binary) => {
    expect([of(oid), of(oid, { format: 1 })]).toEqual([text, binary]);
  });

  it('are those of types that databases have made, but not shapes and vectors', () => {
    expect([of(16_500), of(16_500, { format: 1 })]).toEqual(['text', 'whole']);
    expect(of(16_500, { format: 1, typeName: 'citext' })).toBe('text');
    expect(of(16_500, { typeName: 'vector(3)' })).toBeUndefined();
    expect(of(16_500, { typeName: 'public.geometry(Point,4326)' })).toBeUndefined();
  });

  it.each([
    ['integer', 23],
    ['bigint', 20],
    ['numeric', 1700],
    ['timestamp', 1114],
    ['uuid', 2950],
    ['boolean', 16],
  ])('are no others: %s', (_, oid) => {
    expect(of(oid)).toBeUndefined();
  });

  it('are not those of the server’s own catalogs', () => {
    expect(of(25, { relation: 1259 })).toBeUndefined();
    expect(of(25, { relation: 0 })).toBe('text');
  });
});

describe('a message of the server', () => {
  const build = (type: string, ...parts: string[]) => {
    const body = Buffer.from(parts.join(''));
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const cleaned = (message: Buffer) => {
    const source = Buffer.concat([Buffer.from('xx'), message, Buffer.from('a@x.co')]);
    return cleanMessage(source, 2, 2 + message.length);
  };

  it('has its texts cleaned, field by field', () => {
    expect(cleaned(build('E', 'SERROR\0', 'Ma@x.co is there\0', 'D4242424242424242\0', '\0'))).toEqual(
      build('E', 'SERROR\0', 'M••• is there\0', 'D•••\0', '\0'),
    );
    expect(cleaned(build('A', '\0\0\0\u0007', 'news\0', 'a@x.co\0'))).toEqual(
      build('A', '\0\0\0\u0007', 'news\0', '•••\0'),
    );
  });

  it('passes as it is where nothing is found', () => {
    expect(cleaned(build('N', 'SNOTICE\0', 'Mtable "x" does not exist\0', '\0'))).toBeUndefined();
  });
});
