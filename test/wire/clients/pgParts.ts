/** What people do with pg (node-postgres), part by part. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Connection, DatabaseError, type QueryConfig } from 'pg';

/** One thing that people do with the driver; answers what it gave them. */
type Part = (url: string) => Promise<unknown>;

/** Runs `work` on a connection of its own. */
async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What the server says to work that fails; all fields but the place in its own source. */
async function failure(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { code, severity, message, detail, hint, position, schema, table, column, constraint } = error;
    return { code, severity, message, detail, hint, position, schema, table, column, constraint };
  }
}

/** Types that pg's declarations leave out: `binary` and `rows` (rows for each Execute) are read by its Query. */
interface FullConfig extends QueryConfig {
  readonly binary?: boolean;
  readonly rows?: number;
}

async function ask(client: Client, config: FullConfig) {
  const { command, rowCount, fields, rows } = await client.query(config);
  return {
    command,
    rowCount,
    rows,
    fields: fields.map(({ name, dataTypeID, dataTypeModifier, format }) => [
      name,
      dataTypeID,
      dataTypeModifier,
      format,
    ]),
  };
}

const everyType = 'SELECT * FROM gauges WHERE id = ANY($1) ORDER BY id';
/** Without arrays: pg 8.23 never ends decoding a binary array that holds a NULL, whoever sent it. */
const everyScalar = everyType.replace(
  '*',
  'id, label, reading, taken, raw, extras, is_on, big, ratio, day, took',
);
const ids = [[1, 8, 9, 10]];

/** COPY as pg-copy-streams does it, over the same hooks of pg. */
function copy(client: Client, text: string, input?: readonly Buffer[]): Promise<string> {
  interface CopyConnection extends Connection {
    query(text: string): void;
    sendCopyFromChunk(chunk: Buffer): void;
    endCopyFrom(): void;
    sendCopyFail(reason: string): void;
  }
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    let failed: Error | undefined;
    const submittable = {
      submit: (connection: CopyConnection) => connection.query(text),
      handleCopyInResponse: (connection: CopyConnection) => {
        if (input === undefined) connection.sendCopyFail('changed my mind');
        else {
          for (const chunk of input) connection.sendCopyFromChunk(chunk);
          connection.endCopyFrom();
        }
      },
      handleCopyData: ({ chunk }: { chunk: Buffer }) => received.push(Buffer.from(chunk)),
      handleCommandComplete: ({ text: tag }: { text: string }) => received.push(Buffer.from(`[${tag}]`)),
      handleError: (error: Error) => {
        failed = error;
        reject(error);
      },
      handleReadyForQuery: () => failed ?? resolve(Buffer.concat(received).toString('latin1')),
    };
    client.query(submittable as never);
  });
}

