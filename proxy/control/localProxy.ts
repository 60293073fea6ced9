/**
 * The proxy of one person on one machine: signed out, or bound to the identity of a verified token, with the policy, the
 * connections and the leases that the collector gives to it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApprovalDesk } from '../approvals/approvalDesk.ts';
import { ActivityLog } from '../audit/activity.ts';
import { makePassword } from '../identity/localAccounts.ts';
import { TokenKeeper } from '../identity/tokenKeeper.ts';
import { ProviderUnreachable } from '../identity/tokenVerifier.ts';
import {
  CollectorClient,
  CollectorRefusal,
  CollectorUnreachable,
  requireList,
} from '../kit/collectorClient.ts';
import { CollectorFeed } from '../kit/collectorFeed.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { Log } from '../kit/log.ts';
import { freePortOr } from '../kit/ports.ts';
import { describeFirstProblem } from '../policy/live/followPolicy.ts';
import type { ConnectionSettings } from '../session/governedConnection.ts';
import { type RunningProxy, startProxy } from '../startProxy.ts';
import { writeClientFiles } from './clientFiles.ts';
import { CollectorLink } from './collectorLink.ts';
import { fetchPolicy, followCollectorPolicy } from './collectorPolicy.ts';
import { controlVersion, type Tell } from './controlServer.ts';
import { describeProblem } from './describeProblem.ts';
import type { ConnectionStatus, ProxyStatus, Tokens } from './messages.ts';

export interface LocalProxyOptions {
  /** Kept between runs: journals, keys, port. */
  readonly dataDirectory: string;
  readonly log: Log;
  /** Tells every window. */
  readonly notify: Tell;
}

/** Everything that exists only while somebody is signed in. */
export interface SignedIn {
  readonly collector: string;
  readonly keeper: TokenKeeper;
  readonly client: CollectorClient;
  readonly proxy: RunningProxy;
  readonly link: CollectorLink;
  readonly activity: ActivityLog;
  readonly desk: ApprovalDesk;
}

const noSync = { waiting: 0 };

const retryMs = { first: 2_000, longest: 60_000 };

export class LocalProxy {
  readonly #options: LocalProxyOptions;
  readonly #connections = new Map<string, ConnectionStatus>();
  #signedIn: SignedIn | undefined;
  #closers: (() => Promise<void>)[] = [];
  #status: ProxyStatus;
  /** The newest tokens, where the provider has renewed them since the sign-in. */
  #renewed: { readonly collector: string; readonly tokens: Tokens } | undefined;
  /** Binds again after a collector or provider that could not be reached. */
  #retry: NodeJS.Timeout | undefined;
  /** Sign-ins and sign-outs, one after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: LocalProxyOptions) {
    this.#options = options;
    mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
    this.#status = this.#signedOut();
  }

  get status(): ProxyStatus {
    return this.#status;
  }

  get clientCount(): number {
    return this.#signedIn?.proxy.sessionCount() ?? 0;
  }

  /** A window that was away may have missed newer tokens: those it keeps would be refused. */
  welcome(tell: Tell): void {
    if (this.#renewed !== undefined) tell('tokensChanged', this.#renewed);
  }

  /** What serves requests of windows. @throws Error in words where nobody is signed in */
  get running(): SignedIn {
    if (this.#signedIn !== undefined) return this.#signedIn;
    throw new PortcullisError('ACCESS_EXPIRED', { message: 'nobody is signed in' });
  }

  /**
   * Binds the proxy to the identity of these tokens. The same identity at the same collector again: only the tokens
   * are renewed, and nothing is interrupted.
   */
  signIn(collector: string, tokens: Tokens): Promise<ProxyStatus> {
    return this.#oneByOne(async () => {
      const known = this.#signedIn;
      if (known?.collector === collector && (await known.keeper.adopt(tokens))) {
        this.#tell({ state: 'running' });
        known.link.sync.retryNow();
        return this.#status;
      }
      return this.#rebind(collector, tokens);
    });
  }

