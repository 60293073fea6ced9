/** What people do with psql in a day, part by part; run directly and through the proxy, and compared letter by letter. */

/** Nothing in these tables is personal: every difference between two runs is a fault. */
export const toolSetup = `
  CREATE TABLE gauges (id int PRIMARY KEY, label text, reading numeric(12,4), taken timestamptz, raw bytea,
    extras jsonb, tags text[], counts int[], is_on bool, big int8, ratio float8, day date, took interval);
  INSERT INTO gauges SELECT i, CASE WHEN i % 10 <> 0 THEN 'gauge ü ' || i END, i * 1.0625,
    timestamptz '2024-02-29 12:34:56.789+00' + i * interval '1 hour', decode(lpad(to_hex(i), 8, '0'), 'hex'),
    CASE WHEN i % 9 <> 0 THEN jsonb_build_object('n', i, 'list', jsonb_build_array(i, NULL, 'x')) END,
    CASE WHEN i % 8 <> 0 THEN ARRAY['a,' || i, NULL, '"'] END, ARRAY[i, NULL, -i], i % 2 = 0, i * 10000000000,
    i / 7.0, date '2024-01-01' + i, i * interval '1 day 2 hours'
    FROM generate_series(1, 1000) i;
  CREATE TABLE arrivals (id int PRIMARY KEY, label text NOT NULL CHECK (label <> 'bad'));
  CREATE INDEX gauges_taken ON gauges (taken);
  CREATE VIEW warm AS SELECT id, reading FROM gauges WHERE reading > 100;
  CREATE TYPE mood AS ENUM ('calm', 'busy');
  CREATE SEQUENCE ticket START 10;
  COMMENT ON TABLE gauges IS 'what the gauges say';
  ANALYZE;
`;

