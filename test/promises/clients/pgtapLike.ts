/** Test scripts in SQL: in the manner of pgTAP without its functions, and with them. */

/** Nothing but plain statements and temporary tables: any database runs it. */
export const plainTests = `
\\set ON_ERROR_ROLLBACK 1
\\set QUIET 1
\\pset format unaligned
\\pset tuples_only true
BEGIN;
SELECT '1..7';
CREATE TEMP TABLE result (number serial, is_ok bool, what text) ON COMMIT DROP;
INSERT INTO result (is_ok, what) SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_schema = 'public' AND table_name = 'orders'), 'there are orders';
INSERT INTO result (is_ok, what) SELECT format_type(atttypid, atttypmod) = 'integer', 'orders.id is an integer'
  FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'id';
INSERT INTO result (is_ok, what) SELECT indisprimary, 'it is the key' FROM pg_index WHERE indrelid = 'orders'::regclass AND indisprimary;
INSERT INTO result (is_ok, what) SELECT confrelid = 'customers'::regclass, 'orders refer to customers' FROM pg_constraint
  WHERE conrelid = 'orders'::regclass AND contype = 'f';
INSERT INTO result (is_ok, what) SELECT count(*) = 16000, 'all orders are there' FROM orders;
WITH expected (status) AS (VALUES ('cancelled'), ('delivered'), ('paid'), ('pending'), ('returned'), ('shipped')),
  missing AS (SELECT status FROM expected EXCEPT SELECT status FROM orders), extra AS (SELECT status FROM orders EXCEPT SELECT status FROM expected)
INSERT INTO result (is_ok, what) SELECT NOT EXISTS (TABLE missing) AND NOT EXISTS (TABLE extra), 'they are in the states expected';
SAVEPOINT failing;
SELECT 1 / 0;
ROLLBACK TO failing;
INSERT INTO result (is_ok, what) SELECT depot.area(2, 3) = 6, 'the area is the product';
SELECT CASE WHEN is_ok THEN 'ok' ELSE 'not ok' END || ' ' || number || ' - ' || what FROM result ORDER BY number;
SELECT '# Looks like ' || count(*) FILTER (WHERE NOT is_ok) || ' failed of ' || count(*) FROM result;
ROLLBACK;
`;

/** With pgTAP itself, whose functions write tables of its own and run texts that they are given. */
export const pgtapTests = `
\\set QUIET 1
\\pset format unaligned
\\pset tuples_only true
BEGIN;
SELECT plan(10);
SELECT has_table('public', 'orders', 'there are orders');
SELECT col_type_is('orders', 'id', 'integer');
SELECT col_is_pk('orders', 'id');
SELECT fk_ok('orders', 'customer_id', 'customers', 'id');
SELECT has_index('public', 'orders', 'orders_created_at_idx', 'an index');
SELECT function_returns('depot', 'area', ARRAY['numeric', 'numeric'], 'numeric');
SELECT is((SELECT count(*) FROM orders), 16000::bigint);
SELECT results_eq('SELECT count(*) FROM orders', 'VALUES (16000::bigint)');
SELECT throws_ok('SELECT 1/0', '22012');
SELECT is(depot.area(2, 3), 7::numeric, 'fails');
SELECT * FROM finish();
ROLLBACK;
`;
