/** What people and programs do every day goes on as if no proxy were there: answers are compared message by message. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../proxy/kit/log.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../kit/postgres.ts';
import { Sessions } from './guardrails/sessions.ts';
import { findChange } from './masking/benign/compareBenign.ts';
import { knownChanges } from './masking/benign/knownChanges.ts';
import { lookAlikes } from './masking/benign/lookAlikes.ts';
import { type BenignCase, everydayStatements } from './masking/benign/statements.ts';
import type { LeakCase } from './masking/leakCase.ts';
import { Secrets } from './masking/secrets.ts';
import { shopFixture } from './masking/shopFixture.ts';
import { type Mode, speak } from './masking/speak.ts';

const all = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
const versions = all.filter(
  (version) => (process.env['PORTCULLIS_SERVERS'] ?? `${version}`) === `${version}`,
);
const secrets = new Secrets('a');
const password = 'correct-horse';

/** What psql, pgAdmin, DBeaver and others ask of the catalog, unless the answer is another every time. */
const toolStatements = readFileSync(join(import.meta.dirname, '..', 'kit', 'toolStatements.sql'), 'utf8')
  .split(/;\s*$/m)
  .map((text) => text.trim())
  .filter(
    (text) =>
      text !== '' &&
      !/^EXECUTE|stat_activity|pg_locks|now\(\)|_size\(|current_database|backend_pid|pg_database|txid|postmaster/i.test(
        text,
      ),
  );

const groups: Readonly<Record<string, readonly BenignCase[]>> = {
  ...everydayStatements,
  tools: toolStatements.map((text) => ({
    steps: [text],
    masked: new Set<string>(),
    isWriting: false,
    isSimpleOnly: false,
  })),
};

describe.each(versions)('on PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let proxy: RunningProxy;
  const dataDirectory = mkdtempSync(join(tmpdir(), 'portcullis-benign-'));
  const sessions = new Sessions();

  beforeAll(async () => {
    server = await startTestPostgres({ version, settings: { autovacuum: 'off', fsync: 'off' } });
    // Two copies with the same OIDs: what one side writes for good (sequences) the other does not see.
    const run = async (database: string, ...texts: string[]) => {
      const client = new Client({ connectionString: server.url(database) });
      await client.connect();
      try {
        for (const text of texts) await client.query(text);
      } finally {
        await client.end();
      }
    };
    await run('postgres', 'CREATE DATABASE pattern');
    await run('pattern', shopFixture(secrets), lookAlikes);
    await run(
      'postgres',
      'CREATE DATABASE directly TEMPLATE pattern',
      'CREATE DATABASE governed TEMPLATE pattern',
    );
    proxy = await startProxy({
      dataDirectory,
      connections: [{ name: 'governed', environment: 'development', url: server.url('governed') }],
      accounts: [
        {
          user: 'dev',
          password,
          identity: { subject: 'dev', email: 'dev@example.com', groups: ['developers'] },
        },
      ],
      port: 0,
      log: createLog('error'),
    });
  }, 90_000);
  afterAll(async () => {
    sessions.closeAll();
    await proxy?.stop();
    await server?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  const hear = async (url: string, { steps, isWriting }: BenignCase, mode: Mode) => {
    const twinned = {
      url,
      fill: (text: string) =>
        text.replaceAll(/\{\{(email|phone) (\d+)\}\}/g, (_, kind: 'email' | 'phone', row: string) =>
          secrets[kind](Number(row)),
        ),
      beside: () => Promise.reject(new Error('not here')),
      oid: () => Promise.reject(new Error('not here')),
    };
    const run: LeakCase = {
      id: '',
      base: 'shop',
      run: steps,
      ...(isWriting ? { isRolledBack: true as const } : {}),
    };
    return (await speak(twinned, run, mode, sessions)).answers.flat();
  };

  it.each(Object.keys(groups))(
    '%s: nothing is changed, nothing refused',
    { timeout: 120_000 },
    async (group) => {
      const changed: string[] = [];
      for (const benign of groups[group] ?? []) {
        for (const mode of benign.isSimpleOnly
          ? (['simple'] as const)
          : (['simple', 'extended', 'binary'] as const)) {
          const [governed, direct] = await Promise.all([
            hear(`postgres://dev:${password}@127.0.0.1:${proxy.port}/governed`, benign, mode),
            hear(server.url('directly'), benign, mode),
          ]);
          const change = findChange(governed, direct, benign.masked);
          const text = benign.steps.join('; ');
          if (change !== undefined && knownChanges[text] === undefined)
            changed.push(`${mode}: ${text.slice(0, 200)}\n    ${change}`);
          if (change === undefined && knownChanges[text] !== undefined)
            changed.push(`${mode}: ${text}: is mended; take it off the list`);
        }
      }
      expect(changed).toEqual([]);
    },
  );
});

describe('the everyday statements', () => {
  it('are at least 200', () => {
    expect(Object.values(groups).flat().length).toBeGreaterThanOrEqual(200);
  });
});
