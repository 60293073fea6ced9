/** G09: prepare now, execute later; names reused; what changes in between. */
import { serialize } from 'pg-protocol';
import { cases, extended, type GuardCase, twins } from '../guardCase.ts';

const { parse, bind, describe, execute, sync, flush, close } = serialize;
const portal = describe({ type: 'P', name: '' });
const all = (...parts: Buffer[]) => Buffer.concat(parts);
const prepared = (name: string, text: string) => parse({ name, text, types: [] });
const ofName = (statement: string, values: (string | null)[] = []) => bind({ statement, values });

export const preparedStatements: readonly GuardCase[] = [
  ...cases('G09', 'a', 'deny', [
    'PREPARE p AS DELETE FROM loose; EXECUTE p',
    'PREPARE p (int) AS DELETE FROM loose WHERE $1 = 1; EXECUTE p(1)',
    'PREPARE "P" AS UPDATE loose SET label = NULL; EXECUTE "P"',
    [['PREPARE p AS SELECT 1', 'DEALLOCATE p', 'PREPARE p AS DELETE FROM loose', 'EXECUTE p']],
    [['PREPARE p AS SELECT 1', 'PREPARE "P" AS DELETE FROM loose', 'EXECUTE "P"']],
    [[all(prepared('p', 'DELETE FROM loose'), ofName('p'), execute(), sync())]],
    [
      [
        all(prepared('p', 'SELECT 1'), sync()),
        all(
          close({ type: 'S', name: 'p' }),
          prepared('p', 'DELETE FROM loose'),
          ofName('p'),
          execute(),
          sync(),
        ),
      ],
    ],
    [[all(prepared('', 'SELECT 1'), prepared('', 'DELETE FROM loose'), bind(), execute(), sync())]],
    [[all(prepared('', 'SELECT 1'), bind(), prepared('', 'TRUNCATE loose'), bind(), execute(), sync())]],
    [
      [
        all(
          prepared('a', 'SELECT 1'),
          prepared('b', 'DELETE FROM loose'),
          ofName('a'),
          execute(),
          ofName('b'),
          execute(),
          sync(),
        ),
      ],
    ],
    [[all(extended('SELECT 1'), extended('DELETE FROM loose')), 'SELECT 1']],
    [
      [
        all(
          prepared('', 'SELECT 1'),
          bind(),
          execute(),
          flush(),
          prepared('', 'TRUNCATE loose'),
          bind(),
          execute(),
          sync(),
        ),
      ],
    ],
    [[all(prepared('', 'PREPARE p AS DELETE FROM loose'), bind(), execute(), sync())]],
    [[extended('DELETE FROM loose WHERE $1', ['true'])]],
    [[extended('DELETE FROM loose WHERE $1 = $1', ['1'])]],
    [[extended('DELETE FROM loose WHERE $1::int = 1 OR id = 3', ['1'])]],
    [[extended('UPDATE loose SET label = $1', ['x'])]],
    [
      'DECLARE c CURSOR FOR WITH d AS (DELETE FROM loose RETURNING *) SELECT * FROM d',
      { unproven: 'cursors are for reading' },
    ],
    'BEGIN; DECLARE c CURSOR FOR SELECT pg_reload_conf(); FETCH c',
    'BEGIN; DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT pg_cancel_backend(0); COMMIT',
  ]),
  ...cases('G09', 'b', 'approve', [
    "PREPARE p AS SELECT nextval('tickets'); EXECUTE p",
    'PREPARE p AS INSERT INTO inbox VALUES ($1); EXECUTE p(1)',
    'PREPARE p (int) AS DELETE FROM loose WHERE id = $1; EXECUTE p(1)',
    "PREPARE p AS SELECT $1::int; EXECUTE p(nextval('tickets'))",
    [[extended('DELETE FROM loose WHERE id = $1', ['1'])]],
    [[all(prepared('p', 'INSERT INTO inbox VALUES ($1)'), ofName('p', ['1']), portal, execute(), sync())]],
    [
      [
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT id FROM loose FOR UPDATE',
        'FETCH c',
        'DELETE FROM loose WHERE CURRENT OF c',
        'COMMIT',
      ],
    ],
    [['BEGIN', "DECLARE c CURSOR FOR SELECT nextval('tickets')", 'FETCH c', 'COMMIT']],
  ]),
  ...cases('G09', 'c', 'refuse', [
    [
      [
        all(prepared('p', 'SELECT n FROM v'), sync()),
        { beside: 'CREATE OR REPLACE VIEW v AS SELECT wipe() AS n' },
        all(ofName('p'), execute(), sync()),
      ],
      { setup: 'CREATE VIEW v AS SELECT 1 AS n' },
    ],
    [
      [
        'PREPARE p AS SELECT n FROM v',
        { beside: 'CREATE OR REPLACE VIEW v AS SELECT wipe() AS n' },
        'EXECUTE p',
      ],
      { setup: 'CREATE VIEW v AS SELECT 1 AS n' },
    ],
    [
      [
        'SELECT upper(label) FROM loose',
        {
          beside:
            "CREATE FUNCTION app.upper(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; RETURN 1; END'",
        },
        'SET search_path = app, pg_catalog, public',
        'SELECT upper(label) FROM loose',
      ],
      {},
    ],
  ]),
  ...cases('G09', 'd', { sqlState: '26000' }, [
    ['EXECUTE nothing', { unproven: 'there is no such statement' }],
    [[all(ofName('nothing'), execute(), sync())], { unproven: 'there is no such statement' }],
    [['PREPARE p AS SELECT 1', 'DEALLOCATE ALL', 'EXECUTE p'], { unproven: 'there is no such statement' }],
    [['PREPARE p AS SELECT 1', 'DISCARD ALL', 'EXECUTE p'], { unproven: 'there is no such statement' }],
  ]),
  ...twins('G09', 't', [
    'PREPARE p AS SELECT count(*) FROM loose; EXECUTE p; DEALLOCATE p',
    'PREPARE p (int, text) AS SELECT $1, $2; EXECUTE p(1, $$DELETE FROM loose$$)',
    'PREPARE "delete" AS SELECT 1; EXECUTE "delete"',
    [['PREPARE p AS SELECT 1', 'DEALLOCATE p', 'PREPARE p AS SELECT 2', 'EXECUTE p', 'DEALLOCATE ALL']],
    [
      [
        all(prepared('p', 'SELECT $1::int'), sync()),
        all(ofName('p', ['1']), execute(), ofName('p', ['2']), execute(), sync()),
      ],
    ],
    [[all(prepared('', 'SELECT 1'), bind(), execute(), prepared('', 'SELECT 2'), bind(), execute(), sync())]],
    [
      [
        all(
          prepared('a', 'SELECT 1'),
          prepared('b', 'SELECT 2'),
          ofName('a'),
          portal,
          execute(),
          ofName('b'),
          portal,
          execute(),
          sync(),
        ),
      ],
    ],
    [
      [
        'BEGIN',
        'DECLARE c CURSOR FOR SELECT id FROM loose ORDER BY id',
        'FETCH 2 FROM c',
        'MOVE 2 FROM c',
        'FETCH c',
        'CLOSE c',
        'COMMIT',
      ],
    ],
    [
      'BEGIN; DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT id FROM loose ORDER BY id; COMMIT; FETCH LAST FROM c; CLOSE ALL',
    ],
    [
      [
        all(
          prepared('', 'SELECT id FROM loose ORDER BY id'),
          bind(),
          execute({ rows: 2 }),
          execute({ rows: 3 }),
          sync(),
        ),
      ],
    ],
    [
      [
        all(
          prepared('', 'SELECT 1/0'),
          bind(),
          execute(),
          prepared('', 'SELECT 2'),
          bind(),
          execute(),
          sync(),
        ),
        'SELECT 3',
      ],
    ],
    [[all(prepared('', ''), bind(), execute(), sync())]],
    [
      [
        all(
          prepared('p', 'SELECT 1'),
          describe({ type: 'S', name: 'p' }),
          close({ type: 'S', name: 'p' }),
          sync(),
        ),
      ],
    ],
    [[extended('DELETE FROM loose WHERE id = $1', ['1'])], { on: 'staging' }],
    [
      [
        all(
          prepared('p', 'INSERT INTO inbox VALUES ($1)'),
          ofName('p', ['1']),
          execute(),
          ofName('p', ['2']),
          execute(),
          sync(),
        ),
      ],
      { on: 'staging' },
    ],
    [
      ['PREPARE p AS SELECT n FROM v', { beside: 'CREATE OR REPLACE VIEW v AS SELECT 2 AS n' }, 'EXECUTE p'],
      { setup: 'CREATE VIEW v AS SELECT 1 AS n' },
    ],
  ]),
];
