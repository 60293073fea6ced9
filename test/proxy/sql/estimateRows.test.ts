/** How many rows a statement is thought to show or change, without asking the server. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Analyser, loadAnalyser } from '../../../proxy/sql/analyser.ts';
import { estimateRows, type TableNumbers } from '../../../proxy/sql/rows/estimateRows.ts';

const tables: Readonly<Record<string, { rows?: number; keys?: string[][] }>> = {
  orders: { rows: 1000, keys: [['id'], ['shop', 'number']] },
  customers: { rows: 50, keys: [['id'], ['email']] },
  fresh: { keys: [['id']] },
};
const numbers: TableNumbers = {
  rowsOf: ({ name }) => tables[name]?.rows,
  keysOf: ({ name }) => tables[name]?.keys ?? [],
};

let analyser: Analyser;
beforeAll(async () => {
  analyser = await loadAnalyser();
});
afterAll(() => analyser.close());

/** `update orders 1`; a question mark where nobody can tell. */
function estimatesOf(sql: string): string[] {
  return analyser.analyse(sql).flatMap((facts) => {
    const { effects, role } = estimateRows(facts, numbers);
    const all = role.kind === 'prepare' ? [...effects, ...role.inner.effects] : effects;
    return all.flatMap(({ kind, relation, estimatedRows = '?' }) =>
      relation === undefined ? [] : [`${kind} ${relation.name} ${estimatedRows}`],
    );
  });
}

