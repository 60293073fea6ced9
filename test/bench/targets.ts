/** What the benches compare, all over one real PostgreSQL: directly, through PgBouncer (session mode), and governed. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
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
}

/** What was started, newest last. */
export type Closers = (() => Promise<unknown>)[];

/** Stops all, the newest first; what does not stop in order does not keep the others running. */
export async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    await close().catch((error) => process.stderr.write(`bench: ${error}\n`));
  }
}

const pgbouncerPath = '/usr/sbin/pgbouncer';

export function hasTool(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name)));
}

/** Puts what it starts into `closers` at once: the caller closes, also where this rejects. */
export async function startBench(closers: Closers): Promise<Bench> {
  const server = await startTestPostgres();
  closers.push(() => server.stop());
  const directUrl = `${server.url()}?sslmode=disable`;
  if (hasTool('pgbench')) {
    await promisify(execFile)('pgbench', ['-i', '-q', '-s', '10', directUrl]);
  }
  await makeStreamTable(directUrl);
  const runtime = mkdtempSync(join(tmpdir(), 'portcullis-bench-run-'));
  closers.push(async () => rmSync(runtime, { recursive: true, force: true }));
  const who = ['--environment', 'production', '--as', 'dev@example.com'];
  // Its own runtime folder: a proxy that somebody works with stays the one that `portcullis query` finds.
  const up = await startUp(['--target', server.url(), ...who], { XDG_RUNTIME_DIR: runtime });
  closers.push(async () => {
    await up.end('SIGTERM');
    rmSync(up.answer.data, { recursive: true, force: true });
  });
  const governedUrl = `${up.answer.connections[0]?.url}?sslmode=disable`;
  await requireMasked(governedUrl);
  const targets: Target[] = [{ name: 'direct', url: directUrl }];
  const bouncer = existsSync(pgbouncerPath)
    ? await startPgBouncer(server.port, server.password, closers)
    : undefined;
  if (bouncer !== undefined) targets.push({ name: 'pgbouncer', url: bouncer });
  targets.push({ name: 'governed', url: governedUrl });
  return { targets, proxyPid: up.process.pid ?? 0, directUrl };
}

/** The masked stream is only worth measuring where it is masked. */
async function requireMasked(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query('SELECT id, email, page, seen FROM visitors WHERE id = 1');
    if (rows.length !== 1 || String(rows[0].email).includes('visitor1@'))
      throw new Error('the e-mail addresses of the bench are not masked: its numbers would mean nothing');
  } finally {
    await client.end();
  }
}

/** 300,000 rows of four columns; e-mail addresses are found and masked, the rest is not. */
async function makeStreamTable(url: string): Promise<void> {
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

/** Where PgBouncer listens, or undefined where it does not start. */
async function startPgBouncer(
  serverPort: number,
  password: string,
  closers: Closers,
): Promise<string | undefined> {
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
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.once('exit', end).once('error', end);
  });
  closers.push(async () => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 2_000).unref();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  for (let i = 0; i < 100 && !hasEnded; i++) {
    if (await isListening(port))
      return `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
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
