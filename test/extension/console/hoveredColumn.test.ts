/** Which column is pointed at, and of which tables it may be, by the words of a statement. */
import { describe, expect, it } from 'vitest';
import { nameAt, tablesFor, tablesOf } from '../../../extension/console/hoveredColumn.ts';

const at = (text: string) => nameAt(text.replace('|', ''), text.indexOf('|'));

describe('the name under the pointer', () => {
  it('is folded as the server does, and knows what stands before its point', () => {
    expect(at('SELECT E|mail FROM customers')).toEqual({ name: 'email', start: 7, end: 12 });
    expect(at('SELECT c.em|ail FROM customers c')).toMatchObject({ name: 'email', qualifier: 'c' });
    expect(at('SELECT |c.email FROM customers c')).toMatchObject({ name: 'c', start: 7, end: 8 });
    expect(at('SELECT public."Order items"."E|""x" FROM t')).toMatchObject({
      name: 'E"x',
      qualifier: 'Order items',
    });
  });

  it('is none in texts, comments and open space', () => {
    for (const text of [
      "SELECT 'em|ail'",
      '-- em|ail\nSELECT 1',
      '/* em|ail */ SELECT 1',
      'SELECT $$ em|ail $$',
    ])
      expect([text, at(text)]).toEqual([text, undefined]);
    expect(at('SELECT 1 |+ 2')).toBeUndefined();
  });
});

describe('the tables of a statement', () => {
  it('stand after FROM, JOIN, UPDATE, INTO and commas, with what stands for them', () => {
    expect(
      tablesOf('SELECT * FROM public.customers AS c JOIN orders o ON o.id = c.id, "Big" WHERE true'),
    ).toEqual(
      expect.arrayContaining([
        { schema: 'public', table: 'customers', alias: 'c' },
        { table: 'orders', alias: 'o' },
        { table: 'Big' },
      ]),
    );
    expect(tablesOf('UPDATE customers SET email = 1')).toEqual([{ table: 'customers' }]);
    expect(tablesOf("INSERT INTO a SELECT 1 FROM b -- FROM c\n WHERE x = 'FROM d'")).toEqual([
      { table: 'a' },
      { table: 'b' },
    ]);
  });

  it('are those that a qualifier names, or all where it names none', () => {
    const tables = tablesOf('SELECT 1 FROM customers c JOIN orders ON true');
    expect(tablesFor(tables, 'c')).toEqual([{ table: 'customers', alias: 'c' }]);
    expect(tablesFor(tables, 'orders')).toEqual([{ table: 'orders' }]);
    expect(tablesFor(tables, undefined)).toHaveLength(2);
    expect(tablesFor(tables, 'x')).toHaveLength(2);
  });
});
