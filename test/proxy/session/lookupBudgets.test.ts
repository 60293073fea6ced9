/** How lookups of protected values are counted: different values, of each identity, within the last hour. */
import { describe, expect, it } from 'vitest';
import { LookupBudgets } from '../../../proxy/session/limiting/lookupBudgets.ts';
import { takeLookups } from '../../../proxy/session/limiting/lookups.ts';

const values = (...given: string[]) => ({ values: given, made: [] });

describe('lookups', () => {
  it('count each value once, and not any more after an hour', () => {
    let now = 0;
    const budgets = new LookupBudgets(() => now);
    expect(budgets.take('ada', values('a', 'b', 'a'), 2)).toBe(true);
    expect(budgets.take('ada', values('b', 'a'), 2)).toBe(true);
    expect(budgets.take('ada', values('c'), 2)).toBe(false);
    expect(budgets.take('bob', values('c'), 2)).toBe(true);
    now = 30 * 60_000;
    expect(budgets.take('ada', values('a'), 2)).toBe(true);
    now = 61 * 60_000;
    // `b` was last looked up more than an hour ago, `a` was not.
    expect(budgets.take('ada', values('c'), 2)).toBe(true);
    expect(budgets.take('ada', values('d'), 2)).toBe(false);
  });

  it('take nothing of what would be too much', () => {
    const budgets = new LookupBudgets(() => 0);
    expect(budgets.take('ada', values('a', 'b', 'c'), 2)).toBe(false);
    expect(budgets.take('ada', values('a', 'b'), 2)).toBe(true);
  });

  it('count what is made by what makes it', () => {
    const budgets = new LookupBudgets(() => 0);
    const made = (by: string, count: number) => ({ values: [], made: [{ by, count }] });
    expect(budgets.take('ada', made('one', 5), 8)).toBe(true);
    expect(budgets.take('ada', made('one', 5), 8)).toBe(true);
    expect(budgets.take('ada', made('two', 5), 8)).toBe(false);
    expect(budgets.take('ada', made('one', Number.POSITIVE_INFINITY), 8)).toBe(false);
  });

  it('are those of constants, parameters, arrays in text and binary, and temporary tables', () => {
    const count = { kind: 'rows', values: ['x'], made: 3, readsTemporary: true } as const;
    const parameters = new Map([
      [1, false],
      [2, false],
      [3, true],
      [4, false],
    ]);
    // array_send of text[] {p,q}
    const binary = `\\x${['00000001', '00000000', '00000019', '00000002', '00000001', '00000001', '70', '00000001', '71'].join('')}`;
    const taken = takeLookups({ ...count, parameters }, 'text', ['{a,b}', binary, 'abcdefgh', null], 7);
    expect(taken?.values).toEqual(['x', 'a', 'b', '70', '71', 'abcdefgh']);
    expect(taken?.made.map((made) => made.count)).toEqual([3, 2, 7]);
    expect(takeLookups({ ...count, parameters, made: 'unknown' }, 'text', [], 0)).toBeUndefined();
  });
});
