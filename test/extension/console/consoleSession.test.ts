/** The console's client against a real proxy before a real PostgreSQL. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ResultRun } from '../../../extension/console/results/resultRun.ts';
import { RowStore } from '../../../extension/console/results/rowStore.ts';
import { ConsoleSession } from '../../../extension/console/session/consoleSession.ts';
import { type Governed, startGoverned } from '../../kit/governed.ts';

const target = { connection: 'shop', environment: 'development' };
let governed: Governed;
const sessions: ConsoleSession[] = [];

beforeAll(async () => {
  governed = await startGoverned({ environment: 'development' });
});

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.close()));
  await governed.stop();
});

function openSession(idleMs?: number): ConsoleSession {
  const { port, username, password } = new URL(governed.url('dev'));
  const session = new ConsoleSession(
    { host: '127.0.0.1', port: Number(port), user: username, password },
    'shop',
    idleMs,
  );
  sessions.push(session);
  return session;
}

async function run(session: ConsoleSession, sql: string, rows?: RowStore): Promise<ResultRun> {
  const result = new ResultRun(sql, target, rows);
  await session.run(result);
  return result;
}

describe('the client of the console', () => {
  it('keeps the rows of a statement, with names, types and the command tag', async () => {
    const result = await run(openSession(), 'SELECT id, status, total FROM orders ORDER BY id LIMIT 2');
    expect(result.snapshot()).toMatchObject({
      state: { kind: 'done' },
      rowCount: 2,
      commands: ['SELECT 2'],
      transaction: 'none',
      columns: [
        { name: 'id', type: 'int4', isNumeric: true },
        { name: 'status', type: 'text', isNumeric: false },
        { name: 'total', type: 'numeric(10,2)', isNumeric: true },
      ],
    });
    expect(result.rows.window(0, 9)).toEqual([
      ['1', 'paid', '1.50'],
      ['2', 'paid', '3.00'],
    ]);
  });

  it('shows the last rows of several statements, and a line for each', async () => {
    const result = await run(
      openSession(),
      "SELECT 1 AS a; SELECT '' AS b, NULL AS c; SET statement_timeout = 0",
    );
    expect(result.snapshot()).toMatchObject({
      rowCount: 1,
      commands: ['SELECT 1', 'SELECT 1', 'SET'],
      rowSet: 2,
    });
    expect(result.rows.window(0, 9)).toEqual([['', null]]);
  });

  it('tells every field of an error, and the line that it points at', async () => {
    const session = openSession();
    const result = await run(session, 'SELECT id,\n  nmae FROM customers');
    expect(result.state).toMatchObject({
      kind: 'failed',
      problem: { sqlState: '42703', place: { line: 2, column: 3, text: '  nmae FROM customers' } },
    });
    expect((await run(session, 'SELECT 1')).state).toEqual({ kind: 'done' });
  });

  it('knows which columns the proxy has masked, and how', async () => {
    const result = await run(openSession(), 'SELECT id, email FROM customers ORDER BY id LIMIT 1');
    expect(result.snapshot().columns).toMatchObject([
      { name: 'id' },
      { name: 'email', mask: { classification: 'pii.email', method: expect.any(String) } },
    ]);
    expect(result.snapshot().columns[0]?.mask).toBeUndefined();
    expect(JSON.stringify(result.rows.window(0, 1))).not.toContain('ada1@secret.example');
    expect(result.snapshot().notices).toEqual([]);
  });

  it('keeps a transaction open from run to run and says so', async () => {
    const session = openSession();
    expect((await run(session, 'BEGIN')).transaction).toBe('open');
    expect((await run(session, 'SELECT 1/0')).transaction).toBe('failed');
    expect((await run(session, 'ROLLBACK')).transaction).toBe('none');
  });

  it('cancels a running statement for real', async () => {
    const session = openSession();
    const result = new ResultRun('SELECT count(*) FROM generate_series(1, 20000000000) i', target);
    const ended = session.run(result);
    await new Promise((resolve) => setTimeout(resolve, 500));
    session.cancel();
    await ended;
    expect(result.state).toEqual({ kind: 'cancelled' });
    expect(result.snapshot().elapsedMs).toBeLessThan(4_000);
    expect((await run(session, 'SELECT 1')).state).toEqual({ kind: 'done' });
  });

  it('stops a statement whose rows pass the limit, keeps what came, and goes on working', async () => {
    const session = openSession();
    const sql = "SELECT i, repeat('x', 1000) FROM generate_series(1, 2000000) i";
    const result = await run(session, sql, new RowStore(1024 * 1024));
    expect(result.state).toMatchObject({
      kind: 'stopped',
      message: expect.stringMatching(/1 MB.*LIMIT.*psql/s),
    });
    expect(result.rows.rowCount).toBeGreaterThan(900);
    expect((await run(session, 'SELECT 1')).state).toEqual({ kind: 'done' });
  });

  it('shows the lines of COPY … TO STDOUT, and has none for COPY … FROM STDIN', async () => {
    const session = openSession();
    const text =
      'COPY (SELECT id, status, total FROM orders ORDER BY id LIMIT 2) TO STDOUT (FORMAT csv, HEADER)';
    const lines = await run(session, text);
    expect(lines.state).toEqual({ kind: 'done' });
    expect(lines.snapshot()).toMatchObject({
      commands: ['COPY 2'],
      columns: [{ name: 'line', type: 'text' }],
    });
    expect(lines.rows.window(0, 9)).toEqual([['id,status,total'], ['1,paid,1.50'], ['2,paid,3.00']]);

    const masked = await run(session, 'COPY (SELECT id, email FROM customers) TO STDOUT');
    expect(masked.state).toEqual({ kind: 'done' });
    expect(masked.rows.window(0, 1)).toEqual([[expect.stringMatching(/^1\t.•••@.•••$/)]]);

    const refused = await run(session, 'COPY orders FROM STDIN');
    expect(refused.state).toMatchObject({
      kind: 'failed',
      problem: { message: expect.stringContaining('use psql') },
    });
    expect((await run(session, 'SELECT 1')).state).toEqual({ kind: 'done' });
  });

  it('says in words that the bytes of a binary COPY are not shown', async () => {
    const session = openSession();
    const result = await run(session, 'COPY (SELECT id FROM orders LIMIT 3) TO STDOUT (FORMAT binary)');
    expect(result.state).toEqual({ kind: 'done' });
    expect(result.rows.rowCount).toBe(0);
    expect(result.snapshot().notices).toEqual([expect.stringContaining('FORMAT csv')]);
    expect((await run(session, 'SELECT 1')).state).toEqual({ kind: 'done' });
  });

  it('takes 300,000 rows with no more memory than their text', async () => {
    const session = openSession();
    await run(session, 'SELECT 1');
    globalThis.gc?.();
    const before = process.memoryUsage();
    let peak = 0;
    const result = new ResultRun(
      "SELECT i, 'name ' || i, repeat('y', 40), now() FROM generate_series(1, 300000) i",
      target,
    );
    result.onChange = () => {
      if (result.rows.rowCount % 50_000 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    };
    await session.run(result);
    expect(result.rows.rowCount).toBe(300_000);
    expect(result.rows.window(299_999, 1)[0]?.slice(0, 2)).toEqual(['300000', 'name 300000']);
    const text = result.rows.byteCount;
    expect(text).toBeLessThan(40e6);
    expect(peak - before.arrayBuffers).toBeLessThan(text + 60e6);
  });

  it('says that the connection was lost, and connects anew at the next run', async () => {
    const session = openSession();
    await run(session, 'SELECT 1');
    const held = new ResultRun('SELECT pg_sleep(20)', target);
    const ended = session.run(held);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const superuser = new Client({ connectionString: governed.direct() });
    await superuser.connect();
    await superuser.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%'",
    );
    await superuser.end();
    await ended;
    expect(held.state).toMatchObject({
      kind: 'failed',
      problem: { hint: expect.stringContaining('connects anew') },
    });
    expect((await run(session, 'SELECT 2')).state).toEqual({ kind: 'done' });
  });

  it('closes an idle connection, but never one within a transaction', async () => {
    const idle = openSession(100);
    await run(idle, 'SELECT 1');
    const busy = openSession(100);
    await run(busy, 'BEGIN');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([idle.isOpen, busy.isOpen]).toEqual([false, true]);
  });
});
