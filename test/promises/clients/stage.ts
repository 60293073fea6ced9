/** The demo database, with one of everything that tools ask about, behind a proxy in production: what clients start up against. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { readJournal } from '../../../proxy/audit/journal/readJournal.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { createDemoDatabase, demoRole } from '../../../proxy/local/demo/demoDatabase.ts';
import { startProxy } from '../../../proxy/startProxy.ts';
import { startTestPostgres } from '../../kit/postgres.ts';
import { oneOfEverything } from './oneOfEverything.ts';

const password = 'correct-horse';

export interface Stage {
  readonly version: 15 | 18;
  /** Through the proxy, as dev@example.com. */
  url(): string;
  /** Past the proxy, as the role that the proxy logs in with: what it may, and nothing more. */
  direct(): string;
  /** Past the proxy, as the superuser. */
  owner(): string;
  /** Where the journal stands now; what follows is told by {@link judgedSince}. */
  mark(): Promise<number>;
  judgedSince(mark: number): Promise<Judged>;
  /** The proxy looks at the schema now instead of when it is due. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export interface Judged {
  /** Everything that was let through. */
  readonly statements: readonly string[];
  /** What was refused or sent to a reviewer, and why. */
  readonly stopped: readonly string[];
}

export async function openStage(
  version: 15 | 18,
  environment: 'production' | 'development' = 'production',
): Promise<Stage> {
  const server = await startTestPostgres({ version, settings: { fsync: 'off' } });
  const dataDirectory = mkdtempSync(join(tmpdir(), 'portcullis-stage-'));
  const admin = new Client({ connectionString: server.url('postgres') });
  await admin.connect();
  await admin.query('CREATE DATABASE demo');
  await admin.end();
  const owner = new Client({ connectionString: server.url('demo') });
  await owner.connect();
  await createDemoDatabase(owner, { rolePassword: password });
  await owner.query(oneOfEverything(demoRole));
  await owner.end();
  const direct = new URL(server.url('demo'));
  direct.username = demoRole;
  direct.password = password;
  const proxy = await startProxy({
    dataDirectory,
    connections: [{ name: 'demo', environment, url: direct.href }],
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

  const events = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60)); // outcomes are written within 20 ms
    const all: JournalEvent[] = [];
    for await (const event of readJournal(proxy.journalFolder)) all.push(event);
    return all;
  };
  return {
    version,
    url: () => `postgres://dev:${password}@127.0.0.1:${proxy.port}/demo`,
    direct: () => direct.href,
    owner: () => server.url('demo'),
    mark: async () => (await events()).at(-1)?.seq ?? 0,
    judgedSince: async (mark) => {
      const statements: string[] = [];
      const stopped: string[] = [];
      for (const event of await events()) {
        if (event.seq <= mark) continue;
        if (event.kind === 'refusal')
          stopped.push(`${event.reason.code} ${event.reason.message}: ${event.statement?.text ?? ''}`);
        if (event.kind !== 'intent') continue;
        const { outcome, policies } = event.decision;
        if (outcome === 'allow') statements.push(event.statement.text);
        else stopped.push(`${outcome} by ${policies.join(', ')}: ${event.statement.text}`);
      }
      return { statements, stopped };
    },
    refresh: async () => {
      const connection = proxy.connections.get('demo');
      await connection?.refresh().catch(() => connection.refresh());
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
