/** psql, pg_dump and pgbench print the same through the proxy as directly, and are governed like any other client. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../../kit/governed.ts';
import { hasPostgres15 } from '../../kit/postgres.ts';
import { everydayScript, ownWords, toolSetup } from './psqlScript.ts';

const execute = promisify(execFile); // never the synchronous one: the proxy lives in this process

/** What is not installed and who installs it, or nothing. */
function missing(tool: string): string | undefined {
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((place) => existsSync(join(place, tool)));
  const owner = tool === 'pgbench' ? 'postgresql-15' : 'postgresql-client-15';
  return isThere ? undefined : `${tool} is missing, install ${owner}`;
}

function title(text: string, reason: string | undefined): string {
  return reason === undefined ? text : `${text} (skipped: ${reason})`;
}

const scratch = mkdtempSync(join(tmpdir(), 'portcullis-tools-'));
const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8', PAGER: '', PSQLRC: '/dev/null' };
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Everything psql prints, both streams in the order in which they were written. */
async function psql(url: string, script: string, ...args: string[]): Promise<string> {
  // The shell only joins the two streams.
  const child = spawn('sh', ['-c', 'exec psql "$@" 2>&1', 'sh', '-X', ...args, url], { env, cwd: scratch });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  child.stdin.on('error', () => undefined); // psql left before it read all: the exit code tells
  child.stdin.end(script);
  const code = await new Promise((resolve) => child.once('close', resolve));
  // A process of its own serves each client, so its number differs between any two runs.
  return `${printed.replace(/(server process with PID) \d+/g, '$1 N')}exit ${code}`;
}

describe('psql', () => {
  const reason = missing('psql');
  let governed: Governed;
  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', setup: toolSetup });
  });
  afterAll(() => governed?.stop());

  for (const [part, script] of Object.entries(everydayScript)) {
    it.skipIf(reason)(title(`prints the same for ${part}`, reason), async () => {
      const directly = await psql(governed.direct(), script);
      expect(directly).toMatch(/exit 0$/);
      expect(await psql(governed.url(), script)).toBe(directly);
    });
  }

  it.skipIf(reason)(title('prints the same where it reads rows by a cursor', reason), async () => {
    const script = 'SELECT i, repeat(chr(65 + i % 26), 20) FROM generate_series(1, 100000) i;';
    const directly = await psql(governed.direct(), script, '-At', '-v', 'FETCH_COUNT=777');
    expect(directly.split('\n')).toHaveLength(100_001);
    expect((await psql(governed.url(), script, '-At', '-v', 'FETCH_COUNT=777')) === directly).toBe(true);
  });

  it.skipIf(reason)(title('prints the same with and without encryption', reason), async () => {
    const script = 'SELECT id, label FROM gauges ORDER BY id LIMIT 2;';
    const directly = await psql(governed.direct(), script);
    for (const mode of ['disable', 'require'])
      expect(await psql(`${governed.url()}?sslmode=${mode}`, script)).toBe(directly);
  });

  for (const [what, [script, directly, through]] of Object.entries(ownWords)) {
    it.skipIf(reason)(title(`prints what the proxy says where ${what}`, reason), async () => {
      expect(await psql(governed.direct(), script)).toBe(`${directly}exit 0`);
      expect(await psql(governed.url(), script)).toBe(`${through}exit 0`);
    });
  }

  /** What psql says, and how it ends, when interrupted in a statement of a minute. */
  async function interrupt(url: string): Promise<string> {
    const child = spawn('psql', ['-X', '-At', url], { env });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        said += text;
      });
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.stdin.end("SELECT 'begun';\nSELECT pg_sleep(60);\n");
    await expect.poll(() => sleepers(), { timeout: 10_000 }).toBe('1\nexit 0');
    child.kill('SIGINT');
    const code = await ended;
    return `${said}exit ${code}`;
  }
  const sleepers = () =>
    psql(
      governed.direct(),
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid();",
      '-At',
    );

  it.skipIf(reason)(title('stops a long statement when interrupted', reason), async () => {
    const directly = await interrupt(governed.direct());
    expect(directly).toContain('canceling statement due to user request');
    expect(await interrupt(governed.url())).toBe(directly);
    expect(await sleepers()).toBe('0\nexit 0');
  });
});