  signOut(): Promise<ProxyStatus> {
    return this.#oneByOne(async () => {
      await this.#close();
      this.#status = this.#signedOut();
      this.#options.notify('statusChanged', this.#status);
      return this.#status;
    });
  }

  /** Ends everything; events not yet sent wait on the disk. */
  async stop(): Promise<void> {
    await this.#oneByOne(() => this.#close());
  }

  async #rebind(collector: string, tokens: Tokens, delayMs = retryMs.first): Promise<ProxyStatus> {
    await this.#close();
    this.#status = { ...this.#signedOut(), state: 'starting', collector };
    this.#options.notify('statusChanged', this.#status);
    try {
      await this.#start(collector, tokens);
    } catch (error) {
      // Tokens renewed on the way have used up the older ones.
      const newest = this.#renewed?.tokens ?? tokens;
      await this.#close();
      // What is away comes back: the window need not ask again.
      const isAway =
        CollectorUnreachable.is(error) ||
        CollectorRefusal.is(error, 503) ||
        error instanceof ProviderUnreachable;
      const problem = {
        ...describeProblem(error),
        ...(isAway && { hint: 'Check the network; it is tried again by itself.' }),
      };
      this.#status = { ...this.#signedOut(), state: isAway ? 'starting' : 'signedOut', collector, problem };
      this.#options.notify('statusChanged', this.#status);
      if (isAway) this.#retryIn(collector, newest, delayMs);
      throw error;
    }
    return this.#status;
  }

  #retryIn(collector: string, tokens: Tokens, delayMs: number): void {
    this.#retry = setTimeout(() => {
      const next = Math.min(delayMs * 2, retryMs.longest);
      this.#oneByOne(() => this.#rebind(collector, tokens, next)).catch((error) =>
        this.#options.log.debug(`binding to ${collector} failed again: ${String(error)}`),
      );
    }, delayMs);
  }

  async #start(collector: string, tokens: Tokens): Promise<void> {
    const { log, notify, dataDirectory } = this.#options;
    const keeper = await TokenKeeper.open({ collector, tokens, log });
    this.#closers.push(async () => keeper.dispose());
    const { identity } = keeper;
    keeper.onTokens((renewed) => {
      this.#renewed = { collector, tokens: renewed };
      notify('tokensChanged', this.#renewed);
      // What the policy allows was decided for the person as they were: with other groups all sessions start anew.
      if (JSON.stringify(keeper.identity) === JSON.stringify(identity))
        return this.#tell({ state: 'running' });
      this.#oneByOne(() => this.#rebind(collector, renewed)).catch((error) =>
        log.error('the proxy could not be bound anew', error),
      );
    });
    keeper.onExpired(() => this.#tell({ state: 'expired' }));
    const client = new CollectorClient({ url: collector, token: () => keeper.token() });
    const feed = new CollectorFeed(client, log.named('collector'));
    this.#closers.push(() => feed.stop());
    const desk = new ApprovalDesk(client, feed);
    const home = join(dataDirectory, 'people', homeName(keeper.issuer, identity.subject));
    const kept = readKept(home);
    const connections = await fetchConnections(client);
    for (const { name, environment } of connections) {
      this.#connections.set(name, { name, environment, state: 'opening' });
    }
    let link: CollectorLink | undefined;
    const proxy = await startProxy({
      dataDirectory: home,
      policyTexts: await fetchPolicy(client),
      connections,
      accounts: [
        {
          user: identity.email,
          password: kept.password,
          identity,
          checkAccess: () => checkAccess(keeper),
          desk,
        },
      ],
      port: await freePortOr(kept.port),
      log,
      collector: { client, feed },
      onConnection: (name, problem) => {
        this.#noteConnection(name, problem);
        if (problem === undefined) void link?.watch(name);
      },
    });
    this.#closers.push(() => proxy.stop());
    writeKept(home, { ...kept, port: proxy.port });
    link = new CollectorLink({
      proxy,
      client,
      dataDirectory: home,
      log,
      onSync: (sync) => this.#tell({ sync }),
      onSnapshot: (connection) => notify('driftChanged', { connection }),
    });
    const started = link;
    this.#closers.push(() => started.stop());
    const activity = new ActivityLog({
      folder: proxy.journalFolder,
      journal: proxy.journal,
      subject: identity.subject,
      log,
      onChange: () => notify('activityChanged', {}),
    });
    this.#closers.push(async () => activity.stop());
    this.#closers.push(
      followCollectorPolicy({
        client,
        feed,
        policy: proxy.policy,
        onChange: (problem) => this.#notePolicy(proxy.policy.version, problem),
      }),
    );
    // What windows do by it, running a statement again, is to find what has been approved.
    feed.on('requests', () => {
      void desk.grants
        .refresh()
        .catch(() => undefined)
        .then(() => notify('requestsChanged', {}));
    });
    feed.on('drift', () => {
      for (const connection of proxy.connections.keys()) notify('driftChanged', { connection });
    });
    for (const name of proxy.connections.keys()) void started.watch(name);
    this.#signedIn = { collector, keeper, client, proxy, link: started, activity, desk };
    const access = writeClientFiles({
      folder: home,
      port: proxy.port,
      user: identity.email,
      password: kept.password,
      connections: connections.map(({ name }) => name),
    });
    const { email, groups, subject } = identity;
    this.#tell({
      state: 'running',
      collector,
      identity: { email, groups, subject },
      access,
      sync: started.sync.status,
      policyVersion: proxy.policy.version,
    });
  }

  #notePolicy(policyVersion: string, problem: Error | undefined): void {
    const { log } = this.#options;
    if (problem === undefined) log.info(`the policy is now ${policyVersion}`);
    else log.error('the collector has changed its policy to one that cannot be used', problem);
    const policyProblem = problem && {
      message: `The newest policy cannot be used, and the one before it is in force: ${describeFirstProblem(problem)}.`,
      hint: 'Tell those who keep the policy, or update Portcullis if it is older than the collector.',
    };
    this.#tell({ policyVersion, policyProblem });
  }

  /** In reverse order of starting. What fails to stop must not keep the rest from stopping. */
  async #close(): Promise<void> {
    this.#signedIn = undefined;
    this.#renewed = undefined;
    clearTimeout(this.#retry);
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error) => this.#options.log.error('something did not stop in order', error));
    }
    this.#connections.clear();
  }

  #noteConnection(name: string, problem: PortcullisError | undefined): void {
    const known = this.#connections.get(name);
    if (known === undefined) return;
    const { environment } = known;
    this.#connections.set(
      name,
      problem === undefined
        ? { name, environment, state: 'ready' }
        : { name, environment, state: 'failed', problem: describeProblem(problem) },
    );
    this.#tell({});
  }

  #tell(changes: Partial<ProxyStatus>): void {
    this.#status = { ...this.#status, ...changes, connections: [...this.#connections.values()] };
    this.#options.notify('statusChanged', this.#status);
  }

  #signedOut(): ProxyStatus {
    return { version: controlVersion, pid: process.pid, state: 'signedOut', connections: [], sync: noSync };
  }

  #oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change, change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }
}

