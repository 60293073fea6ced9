/** What a session may have gone through before it names a table, and where the server then finds that table. */

/** `fails`: the server refuses it. `others`: run in another session, through the proxy. `past`: run past the proxy. */
export type Step =
  | string
  | { readonly fails: string }
  | { readonly others: readonly string[] }
  | { readonly past: string };

export interface History {
  readonly title: string;
  readonly steps: readonly Step[];
  /** The schema of the table that the server reads. */
  readonly means: string;
  /** Why the proxy cannot know it, so that the name must mean all that it may. */
  readonly doubt?: string;
  readonly connection?: 'shop' | 'clerk';
  /** Startup options of the session. */
  readonly options?: string;
  /** The name that is read, as it is written; `notes` unless told. */
  readonly relation?: string;
  /** Run past the proxy when it is over. */
  readonly after?: string;
}

const longName = 'n'.repeat(63);

/** Rows tell the schema that they are in; only those of `b` hold something to protect. */
export const namesSetup = `
  CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA empty; CREATE SCHEMA "Mixed Case"; CREATE SCHEMA postgres; CREATE SCHEMA v;
  CREATE SCHEMA p; CREATE SCHEMA clerk; CREATE SCHEMA locked; CREATE SCHEMA later;
  CREATE TABLE a.notes AS SELECT 'a' AS whose, 'line ' || i AS contact FROM generate_series(1, 50) i;
  CREATE TABLE b.notes AS SELECT 'b' AS whose, 'ada' || i || '@secret.example' AS contact FROM generate_series(1, 50) i;
  CREATE TABLE public.notes AS SELECT 'public' AS whose, 'line' AS contact;
  CREATE TABLE postgres.notes AS SELECT 'postgres' AS whose, 'line' AS contact;
  CREATE TABLE "Mixed Case".notes AS SELECT 'Mixed Case' AS whose, 'line' AS contact;
  CREATE TABLE clerk.notes AS SELECT 'clerk' AS whose, 'line' AS contact;
  CREATE TABLE locked.notes AS SELECT 'locked' AS whose, 'line' AS contact;
  CREATE TABLE later.kept AS SELECT 'later' AS whose, 'line' AS contact;
  CREATE VIEW v.notes AS SELECT 'v' AS whose, 'line' AS contact;
  CREATE TABLE p.notes (whose text, contact text) PARTITION BY LIST (whose);
  CREATE TABLE p.only PARTITION OF p.notes FOR VALUES IN ('p');
  INSERT INTO p.notes VALUES ('p', 'line');
  CREATE TABLE a."Notes" AS SELECT 'a' AS whose; CREATE TABLE b."Notes" AS SELECT 'b' AS whose;
  CREATE TABLE a.${longName} AS SELECT 'a' AS whose; CREATE TABLE b.${longName} AS SELECT 'b' AS whose;
  CREATE FUNCTION a.with_own_path() RETURNS text LANGUAGE sql SET search_path = b AS 'SELECT current_schema()::text';
  CREATE FUNCTION a.move_to_b() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'b', false); END $$;
  CREATE FUNCTION a.move_a_while() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('search_path', 'b', true); END $$;
  CREATE FUNCTION a.move_somewhere(text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE 'SET search_path = ' || quote_ident($1); END $$;
  CREATE FUNCTION a.move_and_fail() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    BEGIN SET search_path = b; PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; END $$;
  CREATE SCHEMA cron; CREATE TABLE cron.job (command text);
  CREATE ROLE clerk LOGIN PASSWORD 'clerk';
  GRANT CREATE ON SCHEMA clerk TO clerk;
  GRANT USAGE ON SCHEMA a, b, clerk, later TO clerk;
  GRANT SELECT ON ALL TABLES IN SCHEMA a, b, clerk, locked, later, public TO clerk;
  ANALYZE;
`;

const toA = 'SET search_path = a';
const toB = 'SET search_path = b';
const own = 'postgres';