describe('psql in production', () => {
  const reason = missing('psql');
  let governed: Governed;
  beforeAll(async () => {
    governed = await startGoverned();
  });
  afterAll(() => governed?.stop());

  const reads = {
    'a plain query': ['SELECT id, email, phone FROM customers ORDER BY id LIMIT 5;'],
    'an expanded display': ['\\x\nSELECT * FROM customers WHERE id = 3;'],
    'rows by a cursor': ['SELECT id, email, phone FROM customers ORDER BY id;', '-v', 'FETCH_COUNT=7'],
    'a cursor of its own': ['BEGIN; DECLARE c CURSOR FOR SELECT id, email FROM customers; FETCH 5 FROM c;'],
    'a prepared statement': ['PREPARE p AS SELECT id, email FROM customers; EXECUTE p;'],
    'several statements in one': ['SELECT id, email FROM customers\\; SELECT email, id FROM customers;'],
    '\\copy of a table': ["\\copy customers TO 'customers.txt'\n\\! cat customers.txt 2>/dev/null"],
    '\\copy of a query': ['\\copy (SELECT email FROM customers) TO STDOUT'],
    'a cast that fails': ['SELECT email::int FROM customers;'],
  } as const;
  for (const [what, [script, ...args]] of Object.entries(reads)) {
    it.skipIf(reason)(title(`never prints an e-mail address: ${what}`, reason), async () => {
      expect(await psql(governed.direct(), script, ...args)).toMatch(/ada\d+@secret\.example/);
      rmSync(join(scratch, 'customers.txt'), { force: true });
      const printed = await psql(governed.url(), script, ...args);
      expect(printed).not.toContain('secret.example');
      // Masked or refused, never simply empty.
      expect(printed).toMatch(/•••|ERROR:/);
    });
  }

  it.skipIf(reason)(title('is refused a DROP, and the table stands', reason), async () => {
    const printed = await psql(governed.url(), '\\set VERBOSITY verbose\nDROP TABLE orders;\n');
    expect(printed).toContain('42501');
    expect(await psql(governed.direct(), 'SELECT count(*) FROM orders;', '-At')).toBe('1000\nexit 0');
  });
});

describe('pg_dump', () => {
  const reason =
    missing('pg_dump') ?? (hasPostgres15() ? undefined : 'PostgreSQL 15 is missing, install postgresql-15');
  let governed: Governed | undefined;
  beforeAll(async () => {
    // Debian's pg_dump refuses servers newer than itself.
    if (reason === undefined) governed = await startGoverned({ version: 15, setup: shopSetup + toolSetup });
  });
  afterAll(() => governed?.stop());

  const dump = async (url: string, ...args: string[]) => {
    const { stdout } = await execute('pg_dump', [...args, url], { env, maxBuffer: 64 << 20 });
    // Newer releases begin and end with a random word, so that a dump cannot carry psql commands.
    return stdout.replace(/^(\\(?:un)?restrict) \w+$/gm, '$1 N');
  };

  for (const args of [['--schema-only'], ['--schema-only', '--clean', '--if-exists', '--no-owner']]) {
    it.skipIf(reason)(title(`writes the same schema in production: ${args.join(' ')}`, reason), async () => {
      const directly = await dump(governed?.direct() ?? '', ...args);
      expect(directly).toContain('CREATE TABLE public.customers');
      expect(await dump(governed?.url() ?? '', ...args)).toBe(directly);
    });
  }

  it.skipIf(reason)(title('carries no personal data away', reason), async () => {
    const args = ['--data-only', '--table=customers'];
    expect(await dump(governed?.direct() ?? '', ...args)).toContain('@secret.example');
    const governedDump = await dump(governed?.url() ?? '', ...args).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
    expect(governedDump).not.toContain('secret.example');
  });
});

describe('pgbench', () => {
  const reason = missing('pgbench');
  let governed: Governed;
  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development' });
    if (reason === undefined) await execute('pgbench', ['-i', '-q', '-s', '1', governed.direct()], { env });
    await governed.restart(); // its tables are new: the proxy looks at the database when it starts
  });
  afterAll(() => governed?.stop());

  const bench = async (...args: string[]) =>
    (await execute('pgbench', ['-n', '-c', '4', '-j', '1', ...args, governed.url()], { env })).stdout;

  for (const mode of ['simple', 'extended', 'prepared']) {
    it.skipIf(reason)(title(`reads in mode ${mode}`, reason), async () => {
      const said = await bench('-S', '-M', mode, '-t', '100');
      expect(said).toContain('number of transactions actually processed: 400/400');
      expect(said).toMatch(/number of failed transactions: 0 /);
    });

    it.skipIf(reason)(title(`writes in mode ${mode}, and every write arrives once`, reason), async () => {
      const rows = () => psql(governed.direct(), 'SELECT count(*) FROM pgbench_history;', '-At');
      const before = Number.parseInt(await rows(), 10);
      const said = await bench('-M', mode, '-t', '25');
      expect(said).toContain('number of transactions actually processed: 100/100');
      expect(Number.parseInt(await rows(), 10) - before).toBe(100);
      const balances =
        'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history);';
      expect(await psql(governed.direct(), balances, '-At')).toBe('t\nexit 0');
    });
  }
});
