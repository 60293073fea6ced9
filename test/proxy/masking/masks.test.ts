/** What masks make of real values, as a real server writes them in text and in binary. */
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClassificationKind } from '../../../proxy/masking/classification.ts';
import { chooseMask } from '../../../proxy/masking/maskValue.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { WireClient } from '../../kit/wireClient.ts';

/** SQL value, its type, its class, and the value that the mask must stand for (undefined: NULL). */
const cases: readonly (readonly [string, string, ClassificationKind, string | undefined])[] = [
  ["'jane.doe@example.com'", 'text', 'pii.email', 'j•••@e•••'],
  ["'jane.doe@example.com'", 'varchar(60)', 'pii.email', 'j•••@e•••'],
  ["'j@e'", 'text', 'pii.email', 'j•••@e•••'],
  ["'@'", 'text', 'pii.email', '•••'],
  ["'no address'", 'text', 'pii.email', '•••'],
  ["''", 'text', 'pii.email', '•••'],
  ["'élan@über.example'", 'text', 'pii.email', '•••'],
  ["'Ada King Lovelace'", 'text', 'pii.name', 'A••• L•••'],
  ["'Ada'", 'text', 'pii.name', 'A•••'],
  ["'Émile Zola'", 'text', 'pii.name', '•••'],
  ["'Ada '", 'text', 'pii.name', 'A•••'],
  ["' '", 'text', 'pii.name', '•••'],
  ["'+44 20 7946 0142'", 'text', 'pii.phone', '•••42'],
  ["'42'", 'text', 'pii.phone', '•••'],
  ["'4111111111111111'", 'text', 'pii.paymentCard', '•••'],
  ["'hunter2'", 'text', 'secret.password', '•••'],
  ["'x'", '"char"', 'secret.token', '•••'],
  ["'1984-05-06'", 'date', 'pii.birthDate', '1984-01-01'],
  ["'0044-03-15 BC'", 'date', 'pii.birthDate', undefined],
  ["'infinity'", 'date', 'pii.birthDate', undefined],
  ["'-infinity'", 'timestamp', 'pii.birthDate', undefined],
  ["'1999-01-01'", 'timestamp', 'pii.birthDate', '1999-01-01 00:00:00'],
  ["'2000-01-01'", 'timestamp', 'pii.birthDate', '2000-01-01 00:00:00'],
  ["'0004-02-29'", 'date', 'pii.birthDate', '0004-01-01'],
  ["'1984-07-06 12:00:00+00'", 'timestamptz', 'pii.birthDate', '1984-01-01 00:00:00+00'],
  ["'1999-12-31 23:59:59.5'", 'timestamp', 'pii.birthDate', '1999-01-01 00:00:00'],
  ['52340', 'int4', 'pii.salary', '50000'],
  ['-52340', 'int8', 'pii.salary', '-50000'],
  ['7', 'int2', 'pii.salary', '0'],
  ['0', 'int4', 'pii.salary', '0'],
  ['52340.17', 'numeric(12,2)', 'pii.salary', '50000.00'],
  ['9.99', 'numeric(12,2)', 'pii.salary', '0.00'],
  ['-123456789.5', 'numeric', 'pii.salary', '-100000000.0'],
  ['52340', 'float8', 'pii.salary', '50000'],
  ["'NaN'", 'numeric', 'pii.salary', undefined],
  ["'NaN'", 'float8', 'pii.salary', undefined],
  ["'-Infinity'", 'float4', 'pii.salary', undefined],
  ['5.234e+20', 'float8', 'pii.salary', '5e+20'],
  ['-3e+30', 'float4', 'pii.salary', '-3e+30'],
  ['1.5e-7', 'float8', 'pii.salary', '0'],
  ['1000', 'float8', 'pii.salary', '1000'],
  ['-9.99', 'numeric(12,2)', 'pii.salary', '0.00'],
  ['-7', 'int4', 'pii.salary', '0'],
  ["'-9223372036854775808'", 'int8', 'pii.salary', '-9000000000000000000'],
  [`'{"email":"a@b.example"}'`, 'json', 'pii.freeText', '{"email":"•••"}'],
  [`'{"email":"a@b.example"}'`, 'jsonb', 'pii.freeText', '{"email": "•••"}'],
  [
    `'{"a": [1, -2.5e3, true, {"b": "x \\" y"}], "a@b.example": "z"}'`,
    'json',
    'pii.freeText',
    '{"a": [null, null, null, {"b": "•••"}], "•••1": "•••"}',
  ],
  [
    `'{"a": [1, true, {"b": "x \\" y"}], "phone_4155551234": {}}'`,
    'jsonb',
    'pii.freeText',
    '{"a": [null, null, {"b": "•••"}], "•••1": {}}',
  ],
  [`'{"email":"a@b.example"}'`, 'jsonb', 'secret.token', '"•••"'],
  ['\'{a@b.example,NULL,"x,\\"y@z"}\'', 'text[]', 'pii.email', '{a•••@b•••,NULL,x•••@z•••}'],
  ["'{{a@b.example},{c@d.example}}'", 'varchar[]', 'pii.email', '{{a•••@b•••},{c•••@d•••}}'],
  ["'{}'", 'text[]', 'pii.email', '{}'],
  ["'{52340,7}'", 'int4[]', 'pii.salary', '{50000,0}'],
  ["'{1984-05-06,infinity}'", 'date[]', 'pii.birthDate', '{1984-01-01,NULL}'],
  ["'{5f2b1f9e-0c7c-4bb1-9d5a-0f3f8f5f8f5f}'", 'uuid[]', 'secret.token', undefined],
  ["'[2020-01-01,2021-01-01)'", 'daterange', 'pii.birthDate', undefined],
  ["'192.168.1.7'", 'inet', 'pii.ipAddress', undefined],
  ["'5f2b1f9e-0c7c-4bb1-9d5a-0f3f8f5f8f5f'", 'uuid', 'secret.token', undefined],
  ["'\\x0102'", 'bytea', 'secret.token', undefined],
  ['1234', 'int4', 'secret.token', undefined],
];

