/** `portcullis up` is all it takes: a database, masked rows, refused dangers, a journal; and nothing is left afterwards. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import { startUp, type UpProcess } from '../kit/upProcess.ts';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs');

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function isListening(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function processesOver(folder: string): string[] {
  const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.includes(folder));
}

/** Process of the provider and the collector: the only one of its own that is no PostgreSQL. */
function servicesOf({ process: { pid } }: UpProcess): number {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' });
  return Number.parseInt(list.split('\n').find((line) => line.includes('cli.cjs services')) ?? '0', 10);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function holdsText({ answer }: UpProcess, text: string): Promise<boolean> {
  const [, , admin] = answer.identities;
  const response = await fetch(`${answer.collector}/v1/events?limit=50`, {
    headers: { authorization: `Bearer ${admin?.token}` },
  }).catch(() => undefined);
  return response?.ok === true && (await response.text()).includes(text);
}

/** The limit of the test is the limit. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 100));
}

describe('portcullis up', () => {
  let data: string;
  let runtime: string;
  let up: UpProcess;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'portcullis-up-test-'));
    runtime = mkdtempSync(join(tmpdir(), 'portcullis-run-'));
    up = await startUp(['--data', data], { XDG_RUNTIME_DIR: runtime });
  });
  afterAll(async () => {
    await up?.end('SIGTERM');
    rmSync(data, { recursive: true, force: true });
    rmSync(runtime, { recursive: true, force: true });
  });

  it('is ready within a minute, and says so in one line', () => {
    expect(up.readyAfter).toBeLessThan(60_000);
    expect(up.output().trimEnd().split('\n').length).toBe(1);
    const [connection] = up.answer.connections;
    expect(connection).toMatchObject({ name: 'demo', environment: 'production' });
    expect(up.answer.identities.map(({ email }) => email)).toEqual([
      'dev@example.com',
      'reviewer@example.com',
      'admin@example.com',
    ]);
    expect(up.answer.data).toBe(data);
  });

  it('gives rows with personal data masked', async () => {
    const [connection] = up.answer.connections;
    const text = 'SELECT id, name, email, phone FROM customers ORDER BY id LIMIT 20';
    const masked = await query(connection?.url ?? '', text);
    const raw = await query(connection?.direct ?? '', text);
    expect(masked.map(({ id }) => id)).toEqual(raw.map(({ id }) => id));
    for (const [i, row] of raw.entries()) {
      for (const column of ['name', 'email', 'phone']) {
        if (row[column] === null) continue;
        expect(masked[i]?.[column]).toContain('•••');
        expect(masked[i]?.[column]).not.toContain(String(row[column]).slice(1, 8));
      }
    }
  });

  it('refuses DROP TABLE with 42501, and the table stands', async () => {
    const [connection] = up.answer.connections;
    const refused = query(connection?.url ?? '', 'DROP TABLE customers');
    await expect(refused).rejects.toMatchObject({ code: '42501' });
    await expect(refused).rejects.toBeInstanceOf(DatabaseError);
    expect(await query(connection?.direct ?? '', 'SELECT count(*)::int AS n FROM customers')).toEqual([
      { n: 5000 },
    ]);
  });

  it('lets query and doctor find it', () => {
    const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
    const asked = spawnSync(process.execPath, [cli, 'query', 'demo', 'SELECT 1 AS one, NULL AS nothing'], {
      env,
      encoding: 'utf8',
    });
    expect(asked.stdout).toContain(' one | nothing\n-----+---------\n 1   | ∅\n(1 row)');
    const refused = spawnSync(process.execPath, [cli, 'query', 'demo', 'DROP TABLE customers'], {
      env,
      encoding: 'utf8',
    });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('42501');
    const doctor = spawnSync(process.execPath, [cli, 'doctor'], { env, encoding: 'utf8' });
    expect(doctor.stdout).toContain('✓ demo (production) answers');
    expect(doctor.status).toBe(0);
  });

  it('records on while the collector is gone, and starts it again where it was', async () => {
    const [connection] = up.answer.connections;
    const collector = servicesOf(up);
    process.kill(collector, 'SIGKILL');
    expect(await query(connection?.url ?? '', 'SELECT 1 AS while_it_was_gone')).toHaveLength(1);
    await until(async () => servicesOf(up) !== collector && (await holdsText(up, 'while_it_was_gone')));
  });

  it('leaves no process and no lock after SIGTERM, and goes on from the same data', async () => {
    const [connection] = up.answer.connections;
    expect(await up.end('SIGTERM')).toBe(0);
    expect(processesOver(data)).toEqual([]);
    expect(await isListening(connection?.url ?? '')).toBe(false);
    expect(await isListening(connection?.direct ?? '')).toBe(false);
    expect(existsSync(join(data, 'postgres', 'postmaster.pid'))).toBe(false);
    // What its newest commitment is stands beside the journal.
    const kept = readdirSync(join(data, 'journal')).filter((name) => !name.endsWith('.jsonl'));
    expect(kept).toEqual(['journal.head']);
    expect(
      readdirSync(runtime, { recursive: true }).filter((name) => String(name).endsWith('.json')),
    ).toEqual([]);
    const kinds: string[] = [];
    for await (const event of readJournal(join(data, 'journal'))) kinds.push(event.kind);
    expect(kinds).toContain('intent');
    expect(kinds.filter((kind) => kind === 'refusal').length).toBeGreaterThanOrEqual(2);
    expect(kinds.at(-1)).toBe('stopped');
    up = await startUp(['--data', data, '--as', 'admin@example.com'], { XDG_RUNTIME_DIR: runtime });
    expect(up.answer.connections[0]?.url).toContain('postgres://admin:');
    expect(new URL(up.answer.connections[0]?.url ?? '').port).toBe(new URL(connection?.url ?? '').port);
    expect(up.answer.identities[0]?.url).toBe(connection?.url);
  });

  it('leaves no server behind when it is killed', async () => {
    const [connection] = up.answer.connections;
    const collector = servicesOf(up);
    await up.end('SIGKILL');
    await until(async () => !isAlive(collector));
    for (let i = 0; i < 100 && (await isListening(connection?.direct ?? '')); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await isListening(connection?.direct ?? '')).toBe(false);
    up = await startUp(['--data', data], { XDG_RUNTIME_DIR: runtime });
    expect((await query(up.answer.connections[0]?.url ?? '', 'SELECT 1 AS one'))[0]).toEqual({ one: 1 });
  });
});

describe('a command that is not right', () => {
  it.each([
    [['up', '--enviroment', 'production'], /--enviroment/],
    [['up', '--environment', 'prod'], /production, staging, development/],
    [['up', '--as', 'nobody@example.com'], /dev@example.com/],
    [['up', '--target', 'nonsense'], /postgres:\/\//],
    [['up', '--target', 'mysql://x/y'], /postgres:\/\//],
    [['up', '--policy', '/nowhere'], /nowhere/],
    [['up', '--port', '0'], /65535/],
    [['up', '--target', 'postgres://u:p@127.0.0.1:1/x'], /cannot be reached/],
    [['frobnicate'], /no command "frobnicate"/],
    [[], /which command/],
  ])('%j says what is wrong and starts nothing', (args, words) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(words);
  });
});
