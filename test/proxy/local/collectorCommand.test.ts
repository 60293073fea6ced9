import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { endCommands, runCommand, startCommand } from './commandProcess.ts';

const dev = { email: 'dev@example.com', groups: ['developers'], password: 'correct horse' };

let folder: string;
let postgres: TestPostgres;
let provider: DevelopmentProvider;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-collector-test-'));
  chmodSync(folder, 0o711); // as root, the embedded server runs as another user, who must pass through
  postgres = await startTestPostgres();
  provider = await startDevelopmentProvider({
    port: 0,
    people: [dev],
    clientId: 'portcullis',
    audience: 'urn:portcullis:collector',
    dataDirectory: folder,
    log: createLog('warn'),
  });
});
afterAll(async () => {
  await endCommands();
  await provider?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function policyFolder(name: string, connections: unknown): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(
    join(path, 'connections.json'),
    typeof connections === 'string' ? connections : JSON.stringify(connections),
  );
  return path;
}

/** What it says before it ends, where it does not start. */
async function refusal(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runCommand(['collector', ...args], {
    XDG_DATA_HOME: join(folder, 'home'),
  });
  expect(status).toBeGreaterThan(0);
  expect(stdout).toBe('');
  return stderr;
}

const clientOf = (url: string) =>
  new CollectorClient({ url, token: () => provider.tokenFor('dev@example.com') });

describe('portcullis collector', () => {
  it('serves the connections and the policy of its folder over a PostgreSQL of yours', async () => {
    const policy = policyFolder('good', [
      { name: 'shop', environment: 'production', url: 'postgres://shop:pw@127.0.0.1/shop' },
      { name: 'lab', environment: 'development', urlEnv: 'LAB_URL' },
    ]);
    writeFileSync(join(policy, 'own.cedar'), '@id("all")\npermit (principal, action, resource);\n');
    const collector = startCommand(
      [
        'collector',
        '--issuer',
        provider.issuer,
        '--database-url',
        postgres.url(),
        '--policy',
        policy,
        '--json',
      ],
      { LAB_URL: 'postgres://lab:lab-pw@127.0.0.1/lab', XDG_DATA_HOME: join(folder, 'home') },
    );
    await collector.said(/"ready":true.*\n/);
    const { url, join: link } = JSON.parse(collector.stdout());
    expect(link).toBe(`vscode://portcullis.portcullis/join?collector=${encodeURIComponent(url)}`);
    const client = clientOf(url);
    const catalog = await client.call<{ items: { name: string }[] }>('GET', '/v1/catalog');
    expect(catalog.items.map(({ name }) => name).sort()).toEqual(['lab', 'shop']);
    const lease = await client.call<{ url: string }>('POST', '/v1/leases', { connection: 'lab' });
    expect(lease.url).toBe('postgres://lab:lab-pw@127.0.0.1/lab');
    const texts = await client.call<{ files: { name: string }[] }>('GET', '/v1/policy');
    expect(texts.files.map(({ name }) => name)).toEqual(['own.cedar']);
    expect(await collector.end('SIGTERM')).toBe(0);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('says that there are no connections without --policy, and keeps an embedded PostgreSQL that ends with it', async () => {
    const data = join(folder, 'embedded');
    const args = ['collector', '--issuer', provider.issuer, '--data', data];
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const collector = startCommand(args);
      const [, url = ''] = await collector.said(/The collector is at (\S+)/);
      expect(collector.stdout()).toContain('Connections: none');
      expect(collector.stderr()).toContain('no --policy: the default policy, and no connections');
      expect(
        (await clientOf(url).call<{ files: unknown[] }>('GET', '/v1/policy')).files.length,
      ).toBeGreaterThan(0);
      expect(await collector.end(signal)).toBe(0);
      const list = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' });
      expect(list.split('\n').filter((line) => line.includes(data))).toEqual([]);
      expect(existsSync(join(data, 'postgres', 'postmaster.pid'))).toBe(false);
    }
  });

  it('hands events on where its file of sinks says, and logs one line of JSON a message', async () => {
    const sinks = join(folder, 'sinks.yaml');
    const path = join(folder, 'events.jsonl');
    const start = (text: string, ...more: string[]) => {
      writeFileSync(sinks, text);
      return ['--issuer', provider.issuer, '--database-url', postgres.url(), '--sinks', sinks, ...more];
    };
    const wrong = 'sinks:\n  - {name: file, kind: jsonLines, file: events}\n';
    expect(await refusal(start(wrong))).toContain('sinks.yaml:2:35: a sink of kind jsonLines has no "file"');
    const good = `sinks:\n  - {name: file, kind: jsonLines, path: ${path}}\n`;
    expect(await refusal(start(good, '--log-level', 'loud'))).toContain('--log-level is one of debug, info');
    const collector = startCommand(['collector', ...start(good), '--json'], {
      XDG_DATA_HOME: join(folder, 'home'),
    });
    await collector.said(/"ready":true.*\n/);
    const { url } = JSON.parse(collector.stdout());
    const at = new Date().toISOString();
    const events = [{ at, seq: 1, kind: 'started', version: '1' }];
    await clientOf(url).call('POST', '/v1/events', { proxy: 'handed-on', events });
    const deadline = Date.now() + 15_000;
    while (!existsSync(path) || !readFileSync(path, 'utf8').includes('/proxies/handed-on"')) {
      if (Date.now() > deadline) throw new Error('nothing was written');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await collector.end('SIGTERM')).toBe(0);
    const lines = collector.stderr().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'info', method: 'POST', route: '/v1/events', status: 200 }),
    );
  });

  it('signs its log with the key it is given, or makes one beside its data, and with no other after that', async () => {
    const admin = new Client(postgres.url());
    await admin.connect();
    await admin.query('CREATE DATABASE keyed');
    await admin.end();
    const args = ['--issuer', provider.issuer, '--database-url', postgres.url('keyed')];
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = join(folder, 'log.pem');
    writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const collector = startCommand(['collector', ...args, '--signing-key', key, '--json']);
    await collector.said(/"ready":true.*\n/);
    expect(await collector.end('SIGTERM')).toBe(0);
    const other = await refusal([...args]);
    expect(other).toMatch(/the log in this store is signed by .*--signing-key/);
    expect(await refusal([...args, '--signing-key', join(folder, 'none.pem')])).toContain('cannot be read');
  });

  it('takes a witness with the key that it cosigns with, and nothing that is none', async () => {
    const args = ['--issuer', provider.issuer, '--database-url', postgres.url('keyed')];
    const witness = ['--witness', 'https://witness.example.com/'];
    expect(await refusal([...args, ...witness])).toContain('--witness and --witness-key go together');
    expect(await refusal([...args, ...witness, '--witness-key', 'x'])).toContain('"x" is no Ed25519 key');
    const noteKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(await refusal([...args, ...witness, '--witness-key', noteKey])).toContain('not for cosignatures');
    expect(await refusal([...args, '--witness', 'x', '--witness-key', noteKey])).toContain('not the address');
  });

  it('keeps data under the XDG data home unless told', async () => {
    mkdirSync(join(folder, 'portcullis'), { mode: 0o711 });
    const collector = startCommand(['collector', '--issuer', provider.issuer], { XDG_DATA_HOME: folder });
    await collector.said(/The collector is at/);
    await collector.end('SIGTERM');
    expect(existsSync(join(folder, 'portcullis', 'collector', 'postgres', 'PG_VERSION'))).toBe(true);
  });

  it('names the file and the entry of every connection that is wrong, and repeats no password', async () => {
    const policy = policyFolder('bad', [
      { name: 'shop', environment: 'production', url: 'postgres://shop:pw@127.0.0.1/shop', color: 'red' },
      { name: 'lab', environment: 'prod', url: 'mysql://lab:hidden-pw@127.0.0.1/lab' },
      { name: 'x', environment: 'staging', urlEnv: 'NOT_SET_ANYWHERE' },
      { name: 'y', environment: 'staging' },
      { name: 'z', environment: 'staging', url: 'postgres://h/1' },
      { name: 'z', environment: 'staging', url: 'postgres://h/2' },
      'nonsense',
    ]);
    const words = await refusal([
      '--issuer',
      provider.issuer,
      '--database-url',
      postgres.url(),
      '--policy',
      policy,
    ]);
    expect(words).toContain(`${join(policy, 'connections.json')} cannot be used`);
    expect(words).toContain('entry 1 ("shop"): the field "color" is not known');
    expect(words).toContain('entry 2 ("lab"): "environment" is one of production, staging, development');
    expect(words).toContain('entry 2 ("lab"): "url" looks like postgres://');
    expect(words).toContain('entry 3 ("x"): the environment variable NOT_SET_ANYWHERE is not set');
    expect(words).toContain('entry 4 ("y"): give either "url", or "urlEnv"');
    expect(words).toContain('entry 6 ("z"): an earlier entry has this name');
    expect(words).toContain('entry 7: it is an object');
    expect(words).not.toContain('hidden-pw');
  });

  it('refuses a connections file that is not JSON without repeating it, and a policy that is not Cedar', async () => {
    const torn = policyFolder('torn', '[{"url": "postgres://u:hidden-pw@h/d" oops');
    const base = ['--issuer', provider.issuer, '--database-url', postgres.url(), '--policy'];
    const words = await refusal([...base, torn]);
    expect(words).toContain('it is not JSON');
    expect(words).not.toContain('hidden-pw');
    const wrong = policyFolder('wrong', []);
    writeFileSync(join(wrong, 'own.cedar'), 'permit (principal;\n');
    expect(await refusal([...base, wrong])).toMatch(/own\.cedar:1/);
  });

  it.each([
    [['--isuer', 'http://127.0.0.1:1'], /--isuer/],
    [[], /collector needs --issuer/],
    [['--issuer', 'http://127.0.0.1:1'], /identity provider http:\/\/127.0.0.1:1 cannot be used/],
    [['--issuer', 'http://id.example.com'], /not reached by https/],
    [['--issuer', 'http://127.0.0.1:1', '--port', 'x'], /65535/],
    [['--issuer', 'http://127.0.0.1:1', '--data', 'a', '--database-url', 'b'], /not both/],
  ])('%j says what is wrong and starts nothing', async (args, words) => {
    expect(await refusal(args)).toMatch(words);
  });

  it('says that its store cannot be used, and ends', async () => {
    const words = await refusal([
      '--issuer',
      provider.issuer,
      '--database-url',
      'postgres://u:p@127.0.0.1:1/x',
    ]);
    expect(words).toMatch(/store cannot be used/);
  });
});
