/** What the benches compare, all over one real PostgreSQL: directly, through PgBouncer (session mode), and governed. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestPostgres } from '../kit/postgres.ts';
import { startUp } from '../kit/upProcess.ts';

export type TargetName = 'direct' | 'pgbouncer' | 'governed';

export interface Target {
  readonly name: TargetName;
  /** Without TLS: it is the proxies that are compared, not their ciphers. */
  readonly url: string;
}

export interface Bench {
  readonly targets: readonly Target[];
  /** Process of the governed proxy. */
  readonly proxyPid: number;
  readonly directUrl: string;
  stop(): Promise<void>;
}

const pgbouncerPath = '/usr/sbin/pgbouncer';

export function hasTool(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

export async function startBench(): Promise<Bench> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const server = await startTestPostgres();
    closers.push(() => server.stop());
    const directUrl = `${server.url()}?sslmode=disable`;
    if (hasTool('pgbench')) execFileSync('pgbench', ['-i', '-q', '-s', '10', directUrl], { stdio: 'ignore' });
    await makeStreamTable(directUrl);
    const up = await startUp(['--target', server.url(), '--environment', 'production']);
    closers.push(async () => {
      await up.end('SIGTERM');
      rmSync(up.answer.data, { recursive: true, force: true });
    });
    const targets: Target[] = [{ name: 'direct', url: directUrl }];
    if (existsSync(pgbouncerPath)) {
      const bouncer = await startPgBouncer(server.port, server.password);
      closers.push(bouncer.stop);
      targets.push({ name: 'pgbouncer', url: bouncer.url });
    }
    targets.push({ name: 'governed', url: `${up.answer.connections[0]?.url}?sslmode=disable` });
    return { targets, proxyPid: up.process.pid ?? 0, directUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** 300,000 rows of four columns; e-mail addresses are found and masked, the rest is not. */
async function makeStreamTable(url: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client(url);
  await client.connect();
  await client.query(`
    CREATE TABLE visitors (id int PRIMARY KEY, email text, page text, seen timestamptz);
    INSERT INTO visitors SELECT i, 'visitor' || i || '@mail.example', '/page/' || i % 1000, timestamptz '2026-01-01' + i * interval '1 s'
      FROM generate_series(1, 300000) i;
  `);
  await client.query('VACUUM (ANALYZE, FREEZE)');
  await client.end();
}

async function startPgBouncer(
  serverPort: number,
  password: string,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
  const port = await freePort();
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'users.txt'), `"postgres" "${password}"\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
postgres = host=127.0.0.1 port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = scram-sha-256
auth_file = ${join(folder, 'users.txt')}
pool_mode = session
default_pool_size = 64
max_client_conn = 200
unix_socket_dir =
logfile =
ignore_startup_parameters = options
`,
  );
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(pgbouncerPath, ['-q', ...user, join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, 700));
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`,
    stop: async () => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