export const everydayScript: Readonly<Record<string, string>> = {
  'plain queries': `
SELECT 1;
SELECT id, label FROM gauges ORDER BY id LIMIT 3;
SELECT 1 WHERE false;
SELECT;
;
TABLE warm ORDER BY id LIMIT 2;
VALUES (1, 'a'), (2, NULL);
EXPLAIN (COSTS OFF) SELECT id FROM gauges WHERE id = 1;
\\x
SELECT * FROM gauges WHERE id = 7;
`,
  'several statements in one message': `
SELECT 1\\; SELECT 2 AS two\\; SELECT 'three';
SELECT 1\\; SELECT 1/0\\; SELECT 3;
BEGIN\\; INSERT INTO arrivals VALUES (1, 'kept')\\; COMMIT;
INSERT INTO arrivals VALUES (2, 'undone')\\; SELECT 1/0;
SELECT * FROM arrivals;
DELETE FROM arrivals WHERE id = 1;
`,
  'every type, NULL among them': `
\\pset null '(null)'
SELECT * FROM gauges WHERE id IN (1, 8, 9, 10) ORDER BY id;
SELECT NULL, ''::text, ARRAY[]::int[], '{{1,2},{3,NULL}}'::int[], '"x"'::jsonb, 'null'::jsonb, '\\xdeadbeef'::bytea;
SELECT 'infinity'::timestamptz, '-infinity'::date, 'NaN'::numeric, 'NaN'::float8, '1e-30'::numeric, 99999999999999999999.5;
SELECT 'busy'::mood, int4range(1, 5), '192.168.0.1/24'::inet, row(1, NULL, 'x'), point(1, 2), B'101', '12:00+02'::timetz;
`,
  'a text of a megabyte': `
\\pset format unaligned
SELECT repeat('é', 524288) AS big;
SELECT length(repeat('x', 3000000));
`,
  'errors and what follows them': `
\\set VERBOSITY verbose
SELECT 1/0;
SELECT nothing FROM gauges;
SELECT 'abc'::int;
INSERT INTO arrivals VALUES (1, 'bad');
INSERT INTO arrivals VALUES (1, NULL);
INSERT INTO arrivals VALUES (1, 'a'), (1, 'b');
\\errverbose
SELECT 'alive';
\\set VERBOSITY default
SELEC 1;
SELECT 1 +;
BEGIN;
INSERT INTO arrivals VALUES (5, 'inside');
SELECT 1/0;
SELECT 'not heard';
COMMIT;
SELECT count(*) FROM arrivals;
`,
  savepoints: `
BEGIN;
INSERT INTO arrivals VALUES (1, 'first');
SAVEPOINT a;
INSERT INTO arrivals VALUES (2, 'bad');
SELECT 'not heard';
ROLLBACK TO SAVEPOINT a;
INSERT INTO arrivals VALUES (3, 'third');
SAVEPOINT b;
RELEASE SAVEPOINT b;
ROLLBACK TO SAVEPOINT nowhere;
ROLLBACK TO a;
SELECT * FROM arrivals;
ROLLBACK;
SELECT * FROM arrivals;
\\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1/0;
SELECT 'goes on';
COMMIT;
`,
  'COPY in and out': `
COPY arrivals FROM STDIN;
1	one
2	two\\tthree
\\.
COPY arrivals (label, id) FROM STDIN (FORMAT csv, HEADER);
label,id
"quoted, ""so""",3
\\.
COPY arrivals FROM STDIN;
4	fine
x	not a number
\\.
SELECT 'goes on';
COPY arrivals TO STDOUT;
COPY (SELECT id, label, reading FROM gauges WHERE id < 12 ORDER BY id) TO STDOUT (FORMAT csv, HEADER, NULL '-');
\\copy arrivals TO 'arrivals.txt'
DELETE FROM arrivals WHERE id > 0;
\\copy arrivals FROM 'arrivals.txt'
SELECT * FROM arrivals ORDER BY id;
DELETE FROM arrivals WHERE id > 0;
`,
  cursors: `
BEGIN;
DECLARE walk SCROLL CURSOR FOR SELECT id, label FROM gauges ORDER BY id;
FETCH 2 FROM walk;
MOVE 10 FROM walk;
FETCH walk;
FETCH BACKWARD 2 FROM walk;
FETCH LAST FROM walk;
FETCH walk;
CLOSE walk;
ROLLBACK;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM gauges WHERE id < 4 ORDER BY id;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
`,
  'prepared statements': `
PREPARE pick (int) AS SELECT id, label FROM gauges WHERE id = $1;
EXECUTE pick (1);
EXECUTE pick (2);
EXECUTE pick ('x');
SELECT name, parameter_types FROM pg_prepared_statements;
DEALLOCATE pick;
SELECT id, label AS described FROM gauges \\gdesc
SELECT format('SELECT %s AS generated', i) FROM generate_series(1, 3) i \\gexec
SELECT id AS chosen FROM gauges WHERE id = 42 \\gset
\\echo :chosen
`,
  'notices and notifications': `
DROP TABLE IF EXISTS nowhere;
SET client_min_messages = debug1;
SELECT 1;
RESET client_min_messages;
LISTEN news;
NOTIFY news, 'first';
SELECT pg_notify('news', 'second');
BEGIN;
NOTIFY news, 'third';
COMMIT;
UNLISTEN news;
NOTIFY news, 'nobody hears';
SELECT 1;
`,
  'isolation levels and settings': `
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SHOW transaction_isolation;
SHOW transaction_read_only;
INSERT INTO arrivals VALUES (1, 'x');
ROLLBACK;
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SHOW transaction_isolation;
COMMIT;
SET TimeZone = 'Asia/Tokyo';
SHOW TimeZone;
SELECT taken FROM gauges WHERE id = 1;
SET DateStyle = 'German';
SELECT taken FROM gauges WHERE id = 1;
RESET ALL;
SET LOCAL work_mem = '8MB';
SHOW work_mem;
SET nothing = 1;
SHOW nothing.here;
SET application_name = 'everyday';
SHOW application_name;
SHOW search_path;
SET statement_timeout = 50;
SELECT pg_sleep(5);
RESET statement_timeout;
SELECT current_user, session_user, current_database();
`,
  'changes of tables': `
CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY, what text);
INSERT INTO made (what) VALUES ('a'), ('b') RETURNING *;
UPDATE made SET what = upper(what) WHERE id = 1 RETURNING id, what;
ALTER TABLE made ADD COLUMN more int DEFAULT 5;
SELECT * FROM made ORDER BY id;
MERGE INTO made m USING (VALUES (1, 'merged'), (9, 'new')) v(id, what) ON m.id = v.id
  WHEN MATCHED THEN UPDATE SET what = v.what WHEN NOT MATCHED THEN INSERT (what) VALUES (v.what);
SELECT * FROM made ORDER BY id;
DELETE FROM made WHERE id = 2;
TRUNCATE made;
DROP TABLE made;
CREATE TEMP TABLE scratch AS SELECT i FROM generate_series(1, 3) i;
SELECT * FROM scratch;
`,
  'its own commands': `
\\d
\\d gauges
\\d+ warm
\\dt+ arrivals
\\di
\\ds
\\dv
\\dT
\\dn
\\du
\\df
\\dp
\\l
\\encoding
\\sv warm
\\timing off
`,
};

/** Where the proxy says something of its own on purpose: what is printed instead of the server's text. */
export const ownWords: Readonly<
  Record<string, readonly [script: string, directly: string, governed: string]>
> = {
  'a notice of code that it cannot look into is withheld': [
    "DO $$ BEGIN RAISE NOTICE 'hello %', 1; END $$;",
    'NOTICE:  hello 1\nDO\n',
    "NOTICE:  a notice (the server's text is withheld: it may hold protected values)\nDO\n",
  ],
  'a cursor that nobody declared is not repeated': [
    'FETCH nowhere;',
    'ERROR:  cursor "nowhere" does not exist\n',
    "ERROR:  the cursor is not known (the server's text is withheld: it may hold protected values)\n",
  ],
  'a statement that nobody prepared is explained': [
    'EXECUTE nowhere;',
    'ERROR:  prepared statement "nowhere" does not exist\n',
    'ERROR:  prepared statement "nowhere" does not exist\nHINT:  Prepare it in this session, in a statement of its own.\n',
  ],
};