let server: TestPostgres;
let wire: WireClient;
let client: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  wire = await WireClient.connect(server.url());
  client = new Client({ connectionString: server.url() });
  await client.connect();
});
afterAll(async () => {
  wire?.close();
  await client?.end();
  await server?.stop();
});

/** The bytes of a value as the server sends them. */
async function encode(sql: string, type: string, format: number): Promise<{ oid: number; bytes: Buffer }> {
  const { parse, bind, describe: ask, execute, sync } = serialize;
  const text = `SELECT ${sql}::${type}`;
  wire.send(parse({ text }), bind({ binary: format === 1 }), ask({ type: 'P' }), execute(), sync());
  const messages = await wire.until('Z');
  const description = messages.find((message) => message.type === 'T')?.body;
  const row = messages.find((message) => message.type === 'D')?.body;
  if (description === undefined || row === undefined) throw new Error(`no row for ${text}`);
  const nameEnd = description.indexOf(0, 2);
  return { oid: description.readUInt32BE(nameEnd + 7), bytes: row.subarray(6, 6 + row.readInt32BE(2)) };
}

describe.each([
  ['text', 0],
  ['binary', 1],
])('a mask in %s', (_name, format) => {
  it.each(cases)('of %s::%s as %s is %s', async (sql, type, kind, wanted) => {
    const { oid, bytes } = await encode(sql, type, format);
    const masked = chooseMask(kind, { oid, name: type, isWholeRow: false }, format)(bytes, 0, bytes.length);
    if (wanted === undefined) {
      expect(masked).toBeUndefined();
      return;
    }
    // The server reads it back as a value of the type, and it is the one we want: in its own format.
    const base = type.replace(/\(.*/, '');
    const expected = await encode(`'${wanted}'`, base === '"char"' ? 'text' : base, format);
    expect(masked?.toString('hex')).toBe(expected.bytes.toString('hex'));
  });
});

describe('a mask', () => {
  it('makes no difference between values of different length', () => {
    const mask = chooseMask('pii.email', { oid: 25, name: 'text', isWholeRow: false }, 0);
    const lengths = ['a@b.example', 'averylongname.with.parts@bigcompany.example'].map(
      (text) => mask(Buffer.from(text), 0, text.length)?.length,
    );
    expect(lengths[0]).toBe(lengths[1]);
  });

  it('of a time tells nothing of the season, whatever the time zone and its summer time', async () => {
    wire.send(serialize.query("SET TimeZone = 'Europe/Paris'"));
    await wire.until('Z');
    const { oid, bytes } = await encode("'1984-07-06 12:00:00+00'", 'timestamptz', 0);
    expect(bytes.toString()).toBe('1984-07-06 14:00:00+02');
    const mask = chooseMask('pii.birthDate', { oid, name: '', isWholeRow: false }, 0);
    expect(mask(bytes, 0, bytes.length)?.toString()).toBe('1984-01-01 00:00:00+00');
    wire.send(serialize.query("SET TimeZone = 'Asia/Kolkata'; SET DateStyle = 'SQL, DMY'"));
    await wire.until('Z');
    const other = await encode("'1984-07-06 12:00:00+00'", 'timestamptz', 0);
    expect(mask(other.bytes, 0, other.bytes.length)).toBeUndefined();
    wire.send(serialize.query('RESET TimeZone; RESET DateStyle'));
    await wire.until('Z');
  });

  it('looks at its own value alone, whatever stands around it', () => {
    const around = Buffer.from('x@y plain z@w and more');
    for (const kind of ['pii.email', 'pii.name', 'pii.phone'] as const) {
      const mask = chooseMask(kind, { oid: 25, name: 'text', isWholeRow: false }, 0);
      for (let start = 0; start <= around.length; start++) {
        for (let end = start; end <= around.length; end++) {
          const alone = Buffer.from(around.subarray(start, end));
          expect(mask(around, start, end)).toEqual(mask(alone, 0, alone.length));
        }
      }
    }
  });

  it('knows citext whatever schema it lies in', () => {
    for (const name of ['citext', 'public.citext', '"Odd One".citext']) {
      const mask = chooseMask('pii.email', { oid: 99_999, name, isWholeRow: false }, 0);
      expect(mask(Buffer.from('a@b.example'), 0, 11)?.toString()).toBe('a•••@b•••');
    }
  });

  it('takes any bytes without throwing', () => {
    const kinds: ClassificationKind[] = [
      'pii.email',
      'pii.name',
      'pii.phone',
      'pii.salary',
      'pii.birthDate',
      'secret.token',
    ];
    for (const kind of kinds) {
      for (const oid of [25, 23, 21, 20, 700, 701, 1700, 1082, 1114, 1184, 114, 3802, 869]) {
        for (const format of [0, 1]) {
          const mask = chooseMask(kind, { oid, name: '', isWholeRow: false }, format);
          for (let length = 0; length < 20; length++) mask(Buffer.alloc(length, 0xff), 0, length);
        }
      }
    }
  });

  it('of what is computed from a value shows no letter, digit or year of it', () => {
    for (const [kind, oid] of [
      ['pii.name', 25],
      ['pii.email', 25],
      ['pii.phone', 25],
      ['pii.salary', 1700],
      ['pii.birthDate', 1082],
      ['pii.freeText', 3802],
    ] as const) {
      const value = Buffer.from(oid === 1082 ? '1984-05-06' : oid === 1700 ? '52340' : 'jane@example.com 42');
      const masked = chooseMask(kind, { oid, name: '', isWholeRow: false }, 0, true)(value, 0, value.length);
      expect([kind, masked?.toString()]).toEqual([kind, { 25: '•••', 3802: '"•••"' }[oid as number]]);
    }
  });

  it('of a whole row shows nothing', () => {
    expect(
      chooseMask('pii.name', { oid: 25, name: 'text', isWholeRow: true }, 0)(Buffer.from('x'), 0, 1),
    ).toBeUndefined();
  });
});
