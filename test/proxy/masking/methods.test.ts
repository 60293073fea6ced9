/** Methods that masking.yaml can choose: what each makes of values, as a real server writes them in text and in binary. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClassificationKind, MaskMethod } from '../../../proxy/masking/classification.ts';
import { chooseMask, maskMethod } from '../../../proxy/masking/maskValue.ts';
import { DigitCipher } from '../../../proxy/masking/methods/formatPreserving.ts';
import { Tokens } from '../../../proxy/masking/methods/tokens.ts';
import { holdsMask } from '../../../proxy/masking/writtenMask.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { WireClient } from '../../kit/wireClient.ts';

const tokens = new Tokens(Buffer.alloc(32, 7));

let server: TestPostgres;
let wire: WireClient;
beforeAll(async () => {
  server = await startTestPostgres();
  wire = await WireClient.connect(server.url());
});
afterAll(async () => {
  wire?.close();
  await server?.stop();
});

/** The one value of a query, as bytes in the format, or null. */
async function ask(text: string, format: number): Promise<{ oid: number; bytes: Buffer }> {
  const { parse, bind, describe: ask, execute, sync } = serialize;
  wire.send(parse({ text }), bind({ binary: format === 1 }), ask({ type: 'P' }), execute(), sync());
  const messages = await wire.until('Z');
  const description = messages.find((message) => message.type === 'T')?.body;
  const row = messages.find((message) => message.type === 'D')?.body;
  if (description === undefined || row === undefined) throw new Error(`no row for ${text}`);
  const nameEnd = description.indexOf(0, 2);
  return { oid: description.readUInt32BE(nameEnd + 7), bytes: row.subarray(6, 6 + row.readInt32BE(2)) };
}

/** What the method shows of a value, as text; the binary form is read back by the server. */
async function show(
  method: MaskMethod,
  kind: ClassificationKind,
  type: string,
  value: string,
  format: number,
): Promise<string | undefined> {
  const { oid, bytes } = await ask(`SELECT '${value}'::${type}`, format);
  const chosen = { method, tokens: tokens.of(kind) };
  const masked = chooseMask(
    kind,
    { oid, name: type, isWholeRow: false },
    format,
    false,
    chosen,
  )(bytes, 0, bytes.length);
  if (masked === undefined || format === 0) return masked?.toString();
  const { parse, bind, execute, sync } = serialize;
  wire.send(parse({ text: `SELECT $1::${type}::text` }));
  wire.send(bind({ values: [masked], binary: false }), execute(), sync());
  const row = (await wire.until('Z')).find((message) => message.type === 'D')?.body;
  if (row === undefined) throw new Error(`the server does not take the mask of ${type}`);
  return row.subarray(6).toString();
}

const token = expect.stringMatching(/^tok_[a-z2-7]{16}$/);
const cases: readonly (readonly [MaskMethod, ClassificationKind, string, string, unknown])[] = [
  [
    'token',
    'pii.email',
    'text',
    'jane@a.example',
    expect.stringMatching(/^tok_[a-z2-7]{16}@masked\.invalid$/),
  ],
  ['token', 'pii.nationalId', 'varchar(20)', '123-45-6789', token],
  ['token', 'secret.token', 'text', 'sk_live_1', token],
  [
    'token',
    'pii.email',
    'uuid',
    '5f2b1f9e-0c7c-4bb1-9d5a-0f3f8f5f8f5f',
    expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/),
  ],
  ['token', 'pii.email', 'bytea', '\\x010203', expect.stringMatching(/^\\x[0-9a-f]{32}$/)],
  ['token', 'pii.birthDate', 'date', '1984-05-06', undefined],
  ['token', 'pii.nationalId', 'int8', '123456789', expect.stringMatching(/^[1-9]\d{8}$/)],
  ['digits', 'pii.nationalId', 'text', '123-45-6789', expect.stringMatching(/^\d{3}-\d\d-\d{4}$/)],
  ['digits', 'pii.phone', 'text', '+44 20 7946 0142', expect.stringMatching(/^\+\d\d \d\d \d{4} \d{4}$/)],
  ['digits', 'pii.phone', 'text', 'ask for Ada, 020 7946 0142', '•••'],
  ['digits', 'pii.phone', 'text', '12345', '•••'],
  ['digits', 'pii.nationalId', 'int4', '42', expect.stringMatching(/^\d{1,6}$/)],
  ['digits', 'pii.nationalId', 'int4', '2147483647', expect.stringMatching(/^[12]\d{9}$/)],
  ['digits', 'pii.nationalId', 'int4', '-2147483648', undefined],
  ['digits', 'pii.nationalId', 'int2', '42', undefined],
  [
    'digits',
    'pii.nationalId',
    'text[]',
    '{123-45-6789,x}',
    expect.stringMatching(/^\{\d{3}-\d\d-\d{4},•••\}$/),
  ],
  ['redact', 'pii.email', 'text', 'jane@a.example', '•••'],
  ['redact', 'pii.salary', 'int4', '52340', undefined],
  ['redact', 'pii.freeText', 'jsonb', '{"a": "b"}', '"•••"'],
  ['null', 'pii.email', 'text', 'jane@a.example', undefined],
  ['null', 'pii.email', 'text[]', '{jane@a.example}', undefined],
  ['null', 'pii.freeText', 'jsonb', '{"a": "b"}', undefined],
  ['partial', 'pii.paymentCard', 'text', '4242 4242 4242 4242', '•••4242'],
  ['partial', 'pii.paymentCard', 'text', '4242', '•••'],
  ['partial', 'pii.nationalId', 'text', '123-45-6789', '•••'],
  ['partial', 'pii.ipAddress', 'inet', '192.0.2.77', '192.0.0.0/16'],
  ['partial', 'pii.ipAddress', 'inet', '2001:db8:1:2::3', '2001:db8::/32'],
  ['partial', 'pii.ipAddress', 'inet', '::1', '::/32'],
  ['partial', 'pii.ipAddress', 'cidr', '2001::/64', '2001::/32'],
  ['bucket', 'pii.salary', 'int4', '52340', '50000'],
  ['bucket', 'pii.salary', 'text', '52340', '•••'],
  ['year', 'pii.birthDate', 'date', '1984-05-06', '1984-01-01'],
  ['year', 'pii.salary', 'int4', '52340', undefined],
];

