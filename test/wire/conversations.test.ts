/** Whatever a client says, the answers through the proxy are byte for byte those that the server gives directly. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { hasPostgres15 } from '../kit/postgres.ts';
import { Random } from '../kit/random.ts';
import { WireClient, type WireMessage } from '../kit/wireClient.ts';

const {
  query,
  parse,
  bind,
  describe: ask,
  execute,
  close,
  flush,
  sync,
  copyData,
  copyDone,
  copyFail,
} = serialize;

/** A step sends bytes, then reads up to the given message (the n-th of its type). */
type Step = readonly [bytes: Buffer, until: string, count?: number];

const statement = (text: string, name = '') => parse({ name, text, types: [] });
const run = (text: string) =>
  Buffer.concat([statement(text), bind(), ask({ type: 'P', name: '' }), execute(), sync()]);
const data = (text: string) => copyData(Buffer.from(text));
/** Oid 1598: random(), by the fast path; 2 arguments would be 1299. Result in text. */
const functionCall = (oid: number, ...args: string[]) => {
  const parts = [Buffer.alloc(8)];
  parts[0]?.writeInt32BE(oid, 0);
  parts[0]?.writeInt16BE(0, 4);
  parts[0]?.writeInt16BE(args.length, 6);
  for (const arg of args) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(arg), 0);
    parts.push(length, Buffer.from(arg));
  }
  parts.push(Buffer.from([0, 0]));
  const body = Buffer.concat(parts);
  const head = Buffer.from('F\0\0\0\0', 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const conversations: Readonly<Record<string, readonly Step[]>> = {
  'a simple query': [[query('SELECT id, status FROM orders ORDER BY id LIMIT 3'), 'Z']],
  'several statements in one message': [[query('SELECT 1; SELECT 2 AS two; ; SELECT 3'), 'Z']],
  'an empty query': [
    [query(''), 'Z'],
    [query(' ; -- nothing\n'), 'Z'],
    [query(';;'), 'Z'],
  ],
  'an error, alone and among others': [
    [query('SELECT 1/0'), 'Z'],
    [query('SELECT 1; SELECT nothing FROM nowhere; SELECT 2'), 'Z'],
    [query('SELECT 1'), 'Z'],
  ],
  'a transaction with an error and a savepoint': [
    [query('BEGIN'), 'Z'],
    [query('SELECT 1/0'), 'Z'],
    [query('SELECT 1'), 'Z'],
    [query('ROLLBACK'), 'Z'],
    [query('BEGIN; SAVEPOINT a'), 'Z'],
    [query('SELECT 1/0'), 'Z'],
    [query('ROLLBACK TO a; SELECT 5; COMMIT'), 'Z'],
  ],
  'an extended query': [[run('SELECT id, total FROM orders ORDER BY id LIMIT 2'), 'Z']],
  'an extended query without Describe': [
    [Buffer.concat([statement('SELECT 1, NULL'), bind(), execute(), sync()]), 'Z'],
  ],
  'an extended statement without rows': [
    [Buffer.concat([statement('BEGIN'), bind(), execute(), sync()]), 'Z'],
    [run('COMMIT'), 'Z'],
  ],
  'an empty extended query': [[run(''), 'Z']],
  'a named statement, bound often': [
    [Buffer.concat([statement('SELECT $1::int + 1', 'plus'), ask({ type: 'S', name: 'plus' }), sync()]), 'Z'],
    [Buffer.concat([bind({ statement: 'plus', values: ['41'] }), execute(), sync()]), 'Z'],
    [
      Buffer.concat([
        bind({ statement: 'plus', values: ['1'] }),
        execute(),
        bind({ statement: 'plus', values: [null] }),
        execute(),
        sync(),
      ]),
      'Z',
    ],
    [Buffer.concat([close({ type: 'S', name: 'plus' }), sync()]), 'Z'],
    [Buffer.concat([bind({ statement: 'plus', values: ['1'] }), execute(), sync()]), 'Z'],
  ],
  'a name that is taken already': [
    [Buffer.concat([statement('SELECT 1', 'one'), sync()]), 'Z'],
    [
      Buffer.concat([statement('SELECT 2', 'one'), sync(), bind({ statement: 'one' }), execute(), sync()]),
      'Z',
      2,
    ],
  ],
  'rows in portions': [
    [query('BEGIN'), 'Z'],
    [
      Buffer.concat([
        statement('SELECT id FROM orders ORDER BY id LIMIT 7'),
        bind({ portal: 'p' }),
        execute({ portal: 'p', rows: 3 }),
        flush(),
      ]),
      's',
    ],
    [Buffer.concat([execute({ portal: 'p', rows: 3 }), flush()]), 's'],
    [Buffer.concat([execute({ portal: 'p', rows: 3 }), close({ type: 'P', name: 'p' }), sync()]), 'Z'],
    [query('COMMIT'), 'Z'],
  ],
  'a portal that is gone with its transaction': [
    [Buffer.concat([statement('SELECT 1'), bind({ portal: 'p' }), sync()]), 'Z'],
    [Buffer.concat([execute({ portal: 'p' }), sync()]), 'Z'],
  ],
  'a pipeline of many segments': [
    [Buffer.concat(Array.from({ length: 20 }, (_, i) => run(`SELECT ${i}`))), 'Z', 20],
  ],
  'a pipeline with an error in the middle': [
    [Buffer.concat([run('SELECT 1'), run('SELECT 1/0'), run('SELECT 2')]), 'Z', 3],
    [
      Buffer.concat([
        statement('SELECT 1/0'),
        bind(),
        execute(),
        statement('SELECT 2'),
        bind(),
        execute(),
        sync(),
        run('SELECT 3'),
      ]),
      'Z',
      2,
    ],
  ],
  'an error at Parse, at Bind, and what is skipped after it': [
    [
      Buffer.concat([
        statement('SELECT nothing FROM nowhere'),
        bind(),
        execute(),
        flush(),
        query('SELECT 1'),
        sync(),
      ]),
      'Z',
    ],
    [Buffer.concat([statement('SELECT $1::int'), bind({ values: ['x'] }), execute(), sync()]), 'Z'],
    [Buffer.concat([ask({ type: 'S', name: 'nowhere' }), sync()]), 'Z'],
  ],
  'Flush instead of Sync': [
    [Buffer.concat([statement('SELECT 1'), flush()]), '1'],
    [Buffer.concat([bind(), flush()]), '2'],
    [Buffer.concat([execute(), flush()]), 'C'],
    [sync(), 'Z'],
  ],
  'two queries at once': [[Buffer.concat([query('SELECT 1'), query('SELECT 2')]), 'Z', 2]],
  'COPY out': [
    [query('COPY (SELECT id, status FROM orders ORDER BY id LIMIT 5) TO STDOUT'), 'Z'],
    [run('COPY (SELECT 1) TO STDOUT'), 'Z'],
  ],
  'COPY in': [
    [query('CREATE TEMP TABLE c (a int, b text)'), 'Z'],
    [query('COPY c FROM STDIN'), 'G'],
    [Buffer.concat([data('1\tx\n2'), data('\ty\n'), copyDone()]), 'Z'],
    [query("SELECT a + 0, b || '' FROM c ORDER BY a"), 'Z'],
  ],
  'COPY in that the client gives up': [
    [query('CREATE TEMP TABLE c (a int)'), 'Z'],
    [query('COPY c FROM STDIN'), 'G'],
    [Buffer.concat([data('1\n'), copyFail('no more')]), 'Z'],
    [query('SELECT count(*) FROM c'), 'Z'],
  ],
  'COPY in with bad data': [
    [query('CREATE TEMP TABLE c (a int)'), 'Z'],
    [query('COPY c FROM STDIN'), 'G'],
    [Buffer.concat([data('x\n'), data('1\n'), copyDone()]), 'Z'],
    [query('SELECT count(*) FROM c'), 'Z'],
  ],
  'COPY in by the extended protocol': [
    [query('CREATE TEMP TABLE c (a int)'), 'Z'],
    [Buffer.concat([statement('COPY c FROM STDIN'), bind(), execute(), sync()]), 'G'],
    [Buffer.concat([data('1\n'), sync(), data('2\n'), copyDone(), sync()]), 'Z'],
    [run('SELECT count(*) FROM c'), 'Z'],
  ],
  'COPY in by the extended protocol with bad data': [
    [query('CREATE TEMP TABLE c (a int)'), 'Z'],
    [Buffer.concat([statement('COPY c FROM STDIN'), bind(), execute(), sync()]), 'G'],
    [Buffer.concat([data('x\n'), copyDone(), sync()]), 'Z'],
    [run('SELECT count(*) FROM c'), 'Z'],
  ],
  'two COPYs in one message': [
    [query('CREATE TEMP TABLE c (a int)'), 'Z'],
    [query('COPY c FROM STDIN; COPY c FROM STDIN; SELECT count(*) FROM c'), 'G'],
    [Buffer.concat([data('1\n'), copyDone()]), 'G'],
    [Buffer.concat([data('2\n'), copyDone()]), 'Z'],
  ],
  'data that nobody asked for': [[Buffer.concat([data('1\n'), copyDone(), query('SELECT 1')]), 'Z']],
  'PREPARE and EXECUTE': [
    [query('PREPARE p AS SELECT $1::int * 2'), 'Z'],
    [query('EXECUTE p(21)'), 'Z'],
    [run('EXECUTE p(4)'), 'Z'],
    [Buffer.concat([bind({ statement: 'p', values: ['3'] }), execute(), sync()]), 'Z'],
    [query('DEALLOCATE p'), 'Z'],
    [query('PREPARE a AS SELECT 1; EXECUTE a; DEALLOCATE ALL'), 'Z'],
  ],
  'PREPARE and its use in one pipeline': [
    [
      Buffer.concat([
        run('PREPARE q AS SELECT 7'),
        run('EXECUTE q'),
        bind({ statement: 'q' }),
        execute(),
        sync(),
      ]),
      'Z',
      3,
    ],
  ],
  cursors: [
    [query('BEGIN; DECLARE c CURSOR FOR SELECT id FROM orders ORDER BY id; FETCH 2 FROM c'), 'Z'],
    [run('FETCH 2 FROM c'), 'Z'],
    [query('MOVE 3 IN c; FETCH 1 FROM c; CLOSE c; COMMIT'), 'Z'],
  ],
  'a cursor of SQL, read by the protocol': [
    [query('BEGIN; DECLARE walk CURSOR FOR SELECT id, status FROM orders ORDER BY id'), 'Z'],
    [Buffer.concat([ask({ type: 'P', name: 'walk' }), sync()]), 'Z'],
    [Buffer.concat([execute({ portal: 'walk', rows: 2 }), sync()]), 'Z'],
    [query('CLOSE walk; DECLARE walk CURSOR FOR SELECT 1'), 'Z'],
    [Buffer.concat([execute({ portal: 'walk' }), close({ type: 'P', name: 'walk' }), sync()]), 'Z'],
    [Buffer.concat([execute({ portal: 'walk' }), sync()]), 'Z'],
    [query('ROLLBACK'), 'Z'],
  ],
  'LISTEN and NOTIFY': [
    [query('LISTEN news'), 'Z'],
    [query('UNLISTEN news'), 'Z'],
  ],
  notices: [
    [query('SELECT 1; COMMIT'), 'Z'],
    [query('DROP TABLE IF EXISTS pg_temp.not_there'), 'Z'],
  ],
  'settings and what is reported of them': [
    [query("SET application_name = 'a b'; SET DateStyle = 'SQL, DMY'; SHOW DateStyle"), 'Z'],
    [query('RESET ALL'), 'Z'],
    [query("SET LOCAL work_mem = '1MB'"), 'Z'],
  ],
  'a call by the fast path': [
    [functionCall(870, 'ABC'), 'Z'],
    [functionCall(870), 'Z'],
    [query('SELECT 1'), 'Z'],
  ],
  'a large value': [[query("SELECT repeat('x', 300000), repeat('y', 70000)"), 'Z']],
  'many rows': [[query('SELECT i, md5(i::text) FROM generate_series(1, 5000) i'), 'Z']],
  'a statement that is too long ago prepared': [
    [Buffer.concat([statement('SELECT 1', 's1'), sync()]), 'Z'],
    [query('DISCARD ALL'), 'Z'],
    [Buffer.concat([bind({ statement: 's1' }), sync()]), 'Z'],
  ],
};

/** Process numbers and source lines of the server differ from run to run; nothing else may. */
function comparable({ type, body }: WireMessage): string {
  if (type !== 'E' && type !== 'N') return `${type} ${body.toString('latin1')}`;
  const fields = body.toString('utf8').split('\0');
  return `${type} ${fields.filter((field) => !/^[LFRH]/.test(field)).join(' | ')}`;
}

/** Sends in pieces of the given sizes, so that messages arrive split anywhere. */
async function converse(url: string, steps: readonly Step[], pieces?: Random): Promise<string[]> {
  const client = await WireClient.connect(url);
  const heard: string[] = [];
  try {
    for (const [bytes, until, count] of steps) {
      for (let at = 0; at < bytes.length; ) {
        const size = pieces === undefined ? bytes.length : 1 + pieces.below(pieces.pick([2, 9, 200]));
        client.send(bytes.subarray(at, at + size));
        at += size;
        if (pieces !== undefined) await new Promise((resolve) => setImmediate(resolve));
      }
      heard.push(...(await client.until(until, count ?? 1)).map(comparable));
    }
  } finally {
    client.close();
  }
  return heard;
}

const versions = [18, ...(hasPostgres15() ? [15 as const] : [])] as const;

describe.each(versions)('through the proxy to PostgreSQL %i', (version) => {
  let governed: Governed;
  beforeAll(async () => {
    governed = await startGoverned({ version, environment: 'development' });
  });
  afterAll(() => governed?.stop());

  it.each(Object.entries(conversations))('%s', async (_name, steps) => {
    const direct = await converse(governed.direct(), steps);
    expect(await converse(governed.url(), steps)).toEqual(direct);
    expect(await converse(governed.url(), steps, new Random(version))).toEqual(direct);
  });
});
