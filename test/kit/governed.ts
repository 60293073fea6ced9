/** A real PostgreSQL behind a real proxy in this process, with people who may use it: what wire tests run against. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import { createLog } from '../../proxy/kit/log.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

const password = 'correct-horse';
const people = {
  dev: ['developers'],
  reviewer: ['reviewers'],
  auditor: ['auditors'],
  stranger: ['visitors'],
} as const;
export type Person = keyof typeof people;

export interface Governed {
  readonly server: TestPostgres;
  readonly proxy: RunningProxy;
  readonly dataDirectory: string;
  /** Through the proxy. */
  url(person?: Person): string;
  /** Past the proxy, as the superuser. */
  direct(): string;
  /** All events of the journal, after what is pending has been written. */
  events(): Promise<JournalEvent[]>;
  /** Stops the proxy and starts another over the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface GovernedOptions {
  readonly environment?: 'production' | 'staging' | 'development';
  readonly version?: 15 | 18;
  /** Run as the superuser before the proxy looks at the database. */
  readonly setup?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Where journal and keys go; a throwaway folder unless told. */
  readonly dataDirectory?: string;
}

/** A table with personal data and one without; enough for most tests. */
export const shopSetup = `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, phone text, city text);
  INSERT INTO customers SELECT i, 'Ada Lovelace ' || i, 'ada' || i || '@secret.example', '+44 20 7946 0' || 100 + i, 'London'
    FROM generate_series(1, 100) i;
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, status text NOT NULL, total numeric(10,2));
  INSERT INTO orders SELECT i, 1 + i % 100, CASE i % 3 WHEN 0 THEN 'open' ELSE 'paid' END, i * 1.5 FROM generate_series(1, 1000) i;
  ANALYZE;
`;

export async function startGoverned(options: GovernedOptions = {}): Promise<Governed> {
  const server = await startTestPostgres({
    version: options.version ?? 18,
    settings: options.settings ?? {},
  });
  const setUp = new Client({ connectionString: server.url('postgres') });
  await setUp.connect();
  await setUp.query('CREATE DATABASE shop');
  await setUp.end();
  const shop = new Client({ connectionString: server.url('shop') });
  await shop.connect();
  await shop.query(options.setup ?? shopSetup);
  await shop.end();
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'portcullis-governed-'));
  const start = (port: number) =>
    startProxy({
      dataDirectory,
      connections: [
        { name: 'shop', environment: options.environment ?? 'production', url: server.url('shop') },
      ],
      accounts: Object.entries(people).map(([user, groups]) => ({
        user,
        password,
        identity: { subject: user, email: `${user}@example.com`, groups: [...groups] },
      })),
      port,
      log: createLog('error'),
    });
  let proxy = await start(0);
  return {
    server,
    get proxy() {
      return proxy;
    },
    dataDirectory,
    url: (person = 'dev') => `postgres://${person}:${password}@127.0.0.1:${proxy.port}/shop`,
    direct: () => server.url('shop'),
    events: async () => {
      await new Promise((resolve) => setTimeout(resolve, 60)); // outcomes are written within 20 ms
      const events: JournalEvent[] = [];
      for await (const event of readJournal(join(dataDirectory, 'journal'))) events.push(event);
      return events;
    },
    restart: async () => {
      const { port } = proxy;
      await proxy.stop();
      proxy = await start(port);
    },
    stop: async () => {
      await proxy.stop();
      await server.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
