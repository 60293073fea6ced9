/** A real PostgreSQL, provider, collector and proxy in this process, wired as `portcullis up` wires them: for approvals. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { ApprovalDesk } from '../../proxy/approvals/approvalDesk.ts';
import type { ApprovalRequest, Review } from '../../proxy/approvals/request.ts';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import { type RunningCollector, startCollector } from '../../proxy/collector/collector.ts';
import { CollectorClient } from '../../proxy/kit/collectorClient.ts';
import { CollectorFeed } from '../../proxy/kit/collectorFeed.ts';
import { createLog } from '../../proxy/kit/log.ts';
import { startDevelopmentProvider } from '../../proxy/local/developmentProvider/developmentProvider.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { startTestPostgres } from './postgres.ts';

const password = 'correct-horse';
const audience = 'urn:portcullis:collector';
const clientId = 'portcullis';
const people = { dev: ['developers'], reviewer: ['reviewers'], admin: ['admins'] } as const;
export type Colleague = keyof typeof people;

export interface GovernedWithCollector {
  /** Of the connection `shop`, through the proxy. */
  url(person?: Colleague): string;
  /** Past the proxy, as the superuser; `store` is the collector's database. */
  direct(database?: 'shop' | 'store'): string;
  /** Runs one statement past the proxy and answers its rows. */
  look<Row extends object>(text: string, database?: 'shop' | 'store'): Promise<Row[]>;
  /** What a person sees at the collector. */
  requests(person?: Colleague): Promise<ApprovalRequest[]>;
  /** Resolves with the one open request whose text has this in it; rejects where there is none in 10 s. */
  openRequest(part: string): Promise<ApprovalRequest>;
  review(id: string, decision: Review['decision'], comment?: string): Promise<ApprovalRequest>;
  withdraw(id: string, person?: Colleague): Promise<ApprovalRequest>;
  /** Tries to run something by an approved request of the person. */
  use(id: string, person?: Colleague): Promise<ApprovalRequest>;
  /** Where the proxy asks for approvals of the person. */
  desk(person?: Colleague): ApprovalDesk;
  stopCollector(): Promise<void>;
  /** On the port it had. */
  startCollector(): Promise<void>;
  readonly proxy: RunningProxy;
  /** Stops the proxy and starts another over the same data. */
  restartProxy(): Promise<void>;
  events(): Promise<JournalEvent[]>;
  stop(): Promise<void>;
}

/** @param setup run as the superuser before the proxy looks at the database */
export async function startGovernedWithCollector(setup: string): Promise<GovernedWithCollector> {
  const closers: (() => Promise<void>)[] = [];
  const log = createLog('error');
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-approvals-'));
  closers.push(async () => rmSync(folder, { recursive: true, force: true }));
  const server = await startTestPostgres();
  closers.push(() => server.stop());
  const direct = (database: 'shop' | 'store' = 'shop') => server.url(database);
  await withClient(server.url('postgres'), async (client) => {
    await client.query('CREATE DATABASE shop');
    await client.query('CREATE DATABASE store');
  });
  await withClient(direct(), (client) => client.query(setup));
  const provider = await startDevelopmentProvider({
    port: 0,
    people: Object.entries(people).map(([user, groups]) => ({ email: emailOf(user), groups, password })),
    clientId,
    audience,
    dataDirectory: folder,
    log,
  });
  closers.push(() => provider.stop());
  const connections = [{ name: 'shop', environment: 'production', url: direct() }];
  const signingKeys = [generateKeyPairSync('ed25519').privateKey];
  const openCollector = (port: number) =>
    startCollector({
      databaseUrl: direct('store'),
      issuer: provider.issuer,
      audience,
      clientId,
      connections,
      policyFiles: [],
      signingKeys,
      port,
      log,
    });
  let collector: RunningCollector = await openCollector(0);
  closers.push(() => collector.stop());
  const { url } = collector;
  const clientOf = (user: string) =>
    new CollectorClient({ url, token: () => provider.tokenFor(emailOf(user)) });
  const feed = new CollectorFeed(new CollectorClient({ url, token: () => provider.tokenForProxy() }), log);
  closers.push(() => feed.stop());
  const desks = new Map<string, ApprovalDesk>();
  const openDesk = (user: string) => {
    const desk = new ApprovalDesk(clientOf(user), feed);
    desks.set(user, desk);
    return desk;
  };
  const openProxy = (port: number) =>
    startProxy({
      dataDirectory: folder,
      connections,
      accounts: Object.entries(people).map(([user, groups]) => ({
        user,
        password,
        identity: { subject: emailOf(user), email: emailOf(user), groups: [...groups] },
        desk: openDesk(user),
      })),
      port,
      log,
    });
  let proxy = await openProxy(0);
  closers.push(() => proxy.stop());
  const requests = async (person: Colleague = 'reviewer') =>
    (await clientOf(person).call<{ items: ApprovalRequest[] }>('GET', '/v1/requests?limit=200')).items;
  return {
    url: (person = 'dev') => `postgres://${person}:${password}@127.0.0.1:${proxy.port}/shop`,
    direct,
    look: <Row extends object>(text: string, database?: 'shop' | 'store') =>
      withClient(direct(database), async (client) => (await client.query<Row>(text)).rows),
    requests,
    openRequest: async (part) => {
      for (const deadline = Date.now() + 10_000; Date.now() < deadline; await pause(30)) {
        const found = (await requests()).find(({ state, text }) => state === 'open' && text.includes(part));
        if (found !== undefined) return found;
      }
      throw new Error(`nobody has asked for an approval of "${part}"`);
    },
    review: (id, decision, comment = '') =>
      clientOf('reviewer').call('POST', `/v1/requests/${id}/reviews`, { decision, comment }),
    withdraw: (id, person = 'dev') => clientOf(person).call('POST', `/v1/requests/${id}/withdraw`, {}),
    use: (id, person = 'dev') => clientOf(person).call('POST', `/v1/requests/${id}/use`, {}),
    desk: (person = 'dev') => {
      const desk = desks.get(person);
      if (desk === undefined) throw new Error(`${person} has no desk`);
      return desk;
    },
    stopCollector: () => collector.stop(),
    startCollector: async () => {
      collector = await openCollector(collector.port);
    },
    get proxy() {
      return proxy;
    },
    restartProxy: async () => {
      const { port } = proxy;
      await proxy.stop();
      proxy = await openProxy(port);
    },
    events: async () => {
      await pause(60); // outcomes are written within 20 ms
      const events: JournalEvent[] = [];
      for await (const event of readJournal(join(folder, 'journal'))) events.push(event);
      return events;
    },
    stop: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function emailOf(user: string): string {
  return `${user}@example.com`;
}

async function withClient<Answer>(url: string, use: (client: Client) => Promise<Answer>): Promise<Answer> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
