/** What a proxy finds at a company: a database, an identity provider and a collector, each of which can go away. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import {
  type CollectorSettings,
  type RunningCollector,
  startCollector,
} from '../../../proxy/collector/collector.ts';
import type { LocalAccess, ProxyStatus } from '../../../proxy/control/messages.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentPerson,
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';
import { playSignIn } from '../../kit/browserlessSignIn.ts';
import { startTestPostgres } from '../../kit/postgres.ts';
import type { Window } from './proxyProcess.ts';

const audience = 'urn:portcullis:collector';
const clientId = 'portcullis';
const email = 'dev@example.com';
const password = 'correct horse';

/** A rule by which a policy answers another group differently. */
const reviewersRead = `@id("company.reviewers-review")
@message("Reviewers review.")
@hint("Ask a developer.")
forbid (principal in Group::"reviewers", action == Action::"read", resource);
`;

export interface Company {
  /** Of the collector. */
  readonly url: string;
  readonly provider: DevelopmentProvider;
  /** Groups of dev@example.com from now on. */
  setGroups(groups: readonly string[]): void;
  stopCollector(): Promise<void>;
  /** Anew, on the port it had. */
  startCollector(): Promise<void>;
  stopProvider(): Promise<void>;
  /** Anew, on the port it had. `forgets` makes it refuse refresh tokens of before. */
  startProvider(options?: {
    readonly accessTokenSeconds?: number;
    readonly forgets?: boolean;
  }): Promise<void>;
  /** Plays dev@example.com in a browser at that address. */
  playBrowser(signInUrl: string): Promise<string>;
  /** As dev@example.com, to the end. */
  signIn(window: Window): Promise<ProxyStatus>;
  stop(): Promise<void>;
}

/** With one connection `shop`, in production, that reviewers may not read, and dev@example.com in the group developers. */
export async function startCompany(options: Pick<CollectorSettings, 'sinks'> = {}): Promise<Company> {
  const log = createLog('silent');
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-company-'));
  const postgres = await startTestPostgres();
  const root = new Client({ connectionString: postgres.url() });
  await root.connect();
  await root.query('CREATE DATABASE shop');
  await root.query('CREATE DATABASE store');
  await root.end();
  const people: DevelopmentPerson[] = [];
  const setGroups = (groups: readonly string[]) => {
    people[0] = { email, groups, password };
  };
  setGroups(['developers']);
  const openProvider = (port: number, accessTokenSeconds = 3_600) =>
    startDevelopmentProvider({
      port,
      people,
      clientId,
      audience,
      accessTokenSeconds,
      dataDirectory: folder,
      log,
    });
  let provider = await openProvider(0);
  const { issuer, port: providerPort } = provider;
  const { files } = await readPolicyTexts();
  const signingKeys = [generateKeyPairSync('ed25519').privateKey];
  const openCollector = (port: number) =>
    startCollector({
      databaseUrl: postgres.url('store'),
      issuer,
      audience,
      clientId,
      connections: [{ name: 'shop', environment: 'production', url: postgres.url('shop') }],
      signingKeys,
      policyFiles: [...files, { name: 'reviewers.cedar', text: reviewersRead }],
      port,
      log,
      ...options,
    });
  let collector: RunningCollector = await openCollector(0);
  const { url, port: collectorPort } = collector;
  const playBrowser = (signInUrl: string) => playSignIn(signInUrl, email, password);
  return {
    url,
    get provider() {
      return provider;
    },
    setGroups,
    stopCollector: () => collector.stop(),
    startCollector: async () => {
      await collector.stop();
      collector = await openCollector(collectorPort);
    },
    stopProvider: () => provider.stop(),
    startProvider: async ({ accessTokenSeconds, forgets = false } = {}) => {
      await provider.stop();
      if (forgets) rmSync(join(folder, 'provider-grants.json'), { force: true });
      provider = await openProvider(providerPort, accessTokenSeconds);
    },
    playBrowser,
    signIn: async (window) => {
      const begun = await window.ask('beginSignIn', { collector: url });
      const finished = window.ask('finishSignIn', { id: begun.id });
      await playBrowser(begun.url);
      window.tokens.push((await finished).tokens);
      return window.until(({ state }) => state === 'running');
    },
    stop: async () => {
      await collector.stop();
      await provider.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A client of the connection `shop`, as any on the machine. */
export async function connectClient({ access }: { readonly access?: LocalAccess }): Promise<Client> {
  if (access === undefined) throw new Error('the status has no access');
  const { host, port, user } = access;
  const client = new Client({ host, port, user, password: access.password, database: 'shop' });
  client.on('error', () => undefined); // the proxy ends sessions
  await client.connect();
  return client;
}