describe.each([
  ['text', 0],
  ['binary', 1],
])('in %s', (_name, format) => {
  it.each(cases)('%s of %s in %s: %s is shown as %s', async (method, kind, type, value, wanted) => {
    expect(await show(method, kind, type, value, format)).toEqual(wanted);
  });
});

describe('tokens', () => {
  it('are the same for the same value, in any type of text and after a restart with the same key', async () => {
    const email = 'jane@a.example';
    const first = await show('token', 'pii.email', 'text', email, 0);
    expect(await show('token', 'pii.email', 'varchar(60)', email, 1)).toBe(first);
    expect(await show('token', 'pii.email', 'char(60)', email, 0)).toBe(first);
    expect(
      `${new Tokens(Buffer.alloc(32, 7)).of('pii.email').token(Buffer.from(email))}@masked.invalid`,
    ).toBe(first);
    expect(holdsMask(`INSERT INTO t VALUES ('${first}')`)).toBe(true);
  });

  it('of uuid and bytea are the same in both formats', async () => {
    for (const [type, value] of [
      ['uuid', '5f2b1f9e-0c7c-4bb1-9d5a-0f3f8f5f8f5f'],
      ['bytea', '\\x0102'],
      ['int8', '123456789012'],
    ] as const) {
      expect(await show('token', 'pii.email', type, value, 1)).toBe(
        await show('token', 'pii.email', type, value, 0),
      );
    }
  });

  it('differ between values, kinds and keys', () => {
    const value = Buffer.from('jane@a.example');
    const all = new Set([
      tokens.of('pii.email').token(value),
      tokens.of('pii.email').token(Buffer.from('jane@b.example')),
      tokens.of('pii.name').token(value),
      new Tokens(randomBytes(32)).of('pii.email').token(value),
    ]);
    expect(all.size).toBe(4);
  });

  it('do not show their key where they are printed', () => {
    const key = randomBytes(32);
    const printed = JSON.stringify(new Tokens(key).of('pii.email')) + JSON.stringify(new Tokens(key));
    expect(printed).toBe('{"digits":{}}{}');
  });
});

describe('digits', () => {
  // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values, FF1 samples 1, 4 and 7.
  it.each([
    ['2B7E151628AED2A6ABF7158809CF4F3C', '2433477484'],
    ['2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F', '2830668132'],
    ['2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94', '6657667009'],
  ])('are what NIST says for the key %s', (key, wanted) => {
    expect(new DigitCipher(Buffer.from(key, 'hex')).encrypt('0123456789')).toBe(wanted);
  });

  it('are a permutation: no two of a hundred thousand numbers become one', () => {
    const cipher = new DigitCipher(Buffer.alloc(32, 1));
    const seen = new Set<string>();
    for (let i = 0; i < 100_000; i++) seen.add(cipher.encrypt(String(i).padStart(6, '0')));
    expect(seen.size).toBe(100_000);
    expect([...seen].every((digits) => /^\d{6}$/.test(digits))).toBe(true);
  });

  it('of integers keep different numbers different, within what the type holds', () => {
    const chosen = { method: 'digits', tokens: tokens.of('pii.nationalId') } as const;
    const mask = chooseMask('pii.nationalId', { oid: 23, name: 'int4', isWholeRow: false }, 1, false, chosen);
    const seen = new Set<number>();
    const numbers = Array.from({ length: 2000 }, (_, i) => 999_000 + i).concat([
      2_147_483_647, 2_147_483_646,
    ]);
    for (const number of numbers) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(number);
      seen.add(mask(bytes, 0, 4)?.readInt32BE(0) ?? -1);
    }
    expect(seen.size).toBe(numbers.length);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0);
  });
});

it('a method is named where people read of it', () => {
  const text = { oid: 25, name: 'text', isWholeRow: false };
  const nameOf = (method: MaskMethod, oid = 25) =>
    maskMethod(
      chooseMask('pii.email', { ...text, oid }, 0, false, { method, tokens: tokens.of('pii.email') }),
    );
  expect((['partial', 'redact', 'null', 'token', 'digits'] as const).map((method) => nameOf(method))).toEqual(
    ['partial', 'redact', 'null', 'token', 'digits'],
  );
  expect([nameOf('year', 1082), nameOf('bucket', 23), nameOf('token', 1009)]).toEqual([
    'year',
    'bucket',
    'token',
  ]);
});

it('methods take any bytes without throwing', () => {
  const methods: MaskMethod[] = ['partial', 'redact', 'null', 'token', 'digits', 'year', 'bucket'];
  const noise = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(400));
  for (const method of methods) {
    const chosen = { method, tokens: tokens.of('pii.email') };
    for (const oid of [25, 23, 20, 1700, 1082, 114, 3802, 869, 2950, 17, 1009, 1007, 3807, 1182]) {
      for (const format of [0, 1]) {
        const mask = chooseMask('pii.email', { oid, name: '', isWholeRow: false }, format, false, chosen);
        for (let length = 0; length < 40; length++) mask(noise, length * 7, length * 8);
      }
    }
  }
});
