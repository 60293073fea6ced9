/** M26, M27, M29, M33: copies and parents of a table, renamed columns, a catalog that is out of date, masks written back. */
import { type LeakCase, leaks } from '../leakCase.ts';

const rolledBack = { isRolledBack: true } as const;

export const siblings: readonly LeakCase[] = [
  ...leaks('M26', 'a', 'shop', [
    'SELECT email FROM customers_old',
    'SELECT * FROM customers_old',
    "SELECT encode(t_data, 'hex') FROM heap_page_items(get_raw_page('customers', 0))",
    "SELECT t_attrs FROM heap_page_item_attrs(get_raw_page('customers', 0), 'customers'::regclass)",
    "SELECT get_raw_page('customers', 0)",
    "SELECT data FROM bt_page_items('customers_email_key', 1)",
    "SELECT itemoffset, ctid FROM bt_page_items('customers_email_key', 1)",
    "SELECT tuple_data_split('customers'::regclass, t_data, t_infomask, t_infomask2, t_bits) FROM heap_page_items(get_raw_page('customers', 0))",
    [['CREATE TABLE customers_backup AS TABLE customers', 'SELECT email FROM customers_backup'], rolledBack],
    [
      [
        'CREATE TABLE bigger (z int) INHERITS (u)',
        'INSERT INTO bigger SELECT id + 100, email, note, n, 1 FROM u',
        'SELECT email FROM bigger',
        'SELECT email FROM u',
      ],
      rolledBack,
    ],
    [
      [
        'CREATE TABLE wide (id int, email text, note text, n int)',
        'ALTER TABLE u INHERIT wide',
        'SELECT note, email FROM wide',
      ],
      rolledBack,
    ],
    [
      [
        'CREATE TABLE parted (id int, who text) PARTITION BY LIST (id)',
        'CREATE TABLE part (id int, who text)',
        'INSERT INTO part SELECT 1, email FROM u',
        'ALTER TABLE parted ATTACH PARTITION part FOR VALUES IN (1)',
        'SELECT who FROM parted',
      ],
      rolledBack,
    ],
  ]),
  ...leaks('M26', 'b', 'clinic', [
    'SELECT patient_email FROM besuche_2025',
    'SELECT patient_email FROM besuche_rest',
    'SELECT * FROM besuche_2026',
    'SELECT * FROM archiv.patienten_alt',
    'SELECT "E-Mail", "Diagnose" FROM archiv.patienten_alt',
    'SELECT email, gehalt FROM aerzte',
    'SELECT email FROM ONLY personal',
    'SELECT gehalt FROM aerzte WHERE id = 103',
    [
      [
        "CREATE TABLE besuche_2030 PARTITION OF besuche FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
        `INSERT INTO besuche SELECT id, '2030-02-02', 1, 'x', patient_email FROM besuche_2025`,
        'SELECT patient_email FROM besuche_2030',
      ],
      rolledBack,
    ],
    [
      ['ALTER TABLE besuche DETACH PARTITION besuche_2025', 'SELECT patient_email FROM besuche_2025'],
      rolledBack,
    ],
    [['ALTER TABLE aerzte NO INHERIT personal', 'SELECT email, gehalt FROM aerzte'], rolledBack],
  ]),
  ...leaks('M27', 'a', 'shop', [
    [['ALTER TABLE customers RENAME email TO note', 'SELECT note FROM customers'], rolledBack],
    [['ALTER TABLE customers RENAME email TO note', 'SELECT upper(note) FROM customers'], rolledBack],
    [['ALTER TABLE customers RENAME TO things', 'SELECT email FROM things'], rolledBack],
    [
      ['ALTER TABLE u RENAME email TO tmp', 'ALTER TABLE u RENAME note TO email', 'SELECT tmp, email FROM u'],
      rolledBack,
    ],
    [['ALTER TABLE u ALTER email TYPE varchar(80)', 'SELECT email FROM u'], rolledBack],
    [['ALTER TABLE u ALTER email TYPE bytea USING email::bytea', 'SELECT email FROM u'], rolledBack],
    [['ALTER TABLE u ALTER email TYPE int USING length(email)', 'SELECT email FROM u'], rolledBack],
    [['ALTER TABLE employees RENAME salary TO visits', 'SELECT visits FROM employees'], rolledBack],
    [['CREATE SCHEMA other', 'ALTER TABLE u SET SCHEMA other', 'SELECT email FROM other.u'], rolledBack],
    [['ALTER TABLE u RENAME email TO thing', { other: 'SELECT thing FROM u' }], { isCommitted: true }],
    [['ALTER TABLE u RENAME email TO thing', 'SELECT thing FROM u'], { isCommitted: true }],
    [
      [
        'ALTER TABLE employees ALTER salary TYPE bigint',
        'ALTER TABLE employees RENAME salary TO points',
        { other: 'SELECT points FROM employees' },
      ],
      { isCommitted: true },
    ],
  ]),
  ...leaks('M27', 'b', 'clinic', [
    [['ALTER TABLE t_17 RENAME c2 TO c9', 'SELECT c9 FROM t_17'], rolledBack],
    [
      [
        'ALTER TABLE "Praxis Süd"."Patienten" RENAME "Diagnose" TO x',
        'SELECT x FROM "Praxis Süd"."Patienten"',
      ],
      rolledBack,
    ],
    [['ALTER TABLE besuche RENAME patient_email TO ort', 'SELECT ort FROM besuche_2025'], rolledBack],
    [['ALTER SCHEMA "Praxis Süd" RENAME TO neu', 'SELECT "E-Mail" FROM neu."Patienten"'], rolledBack],
  ]),
  ...leaks(
    'M29',
    'a',
    'shop',
    [
      ['SELECT id FROM u', { beside: 'ALTER TABLE u RENAME email TO thing' }, 'SELECT thing FROM u'],
      ['SELECT * FROM u', { beside: 'ALTER TABLE u RENAME email TO thing' }, 'SELECT * FROM u'],
      ['SELECT note FROM u', { beside: 'UPDATE u SET note = email' }, 'SELECT note FROM u'],
      [
        'SELECT note FROM u',
        {
          beside:
            'ALTER TABLE u RENAME email TO tmp; ALTER TABLE u RENAME note TO email; ALTER TABLE u RENAME tmp TO note',
        },
        'SELECT note FROM u',
      ],
      [
        'SELECT upper(note) FROM u',
        {
          beside:
            'ALTER TABLE u RENAME email TO tmp; ALTER TABLE u RENAME note TO email; ALTER TABLE u RENAME tmp TO note',
        },
        'SELECT upper(note) FROM u',
      ],
      [
        'SELECT id FROM u',
        { beside: 'DROP TABLE u; CREATE TABLE u AS SELECT id, email AS note FROM customers' },
        'SELECT note FROM u',
      ],
      [
        'SELECT number FROM redefined',
        {
          beside:
            'CREATE OR REPLACE VIEW redefined AS SELECT length(reach_at) AS number, reach_at AS way FROM customer_view',
        },
        'SELECT number FROM redefined',
      ],
      [
        'SELECT add1(1)',
        {
          beside:
            'CREATE FUNCTION add1(int) RETURNS text LANGUAGE sql AS $$ SELECT email FROM customers WHERE id = $1 $$',
        },
        'SELECT add1(1)',
      ],
      ['PREPARE p AS SELECT note FROM u', 'EXECUTE p', { beside: 'UPDATE u SET note = email' }, 'EXECUTE p'],
      [
        'PREPARE p AS SELECT note FROM u ORDER BY note',
        'EXECUTE p',
        {
          beside:
            'ALTER TABLE u RENAME email TO tmp; ALTER TABLE u RENAME note TO email; ALTER TABLE u RENAME tmp TO note',
        },
        'EXECUTE p',
      ],
      [
        'SELECT city FROM customers',
        { beside: 'ALTER TABLE customers ADD COLUMN other text; UPDATE customers SET other = email' },
        'SELECT other FROM customers',
      ],
    ],
    { isCommitted: true },
  ),
  ...leaks(
    'M33',
    'a',
    'shop',
    [
      "UPDATE u SET email = 'q•••@z•••' WHERE id = 1",
      "UPDATE customers SET name = 'V••• K•••' WHERE id = 1",
      "UPDATE customers SET phone = '•••11' WHERE id = 1",
      "UPDATE customers SET notes = '•••' WHERE id = 1",
      "INSERT INTO leads VALUES (900, 'q•••@z•••', 'web')",
      "INSERT INTO leads (id, email) SELECT 900, 'q•••@z•••'",
      'UPDATE documents SET body = \'"•••"\' WHERE id = 1',
      "UPDATE leads SET email = v.e FROM (VALUES (1, 'q•••@z•••')) v(i, e) WHERE id = v.i",
      "INSERT INTO leads (id, email) VALUES (1, 'q•••@z•••') ON CONFLICT (id) DO UPDATE SET email = excluded.email",
      "MERGE INTO leads l USING (VALUES (1, 'q•••@z•••')) v(i, e) ON l.id = v.i WHEN MATCHED THEN UPDATE SET email = v.e",
    ],
    { isRolledBack: true, isRefused: true },
  ),
];
