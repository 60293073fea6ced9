/** Promises of canonicalJson: the examples of RFC 8785 and its refusals. */
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';

function doubleOf(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

test('the example of RFC 8785 section 3.2.2 comes out as the RFC prints it', () => {
  const input = `{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
    "literals": [null, true, false]
  }`;
  expect(canonicalJson(JSON.parse(input))).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('keys are sorted by UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
  const input = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  expect(Object.values(JSON.parse(canonicalJson(input)) as object).sort()).toEqual(
    Object.values(input).sort(),
  );
  const order = [...canonicalJson(input).matchAll(/:"([^"]*)"/g)].map((match) => match[1]);
  expect(order).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ]);
});

test('numbers are written as in RFC 8785 appendix B', () => {
  const samples: readonly (readonly [string, string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ];
  for (const [hex, text] of samples) expect([hex, canonicalJson(doubleOf(hex))]).toEqual([hex, text]);
});

test('control characters are escaped in the shortest way, everything else stands as it is', () => {
  expect(canonicalJson('\b\t\n\f\r"\\/')).toBe('"\\b\\t\\n\\f\\r\\"\\\\/"');
  expect(canonicalJson('\u0000\u001f\u007f\u2028é😀<>&')).toBe('"\\u0000\\u001f\u007f\u2028é😀<>&"');
});

test('nesting is canonical at every depth, undefined properties are left out, key order of the input is no matter', () => {
  expect(canonicalJson({ b: [{ z: 1, a: undefined, y: {} }], a: [] })).toBe('{"a":[],"b":[{"y":{},"z":1}]}');
  expect(canonicalJson({ 10: 1, 9: 2, a: 3, A: 4 })).toBe('{"10":1,"9":2,"A":4,"a":3}');
});

test('what JSON cannot carry is refused', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const sparse: unknown[] = [];
  sparse.length = 2;
  const refused: readonly unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    undefined,
    [undefined],
    sparse,
    Symbol('x'),
    () => 1,
    new Date(0),
    new Map(),
    Buffer.from('x'),
    '\ud800',
    'a\udc00b',
    { '\ud800': 1 },
    cycle,
  ];
  for (const value of refused) expect(() => canonicalJson(value)).toThrow(TypeError);
  const shared = { a: 1 };
  expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]');
});
