/** M08, M17 to M19: lookups in bulk, copies, cursors, prepared statements. */
import { serialize } from 'pg-protocol';
import { type LeakCase, leaks } from '../leakCase.ts';

const { parse, bind, describe, execute, sync, close } = serialize;
const rolledBack = { isRolledBack: true } as const;
const formats = [
  '',
  ' (FORMAT csv)',
  ' (FORMAT csv, HEADER, FORCE_QUOTE *)',
  ' (FORMAT binary)',
  " (DELIMITER '|', NULL 'x')",
];

/** Sends the same column many times over, each with another format code. */
function twoFormats(text: string): Buffer {
  return Buffer.concat([
    parse({ name: 's', text }),
    bind({ statement: 's', portal: 'p' }),
    describe({ type: 'S', name: 's' }),
    execute({ portal: 'p', rows: 2 }),
    execute({ portal: 'p', rows: 0 }),
    bind({ statement: 's', portal: 'q', binary: true }),
    describe({ type: 'P', name: 'q' }),
    execute({ portal: 'q', rows: 3 }),
    execute({ portal: 'q' }),
    close({ type: 'S', name: 's' }),
    sync(),
  ]);
}

/** As many equality tests as a dictionary has words. */
const guesses = Array.from({ length: 5_000 }, (_, i) => `'guess${i}@example.com'`);

