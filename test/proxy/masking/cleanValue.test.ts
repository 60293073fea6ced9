/** Values with what was found in them replaced: nothing of it is left, and they are still values of their type. */
import { describe, expect, it } from 'vitest';
import { cleanMessage } from '../../../proxy/masking/detecting/cleanMessage.ts';
import { cleanValue } from '../../../proxy/masking/detecting/cleanValue.ts';
import { planScan, type ScannedShape } from '../../../proxy/masking/detecting/scanPlan.ts';
import { makeLabelledSet } from './labelledSet/labelledSet.ts';

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
    ['among bytes with lengths', '\u0000\u0006a@x.co', 'whole', null],
  ])('has it replaced: %s', (_, text, shape, wanted) => {
    expect(clean(text, shape)).toBe(wanted);
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
    ['bytea', 17],
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
