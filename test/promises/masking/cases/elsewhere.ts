/** M21, M23 to M25, M30, M34: statistics, notices, dynamic SQL, other doors, settings, records. */
import { type LeakCase, leaks } from '../leakCase.ts';

const rolledBack = { isRolledBack: true } as const;

export const elsewhere: readonly LeakCase[] = [
  ...leaks('M21', 'a', 'shop', [
    "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = 'customers'",
    "SELECT * FROM pg_stats WHERE tablename = 'customers' ORDER BY attname",
    "SELECT s FROM pg_stats s WHERE tablename = 'customers'",
    "SELECT to_jsonb(s) FROM pg_stats s WHERE tablename = 'customers'",
    "SELECT histogram_bounds::text FROM pg_stats WHERE attname = 'email'",
    "SELECT unnest(histogram_bounds::text::text[]) FROM pg_stats WHERE attname = 'email'",
    "SELECT array_length(histogram_bounds, 1), left(histogram_bounds::text, 8) FROM pg_stats WHERE attname = 'email' AND tablename = 'customers'",
    "SELECT attname FROM pg_stats WHERE histogram_bounds::text LIKE '%ukawuw%' ORDER BY 1",
    'SELECT stavalues1, stavalues2 FROM pg_statistic WHERE starelid = $$customers$$::regclass',
    'SELECT s FROM pg_statistic s WHERE starelid = $$customers$$::regclass ORDER BY staattnum',
    'SELECT correlation FROM pg_stats WHERE attname = $$email$$ AND tablename = $$customers$$',
    'SELECT stanumbers2, stanumbers3 FROM pg_statistic WHERE starelid = $$customers$$::regclass ORDER BY staattnum',
    'SELECT most_common_vals FROM pg_stats_ext',
    'SELECT stxdmcv FROM pg_statistic_ext_data',
    'SELECT m.* FROM pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m ORDER BY index',
    'COPY (SELECT staattnum, stavalues1::text, stavalues2::text, stanumbers2 FROM pg_statistic WHERE starelid = $$customers$$::regclass ORDER BY 1) TO STDOUT',
    'COPY (SELECT histogram_bounds FROM pg_stats) TO STDOUT',
    [
      [
        'CREATE VIEW mine AS SELECT attname AS n, histogram_bounds::text AS a FROM pg_stats WHERE tablename = $$customers$$',
        'SELECT a FROM mine ORDER BY n',
      ],
      rolledBack,
    ],
    [
      [
        'CREATE TABLE mine AS SELECT attname AS n, histogram_bounds::text AS a FROM pg_stats WHERE tablename = $$customers$$',
        'SELECT a FROM mine ORDER BY n',
      ],
      rolledBack,
    ],
    [
      ['ANALYZE VERBOSE u', "SELECT histogram_bounds FROM pg_stats WHERE tablename = 'u'"],
      { isCommitted: true },
    ],
    [
      [
        "DO $$ BEGIN PERFORM set_config('application_name', (SELECT email FROM customers WHERE id = 1), false); END $$",
        'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()',
      ],
      {},
    ],
    [
      [
        "DO $$ BEGIN PERFORM set_config('application_name', (SELECT left(email, 60) FROM customers WHERE id = 1), false); END $$",
        'SELECT current_setting($$application_name$$)',
      ],
      {},
    ],
  ]),
  ...leaks('M21', 'b', 'clinic', [
    "SELECT histogram_bounds FROM pg_stats WHERE tablename = 'Patienten'",
    "SELECT most_common_elems FROM pg_stats WHERE tablename = 'Patienten'",
    "SELECT histogram_bounds FROM pg_stats WHERE tablename = 't_17'",
  ]),
  ...leaks('M23', 'a', 'shop', [
    "DO $$ BEGIN RAISE NOTICE '%', (SELECT email FROM customers WHERE id = 1); END $$",
    "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT email FROM customers WHERE id = 1); END $$",
    "DO $$ BEGIN RAISE INFO USING MESSAGE = 'x', HINT = (SELECT email FROM customers WHERE id = 1); END $$",
    "DO $$ BEGIN RAISE WARNING 'x' USING TABLE = (SELECT email FROM customers WHERE id = 1), COLUMN = 'a', SCHEMA = 'b'; END $$",
    'SELECT notice_mail(1)',
    'SELECT raise_mail(1)',
    'SELECT detail_mail(1)',
    'CALL say_mail()',
    'SELECT shout(email) FROM customers',
    'DO $$ BEGIN PERFORM email::int FROM customers; END $$',
    "DO $$ BEGIN EXECUTE 'SELECT ' || quote_ident((SELECT email FROM customers WHERE id = 1)); END $$",
    'DO $$ BEGIN EXECUTE (SELECT email FROM customers WHERE id = 1); END $$',
    'DO $$ BEGIN ASSERT false, (SELECT email FROM customers WHERE id = 1); END $$',
    ["INSERT INTO log (line) VALUES ('x')", rolledBack],
    [['SET client_min_messages TO debug5', 'SELECT notice_mail(2)'], {}],
    [['LISTEN c', "SELECT pg_notify('c', email) FROM customers"], { leavesNothing: true }],
    [['LISTEN c', "SELECT pg_notify('c', upper(email)) FROM customers", 'SELECT 1'], { leavesNothing: true }],
    [
      [{ other: 'LISTEN c' }, "SELECT pg_notify('c', email) FROM customers", { other: 'SELECT 1' }],
      { leavesNothing: true },
    ],
    [
      ['LISTEN c', "DO $$ BEGIN PERFORM pg_notify('c', email) FROM customers; END $$", 'SELECT 1'],
      { leavesNothing: true },
    ],
    [
      [
        { other: 'LISTEN c' },
        { beside: "SELECT pg_notify('c', email) FROM customers" },
        { other: 'SELECT 1' },
        { other: 'SELECT 2' },
      ],
      { leavesNothing: true },
    ],
    [
      [
        'LISTEN c',
        "DO $$ BEGIN EXECUTE format('NOTIFY c, %L', (SELECT email FROM customers WHERE id = 1)); END $$",
        'SELECT 1',
      ],
      { leavesNothing: true },
    ],
    [
      [
        'LISTEN c',
        "DO $$ BEGIN FOR i IN 1..3 LOOP IF (SELECT email FROM customers WHERE id = i) < 'qm' THEN NOTIFY c, 'early'; ELSE NOTIFY c, 'late'; END IF; PERFORM 1; END LOOP; FOR i IN 4..9 LOOP IF (SELECT email FROM customers WHERE id = i) < 'qm' THEN PERFORM pg_notify('c', i::text); END IF; END LOOP; END $$",
        'SELECT 1',
      ],
      { leavesNothing: true },
    ],
    [
      [
        "DO $$ BEGIN EXECUTE format('LISTEN %I', (SELECT email FROM customers WHERE id = 1)); END $$",
        'SELECT pg_listening_channels()',
      ],
      {},
    ],
    [["SELECT set_config('application_name', email, false) FROM customers WHERE id = 1"], {}],
    [
      [
        "DO $$ BEGIN PERFORM set_config('application_name', email, false) FROM customers WHERE id = 2; END $$",
      ],
      {},
    ],
  ]),
  ...leaks('M23', 'b', 'clinic', [
    ['UPDATE "Praxis Süd"."Patienten" SET "Größe" = 1 WHERE "Nr" = 1', rolledBack],
    ['UPDATE aktualisierbar SET "Größe" = 1', rolledBack],
    [
      [{ other: 'LISTEN klinik' }, 'UPDATE "Praxis Süd"."Patienten" SET "Größe" = 1', { other: 'SELECT 1' }],
      { isCommitted: true },
    ],
    `DO $$ BEGIN RAISE NOTICE '%', (SELECT array_agg("Diagnose") FROM "Praxis Süd"."Patienten"); END $$`,
    `SELECT zeige("E-Mail", 'x') FROM "Praxis Süd"."Patienten"`,
    `DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM t_17 LOOP RAISE NOTICE '%', r; END LOOP; END $$`,
  ]),
  ...leaks('M24', 'a', 'shop', [
    "SELECT query_to_xml('select email from customers', true, true, '')",
    "SELECT query_to_xml('sel' || 'ect em' || 'ail from customers', true, true, '')",
    "SELECT query_to_xml_and_xmlschema('select email from customers', true, true, '')",
    "SELECT table_to_xml('customers', true, true, '')",
    "SELECT table_to_xml(c, true, true, '') FROM (VALUES ('customers'::regclass)) v(c)",
    "SELECT schema_to_xml('public', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT xpath('//email/text()', query_to_xml('select email from customers', true, false, ''))",
    "SELECT length(query_to_xml('select email from customers', true, true, '')::text), query_to_xml('select length(email) from customers', true, false, '')::text",
    "SELECT query_to_xml('select id from customers where email < ''qm''', true, true, '')",
    "SELECT ts_stat('select to_tsvector(''simple'', email) from customers')",
    "SELECT word FROM ts_stat('select to_tsvector(''simple'', email) from customers')",
    "SELECT ts_rewrite('a'::tsquery, 'select ''a''::tsquery, plainto_tsquery(''simple'', email) from customers where id = 1')",
    "SELECT mail_dynamic('email')",
    "SELECT mail_dynamic($$(email < 'qm')::text || email$$)",
    "SELECT * FROM crosstab('select id, 1, email from customers order by 1') AS t(id int, e text)",
    "SELECT * FROM connectby('employees', 'id', 'manager_id', '1', 0) AS t(a int, b int, c int), employees e WHERE e.id = t.a AND e.salary > 4500000",
    [
      ['PREPARE p AS SELECT query_to_xml($1, true, true, $$$$)', "EXECUTE p('select email from customers')"],
      {},
    ],
    [
      "DO $$ DECLARE x text; BEGIN EXECUTE 'SELECT email FROM customers WHERE id = 1' INTO x; RAISE NOTICE '%', x; END $$",
      {},
    ],
  ]),
  ...leaks('M24', 'b', 'clinic', [
    `SELECT query_to_xml('SELECT "E-Mail" FROM "Praxis Süd"."Patienten"', true, true, '')`,
    `SELECT schema_to_xml('Praxis Süd', true, true, '')`,
    `SELECT table_to_xml('t_17', true, true, '')`,
    `SELECT table_to_xml('verlauf', false, true, '')`,
  ]),
  ...leaks('M25', 'a', 'shop', [
    "SELECT * FROM dblink('dbname=' || current_database() || ' port=' || current_setting('port') || ' host=127.0.0.1 user=postgres password={{password}}', 'select email from customers') AS t(e text)",
    [
      [
        'SELECT lo_from_bytea(424242, string_agg(email, $$,$$)::bytea) FROM customers',
        'SELECT lo_get(424242)',
      ],
      rolledBack,
    ],
    [
      [
        'SELECT lo_from_bytea(424242, string_agg(email, $$,$$)::bytea) FROM customers',
        'SELECT data FROM pg_largeobject',
      ],
      rolledBack,
    ],
    [
      [
        'SELECT lo_create(424242)',
        'SELECT lo_put(424242, 0, email::bytea) FROM customers WHERE id = 1',
        'SELECT loread(lo_open(424242, 262144), 100)',
      ],
      rolledBack,
    ],
    [
      [
        { beside: 'SELECT lo_from_bytea(424242, string_agg(email, $$,$$)::bytea) FROM customers' },
        'SELECT lo_get(424242)',
      ],
      { isCommitted: true },
    ],
    [
      [
        { beside: 'SELECT lo_from_bytea(424242, string_agg(email, $$,$$)::bytea) FROM customers' },
        "SELECT encode(lo_get(424242, 0, 200), 'base64')",
      ],
      { isCommitted: true },
    ],
    [
      [
        { beside: 'SELECT lo_from_bytea(424242, string_agg(email, $$,$$)::bytea) FROM customers' },
        'SELECT data, pageno FROM pg_largeobject',
      ],
      { isCommitted: true },
    ],
    [
      [
        "COPY (SELECT email FROM customers) TO PROGRAM 'cat 1>&2'",
        { beside: 'SELECT 1' },
        'SELECT email FROM customers',
      ],
      {},
    ],
    [[{ beside: 'CHECKPOINT' }, "SELECT pg_read_binary_file(pg_relation_filepath('customers'))"], {}],
    [
      [
        { beside: 'CHECKPOINT' },
        "SELECT encode(pg_read_binary_file(pg_relation_filepath('customers')), 'escape')",
      ],
      {},
    ],
    [
      [
        'CREATE TABLE big (id int, a text)',
        'ALTER TABLE big ALTER a SET STORAGE external',
        "INSERT INTO big SELECT 1, string_agg(repeat(email, 20), ',') FROM customers",
        `DO $$ BEGIN EXECUTE (SELECT 'CREATE VIEW mine AS SELECT chunk_data FROM ' || reltoastrelid::regclass FROM pg_class WHERE relname = 'big'); END $$`,
        'SELECT chunk_data FROM mine',
      ],
      rolledBack,
    ],
    [
      ["CREATE PUBLICATION mine FOR TABLE customers WHERE (email < 'qm')", 'SELECT email FROM customers'],
      rolledBack,
    ],
    [[{ call: 'mail_of(int)', argument: 1 }], {}],
    [
      [
        { call: 'mail_length(int)', argument: 1 },
        { call: 'mail_length(int)', argument: 2 },
      ],
      {},
    ],
    [[{ call: 'notice_mail(int)', argument: 3 }], {}],
    [[{ call: 'raise_mail(int)', argument: 4 }], {}],
  ]),
  ...leaks('M30', 'a', 'shop', [
    [['SET standard_conforming_strings TO off', "SELECT '\\'' || email || '' FROM customers --'"], {}],
    [["SELECT E'\\'' || email FROM customers"], {}],
    [['SELECT $tag$ $tag$ || email FROM customers'], {}],
    [["SELECT email /* ' */ || '' FROM customers -- '"], {}],
    [["SET client_encoding TO 'LATIN1'", 'SELECT email FROM customers'], {}],
    [["SET client_encoding TO 'SJIS'", "SELECT email || '' FROM customers"], {}],
    [['SELECT email FROM customers'], { startup: { client_encoding: 'LATIN1' } }],
    [['SET bytea_output TO escape', 'SELECT email::bytea FROM customers'], {}],
    [["SET DateStyle TO 'German'", 'SELECT birth_date FROM customers'], {}],
    [["SET DateStyle TO 'SQL, DMY'", 'SELECT birth_date, birth_date::timestamp FROM customers'], {}],
    [['SELECT birth_date FROM customers'], { startup: { DateStyle: 'Postgres, MDY' } }],
    [["SET IntervalStyle TO 'iso_8601'", "SELECT birth_date - timestamp '2000-01-01' FROM customers"], {}],
    [["SET lc_monetary TO 'C'", 'SELECT salary::money FROM employees'], {}],
    [['SET extra_float_digits TO 3', 'SELECT latitude::float8 FROM customers'], {}],
    [['SET quote_all_identifiers TO on', 'SELECT email FROM customers'], {}],
    [['SET xmloption TO document', 'SELECT xmlelement(name a, email) FROM customers'], {}],
    [['SET backslash_quote TO on', "SELECT E'\\'', email FROM customers"], {}],
    [["SET TimeZone TO 'Asia/Kolkata'", 'SELECT birth_date::timestamptz FROM customers'], {}],
  ]),
  ...leaks(
    'M34',
    'a',
    'shop',
    [
      "SELECT id FROM customers WHERE email = '{{email 1}}'",
      "SELECT id FROM customers WHERE ssn = '{{ssn 2}}'",
      "SELECT '{{email 3}}' AS x",
      "INSERT INTO scratch (a) VALUES ('{{email 4}}'), ($$ {{phone 4}} $$), (E'{{card 4}}')",
      "UPDATE customers SET city = 'x' WHERE card_number = '{{card 5}}' -- {{iban 5}}",
      '/* {{email 6}} */ SELECT 1',
      'SELECT id AS "{{email 7}}" FROM customers',
      "SELECT id FROM customers WHERE email LIKE '{{email 8}}%'",
      "SELECT U&'{{email 9}}', B'1', X'1', $$ {{email 10}} $$, '{{email 11}}'",
      "SELEC '{{email 12}}'",
      "SELECT 'unfinished {{email 13}}",
      "PREPARE p AS SELECT id FROM customers WHERE email = '{{email 14}}'",
      "DO $$ BEGIN PERFORM 1 FROM customers WHERE email = '{{email 15}}'; END $$",
      "SET application_name TO '{{email 16}}'",
      "COMMENT ON TABLE u IS '{{email 17}}'",
      "DECLARE c CURSOR FOR SELECT 1 WHERE '{{email 18}}' <> ''",
      `SELECT email AS "{{email 19}}", length(name) AS "{{email 20}}" FROM customers`,
      'SELECT id AS "{{phone 21}}" FROM "{{email 21}}"',
      'CREATE TABLE "{{email 22}}" ("{{email 23}}" int)',
      "COMMENT ON COLUMN u.note IS 'as {{email 24}} says, {{iban 24}}'",
      'SELECT "{{email 25}}"(id) FROM customers ORDER BY upper(email)',
    ],
    { isRolledBack: true, isRecordOnly: true },
  ),
];