export const pgParts: Readonly<Record<string, Part>> = {
  'simple queries': (url) =>
    withClient(url, async (client) => [
      await ask(client, { text: 'SELECT id, label FROM gauges ORDER BY id LIMIT 3' }),
      await ask(client, { text: 'SELECT 1 WHERE false' }),
      await ask(client, { text: 'SELECT 1, 2', rowMode: 'array' } as FullConfig),
      (await client.query('SELECT 1 AS one; SELECT 2 AS two; SHOW DateStyle')) as unknown as object[],
    ]),
  'parameters, in text and in binary': (url) =>
    withClient(url, async (client) => [
      await ask(client, { text: everyType, values: ids }),
      await ask(client, { text: everyScalar, values: ids, binary: true }),
      await ask(client, {
        text: 'SELECT $1::bytea, $2::jsonb, $3::text[], $4::timestamptz, $5::numeric, $6::bool, $7::text',
        values: [
          Buffer.from([0, 255, 39, 92]),
          { ü: [1, null] },
          ['a,b', null],
          new Date(1e12),
          '1.50',
          true,
          null,
        ],
      }),
    ]),
  'a prepared statement, again and again': (url) =>
    withClient(url, async (client) => {
      const config = { name: 'pick', text: 'SELECT label, reading FROM gauges WHERE id = $1' };
      const rows = [];
      for (let id = 0; id < 20; id++) rows.push((await client.query({ ...config, values: [id] })).rows);
      return [
        rows,
        await failure(client.query({ ...config, values: ['x'] })),
        await ask(client, { ...config, values: [5] }),
      ];
    }),
  'rows in portions': (url) =>
    withClient(url, (client) =>
      ask(client, { text: 'SELECT id, label FROM gauges WHERE id > $1 ORDER BY id', values: [3], rows: 10 }),
    ),
  'a text of a megabyte, both ways': (url) =>
    withClient(url, async (client) => {
      const { rows } = await client.query('SELECT $1::text || $1::text AS big', ['é'.repeat(524_288)]);
      return [rows[0].big.length, createHash('sha256').update(rows[0].big).digest('hex')];
    }),
  'errors, inside and outside of a transaction': (url) =>
    withClient(url, async (client) => {
      const said: unknown[] = [];
      const texts = [
        'SELECT 1/0',
        'SELEC 1',
        'SELECT nothing FROM gauges',
        "INSERT INTO arrivals VALUES (1, 'bad')",
      ];
      for (const text of texts) said.push(await failure(client.query(text)));
      for (const text of texts) said.push(await failure(client.query({ text, values: [] })));
      said.push(await failure(client.query('SELECT $1::int', ['x'])));
      await client.query('BEGIN');
      await client.query("INSERT INTO arrivals VALUES (1, 'a')");
      await client.query('SAVEPOINT here');
      said.push(await failure(client.query("INSERT INTO arrivals VALUES ($1, 'again')", [1])));
      said.push(await failure(client.query('SELECT 1')));
      await client.query('ROLLBACK TO here');
      said.push((await client.query('SELECT * FROM arrivals')).rows);
      said.push(await failure(client.query('SELECT 1/0')));
      said.push((await client.query('COMMIT')).command);
      return [said, (await client.query('SELECT count(*) FROM arrivals')).rows];
    }),
  'COPY in and out': (url) =>
    withClient(url, async (client) => {
      await client.query('BEGIN');
      const lines = Array.from({ length: 5_000 }, (_, i) => Buffer.from(`${i}\tline ${i}\n`));
      return [
        await copy(client, 'COPY arrivals FROM STDIN', lines),
        await copy(client, 'COPY (SELECT * FROM arrivals ORDER BY id) TO STDOUT (FORMAT csv)'),
        await copy(client, 'COPY gauges TO STDOUT (FORMAT binary)'),
        await client.query('SAVEPOINT s').then(() => 'still in it'),
        await failure(copy(client, 'COPY arrivals FROM STDIN')),
        await client.query('ROLLBACK TO s').then(() => 'back'),
        await failure(copy(client, 'COPY arrivals FROM STDIN', [Buffer.from('x\ty\n')])),
        (await client.query('ROLLBACK')).command,
      ];
    }),
  'notices and notifications': (url) =>
    withClient(url, async (client) => {
      const heard: unknown[] = [];
      client.on('notice', ({ severity, code, message }) => heard.push([severity, code, message]));
      client.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
      await client.query('DROP TABLE IF EXISTS nowhere');
      await client.query('LISTEN news');
      await withClient(url, (other) => other.query("NOTIFY news, 'from elsewhere ü'"));
      for (let i = 0; i < 100 && heard.length < 2; i++) await sleep(50);
      await client.query("BEGIN; NOTIFY news, 'first'");
      await client.query("SELECT pg_notify('news', $1)", ['second']);
      await client.query('COMMIT');
      await client.query('SELECT 1');
      return heard;
    }),
  'a timeout': (url) =>
    withClient(url, async (client) => {
      await client.query("SET statement_timeout = '100ms'");
      return [
        await failure(client.query('SELECT pg_sleep(30)')),
        (await client.query('SELECT 1 AS alive')).rows,
      ];
    }),
  'queries sent before the answers came': (url) =>
    withClient(url, (client) =>
      Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          i % 7 === 3
            ? failure(client.query('SELECT 1/$1::int', [0]))
            : ask(client, { text: 'SELECT $1::int + 1 AS n', values: [i] }),
        ),
      ),
    ),
  'isolation levels and settings': (url) =>
    withClient(url, async (client) => {
      const show = async (text: string) => (await client.query(text)).rows;
      await client.query("SET TimeZone = 'Asia/Tokyo'; BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY");
      const inside = [await show('SHOW transaction_isolation'), await show('SHOW TimeZone')];
      const refused = await failure(client.query("INSERT INTO arrivals VALUES (1, 'x')"));
      await client.query('ROLLBACK');
      return [
        inside,
        refused,
        await show('SELECT taken::text FROM gauges WHERE id = 1'),
        await show('SHOW search_path'),
      ];
    }),
  'a hundred thousand rows': (url) =>
    withClient(url, async (client) => {
      const { rows } = await client.query("SELECT i, 'row ' || i AS t FROM generate_series(1, 100000) i");
      return [rows.length, createHash('sha256').update(JSON.stringify(rows)).digest('hex')];
    }),
};

/** The e-mail addresses of all customers, in each way that pg can read them. */
export function readWithPg(url: string): Promise<Record<string, string[]>> {
  return withClient(url, async (client) => {
    const text = 'SELECT id, email FROM customers ORDER BY id';
    const read = async (config: FullConfig) =>
      (await client.query(config)).rows.map(({ email }) => String(email));
    return {
      simple: await read({ text }),
      extended: await read({ text, values: [], rows: 1000 }),
      prepared: await read({ text, name: 'all' }),
      'prepared, again': await read({ text, name: 'all' }),
      binary: await read({ text, values: [], binary: true, name: 'binary' }),
      'in portions': await read({ text, values: [], rows: 7 }),
    };
  });
}
