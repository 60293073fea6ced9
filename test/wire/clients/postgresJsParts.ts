/** What people do with postgres.js, part by part. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';

/** One thing that people do with the driver; answers what it gave them. */
type Part = (url: string) => Promise<unknown>;

/** Runs `work` on a pool of one connection unless told; `notices` takes what the server remarks. */
async function withSql<T>(
  url: string,
  work: (sql: Sql) => Promise<T>,
  options: { max?: number; notices?: unknown[] } = {},
): Promise<T> {
  const sql = postgres(url, {
    max: options.max ?? 1,
    onnotice: ({ severity, code, message }) => options.notices?.push([severity, code, message]),
  });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** What the server says to work that fails. */
async function failure(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
    return 'no error';
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { code, severity, message, detail, hint, position, table_name, constraint_name } = error;
    return { code, severity, message, detail, hint, position, table_name, constraint_name };
  }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

export const postgresJsParts: Readonly<Record<string, Part>> = {
  'queries with and without parameters': (url) =>
    withSql(url, async (sql) => [
      await sql`SELECT id, label FROM gauges ORDER BY id LIMIT 3`,
      await sql`SELECT * FROM gauges WHERE id IN ${sql([1, 8, 9, 10])} ORDER BY id`,
      await sql`SELECT ${Buffer.from([0, 255])}::bytea, ${sql.json({ ü: [1, null] })}::jsonb, ${null}::int,
        ${sql.array(['a,b', 'c'])}::text[], ${new Date(1e12)}::timestamptz, ${'1.50'}::numeric`,
      await sql`SELECT 1 AS one; SELECT 2 AS two`.simple(),
      await sql`SELECT label FROM gauges WHERE id < 5`.values(),
      await sql`SELECT raw, reading FROM gauges WHERE id < 3 ORDER BY id`.raw(),
      (await sql`SELECT id, label FROM gauges WHERE id = ${1}`.describe()).columns,
    ]),
  'a prepared statement, again and again': (url) =>
    withSql(url, async (sql) => {
      const rows = [];
      for (let id = 0; id < 20; id++) rows.push(await sql`SELECT label FROM gauges WHERE id = ${id}`);
      rows.push(await sql.unsafe('SELECT reading FROM gauges WHERE id = $1', [3], { prepare: true }));
      rows.push(await sql.unsafe('SELECT reading FROM gauges WHERE id = $1', [3], { prepare: false }));
      return rows;
    }),
  'a text of a megabyte, both ways': (url) =>
    withSql(url, async (sql) => digest(await sql`SELECT ${'é'.repeat(524_288)}::text AS big`)),
  'errors, then the next query': (url) =>
    withSql(url, async (sql) => [
      await failure(sql`SELECT 1/0`),
      await failure(sql`SELEC 1`),
      await failure(sql`INSERT INTO arrivals VALUES (1, 'bad')`),
      await failure(sql`SELECT 1; SELECT 1/0; SELECT 2`.simple()),
      await failure(sql`SELECT ${'x'}::text::int`),
      await sql`SELECT 1 AS alive`,
    ]),
  'transactions and savepoints': (url) =>
    withSql(url, async (sql) => {
      const failed = await failure(
        sql.begin(async (inside) => {
          await inside`INSERT INTO arrivals VALUES (1, 'a')`;
          await inside`SELECT 1/0`;
        }),
      );
      const kept = await sql.begin('isolation level serializable', async (inside) => {
        await inside`INSERT INTO arrivals VALUES (1, 'kept')`;
        const undone = await failure(
          inside.savepoint(async (deeper) => {
            await deeper`INSERT INTO arrivals VALUES (2, 'undone')`;
            await deeper`INSERT INTO arrivals VALUES (1, 'again')`;
          }),
        );
        return [undone, await inside`SHOW transaction_isolation`, await inside`SELECT * FROM arrivals`];
      });
      return [failed, kept, await sql`DELETE FROM arrivals WHERE id = 1 RETURNING *`];
    }),
  cursors: (url) =>
    withSql(url, async (sql) => {
      const portions: unknown[] = [];
      for await (const rows of sql`SELECT id, label FROM gauges ORDER BY id`.cursor(300))
        portions.push([...rows]);
      let seen = 0;
      await sql`SELECT id FROM gauges`.cursor(10, () => (++seen === 5 ? sql.CLOSE : undefined));
      const each: unknown[] = [];
      await sql`SELECT id FROM gauges WHERE id < 50 ORDER BY id`.forEach((row) => {
        each.push(row);
      });
      return [portions, seen, each];
    }),
  'COPY in and out': (url) =>
    withSql(url, (sql) =>
      sql.begin(async (inside) => {
        const lines = Array.from({ length: 5_000 }, (_, i) => `${i}\tline ${i}\n`);
        await pipeline(Readable.from(lines), await inside`COPY arrivals FROM STDIN`.writable());
        const chunks: Buffer[] = [];
        // A few rows: postgres.js 3.4 leaves its socket paused after a long COPY, whoever sent it.
        const out = inside`COPY (SELECT * FROM arrivals ORDER BY id DESC LIMIT 100) TO STDOUT`;
        for await (const chunk of await out.readable()) chunks.push(chunk);
        await inside`DELETE FROM arrivals WHERE id >= 0`;
        return Buffer.concat(chunks).toString();
      }),
    ),
  'notices and notifications': async (url) => {
    const notices: unknown[] = [];
    const heard: unknown[] = [];
    await withSql(
      url,
      async (sql) => {
        await sql`DROP TABLE IF EXISTS nowhere`;
        const { unlisten } = await sql.listen('news', (payload) => heard.push(payload));
        await sql.notify('news', 'first ü');
        await sql`SELECT pg_notify('news', ${'second'})`;
        for (let i = 0; i < 100 && heard.length < 2; i++) await sleep(50);
        await unlisten();
      },
      { notices, max: 2 },
    );
    return [notices, heard];
  },
  'a long statement that is cancelled': (url) =>
    withSql(url, async (sql) => {
      const long = sql`SELECT pg_sleep(60)`.execute();
      const ended = failure(long);
      await sleep(500); // it runs by now
      long.cancel();
      return [await ended, await sql`SELECT 1 AS alive`];
    }),
  'queries sent before the answers came': (url) =>
    withSql(url, (sql) =>
      Promise.all(
        Array.from({ length: 300 }, (_, i) =>
          i % 7 === 3 ? failure(sql`SELECT 1/${0}::int`) : sql`SELECT ${i}::int + 1 AS n`,
        ),
      ),
    ),
  'many connections at once': (url) =>
    withSql(
      url,
      (sql) =>
        Promise.all(Array.from({ length: 200 }, (_, i) => sql`SELECT ${i}::int AS i, count(*) FROM gauges`)),
      { max: 10 },
    ),
  'a hundred thousand rows': (url) =>
    withSql(url, async (sql) => {
      const rows = await sql`SELECT i, 'row ' || i AS t FROM generate_series(1, 100000) i`;
      return [rows.length, digest(rows)];
    }),
};

/** The e-mail addresses of all customers, in each way that postgres.js can read them. */
export function readWithPostgresJs(url: string): Promise<Record<string, string[]>> {
  return withSql(url, async (sql) => {
    const query = () => sql<{ email: string }[]>`SELECT id, email FROM customers ORDER BY id`;
    const emails = (rows: readonly { email: string }[]) => rows.map(({ email }) => email);
    const portions: string[] = [];
    const prepared = emails(await query());
    const again = emails(await query());
    for await (const rows of query().cursor(7)) portions.push(...emails(rows));
    return {
      prepared,
      'prepared, again': again,
      simple: emails(await query().simple()),
      raw: (await query().raw()).map((row) => (row[1] as Buffer).toString()),
      'by a cursor': portions,
    };
  });
}