function checkAccess(keeper: TokenKeeper): PortcullisError | undefined {
  if (!keeper.isExpired) return undefined;
  return new PortcullisError('ACCESS_EXPIRED', {
    message: `the sign-in of ${keeper.identity.email} has expired and could not be renewed`,
  });
}

/** A folder a person and provider: journals of different people are never mixed. */
function homeName(issuer: string, subject: string): string {
  return createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 16);
}

/** Kept from run to run, so that connection strings and terminals go on working. */
interface Kept {
  readonly password: string;
  readonly port?: number;
}

function readKept(home: string): Kept {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  try {
    return JSON.parse(readFileSync(join(home, 'access.json'), 'utf8')) as Kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { password: makePassword() };
  }
}

function writeKept(home: string, kept: Kept): void {
  writeFileSync(join(home, 'access.json'), JSON.stringify(kept), { mode: 0o600 });
}

/** The connections that the collector governs, each with a lease. */
async function fetchConnections(client: CollectorClient): Promise<ConnectionSettings[]> {
  const { items } = await client.call<{ items?: { name: string; environment: string }[] }>(
    'GET',
    '/v1/catalog',
  );
  const connections: ConnectionSettings[] = [];
  for (const { name, environment } of requireList(client.url, items)) {
    const lease = await client.call<{ url: string }>('POST', '/v1/leases', { connection: name });
    connections.push({ name, environment, url: lease.url });
  }
  return connections;
}
