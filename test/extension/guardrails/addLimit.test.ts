/** The fix “Add LIMIT” puts it where the server's grammar wants it. */
import { parse } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { placeLimit } from '../../../extension/guardrails/addLimit.ts';

function fix(text: string): string | undefined {
  const offset = placeLimit(text, { start: 0, end: text.length });
  return offset === undefined ? undefined : `${text.slice(0, offset)} LIMIT 1000${text.slice(offset)}`;
}

const fixed: readonly (readonly [string, string])[] = [
  ['SELECT * FROM t', 'SELECT * FROM t LIMIT 1000'],
  ['SELECT * FROM t ; ', 'SELECT * FROM t LIMIT 1000 ; '],
  ['SELECT * FROM t -- LIMIT 5', 'SELECT * FROM t LIMIT 1000 -- LIMIT 5'],
  [
    'SELECT a FROM t WHERE b = $$ LIMIT 1 $$ ORDER BY a',
    'SELECT a FROM t WHERE b = $$ LIMIT 1 $$ ORDER BY a LIMIT 1000',
  ],
  ['SELECT * FROM t FOR UPDATE', 'SELECT * FROM t LIMIT 1000 FOR UPDATE'],
  ['SELECT * FROM t OFFSET 5', 'SELECT * FROM t LIMIT 1000 OFFSET 5'],
  ['TABLE t', 'TABLE t LIMIT 1000'],
  [
    'WITH c AS (SELECT 1 FROM t LIMIT 1) SELECT * FROM c UNION SELECT * FROM d',
    'WITH c AS (SELECT 1 FROM t LIMIT 1) SELECT * FROM c UNION SELECT * FROM d LIMIT 1000',
  ],
  [
    'SELECT * FROM (SELECT * FROM t LIMIT 3) s WHERE substring(a FOR 3) = b',
    'SELECT * FROM (SELECT * FROM t LIMIT 3) s WHERE substring(a FOR 3) = b LIMIT 1000',
  ],
];

describe('adding a LIMIT', () => {
  it.each(fixed)('%s', async (text, wanted) => {
    expect(fix(text)).toBe(wanted);
    await expect(parse(wanted)).resolves.toBeDefined();
  });

  it.each([
    'SELECT * FROM t LIMIT 5',
    'SELECT * FROM t FETCH FIRST 5 ROWS ONLY',
    'SELECT 1',
    'SELECT * INTO u FROM t',
    'UPDATE t SET a = 1',
    'WITH d AS (SELECT 1) DELETE FROM t',
    'INSERT INTO t SELECT * FROM u',
    'EXPLAIN SELECT * FROM t',
  ])('is not offered for %s', (text) => {
    expect(fix(text)).toBeUndefined();
  });
});
