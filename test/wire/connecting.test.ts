/** How a session begins: encryption, versions, who is let in, and what CancelRequest reaches. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartupCode } from '../../proxy/wire/protocol.ts';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { WireClient } from '../kit/wireClient.ts';

let governed: Governed;

beforeAll(async () => {
  governed = await startGoverned({ environment: 'development' });
});
afterAll(() => governed?.stop());

function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => {
    bytes.writeInt32BE(number, 4 * i);
  });
  return bytes;
}

function startup(version: number, parameters: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${pairs.join('')}\0`);
  return Buffer.concat([words(8 + body.length, version), body]);
}

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(governed.proxy.port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Everything that comes until the other side closes, or `ms` pass. */
function listen(socket: Socket, ms = 3_000): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    };
    const timer = setTimeout(done, ms);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', done);
    socket.on('error', () => undefined);
  });
}

async function ask(bytes: Buffer, ms?: number): Promise<Buffer> {
  const socket = await open();
  const heard = listen(socket, ms);
  socket.write(bytes);
  const answer = await heard;
  socket.destroy();
  return answer;
}

async function login(url: string, more: object = {}): Promise<string> {
  const client = new Client({ connectionString: url, ...more });
  try {
    await client.connect();
    const { rows } = await client.query('SELECT 1 AS one');
    return JSON.stringify(rows);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code}: ${message}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describe('encryption', () => {
  it('is given where it is asked for', async () => {
    expect(await login(governed.url(), { ssl: { rejectUnauthorized: false } })).toBe('[{"one":1}]');
  });

  it('binds the login to the channel', async () => {
    const options = { ssl: { rejectUnauthorized: false }, enableChannelBinding: true };
    expect(await login(governed.url(), options)).toBe('[{"one":1}]');
  });

  it('is given at once to who begins with it and names the protocol', async () => {
    expect(
      await login(governed.url(), { ssl: { rejectUnauthorized: false }, sslnegotiation: 'direct' }),
    ).toBe('[{"one":1}]');
  });

  it('is refused to who begins with it without naming the protocol', async () => {
    const socket = connectTls({ port: governed.proxy.port, host: '127.0.0.1', rejectUnauthorized: false });
    const heard = listen(socket);
    socket.on('secureConnect', () => socket.write(startup(StartupCode.version30, { user: 'dev' })));
    expect((await heard).length).toBe(0);
  });

  it('does not take bytes that were sent along before it began', async () => {
    const answer = await ask(
      Buffer.concat([words(8, StartupCode.sslRequest), startup(StartupCode.version30, { user: 'dev' })]),
    );
    expect(answer.toString()).toContain('unencrypted data');
  });

  it('by GSSAPI is declined, and the session goes on', async () => {
    const answer = await ask(words(8, StartupCode.gssEncRequest), 300);
    expect(answer.toString()).toBe('N');
  });
});

describe('the protocol version', () => {
  it.each([
    ['3.0', 196608, ''],
    ['3.2', 196610, ''],
    ['3.9999', 206607, 'v'],
  ])('%s is spoken', async (_name, version, first) => {
    const answer = (await ask(startup(version, { user: 'dev', database: 'shop' }), 400)).toString('latin1');
    expect(answer.startsWith(first === '' ? 'R' : first)).toBe(true);
    expect(answer).toContain('SCRAM-SHA-256');
    if (first === 'v') expect(answer.slice(5, 9)).toBe('\0\x03\0\x02');
  });

  it('tells which protocol options it does not know', async () => {
    const answer = await ask(startup(196608, { user: 'dev', '_pq_.shiny': '1' }), 400);
    expect(answer.toString('latin1')).toMatch(/^v.*_pq_\.shiny\0R/s);
  });

  it.each([131072, 262144, 0, -1])('%i is refused', async (version) => {
    expect((await ask(startup(version, { user: 'dev' }))).toString()).toContain(
      'unsupported frontend protocol',
    );
  });
});

describe('who is let in', () => {
  const failed = '28P01: password authentication failed for user';

  it('is who knows the password', async () => {
    expect(await login(governed.url())).toBe('[{"one":1}]');
  });

  it('is told the same for a wrong password and an unknown user', async () => {
    const url = new URL(governed.url());
    url.password = 'wrong';
    expect(await login(url.href)).toBe(`${failed} "dev"`);
    url.username = 'nobody-at-all';
    expect(await login(url.href)).toBe(`${failed} "nobody-at-all"`);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'is told the same as another operating-system user (needs root to become one)',
    async () => {
      // One file that anybody can read, wherever the project lies. Run without waiting: the proxy lives in this process.
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-stranger-'));
      chmodSync(folder, 0o755);
      const program = join(folder, 'login.cjs');
      const source = `import { Client } from 'pg'; const client = new Client(process.argv[2]);
        client.connect().then(() => console.log('in'), (e) => console.log(e.code + ': ' + e.message)).finally(() => client.end());`;
      await build({
        stdin: { contents: source, resolveDir: import.meta.dirname },
        outfile: program,
        bundle: true,
        platform: 'node',
        external: ['pg-native'],
      });
      const run = async (uid: number) => {
        const options = { uid, cwd: '/', timeout: 20_000 };
        const { stdout } = await promisify(execFile)(process.execPath, [program, governed.url()], options);
        return stdout.trim();
      };
      expect(await run(0)).toBe('in');
      expect(await run(65534)).toBe(`${failed} "dev"`);
      rmSync(folder, { recursive: true, force: true });
    },
  );

  it('is not who wants replication', async () => {
    const answer = await ask(startup(196608, { user: 'dev', database: 'shop', replication: 'database' }));
    expect(answer.toString()).toContain('replication connections are not allowed');
  });

  it('must name a connection that exists', async () => {
    const url = new URL(governed.url());
    url.pathname = '/elsewhere';
    expect(await login(url.href)).toBe('3D000: no connection is named "elsewhere"');
  });

  it.each(['-c session_replication_role=replica', '-c role=postgres', '-c standard_conforming_strings=off'])(
    'may not begin with %s',
    async (options) => {
      expect(await login(governed.url(), { options })).toMatch(/^42501: /);
    },
  );

  it('may begin with harmless settings', async () => {
    const client = new Client({
      connectionString: governed.url(),
      options: '-c search_path=pg_catalog -c work_mem=1MB',
    });
    await client.connect();
    expect((await client.query('SHOW search_path')).rows[0]).toEqual({ search_path: 'pg_catalog' });
    await client.end();
  });
});

describe('CancelRequest', () => {
  async function key(client: Client): Promise<{ processID: number; secretKey: number }> {
    return client as unknown as { processID: number; secretKey: number };
  }

  it('ends the statement of its own session and of no other', async () => {
    const [mine, other] = [new Client(governed.url()), new Client(governed.url())];
    await Promise.all([mine.connect(), other.connect()]);
    const sleeping = mine.query('SELECT pg_sleep(20)').then(
      () => 'done',
      (error) => error.code,
    );
    const undisturbed = other.query('SELECT pg_sleep(1.5)').then(
      () => 'done',
      (error) => error.code,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { processID, secretKey } = await key(mine);
    await ask(serialize.cancel(processID, secretKey));
    expect(await sleeping).toBe('57014');
    expect(await undisturbed).toBe('done');
    await Promise.all([mine.end(), other.end()]);
  });

  it('with a wrong key does nothing, and says nothing', async () => {
    const client = new Client(governed.url());
    await client.connect();
    const { processID, secretKey } = await key(client);
    const sleeping = client.query('SELECT pg_sleep(1)').then(
      () => 'done',
      (error) => error.code,
    );
    expect((await ask(serialize.cancel(processID, secretKey + 1))).length).toBe(0);
    expect((await ask(serialize.cancel(processID + 1, secretKey))).length).toBe(0);
    expect(await sleeping).toBe('done');
    await client.end();
  });
});

describe('how a session ends', () => {
  it('answers all that was sent before the client closed its half', async () => {
    const client = await WireClient.connect(governed.url());
    client.send(serialize.query('SELECT 1'), serialize.query('SELECT pg_sleep(0.3), 2'));
    client.socket.end();
    const heard = await client.closed();
    expect(heard.map(({ type }) => type).join('')).toBe('TDCZTDCZ');
  });

  it('tells the client when the server is gone, in the form of the protocol', async () => {
    const [client, killer] = [await WireClient.connect(governed.url()), new Client(governed.direct())];
    await killer.connect();
    await client.query('SELECT 1');
    await killer.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'portcullis'",
    );
    await killer.end();
    const heard = await client.closed();
    expect(heard[0]?.type).toBe('E');
    expect(heard[0]?.body.toString()).toContain('57P01');
  });
});
