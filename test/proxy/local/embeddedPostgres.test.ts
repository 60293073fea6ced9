/** Promises of the embedded PostgreSQL: it starts anywhere, keeps its data, and leaves nothing behind. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../../proxy/local/server/embeddedPostgres.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { ask, findProcesses, killChild, makeOpenFolder, startChild, waitUntil } from './fixtures.ts';

const log = createLog('silent');
const password = 'a pass:word/with @ everything % ü';
let folder: string;
let dataDir: string;
const running: EmbeddedPostgres[] = [];
const isRoot = process.getuid?.() === 0;

beforeEach(() => {
  folder = makeOpenFolder();
  dataDir = join(folder, 'data');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(
  more: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, password, log, ...more });
  running.push(server);
  return server;
}

describe('a running server', () => {
  let server: TestPostgres;

  beforeAll(async () => {
    server = await startTestPostgres();
  });

  afterAll(() => server?.stop());

  it('refuses a wrong password, and asks everybody for one by SCRAM-SHA-256', async () => {
    const url = new URL(server.url());
    url.password = 'wrong';
    await expect(ask(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    const rules = await ask(server.url(), 'SELECT DISTINCT auth_method FROM pg_hba_file_rules');
    expect(rules).toEqual([['scram-sha-256']]);
  });

  it('listens on the loopback address only, and on no Unix socket', async () => {
    const settings = "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')";
    expect(await ask(server.url(), settings)).toEqual([['127.0.0.1', '']]);
  });

  it('is durable and speaks UTF-8 with code point order and UTC', async () => {
    const names = ['fsync', 'synchronous_commit', 'full_page_writes', 'server_encoding', 'TimeZone'];
    const sql = `SELECT ${names.map((name) => `current_setting('${name}')`).join(', ')}, upper('é'), 'Z' < 'a'`;
    expect(await ask(server.url(), sql)).toEqual([['on', 'on', 'on', 'UTF8', 'UTC', 'É', true]]);
  });

  it('has a process group of its own: Ctrl-C in the terminal is not for it', async () => {
    const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')')).split(' ')[3]).toBe(String(server.pid)); // proc(5): field 5, pgrp
    const [[dataDir] = []] = await ask(server.url(), 'SHOW data_directory');
    const watchdogs = findProcesses(`portcullis-watchdog ${dataDir}/`).map((line) =>
      Number.parseInt(line, 10),
    );
    expect(watchdogs.length).toBe(1);
    const watchdog = readFileSync(`/proc/${watchdogs[0]}/stat`, 'utf8');
    expect(watchdog.slice(watchdog.lastIndexOf(')')).split(' ')[3]).toBe(String(watchdogs[0]));
  });
});

describe('the embedded PostgreSQL', () => {
  it('takes connections with its password, whoever we are, and never runs as root', async () => {
    const server = await start({ user: 'the owner' });
    expect(
      await ask(
        server.url('postgres'),
        'SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user',
      ),
    ).toEqual([['the owner', true]]);
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
    expect(server.version).toBe(18);
  });

  it.runIf(isRoot)('runs in a folder of root alone, which only its group may then pass through', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const server = await start({ dataDir: join(closed, 'data') });
    expect(await ask(server.url('postgres'), 'SELECT 1')).toEqual([[1]]);
    expect(statSync(closed).mode & 0o777).toBe(0o710);
    expect(statSync(closed).uid).toBe(0);
  });

  it('keeps its data and its port from one run to the next, by whatever path the folder is named', async () => {
    mkdirSync(dataDir); // an empty folder will do
    const first = await start();
    await ask(first.url('postgres'), 'CREATE TABLE kept AS SELECT 42 AS answer');
    symlinkSync(folder, join(folder, 'elsewhere'));
    const other = { dataDir: join(folder, 'elsewhere', 'data') };
    await expect(start(other)).rejects.toThrow('in use by this process');
    await first.stop();
    const second = await start(other);
    expect(await ask(second.url('postgres'), 'SELECT answer FROM kept')).toEqual([[42]]);
    expect(second.port).toBe(first.port);
  });

  it('leaves no process, no lock and no password behind when stopped', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const server = await start();
    expect(findProcesses(dataDir).length).toBeGreaterThan(1); // the server and its watchdog
    await server.stop();
    await server.stop(); // again: nothing happens
    expect(findProcesses(dataDir)).toEqual([]);
    expect(findProcesses(password)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['data']);
    expect(existsSync(join(dataDir, 'postmaster.pid'))).toBe(false);
    // Other tests use the temporary folder too: what is new must at least not hold the password.
    for (const name of readdirSync(tmpdir()).filter((entry) => !before.has(entry))) {
      const path = join(tmpdir(), name);
      if (statSync(path, { throwIfNoEntry: false })?.isFile())
        expect(readFileSync(path, 'utf8')).not.toContain(password);
    }
    expect(() => execFileSync('grep', ['-rlF', password, folder])).toThrow(); // grep exits 1: no file has it
  });

  it('writes neither statements nor values to its log', async () => {
    const server = await start();
    await expect(ask(server.url('postgres'), "SELECT 'ada@example.com'::int")).rejects.toMatchObject({
      code: '22P02',
    });
    await server.stop();
    const written = readFileSync(join(dataDir, 'server.log'), 'utf8');
    expect(written).toContain('database system is ready');
    expect(written).not.toContain('ada@example.com');
  });

  it.runIf(hasPostgres15())('starts PostgreSQL 15 the same way', async () => {
    const server = await startTestPostgres({ version: 15 });
    try {
      const [[version] = []] = await ask(server.url(), 'SHOW server_version_num');
      expect(String(version)).toMatch(/^15/);
    } finally {
      await server.stop();
    }
    expect(findProcesses(`-p ${server.port} `)).toEqual([]);
  });
});

describe('a crash', () => {
  it('by SIGKILL of the process leaves no server: the watchdog stops it in order', async () => {
    const child = await startChild(dataDir);
    await ask(child.url, 'CREATE TABLE kept AS SELECT 1 AS answer');
    await killChild(child.process, 'SIGKILL');
    await waitUntil(() => findProcesses(dataDir).length === 0);
    expect(findProcesses(dataDir)).toEqual([]);
    expect(readFileSync(join(dataDir, 'server.log'), 'utf8')).toContain('database system is shut down');
    const server = await start({ password: 'of the child' });
    expect(await ask(server.url('postgres'), 'SELECT answer FROM kept')).toEqual([[1]]);
  });

  it('that takes the watchdog along leaves an orphan, which the next start ends before it begins', async () => {
    const child = await startChild(dataDir);
    for (const line of findProcesses(`portcullis-watchdog ${dataDir}`))
      process.kill(Number.parseInt(line, 10), 'SIGKILL');
    await killChild(child.process, 'SIGKILL');
    expect(await ask(child.url, 'SELECT 1')).toEqual([[1]]); // it lives on
    const server = await start({ password: 'of the child' });
    expect(server.pid).not.toBe(child.pid);
    expect(await ask(server.url('postgres'), 'SELECT 1')).toEqual([[1]]);
    expect(findProcesses(`-D ${dataDir}`).length).toBe(1);
  });

  it('of everything at once is recovered from, whatever process has the old pid by now', async () => {
    const first = await start();
    await ask(first.url('postgres'), 'CREATE TABLE kept AS SELECT 7 AS answer');
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const file = join(dataDir, 'postmaster.pid');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [String(process.pid), ...lines.slice(1)].join('\n')); // ours: alive, and no PostgreSQL
    const second = await start();
    expect(await ask(second.url('postgres'), 'SELECT answer FROM kept')).toEqual([[7]]);
  });

  it('during initdb leaves nothing that passes for a database', async () => {
    mkdirSync(`${dataDir}.creating/base`, { recursive: true });
    writeFileSync(join(`${dataDir}.creating`, 'PG_VERSION'), '18\n');
    const server = await start();
    expect(await ask(server.url('postgres'), 'SELECT 1')).toEqual([[1]]);
    expect(readdirSync(folder).sort()).toEqual(['data', 'data.owner']);
  });

  it('is not needed to end: a process that forgets its server may end, and the server ends with it', async () => {
    const child = await startChild(dataDir, 'leave');
    await waitUntil(() => child.process.exitCode !== null && findProcesses(dataDir).length === 0);
    expect(child.process.exitCode).toBe(0);
    expect(findProcesses(dataDir)).toEqual([]);
  });
});

describe('what stands in the way is said in words', () => {
  it('a folder that a living process holds is not taken from it', async () => {
    const child = await startChild(dataDir);
    await expect(start()).rejects.toThrow(`in use by process ${child.process.pid}`);
    expect(await ask(child.url, 'SELECT 1')).toEqual([[1]]);
    await killChild(child.process, 'SIGKILL');
    await waitUntil(() => findProcesses(dataDir).length === 0);
  });

  it('a folder with other things in it is left alone', async () => {
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'thesis.txt'), 'ten years of work');
    await expect(start()).rejects.toThrow('is not empty and holds no PostgreSQL database');
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
    expect(readdirSync(folder)).toEqual(['data']);
  });

  it.runIf(isRoot)('a folder that the server may not enter is named, with the cure', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    await expect(start({ dataDir: join(closed, 'inner', 'data') })).rejects.toThrow(`chmod o+x ${closed}`);
    expect(statSync(closed).mode & 0o777).toBe(0o700);
  });

  it('a port that is taken', async () => {
    const taker: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => taker.once('listening', listening));
    const address = taker.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`);
    taker.close();
    expect(findProcesses(dataDir)).toEqual([]);
  });

  it('a database of another major version', async () => {
    await (await start()).stop();
    writeFileSync(join(dataDir, 'PG_VERSION'), '12\n');
    await expect(start()).rejects.toThrow(/made by PostgreSQL 12.* are PostgreSQL 18/);
  });

  it('a setting that the server does not know', async () => {
    await expect(start({ settings: { no_such_setting: '1' } })).rejects.toThrow('no_such_setting');
    expect(readdirSync(folder)).toEqual(['data']);
  });
});