export const channels: readonly LeakCase[] = [
  ...leaks(
    'M08',
    'a',
    'shop',
    [
      [
        guesses
          .slice(0, 2_500)
          .map((guess) => `SELECT id FROM customers WHERE email = ${guess}`)
          .join(';'),
        { isSimpleOnly: true },
      ],
      `SELECT id FROM customers WHERE email IN (${guesses.join(', ')})`,
      `SELECT id FROM customers WHERE email = ANY (ARRAY[${guesses.join(', ')}])`,
      `SELECT c.id FROM customers c JOIN (VALUES ${guesses.map((guess) => `(${guess})`).join(', ')}) v(x) ON v.x = c.email`,
      "SELECT id, g FROM customers, generate_series(0, 999999) g WHERE ssn = '111-11-' || g",
      "SELECT c.id FROM customers c, generate_series(1, 200000) g WHERE c.email = 'q' || g || '@z.example'",
    ],
    { isRefused: true },
  ),
  ...leaks('M17', 'a', 'shop', [
    ...formats.map((format) => `COPY customers TO STDOUT${format}`),
    ...formats.map((format) => `COPY (SELECT id, email, phone FROM customers) TO STDOUT${format}`),
    'COPY customers (email) TO STDOUT',
    'COPY (SELECT upper(email) FROM customers) TO STDOUT',
    'COPY (SELECT c FROM customers c) TO STDOUT',
    'COPY (SELECT * FROM contacts) TO STDOUT',
    'COPY (TABLE reach) TO STDOUT',
    'COPY (SELECT message FROM tickets) TO STDOUT (FORMAT csv)',
    'COPY documents TO STDOUT',
    'COPY employees TO STDOUT (FORMAT binary)',
    "COPY (SELECT id FROM customers WHERE email < 'qm') TO STDOUT",
    'COPY (SELECT id FROM customers ORDER BY email) TO STDOUT',
    "COPY (SELECT string_agg(email, ',') FROM customers) TO STDOUT",
    'COPY (WITH a AS (SELECT email x FROM customers) SELECT x FROM a) TO STDOUT',
    'COPY (SELECT mail_of(id) FROM customers) TO STDOUT',
    ['COPY (UPDATE customers SET visits = 1 RETURNING email) TO STDOUT', rolledBack],
    ["COPY (SELECT email FROM customers) TO STDOUT (ENCODING 'LATIN1')", {}],
    [
      "COPY (SELECT email FROM customers) TO STDOUT (ENCODING 'UTF8', ESCAPE '!', FORMAT csv, QUOTE '''')",
      {},
    ],
    ['COPY (SELECT email FROM customers) TO STDOUT; COPY leads TO STDOUT', { isSimpleOnly: true }],
    ['COPY customers TO STDOUT WITH BINARY', {}],
    ["COPY customers TO STDOUT DELIMITER ',' CSV HEADER", {}],
  ]),
  ...leaks('M17', 'b', 'clinic', [
    'COPY "Praxis Süd"."Patienten" TO STDOUT',
    'COPY "Praxis Süd"."Patienten" TO STDOUT (FORMAT csv, HEADER)',
    'COPY "Praxis Süd"."Patienten" TO STDOUT (FORMAT binary)',
    'COPY t_17 TO STDOUT',
    'COPY t_17 (c2, c3) TO STDOUT (FORMAT csv)',
    'COPY t_17 TO STDOUT (FORMAT binary)',
    'COPY verlauf TO STDOUT',
    'COPY dossier TO STDOUT',
    'COPY dossier TO STDOUT (FORMAT binary)',
    'COPY (SELECT * FROM v4) TO STDOUT',
    'COPY (SELECT * FROM besuche) TO STDOUT (FORMAT csv)',
    'COPY besuche_2025 TO STDOUT',
    'COPY pacientes TO STDOUT',
  ]),
  ...leaks('M18', 'a', 'shop', [
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT email FROM customers', 'FETCH ALL FROM c', 'COMMIT'], {}],
    [
      [
        'BEGIN',
        'DECLARE c BINARY CURSOR FOR SELECT email, birth_date FROM customers',
        'FETCH 3 FROM c',
        'FETCH ALL FROM c',
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DECLARE c SCROLL CURSOR FOR SELECT id, email AS x FROM customers',
        'FETCH LAST FROM c',
        'FETCH PRIOR FROM c',
        'FETCH ABSOLUTE 2 FROM c',
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers',
        'COMMIT',
        'FETCH ALL FROM c',
        'CLOSE c',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DECLARE c SCROLL CURSOR FOR SELECT id FROM customers ORDER BY email',
        'FETCH ALL FROM c',
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        "DECLARE c CURSOR FOR SELECT id FROM customers WHERE email < 'qm'",
        'MOVE FORWARD ALL FROM c',
        'COMMIT',
      ],
      {},
    ],
    [
      ['BEGIN', 'DECLARE c CURSOR FOR SELECT left(email, 5) FROM customers', 'FETCH ALL FROM c', 'COMMIT'],
      {},
    ],
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT c FROM customers c', 'FETCH ALL FROM c', 'COMMIT'], {}],
    [['BEGIN', 'SELECT mail_cursor()', 'FETCH ALL FROM mine', 'COMMIT'], {}],
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT mail_of(id) FROM customers', 'FETCH ALL FROM c', 'COMMIT'], {}],
    [
      [
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT email FROM customers',
        "SELECT cursor_to_xml('c', 5, true, true, '')",
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DECLARE a CURSOR FOR SELECT status FROM orders',
        'CLOSE a',
        'DECLARE a CURSOR FOR SELECT email AS status FROM customers',
        'FETCH ALL FROM a',
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DO $$ DECLARE c CURSOR FOR SELECT email FROM customers; BEGIN OPEN c; END $$',
        "DO $$ DECLARE c refcursor := 'open'; BEGIN OPEN c FOR SELECT email FROM customers; END $$",
        'FETCH ALL FROM open',
        'COMMIT',
      ],
      {},
    ],
    [
      [
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT id, email FROM customers FOR UPDATE',
        'FETCH 1 FROM c',
        'UPDATE customers SET visits = 5 WHERE CURRENT OF c RETURNING email',
        'ROLLBACK',
      ],
      rolledBack,
    ],
    [['BEGIN', 'PREPARE p AS SELECT email FROM customers', 'EXECUTE p', 'COMMIT'], {}],
  ]),
  ...leaks('M18', 'b', 'clinic', [
    [
      [
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT "E-Mail", "Diagnose" FROM "Praxis Süd"."Patienten"',
        'FETCH ALL FROM c',
        'COMMIT',
      ],
      {},
    ],
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT c2 FROM t_17', 'FETCH ALL FROM c', 'COMMIT'], {}],
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT q FROM v4', 'FETCH ALL FROM c', 'COMMIT'], {}],
    [['BEGIN', 'DECLARE c CURSOR FOR SELECT eintrag FROM verlauf', 'FETCH FORWARD 20 FROM c', 'COMMIT'], {}],
  ]),
  ...leaks('M19', 'a', 'shop', [
    ['PREPARE p AS SELECT email FROM customers', 'EXECUTE p'],
    ['PREPARE p(int) AS SELECT email AS x FROM customers WHERE id = $1', 'EXECUTE p(1)', 'EXECUTE p(2)'],
    ['PREPARE p(text) AS SELECT id FROM customers WHERE email < $1', "EXECUTE p('qm')"],
    ['PREPARE p AS SELECT upper(email) FROM customers', 'EXECUTE p'],
    ['PREPARE p(text) AS SELECT $1::text AS x', 'EXECUTE p(mail_of(1))'],
    [
      'PREPARE p AS SELECT status FROM orders',
      'DEALLOCATE p',
      'PREPARE p AS SELECT email FROM customers',
      'EXECUTE p',
    ],
    [twoFormats('SELECT email, birth_date FROM customers')],
    [twoFormats('SELECT id, notes, salary FROM customers JOIN employees USING (id)')],
    [
      Buffer.concat([parse({ name: 's', text: 'SELECT status FROM orders' }), sync()]),
      Buffer.concat([
        close({ type: 'S', name: 's' }),
        parse({ name: 's', text: 'SELECT email FROM customers' }),
        bind({ statement: 's' }),
        execute(),
        sync(),
      ]),
    ],
    [
      Buffer.concat([
        parse({ text: 'SELECT email FROM customers WHERE id < $1' }),
        bind({ values: ['9'] }),
        execute(),
        bind({ values: ['3'], binary: true }),
        execute(),
        sync(),
      ]),
    ],
    [
      Buffer.concat([
        parse({ text: 'SELECT email, id, name FROM customers' }),
        bind({ binary: true }),
        describe({ type: 'P' }),
        execute({ rows: 1 }),
        execute({ rows: 1 }),
        execute({ rows: 0 }),
        sync(),
      ]),
    ],
    [
      Buffer.concat([
        parse({ name: 'a', text: 'SELECT id FROM customers WHERE email < $1' }),
        bind({ statement: 'a', values: ['qm'] }),
        execute(),
        sync(),
      ]),
    ],
    [
      Buffer.concat([
        parse({ text: 'PREPARE q AS SELECT email FROM customers' }),
        bind(),
        execute(),
        parse({ text: 'EXECUTE q' }),
        bind(),
        describe({ type: 'P' }),
        execute(),
        sync(),
      ]),
    ],
    [Buffer.concat([parse({ text: 'COPY customers TO STDOUT' }), bind(), execute(), sync()])],
    [
      Buffer.concat([
        parse({ text: 'SELECT email FROM customers' }),
        bind({ portal: 'p' }),
        execute({ portal: 'p', rows: 2 }),
        parse({ text: 'FETCH ALL FROM p' }),
        bind(),
        describe({ type: 'P' }),
        execute(),
        sync(),
      ]),
    ],
  ]),
];
