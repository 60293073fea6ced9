/** `portcullis policy`: what it says, and how it ends. And services whose policy folder changes while they run. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { playSignIn } from '../../kit/browserlessSignIn.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { startUp } from '../../kit/upProcess.ts';
import { endCommands, runCommand, startCommand } from './commandProcess.ts';

const pack = join(import.meta.dirname, '../../../proxy/policy/pack');
const all = '@id("all")\npermit (principal, action, resource);\n';
const freeze =
  '@id("freeze")\n@message("Nothing today.")\nforbid (principal, action == Action::"read", resource);\n';

let folder: string;
let made = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-policy-command-'));
  chmodSync(folder, 0o711); // as root, embedded servers run as another user, who must pass through
});
afterAll(async () => {
  await endCommands();
  rmSync(folder, { recursive: true, force: true });
});

function folderOf(files: Readonly<Record<string, string>>): string {
  made += 1;
  const path = join(folder, String(made));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const policy = (...args: string[]) => runCommand(['policy', ...args]);

describe('portcullis policy check', () => {
  it('ends with 0 where the policy can be used, also with warnings', async () => {
    expect(await policy('check', pack)).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\S+pack: \d\d policies can be used \(0 errors, 0 warnings\)\n$/),
      stderr: '',
    });
    const odd = folderOf({
      'a.cedar': `${all}@id("odd")\nforbid (principal, action, resource in Environment::"prod");\n`,
    });
    const { status, stdout } = await policy('check', odd);
    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        'warning: a.cedar:4:53: no connection is in an environment "prod"',
        '  help: Environments are production, staging, development.',
        `${odd}: 2 policies can be used (0 errors, 1 warning)`,
        '',
      ].join('\n'),
    );
  });

  it('ends with 1, and tells each error with its place and what helps', async () => {
    const wrong = folderOf({
      'a.cedar': `${all}@id("b")\npermit (principal, action == Action::"selct", resource);\n`,
      'b.cedar': '@id("all")\nforbid (principal, action, resource) when { context.predicat == "real" };\n',
    });
    const { status, stdout } = await policy('check', wrong);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^error: a\.cedar:4:30: unrecognized action `Action::"selct"`\n {2}help: .+\n/m);
    expect(stdout).toMatch(
      /^error: b\.cedar:1:1: the id "all" is taken already, in a\.cedar\n {2}help: .+\n/m,
    );
    expect(stdout).toMatch(
      /^error: b\.cedar:2:45: attribute `predicat`.*\n {2}help: Did you mean `predicate`\?\n/m,
    );
    expect(stdout).toContain(': the policy cannot be used (');
    const each = stdout.split('\n').filter((line) => line.startsWith('error: '));
    expect(stdout.split('\n').filter((line) => line.startsWith('  help: '))).toHaveLength(each.length);
  });

  it('says the same to machines', async () => {
    const { status, stdout } = await policy(
      'check',
      folderOf({ 'a.cedar': 'permit (principal;\n' }),
      '--json',
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      policies: 0,
      errors: [{ file: 'a.cedar', line: 1, column: 18, message: expect.any(String) }],
      warnings: [],
    });
    const missing = await policy('check', join(folder, 'missing'), '--json');
    expect([missing.status, JSON.parse(missing.stdout).errors[0].message]).toEqual([1, 'it does not exist']);
  });

  it.each([
    [['policy']],
    [['policy', 'chek']],
    [['policy', 'check', 'a', 'b']],
    [['policy', 'test', '--jason']],
  ])('%j is not how it is used: 2', async (args) => {
    const { status, stdout, stderr } = await runCommand(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: portcullis COMMAND');
  });
});

describe('portcullis policy test', () => {
  it('runs the cases of the default policy, also beside the bundle', async () => {
    for (const args of [['test'], ['test', pack]]) {
      const { status, stdout } = await policy(...args);
      expect([status, stdout]).toEqual([0, expect.stringMatching(/: all \d\d cases pass\n$/)]);
    }
  });

  it('shows what differs, who asked what, and the finding', async () => {
    const own = folderOf({
      'own.cedar': all,
      'x.test.yaml': `cases:
  - identity: { email: dev@example.com, groups: [developers] }
    environment: production
    sql: DELETE FROM orders
    expect: allow
  - name: nothing is dropped
    identity: { email: dev@example.com, groups: [], agent: helper }
    environment: staging
    sql: DROP TABLE orders
    expect: deny
    policies: [no-drops]
`,
    });
    const { status, stdout } = await policy('test', own);
    expect(status).toBe(1);
    expect(stdout).toBe(`FAIL x.test.yaml:6:5 nothing is dropped
  differs   expected deny, and it is allow
  differs   expected to be decided by no-drops, and it is by all
  who       dev@example.com (no group), by the agent helper
  where     demo (staging)
  sql       DROP TABLE orders
  outcome   allow, by all

${own}: 1 of 2 cases fails
`);
    const told = await policy('test', own, '--json');
    expect(told.status).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({
      passed: 1,
      failed: 1,
      cases: [{ passes: true }, { name: 'nothing is dropped', passes: false, line: 6, outcome: 'allow' }],
    });
  });

  it('tests nothing where there are no cases, or a file is wrong, and says so', async () => {
    const none = await policy('test', folderOf({ 'own.cedar': all }));
    expect([none.status, none.stdout]).toEqual([
      1,
      expect.stringContaining('no file ending with .test.yaml'),
    ]);
    const wrong = await policy(
      'test',
      folderOf({ 'own.cedar': all, 'x.test.yaml': 'cases:\n  - sq: SELECT 1\n' }),
    );
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toMatch(/^error: x\.test\.yaml:2:5: a case has no "sq"\n {2}help: Known are /);
    expect(wrong.stdout).toContain('nothing was tested');
  });
});

async function read(url: string): Promise<string> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query('SELECT 1 AS one');
    return 'allowed';
  } catch (error) {
    return error instanceof DatabaseError ? `${error.code} ${error.detail}` : String(error);
  } finally {
    await client.end();
  }
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 3_000; // two seconds, and what the looking takes
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('portcullis up --policy DIR', () => {
  it('takes what is saved there, keeps the last policy where that cannot be used, and lets doctor say so', async () => {
    const own = folderOf({});
    cpSync(pack, own, { recursive: true });
    const runtime = join(folder, 'run-up');
    mkdirSync(runtime, { mode: 0o700 });
    const env = { XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: join(folder, 'home-up') };
    const up = await startUp(['--policy', own], env);
    try {
      const url = up.answer.connections[0]?.url ?? '';
      const etag = async () => {
        const headers = { authorization: `Bearer ${up.answer.identities[0]?.token}` };
        return (await fetch(`${up.answer.collector}/v1/policy`, { headers })).headers.get('etag');
      };
      const first = await etag();
      expect(await read(url)).toBe('allowed');
      writeFileSync(join(own, 'freeze.cedar'), freeze);
      await until('reads are forbidden', async () => (await read(url)).startsWith('42501'));
      expect(await read(url)).toContain('Nothing today. Policy: freeze.');
      expect(await etag()).not.toBe(first);
      writeFileSync(join(own, 'freeze.cedar'), freeze.replace('forbid (', 'forbid ((('));
      await until('doctor says so', async () => {
        const { status, stdout } = await runCommand(['doctor'], env);
        return (
          status === 1 &&
          /has changed and cannot be used: freeze\.cedar:3:9: .*\n.*stays in force/.test(stdout)
        );
      });
      expect(await read(url)).toContain('Nothing today.');
      rmSync(join(own, 'freeze.cedar'));
      await until('reads are free again', async () => (await read(url)) === 'allowed');
      expect((await runCommand(['doctor'], env)).stdout).not.toContain('cannot be used');
      expect(await etag()).toBe(first);
    } finally {
      await up.end('SIGTERM');
    }
  }, 90_000);
});

describe('portcullis collector --policy DIR', () => {
  let postgres: TestPostgres;
  let provider: DevelopmentProvider;
  const dev = { email: 'dev@example.com', groups: ['developers'], password: 'correct horse' };

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const data = join(folder, 'provider');
    mkdirSync(data);
    const audience = 'urn:portcullis:collector';
    provider = await startDevelopmentProvider({
      ...{ port: 0, people: [dev], clientId: 'portcullis', audience, dataDirectory: data },
      log: createLog('error'),
    });
  });
  afterAll(async () => {
    await endCommands();
    await provider?.stop();
    await postgres?.stop();
  });

  it('changes what is decided on everybody’s machine, while sessions go on', async () => {
    const own = folderOf({
      'connections.json': JSON.stringify([
        { name: 'shop', environment: 'production', url: postgres.url('postgres') },
      ]),
    });
    cpSync(pack, own, { recursive: true });
    const runtime = join(folder, 'run');
    mkdirSync(runtime, { mode: 0o700 });
    const collector = startCommand([
      ...['collector', '--issuer', provider.issuer, '--database-url', postgres.url()],
      ...['--policy', own],
    ]);
    const [, url = ''] = await collector.said(/The collector is at (\S+)/);
    const env = { XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: join(folder, 'home') };
    const proxy = startCommand(['proxy', '--collector', url], env);
    const [, address = ''] = await proxy.said(/open this address in your browser:\s+(\S+)/);
    await playSignIn(address, dev.email, dev.password);
    const [, shop = ''] = await proxy.said(/(postgres:\/\/\S+\/shop)/);
    const client = new Client(shop);
    await client.connect();
    const read = () =>
      client.query('SELECT 1 AS one').then(
        () => 'allowed',
        (error: DatabaseError) => error.detail,
      );
    expect(await read()).toBe('allowed');
    writeFileSync(join(own, 'freeze.cedar'), freeze);
    await until('reads are forbidden', async () => (await read()) === 'Nothing today. Policy: freeze.');
    rmSync(own, { recursive: true });
    await collector.said(/cannot be used: it does not exist/);
    expect(await read()).toBe('Nothing today. Policy: freeze.');
    cpSync(pack, own, { recursive: true });
    await until('reads are free again', async () => (await read()) === 'allowed');
    await client.end();
    expect(await proxy.end('SIGTERM')).toBe(0);
    expect(await collector.end('SIGTERM')).toBe(0);
  }, 60_000);
});