it.each([
  // All of it, where nothing narrows it.
  ['SELECT * FROM orders', 'read orders 1000'],
  ["DELETE FROM orders WHERE status = 'open'", 'delete orders 1000'],
  ['UPDATE orders SET status = 1', 'update orders 1000'],
  ['TRUNCATE orders, customers', 'truncate orders 1000', 'truncate customers 50'],
  ['DROP TABLE orders', 'drop orders 1000'],
  ['COPY orders TO STDOUT', 'read orders 1000'],
  ['COPY orders FROM STDIN', 'copyIn orders ?'],
  ['SELECT * FROM fresh', 'read fresh ?'],
  ['SELECT * FROM a_view', 'read a_view ?'],
  // A unique key that is given.
  ['SELECT * FROM orders WHERE id = 7', 'read orders 1'],
  ['SELECT * FROM fresh WHERE id = $1', 'read fresh 1'],
  ["DELETE FROM orders o WHERE 7 = o.id AND o.status = 'open'", 'delete orders 1'],
  ['UPDATE orders SET total = 0 WHERE id = $1::int', 'update orders 1'],
  ['DELETE FROM orders WHERE id IN (1, 2, $1)', 'delete orders 3'],
  ['DELETE FROM orders WHERE id = ANY (ARRAY[1, 2])', 'delete orders 2'],
  ['DELETE FROM orders WHERE shop IN (1, 2) AND number IN (1, 2, 3)', 'delete orders 6'],
  ['WITH d AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM d', 'delete orders 1'],
  ['PREPARE p AS DELETE FROM orders WHERE id = $1', 'delete orders 1'],
  ['EXPLAIN ANALYZE DELETE FROM orders WHERE id = $1', 'delete orders 1'],
  // What looks like it.
  ['DELETE FROM orders WHERE shop = 1', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = 1 OR true', 'delete orders 1000'],
  ['DELETE FROM orders WHERE NOT id = 1', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = id', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id >= 1', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id NOT IN (1, 2)', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = ANY ($1)', 'delete orders 1000'],
  ["DELETE FROM orders WHERE id = ANY ('{1,2}')", 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = ANY (ARRAY[ARRAY[1, 2], ARRAY[3, 4]])', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = ALL (ARRAY[1, 2])', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id = (random() * 9)::int', 'delete orders 1000'],
  ['DELETE FROM orders WHERE id OPERATOR(evil.=) 1', 'delete orders 1000'],
  ['SELECT * FROM orders AS o (number, id) WHERE id = 1', 'read orders 1000'],
  ['SELECT * FROM orders LEFT JOIN customers c ON c.id = 1', 'read orders 1000', 'read customers 50'],
  ['SELECT * FROM orders, customers WHERE id = 1', 'read orders 1000', 'read customers 50'],
  // Several tables: each has its own number.
  [
    'SELECT * FROM orders o JOIN customers c ON c.id = o.customer AND c.id = 3 WHERE o.id = 1',
    'read orders 1',
    'read customers 1',
  ],
  [
    'DELETE FROM orders o USING customers c WHERE o.customer = c.id AND c.id = 1',
    'delete orders 1000',
    'read customers 1',
  ],
  [
    'SELECT * FROM orders WHERE customer IN (SELECT id FROM customers WHERE email = $1)',
    'read orders 1000',
    'read customers 1',
  ],
  // However often a table is there: all mentions together, and no more than it has.
  ['SELECT * FROM orders WHERE id = 1 UNION ALL SELECT * FROM orders', 'read orders 1000'],
  ['SELECT * FROM orders WHERE id = 1 UNION ALL SELECT * FROM orders WHERE id = 2', 'read orders 2'],
  ['SELECT * FROM orders WHERE id = 1 GROUP BY (SELECT max(total) FROM orders)', 'read orders 1000'],
  ['SELECT * FROM orders WHERE id = 1 LIMIT (SELECT count(*) FROM orders)', 'read orders 1000'],
  ['SELECT * FROM orders WHERE id = 1 UNION SELECT * FROM orders TABLESAMPLE system (9)', 'read orders 1000'],
  ['WITH x AS (DELETE FROM orders WHERE id = 1) DELETE FROM orders WHERE total = 2', 'delete orders 1000'],
  [
    'UPDATE orders SET total = (SELECT max(total) FROM orders) WHERE id = 1',
    'update orders 1',
    'read orders 1000',
  ],
  // LIMIT.
  ['SELECT * FROM orders ORDER BY total LIMIT 10', 'read orders 10'],
  ['SELECT * FROM fresh LIMIT 10', 'read fresh 10'],
  ['SELECT * FROM orders LIMIT 0', 'read orders 0'],
  ['SELECT * FROM orders o JOIN customers c ON true LIMIT 5', 'read orders 5', 'read customers 5'],
  ['SELECT * FROM orders LIMIT NULL', 'read orders 1000'],
  ['SELECT * FROM orders LIMIT $1', 'read orders 1000'],
  ['SELECT count(*) FROM orders LIMIT 1', 'read orders 1000'],
  ['SELECT status FROM orders GROUP BY status LIMIT 1', 'read orders 1000'],
  ['SELECT DISTINCT status FROM orders LIMIT 1', 'read orders 1000'],
  ['SELECT * FROM orders ORDER BY total FETCH FIRST 1 ROW WITH TIES', 'read orders 1000'],
  ['SELECT * FROM (SELECT * FROM orders) o LIMIT 1', 'read orders 1000'],
  [
    '(SELECT id FROM orders LIMIT 3) UNION ALL SELECT id FROM customers',
    'read orders 3',
    'read customers 50',
  ],
  // What is inserted.
  ['INSERT INTO orders VALUES (1), (2), (3)', 'insert orders 3'],
  ['INSERT INTO orders DEFAULT VALUES', 'insert orders 1'],
  [
    'INSERT INTO orders VALUES (1) ON CONFLICT (id) DO UPDATE SET total = 1',
    'insert orders 1',
    'update orders 1',
  ],
  ['INSERT INTO orders SELECT * FROM customers', 'insert orders 50', 'read customers 50'],
  ['INSERT INTO orders SELECT * FROM customers WHERE id = 1', 'insert orders 1', 'read customers 1'],
  ['INSERT INTO fresh SELECT a.id FROM orders a, orders b', 'insert fresh 1000000', 'read orders 1000'],
  [
    'INSERT INTO fresh SELECT a.id FROM orders a JOIN customers b USING (id)',
    'insert fresh 1000',
    'read orders 1000',
    'read customers 50',
  ],
  [
    'INSERT INTO orders SELECT * FROM customers UNION ALL SELECT * FROM customers',
    'insert orders 100',
    'read customers 50',
  ],
  [
    'INSERT INTO orders WITH c AS (SELECT * FROM customers LIMIT 5) SELECT * FROM c',
    'insert orders 5',
    'read customers 5',
  ],
  ['INSERT INTO orders SELECT generate_series(1, 1000000)', 'insert orders ?'],
  ['INSERT INTO orders SELECT * FROM generate_series(1, 1000000)', 'insert orders ?'],
  [
    'INSERT INTO orders WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r',
    'insert orders ?',
  ],
  // MERGE changes as many rows as its source has, and all others where it says so.
  [
    'MERGE INTO orders o USING customers c ON o.id = c.id WHEN MATCHED THEN DELETE',
    'merge orders 50',
    'delete orders 50',
    'read customers 50',
  ],
  [
    'MERGE INTO orders o USING customers c ON o.id = c.id WHEN NOT MATCHED BY SOURCE THEN DELETE',
    'merge orders 1050',
    'delete orders 1000',
    'read customers 50',
  ],
])('%s', (sql, ...expected) => {
  // Several mentions of one table are told once each.
  expect([...new Set(estimatesOf(sql))]).toEqual(expected);
});
