/** Large messages, slow readers, dying servers, a full disk: bounded memory, clear errors, other sessions untouched. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { errorFields, types, WireClient } from '../kit/wireClient.ts';

const mega = 1024 * 1024;
let governed: Governed;

beforeAll(async () => {
  governed = await startGoverned({ environment: 'development' });
});
afterAll(() => governed?.stop());

describe('messages larger than 64 MB', () => {
  it('come from the server whole', async () => {
    const client = new Client(governed.url());
    await client.connect();
    const { rows } = await client.query(`SELECT repeat('x', ${70 * mega}) AS large, 1 AS one`);
    expect(rows[0].large.length).toBe(70 * mega);
    expect(rows[0].one).toBe(1);
    await client.end();
  }, 60_000);

  it('reach the server whole as a parameter', async () => {
    const client = new Client(governed.url());
    await client.connect();
    const { rows } = await client.query('SELECT octet_length($1::bytea) AS size', [
      Buffer.alloc(70 * mega, 7),
    ]);
    expect(rows[0].size).toBe(70 * mega);
    await client.end();
  }, 60_000);

  it('reach the server whole as COPY data', async () => {
    const client = await WireClient.connect(governed.url());
    await client.query('CREATE TEMP TABLE large (t text)');
    client.send(serialize.query('COPY large FROM STDIN'));
    await client.until('G');
    client.send(
      serialize.copyData(Buffer.concat([Buffer.alloc(70 * mega, 0x78), Buffer.from('\n')])),
      serialize.copyDone(),
    );
    expect(types(await client.until('Z', 1, 60_000))).toBe('CZ');
    const answer = await client.query('SELECT length(t) FROM large');
    expect(answer.find(({ type }) => type === 'D')?.body.toString('latin1')).toContain(String(70 * mega));
    client.close();
  }, 90_000);
});

describe('a client that stops reading', () => {
  it('costs no memory and holds up nobody else', async () => {
    const slow = await WireClient.connect(governed.url());
    await new Promise((resolve) => setTimeout(resolve, 100)); // until it flows at all: it cannot be stopped before
    slow.socket.pause();
    slow.send(serialize.query("SELECT repeat('x', 1000) FROM generate_series(1, 400000)")); // 400 MB
    const other = await WireClient.connect(governed.url());
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 40; i++) {
      expect(types(await other.query('SELECT 1'))).toBe('TDCZ');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((process.memoryUsage().rss - before) / mega).toBeLessThan(60);
    slow.close();
    other.close();
  }, 30_000);
});

describe('a server that dies while rows come', () => {
  it('is told to the client as a fatal error, and recorded as unknown', async () => {
    const client = await WireClient.connect(governed.url());
    client.send(
      serialize.query("SELECT pg_backend_pid(), repeat('x', 1000) FROM generate_series(1, 10000000)"),
    );
    await client.until('D');
    const pid = Number(
      await new Promise<string>((resolve, reject) => {
        const direct = new Client(governed.direct());
        direct
          .connect()
          .then(() =>
            direct.query(
              "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_backend_pid()%' AND pid <> pg_backend_pid()",
            ),
          )
          .then(({ rows }) => resolve(String(rows[0].pid)), reject)
          .finally(() => direct.end());
      }),
    );
    process.kill(pid, 'SIGKILL'); // as a crash would end it; the server then restarts all its sessions
    const heard = await client.closed(20_000);
    const fatal = errorFields(heard.findLast(({ type }) => type === 'E'));
    expect(fatal['V']).toBe('FATAL');
    expect(['08006', '57P02', '57P01']).toContain(fatal['C']);
    const events = await governed.events();
    const intent = events.findLast(
      (event) => event.kind === 'intent' && event.statement.text.includes('pg_backend_pid'),
    );
    expect(events.find((event) => event.kind === 'outcome' && event.for === intent?.seq)).toMatchObject({
      status: expect.stringMatching(/unknown|error/),
    });
    // The next session finds the server again.
    await expect
      .poll(
        async () => {
          const again = new Client(governed.url());
          try {
            await again.connect();
            return (await again.query('SELECT 1 AS one')).rows[0].one;
          } catch {
            return undefined;
          } finally {
            await again.end().catch(() => undefined);
          }
        },
        { timeout: 20_000, interval: 300 },
      )
      .toBe(1);
  }, 60_000);
});

describe.skipIf(process.getuid?.() !== 0)(
  'a full disk under the journal (needs root to make a small one)',
  () => {
    it('refuses statements with 53100, keeps sessions, and goes on when there is room', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-small-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]);
      const small = await startGoverned({ environment: 'development', dataDirectory: folder });
      try {
        const client = await WireClient.connect(small.url());
        expect(types(await client.query('SELECT 1'))).toBe('TDCZ');
        const filler = join(folder, 'filler');
        const isFull = false;
        try {
          while (!isFull) appendFileSync(filler, Buffer.alloc(4096));
        } catch {
          // ENOSPC: the disk is full
        }
        // What is left of the journal's last page may still take a few events.
        let refused: Record<string, string> = {};
        for (let i = 0; i < 50 && refused['C'] === undefined; i++) {
          refused = errorFields((await client.query('SELECT 2')).find(({ type }) => type === 'E'));
        }
        expect(refused).toMatchObject({ C: '53100', S: 'ERROR' });
        const before = await rowsOf(small.direct());
        client.send(serialize.query('DELETE FROM orders WHERE id = 1'));
        expect(errorFields((await client.until('Z')).find(({ type }) => type === 'E'))['C']).toBe('53100');
        expect(await rowsOf(small.direct())).toBe(before);
        rmSync(filler);
        await expect
          .poll(async () => types(await client.query('SELECT 3')), { timeout: 10_000 })
          .toBe('TDCZ');
        client.close();
        for (const event of await small.events()) expect(event.seq).toBeGreaterThan(0); // every line is whole
      } finally {
        await small.stop().catch(() => undefined);
        execFileSync('umount', ['-l', folder]);
        rmSync(folder, { recursive: true, force: true });
      }
    }, 60_000);
  },
);

async function rowsOf(url: string): Promise<number> {
  const direct = new Client(url);
  await direct.connect();
  const { rows } = await direct.query('SELECT count(*)::int AS n FROM orders');
  await direct.end();
  return rows[0].n;
}

describe('broken framing', () => {
  it.each([
    ['a length below four', Buffer.from([0x51, 0, 0, 0, 3])],
    ['a negative length', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])],
    ['a type that does not exist', Buffer.from([0x7e, 0, 0, 0, 4])],
    ['a password out of turn', Buffer.from([0x70, 0, 0, 0, 5, 0])],
    ['a Sync that is too long', Buffer.from([0x53, 0, 1, 0, 0])],
    ['a Query without its end', Buffer.from([0x51, 0, 0, 0, 6, 0x61, 0x62])],
    ['a Describe of nothing', Buffer.from([0x44, 0, 0, 0, 6, 0x58, 0])],
  ])('%s ends the session with 08P01', async (_name, bytes) => {
    const client = await WireClient.connect(governed.url());
    client.send(bytes);
    const heard = await client.closed();
    expect(types(heard)).toBe('E');
    expect(errorFields(heard[0])).toMatchObject({ S: 'FATAL', C: '08P01' });
  });
});
