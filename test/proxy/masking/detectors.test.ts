/** What values are taken for, what only looks alike, and that hostile values cost no time. */
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { judgeValues } from '../../../proxy/masking/columns/sampleColumns.ts';
import { findSensitive } from '../../../proxy/masking/detecting/findSensitive.ts';

const many = (make: (i: number) => string) => Array.from({ length: 100 }, (_, i) => make(i));
/** The form of the first find in a text that lies between others in its buffer, which must not be read. */
function find(text: string): string | undefined {
  const bytes = Buffer.from(`a4${text}4a`);
  const finding = findSensitive(bytes, 2, bytes.length - 2);
  return finding && `${finding.form}: ${bytes.toString('utf8', finding.start, finding.end)}`;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${base64({ alg: 'HS256' })}.${base64({ sub: 'a' })}.c2lnbmF0dXJl`;

describe('values', () => {
  it('are card numbers with a network, a length and a check digit', () => {
    for (const good of [
      '4242424242424242',
      '4242 4242 4242 4242',
      '378282246310005',
      '6011-1111-1111-1117',
    ]) {
      expect(find(good)).toBe(`payment card: ${good}`);
    }
    for (const bad of [
      '4242424242424241',
      '1700000000000000',
      '0000000000000000',
      '424242',
      '4242  424242424242',
      'order 4242424242424242',
      '#4242424242424242',
      '0.4242424242424242',
    ]) {
      expect([bad, find(bad)]).toEqual([bad, undefined]);
    }
  });

  it('are accounts with a remainder of 1, and social security numbers in the ranges issued', () => {
    expect(find('DE89370400440532013000')).toBe('IBAN: DE89370400440532013000');
    expect(find('GB82 WEST 1234 5698 7654 32')).toBe('IBAN: GB82 WEST 1234 5698 7654 32');
    expect(find('DE88370400440532013000')).toBeUndefined();
    expect(find('123-45-6789')).toBe('SSN: 123-45-6789');
    for (const bad of ['000-45-6789', '666-45-6789', '912-45-6789', '123-00-6789', '123-45-0000'])
      expect([bad, find(bad)]).toEqual([bad, undefined]);
  });

  it.each([
    ['pii.email', many((i) => `Ann.O${i}@mail.example.org`)],
    ['pii.phone', many((i) => `+49 (30) 2312${i + 100}`)],
    ['pii.phone', many((i) => `(415) 555-${1000 + i}`)],
    ['pii.ipAddress', many((i) => `10.0.${i + 100}.7`)],
    ['pii.ipAddress', many((i) => `2001:db8::${i}`)],
    ['pii.nationalId', many((i) => `123-45-${6000 + i}`)],
    ['secret.token', many((i) => `ghp_${String(i).padStart(36, 'aB3')}`)],
    ['secret.token', many(() => jwt)],
    ['secret.token', many(() => '-----BEGIN RSA PRIVATE KEY-----\nMII')],
    ['secret.token', many((i) => `postgres://app:pa55${i}@db.example/x`)],
    ['secret.password', many(() => `$2b$10$${'a'.repeat(53)}`)],
    ['pii.freeText', [...many((i) => `Order ${i} was fine`), 'ask ann@example.org', 'or bob@example.org']],
    ['pii.freeText', [...many(() => 'paid'), 'card 4242424242424242', 'card 5555555555554444']],
  ])('make a column %s', (kind, values) => {
    expect(judgeValues(values)?.kind).toBe(kind);
  });

  it.each([
    ['UUIDs', many((i) => `3f2504e0-4f89-41d3-9a0c-0305e82c${3000 + i}`)],
    ['order numbers', many((i) => `2026-000-${100000 + i}`)],
    [
      'long numeric ids, some of which pass the check of cards',
      many((i) => String(4_000_000_000_000_000 + i * 7919)),
    ],
    ['epoch microseconds', many((i) => String(1_700_000_000_000_000 + i * 13))],
    ['MAC addresses', many((i) => `00:1a:2b:3c:4d:${10 + (i % 80)}`)],
    ['times of day', many((i) => `12:${10 + (i % 50)}:30`)],
    ['qualified names', many((i) => `std::vector${i}`)],
    ['part numbers', many((i) => `114-395-${1000 + i}`)],
    ['timestamps', many((i) => `2026-01-02 03:04:${10 + (i % 50)}.123456+00`)],
    ['versions', many((i) => `1.${i % 20}.0.3`)],
    ['hashes', many((i) => String(i).padStart(64, 'ab12'))],
    ['SKUs', many((i) => `sk-${1000 + i}-blue`)],
    ['product names', many((i) => `Desk Lamp ${i} @ home`)],
    ['decorators and packages', many((i) => `@scope/pkg@1.2.${i}`)],
    ['URLs', many((i) => `https://example.org:8080/x/${i}`)],
    ['one find alone', [...many((i) => `Order ${i}`), 'ask ann@example.org']],
    ['two hits among few', ['a@example.org'.replace('@', ' at '), 'b']],
  ])('leave a column of %s clear', (_, values) => {
    expect(judgeValues(values)).toBeUndefined();
  });

  it('cost no more than their length, however they are made', () => {
    const hostile = [
      'a',
      '@',
      'a@a.',
      '+1 ',
      '1-',
      '1 ',
      'eyJa.',
      'DE12 ',
      'AB12',
      '1.',
      'a:',
      'a://b:',
      'é',
      'sk-',
      '-eyJ',
      'a$',
      'password=',
      '4242 ',
      '-----BEGIN ',
      '(212',
      '"token":',
      '+49',
      'AB 12 ',
      'xoxb-1.',
      '\\u0040',
      '\\u002B49\\x61',
      'jo\\u0040x.co',
      '\\x616161616161',
      ':\\/\\/a:b',
    ].map((part) => part.repeat(Math.ceil(100_000 / part.length)));
    for (const text of hostile) {
      const bytes = Buffer.from(text);
      const start = performance.now();
      for (let from = 0; ; ) {
        const finding = findSensitive(bytes, 0, bytes.length, { from });
        if (finding === undefined) break;
        from = finding.end;
      }
      judgeValues([text, text, text]);
      // Generous: what grows with the square of the length would take minutes.
      expect([text.slice(0, 8), performance.now() - start < 5_000]).toEqual([text.slice(0, 8), true]);
    }
  });
});