export const histories: readonly History[] = [
  { title: 'nothing: "$user" goes first', steps: [], means: own },
  { title: 'SET', steps: [toA], means: 'a' },
  { title: 'the first of two that have it', steps: ['SET search_path TO a, b'], means: 'a' },
  { title: 'the same two the other way round', steps: ['SET search_path TO b, a'], means: 'b' },
  { title: 'the first of two is without it', steps: ['SET search_path = empty, a'], means: 'a' },
  { title: 'the first does not exist', steps: ['SET search_path = nowhere, a'], means: 'a' },
  { title: 'a quoted schema', steps: ['SET search_path = "Mixed Case", a'], means: 'Mixed Case' },
  { title: 'quotes keep capitals', steps: ['SET search_path = "A", b'], means: 'b' },
  { title: 'capitals without quotes do not', steps: ['SET SEARCH_PATH = A, b'], means: 'a' },
  { title: 'a schema by code points', steps: ['SET search_path = U&"\\0061", b'], means: 'a' },
  { title: 'one name with a comma in it', steps: [`SET search_path = 'a, b', public`], means: 'public' },
  { title: 'SET SCHEMA', steps: [`SET SCHEMA 'a'`], means: 'a' },
  { title: 'the schema of the user, named', steps: ['SET search_path = "$user", a'], means: own },
  { title: 'pg_catalog behind', steps: ['SET search_path = a, pg_catalog'], means: 'a' },
  {
    title: 'pg_temp before, without anything temporary',
    steps: ['SET search_path = pg_temp, a'],
    means: 'a',
  },
  { title: 'set_config', steps: [`SELECT set_config('search_path', 'a, b', false)`], means: 'a' },
  {
    title: 'set_config with the name in capitals',
    steps: [`SELECT set_config('Search_Path', 'a', false)`],
    means: 'a',
  },
  { title: 'set_config, local', steps: ['BEGIN', `SELECT set_config('search_path', 'a', true)`], means: 'a' },
  {
    title: 'set_config, local, without a transaction',
    steps: [`SELECT set_config('search_path', 'a', true)`],
    means: own,
  },
  { title: 'SET LOCAL without a transaction', steps: ['SET LOCAL search_path = a'], means: own },
  { title: 'SET LOCAL', steps: ['BEGIN', 'SET LOCAL search_path = a'], means: 'a' },
  {
    title: 'SET LOCAL, committed',
    steps: ['BEGIN', 'SET LOCAL search_path = a', 'SELECT 1 FROM notes LIMIT 1', 'COMMIT'],
    means: own,
  },
  {
    title: 'SET, committed',
    steps: ['BEGIN', toA, 'SELECT 1 FROM notes LIMIT 1', 'COMMIT'],
    means: 'a',
  },
  {
    title: 'SET, rolled back',
    steps: [toB, 'BEGIN', toA, 'SELECT 1 FROM notes LIMIT 1', 'ROLLBACK'],
    means: 'b',
  },
  {
    title: 'SET after a savepoint, rolled back to it',
    steps: ['BEGIN', toA, 'SAVEPOINT s', toB, 'SELECT 1 FROM notes LIMIT 1', 'ROLLBACK TO s'],
    means: 'a',
  },
  {
    title: 'SET after a savepoint that is released',
    steps: ['BEGIN', toA, 'SAVEPOINT s', toB, 'SELECT 1 FROM notes LIMIT 1', 'RELEASE s'],
    means: 'b',
  },
  {
    title: 'the same savepoint twice',
    steps: [
      'BEGIN',
      'SAVEPOINT s',
      toA,
      'ROLLBACK TO s',
      toB,
      'SELECT 1 FROM notes LIMIT 1',
      'ROLLBACK TO s',
    ],
    means: own,
  },
  {
    title: 'a transaction that failed',
    steps: ['BEGIN', toA, 'SELECT 1 FROM notes LIMIT 1', { fails: 'SELECT 1 / 0' }, 'ROLLBACK'],
    means: own,
  },
  {
    title: 'a transaction that failed, and was saved',
    steps: ['BEGIN', toA, 'SAVEPOINT s', toB, { fails: 'SELECT 1 / 0' }, 'ROLLBACK TO s'],
    means: 'a',
  },
  {
    title: 'COMMIT of a transaction that failed',
    steps: ['BEGIN', toA, { fails: 'SELECT 1 / 0' }, 'COMMIT'],
    means: own,
  },
  {
    title: 'COMMIT AND CHAIN',
    steps: ['BEGIN', 'SET LOCAL search_path = a', 'SELECT 1 FROM notes LIMIT 1', 'COMMIT AND CHAIN'],
    means: own,
  },
  { title: 'two statements in one message', steps: ['SET search_path = a; SELECT 1'], means: 'a' },
  {
    title: 'two statements in one message, of which one fails',
    steps: [{ fails: 'SET search_path = a; SELECT 1 / 0' }],
    means: own,
  },
  {
    title: 'a transaction in one message',
    steps: ['BEGIN; SET LOCAL search_path = a; COMMIT'],
    means: own,
  },
  { title: 'an open transaction in one message', steps: ['BEGIN; SET LOCAL search_path = a'], means: 'a' },
  { title: 'RESET', steps: [toA, 'SELECT 1 FROM notes LIMIT 1', 'RESET search_path'], means: own },
  {
    title: 'SET TO DEFAULT',
    steps: [toA, 'SELECT 1 FROM notes LIMIT 1', 'SET search_path TO DEFAULT'],
    means: own,
  },
  { title: 'RESET ALL', steps: [toA, 'SELECT 1 FROM notes LIMIT 1', 'RESET ALL'], means: own },
  { title: 'DISCARD ALL', steps: [toA, 'SELECT 1 FROM notes LIMIT 1', 'DISCARD ALL'], means: own },
  { title: 'DISCARD PLANS', steps: [toA, 'DISCARD PLANS'], means: 'a' },
  { title: 'a setting that is none of names', steps: [toA, `SET work_mem = '8MB'`], means: 'a' },
  { title: 'asked for at the start', options: '-c search_path=a,b', steps: [], means: 'a' },
  {
    title: 'RESET to what was asked for at the start',
    options: '-c search_path=a',
    steps: [toB, 'RESET ALL'],
    means: 'a',
  },
  {
    title: 'SET that the server refuses',
    steps: [toA, { fails: `SET search_path = a, "${'x'.repeat(5)}", ''; SELECT 1 / 0` }],
    means: 'a',
  },
  {
    title: 'the default of the role, changed by others meanwhile',
    steps: [{ past: 'ALTER ROLE postgres SET search_path = b' }],
    means: own,
    after: 'ALTER ROLE postgres RESET search_path',
  },
  { title: 'a function with a path of its own', steps: [toA, 'SELECT with_own_path()'], means: 'a' },
  { title: 'a function that moves the path', steps: [toA, 'SELECT move_to_b()'], means: 'b' },
  {
    title: 'a function that moves the path for a while',
    steps: [toA, 'SELECT move_a_while()'],
    means: 'a',
  },
  {
    title: 'a function that moves the path for a transaction',
    steps: [toA, 'BEGIN', 'SELECT move_a_while()', 'SELECT 1 FROM notes LIMIT 1', 'COMMIT'],
    means: 'a',
  },
  {
    title: 'a function that moves the path, and takes it back',
    steps: [toA, 'SELECT move_and_fail()'],
    means: 'a',
  },
  {
    title: 'a function that moves the path where nobody sees it',
    steps: [toA, 'BEGIN', `SELECT move_somewhere('b')`],
    means: 'b',
    doubt: 'it may have made or dropped anything, and its transaction is open',
  },
  {
    title: 'the same, committed',
    steps: [toA, `SELECT move_somewhere('b')`],
    means: 'b',
  },
  { title: 'DO', steps: [toA, 'DO $$ BEGIN SET search_path = b; END $$'], means: 'b' },
  {
    title: 'a temporary table of that name',
    steps: [toA, `CREATE TEMP TABLE notes AS SELECT 'temporary' AS whose`],
    means: 'temporary',
    doubt: 'the session made it',
  },
  {
    title: 'a temporary table of that name that nobody sees being made',
    steps: [toA, `DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE notes AS SELECT ''temporary'' AS whose'; END $$`],
    means: 'temporary',
    doubt: 'temporary tables mean all that they may',
  },
  {
    title: 'a temporary table of that name that is gone',
    steps: [toA, 'CREATE TEMP TABLE notes (whose text)', 'DROP TABLE pg_temp.notes'],
    means: 'a',
    doubt: 'a name that was temporary once may be so again',
  },
  {
    title: 'pg_temp behind',
    steps: [`CREATE TEMP TABLE notes AS SELECT 'temporary' AS whose`, 'SET search_path = a, pg_temp'],
    means: 'a',
    doubt: 'a name that was temporary once may be so again',
  },
  { title: 'a temporary table of another name', steps: [toA, 'CREATE TEMP TABLE other (x int)'], means: 'a' },
  {
    title: 'a temporary table of another name, in an open transaction',
    steps: [toA, 'BEGIN', 'CREATE TEMP TABLE other (x int)'],
    means: 'a',
    doubt: 'the catalog does not show what an open transaction has made',
  },
  {
    title: 'a schema on the path that is made later',
    steps: [
      'SET search_path = made_1, a',
      'SELECT 1 FROM notes LIMIT 1',
      'CREATE SCHEMA made_1',
      `CREATE TABLE made_1.notes AS SELECT 'made_1' AS whose`,
    ],
    means: 'made_1',
    after: 'DROP SCHEMA made_1 CASCADE',
  },
  {
    title: 'a table before it, in an open transaction',
    steps: ['SET search_path = empty, a', 'BEGIN', `CREATE TABLE notes AS SELECT 'empty' AS whose`],
    means: 'empty',
    doubt: 'the catalog does not show what an open transaction has made',
  },
  {
    title: 'a table before it, rolled back',
    steps: [
      'SET search_path = empty, a',
      'BEGIN',
      `CREATE TABLE notes AS SELECT 'empty' AS whose`,
      'ROLLBACK',
    ],
    means: 'a',
  },
  {
    title: 'a table before it, and dropped',
    steps: ['SET search_path = empty, a', 'CREATE TABLE notes (whose text)', 'DROP TABLE notes'],
    means: 'a',
  },
  {
    title: 'a table before it, and dropped in an open transaction',
    steps: ['SET search_path = empty, a', 'CREATE TABLE notes (whose text)', 'BEGIN', 'DROP TABLE notes'],
    means: 'a',
    doubt: 'the catalog does not show what an open transaction has dropped',
    after: 'DROP TABLE IF EXISTS empty.notes',
  },
  {
    title: 'a table renamed',
    steps: [
      'SET search_path = later, a',
      'SELECT 1 FROM notes LIMIT 1',
      'ALTER TABLE later.kept RENAME TO notes',
    ],
    means: 'later',
    after: 'ALTER TABLE later.notes RENAME TO kept',
  },
  {
    title: 'a schema renamed',
    steps: [
      `CREATE SCHEMA made_2; CREATE TABLE made_2.notes AS SELECT 'made_3' AS whose`,
      'SET search_path = made_3, a',
      'SELECT 1 FROM notes LIMIT 1',
      'ALTER SCHEMA made_2 RENAME TO made_3',
    ],
    means: 'made_3',
    after: 'DROP SCHEMA made_3 CASCADE',
  },
  {
    title: 'a table before it, by another session',
    steps: [
      'SET search_path = empty, a',
      'SELECT 1 FROM notes LIMIT 1',
      { others: [`CREATE TABLE empty.notes AS SELECT 'empty' AS whose`] },
    ],
    means: 'empty',
    after: 'DROP TABLE empty.notes',
  },
  {
    title: 'a table before it, by another session whose transaction is open',
    steps: [
      'SET search_path = empty, a',
      'SELECT 1 FROM notes LIMIT 1',
      { others: ['BEGIN', `CREATE TABLE empty.notes AS SELECT 'empty' AS whose`] },
    ],
    means: 'a',
    doubt: 'it may be committed at any time',
  },
  { title: 'a view', steps: ['SET search_path = v, b'], means: 'v' },
  { title: 'a partitioned table', steps: ['SET search_path = p, b'], means: 'p' },
  { title: 'capitals in the name', steps: [toA], relation: 'NoTeS', means: 'a' },
  { title: 'a quoted name', steps: ['SET search_path = b, a'], relation: '"Notes"', means: 'b' },
  {
    title: 'a name that is too long',
    steps: ['SET search_path = b, a'],
    relation: `${longName}nnn`,
    means: 'b',
  },
  { title: 'a name with its schema', steps: [toA], relation: 'b.notes', means: 'b' },
  {
    title: 'a name with its quoted schema',
    steps: [toA],
    relation: '"Mixed Case"."notes"',
    means: 'Mixed Case',
  },
  { title: 'another role: "$user" is its schema', connection: 'clerk', steps: [], means: 'clerk' },
  {
    title: 'a schema that the role may not use',
    connection: 'clerk',
    steps: ['SET search_path = locked, a'],
    means: 'a',
  },
  {
    title: 'a schema that the role has come to be allowed to use',
    connection: 'clerk',
    steps: [
      'SET search_path = locked, a',
      'SELECT 1 FROM notes LIMIT 1',
      { past: 'GRANT USAGE ON SCHEMA locked TO clerk' },
      { others: ['CREATE TABLE clerk.other (x int)'] },
    ],
    means: 'locked',
    after: 'REVOKE USAGE ON SCHEMA locked FROM clerk; DROP TABLE clerk.other',
  },
];
