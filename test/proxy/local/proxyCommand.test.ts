import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { playSignIn } from '../../kit/browserlessSignIn.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import {
  type CommandProcess,
  endCommands,
  type Outcome,
  run,
  runCommand,
  startCommand,
} from './commandProcess.ts';

const dev = { email: 'dev@example.com', groups: ['developers'], password: 'correct horse' };

let folder: string;
let postgres: TestPostgres;
let provider: DevelopmentProvider;
let collector: CommandProcess;
let url: string;
let env: NodeJS.ProcessEnv;

const startProvider = (port: number, accessTokenSeconds: number) =>
  startDevelopmentProvider({
    port,
    people: [dev],
    clientId: 'portcullis',
    audience: 'urn:portcullis:collector',
    accessTokenSeconds,
    dataDirectory: folder,
    log: createLog('error'),
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-proxy-test-'));
  postgres = await startTestPostgres();
  await onServer('postgres', 'CREATE DATABASE shop');
  await onServer('postgres', "CREATE ROLE app LOGIN PASSWORD 'app-pw'");
  await onServer(
    'shop',
    `CREATE TABLE customers (id int PRIMARY KEY, email text);
     INSERT INTO customers VALUES (1, 'ann.smith@example.org');
     GRANT SELECT ON customers TO app`,
  );
  provider = await startProvider(0, 3_600);
  const policy = join(folder, 'governance');
  mkdirSync(policy);
  const address = `postgres://app:app-pw@127.0.0.1:${postgres.port}/shop`;
  writeFileSync(
    join(policy, 'connections.json'),
    JSON.stringify([{ name: 'shop', environment: 'development', url: address }]),
  );
  collector = startCommand([
    ...['collector', '--issuer', provider.issuer, '--database-url', postgres.url()],
    ...['--policy', policy],
  ]);
  url = (await collector.said(/The collector is at (\S+)/))[1] ?? '';
  // A desktop whose browser writes down what it is asked to open.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'xdg-open'), `#!/bin/sh\necho "$1" > ${join(folder, 'opened')}\n`, { mode: 0o755 });
  const runtime = join(folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  env = {
    XDG_DATA_HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: runtime,
    DISPLAY: ':99',
    PATH: `${bin}:${process.env['PATH']}`,
  };
});
afterAll(async () => {
  await endCommands();
  await provider?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function onServer(database: string, text: string): Promise<void> {
  const client = new Client(postgres.url(database));
  await client.connect();
  await client.query(text).finally(() => client.end());
}

const startProxyCommand = (...more: string[]) => startCommand(['proxy', '--collector', url, ...more], env);

const readyWords = /Ctrl-C ends it\.\n/;
const signInAddress = /open this address in your browser:\s+(\S+)/;

/** Plays the person at the address that it prints. */
async function signInAt(proxy: CommandProcess): Promise<string> {
  const [, address = ''] = await proxy.said(signInAddress);
  return playSignIn(address, dev.email, dev.password);
}

function psqlLine(proxy: CommandProcess): string {
  return /PGSERVICEFILE=.*/.exec(proxy.stdout())?.[0] ?? '';
}

function psql(line: string, text: string): Promise<Outcome> {
  return run('sh', ['-c', `${line} -X -t -A -c "$0"`, text]);
}

const home = () => join(folder, 'home', 'portcullis');
const signIns = () => join(home(), 'sign-ins.json');

describe('portcullis proxy', () => {
  it('says that nothing runs and no collector is known, before the first start', async () => {
    const { status, stdout } = await runCommand(['doctor'], env);
    expect(status).toBe(1);
    expect(stdout).toContain('✗ no proxy is running');
    expect(stdout).toContain('· no collector is known');
    expect(stdout).toContain('keychain');
  });

  it('signs in through the browser and gives a psql line that works, masked and judged', async () => {
    const proxy = startProxyCommand();
    expect(await signInAt(proxy)).toContain('You are signed in');
    await proxy.said(readyWords);
    expect(proxy.stdout()).toContain('Signed in as dev@example.com (developers)');
    const [, address] = signInAddress.exec(proxy.stderr()) ?? [];
    expect(readFileSync(join(folder, 'opened'), 'utf8').trim()).toBe(address);
    const line = psqlLine(proxy);
    expect(line).toContain('psql service=shop');
    const read = await psql(line, 'SELECT id, email FROM customers');
    expect(read.stderr).toBe('');
    expect(read.stdout).toMatch(/^1\|.*•/);
    expect(read.stdout).not.toContain('ann.smith');
    const direct = new Client(/postgres:\S+/.exec(proxy.stdout())?.[0]);
    await direct.connect();
    expect((await direct.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await direct.end();
    expect(await proxy.end('SIGINT')).toBe(0);
    expect((await psql(line, 'SELECT 1')).status).not.toBe(0);
  });

  it('says that there is no keychain, and keeps the sign-in in a file of its owner', () => {
    expect(statSync(signIns()).mode & 0o777).toBe(0o600);
  });

  it('starts a second time without a sign-in, on the same port, and doctor and query find it', async () => {
    const proxy = startProxyCommand('--json');
    await proxy.said(/"ready":true.*\n/);
    expect(proxy.stderr()).not.toMatch(signInAddress);
    const answer = JSON.parse(proxy.stdout());
    expect(answer).toMatchObject({ ready: true, collector: url, identity: { email: dev.email } });
    const found = await runCommand(['doctor'], env);
    expect(found.stdout).toContain('✓ shop (development) answers');
    expect(found.stdout).toContain('signed in as dev@example.com');
    expect(found.stdout).toContain(`✓ the collector at ${url} answers`);
    expect(found.stdout).toContain('✓ a sign-in at');
    expect(found.status).toBe(0);
    const asked = await runCommand(['query', 'shop', 'SELECT 2 AS two'], env);
    expect(asked.stdout).toContain(' two\n');
    expect(await proxy.end('SIGTERM')).toBe(0);
    expect(proxy.stdout().trimEnd().split('\n').length).toBe(1);
  });

  it('leaves no process, no socket and no state after it ends', () => {
    const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
    expect(list.split('\n').filter((line) => line.includes(`proxy --collector ${url}`))).toEqual([]);
    const uid = process.getuid?.() ?? 0;
    expect(existsSync(join(folder, 'run', `portcullis-${uid}`, 'control.sock'))).toBe(false);
    expect(existsSync(join(folder, 'run', `portcullis-${uid}`, 'running.json'))).toBe(false);
  });

  it('refuses to run beside another proxy of the same person, and leaves that one alone', async () => {
    const first = startProxyCommand();
    await first.said(readyWords);
    const second = startProxyCommand();
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toContain('a proxy of yours is running already');
    expect((await psql(psqlLine(first), 'SELECT 1')).stdout).toBe('1\n');
    expect(await first.end('SIGTERM')).toBe(0);
  });

  it('waits for a collector that is away, and serves when it is back', async () => {
    const port = new URL(url).port;
    await collector.end('SIGTERM');
    const proxy = startProxyCommand();
    await proxy.said(/Waiting: the collector at .* cannot be reached/);
    expect((await runCommand(['doctor'], env)).stdout).toMatch(/✗ .*is waiting/);
    collector = startCommand([
      ...['collector', '--issuer', provider.issuer, '--database-url', postgres.url(), '--port', port],
      ...['--policy', join(folder, 'governance')],
    ]);
    await collector.said(/The collector is at/);
    await proxy.said(readyWords);
    expect((await psql(psqlLine(proxy), 'SELECT 1')).stdout).toBe('1\n');
    expect(await proxy.end('SIGTERM')).toBe(0);
  });

  it('ends at a signal while it waits for the browser, and keeps nothing', async () => {
    const signedOut = await runCommand(['proxy', '--collector', url, '--sign-out'], env);
    expect(signedOut.stderr).toContain('Signed out');
    expect(existsSync(signIns())).toBe(false);
    const proxy = startProxyCommand();
    await proxy.said(signInAddress);
    expect(await proxy.end('SIGINT')).toBe(0);
    expect(existsSync(signIns())).toBe(false);
  });

  it('says when the sign-in has expired, and asks for a new one at the next start', async () => {
    const { port } = provider;
    await provider.stop();
    provider = await startProvider(port, 4);
    const proxy = startProxyCommand();
    await signInAt(proxy);
    await proxy.said(readyWords);
    await provider.stop();
    await proxy.said(/The sign-in of dev@example.com has expired/);
    const refused = await psql(psqlLine(proxy), 'SELECT 1');
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('sign-in');
    expect((await runCommand(['doctor'], env)).stdout).toContain('✗ the identity provider');
    await proxy.end('SIGTERM');
    // Grants are gone: what was kept is not taken any more.
    rmSync(join(folder, 'provider-grants.json'), { force: true });
    provider = await startProvider(port, 3_600);
    const again = startProxyCommand();
    await signInAt(again);
    await again.said(readyWords);
    expect(again.stderr()).toContain('not taken any more');
    expect(await again.end('SIGTERM')).toBe(0);
  });

  it.each([
    [['--colector', 'https://x.example.com'], /--colector/],
    [[], /proxy needs --collector/],
    [['--collector', 'http://x.example.com'], /https/],
    [['--collector', 'nonsense'], /not the address of a collector/],
    [['--collector', 'http://127.0.0.1:1'], /cannot be reached/],
  ])('%j says what is wrong and starts nothing', async (args, words) => {
    const { status, stdout, stderr } = await runCommand(['proxy', ...args], env);
    expect(status).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(words);
  });
});
