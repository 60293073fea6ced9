/** Two proxies of two people, each with its own folder and token, one collector, and one database that both reach. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type RunningCollector, startCollector } from '../../proxy/collector/collector.ts';
import { CollectorClient } from '../../proxy/kit/collectorClient.ts';
import { CollectorFeed } from '../../proxy/kit/collectorFeed.ts';
import { createLog } from '../../proxy/kit/log.ts';
import { startDevelopmentProvider } from '../../proxy/local/developmentProvider/developmentProvider.ts';
import type { GovernedConnection } from '../../proxy/session/governedConnection.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { startTestPostgres } from './postgres.ts';

const password = 'correct-horse';
const audience = 'urn:portcullis:collector';
const clientId = 'portcullis';
const groups = ['developers'];

export interface Neighbour {
  /** Its person's e-mail address. */
  readonly email: string;
  readonly folder: string;
  readonly proxy: RunningProxy;
  readonly connection: GovernedConnection;
  /** The rows of one statement of its person through the proxy. */
  ask(text: string): Promise<unknown[][]>;
  /** A session of its person through the proxy; end it yourself. */
  connect(): Promise<Client>;
  /** What the proxy takes a column for. */
  kindOf(table: string, column: string): string | undefined;
  /** Resolves when it takes the column for something. */
  knows(table: string, column: string): Promise<void>;
  stop(): Promise<void>;
  /** Again, over the same folder. */
  start(): Promise<void>;
}

export interface Neighbours {
  readonly ada: Neighbour;
  readonly ben: Neighbour;
  /** One or more statements past the proxies, as the superuser; `store` is the collector's database. */
  look<Row extends object>(text: string, database?: 'shop' | 'store'): Promise<Row[]>;
  stopCollector(): Promise<void>;
  /** On the port it had. */
  startCollector(): Promise<void>;
  stop(): Promise<void>;
}

/** @param setup run as the superuser before the proxies look at the database */
export async function startNeighbours(setup: string): Promise<Neighbours> {
  const closers: (() => Promise<void>)[] = [];
  const log = createLog('silent');
  const server = await startTestPostgres();
  closers.push(() => server.stop());
  const look: Neighbours['look'] = async (text, database = 'shop') => {
    const client = new Client({ connectionString: server.url(database) });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const admin = new Client({ connectionString: server.url('postgres') });
  await admin.connect();
  await admin.query('CREATE DATABASE shop');
  await admin.query('CREATE DATABASE store');
  await admin.end();
  await look(setup);
  const home = mkdtempSync(join(tmpdir(), 'portcullis-neighbours-'));
  closers.push(async () => rmSync(home, { recursive: true, force: true }));
  const provider = await startDevelopmentProvider({
    port: 0,
    people: ['ada', 'ben'].map((user) => ({ email: emailOf(user), groups, password })),
    clientId,
    audience,
    dataDirectory: home,
    log,
  });
  closers.push(() => provider.stop());
  const connections = [{ name: 'shop', environment: 'development', url: server.url('shop') }];
  const signingKeys = [generateKeyPairSync('ed25519').privateKey];
  const openCollector = (port: number) =>
    startCollector({
      databaseUrl: server.url('store'),
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

  const openNeighbour = async (user: string): Promise<Neighbour> => {
    const email = emailOf(user);
    const folder = join(home, user);
    const client = new CollectorClient({ url: collector.url, token: () => provider.tokenFor(email) });
    const open = async () => {
      const feed = new CollectorFeed(client, log);
      const proxy = await startProxy({
        dataDirectory: folder,
        connections,
        accounts: [{ user, password, identity: { subject: email, email, groups } }],
        port: 0,
        log,
        collector: { client, feed },
      });
      const stop = async () => {
        await proxy.stop();
        await feed.stop();
      };
      return { proxy, stop };
    };
    let running = await open();
    closers.push(() => running.stop());
    const connection = () => {
      const found = running.proxy.connections.get('shop');
      if (found === undefined) throw new Error('the connection is not open');
      return found;
    };
    const connect = async () => {
      const url = `postgres://${user}:${password}@127.0.0.1:${running.proxy.port}/shop`;
      const session = new Client({ connectionString: url });
      await session.connect();
      return session;
    };
    const kindOf = (table: string, column: string) => {
      const { catalog, classifications } = connection();
      const relation = catalog.named(table)[0];
      const number = relation?.columns.find(({ name }) => name === column)?.number;
      return relation && classifications.of(relation.oid, number ?? 0)?.kind;
    };
    return {
      email,
      folder,
      get proxy() {
        return running.proxy;
      },
      get connection() {
        return connection();
      },
      ask: async (text) => {
        const session = await connect();
        try {
          return (await session.query<unknown[]>({ text, rowMode: 'array' })).rows;
        } finally {
          await session.end();
        }
      },
      connect,
      kindOf,
      knows: async (table, column) => {
        while (kindOf(table, column) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      },
      stop: () => running.stop(),
      start: async () => {
        running = await open();
      },
    };
  };
  return {
    ada: await openNeighbour('ada'),
    ben: await openNeighbour('ben'),
    look,
    stopCollector: () => collector.stop(),
    startCollector: async () => {
      collector = await openCollector(collector.port);
    },
    stop: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

function emailOf(user: string): string {
  return `${user}@example.com`;
}
