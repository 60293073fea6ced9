/** The governed port: settings in, parts built, port open. Used by `portcullis up` and by the proxy process. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from './audit/journal/journal.ts';
import { openJournal } from './audit/journal/openJournal.ts';
import { type LocalAccount, LocalAccounts } from './identity/localAccounts.ts';
import type { CollectorClient } from './kit/collectorClient.ts';
import type { CollectorFeed } from './kit/collectorFeed.ts';
import { PortcullisError } from './kit/errors.ts';
import type { Log } from './kit/log.ts';
import type { MaskingChoice } from './masking/columns/classificationDraft.ts';
import { makeTokens } from './masking/methods/tokens.ts';
import { LivePolicy } from './policy/live/livePolicy.ts';
import { makePolicy } from './policy/policyEngine.ts';
import { type PolicyTexts, readPolicyTexts } from './policy/policyFiles.ts';
import { type ConnectionSettings, GovernedConnection } from './session/governedConnection.ts';
import { Listener } from './session/listener.ts';
import { makeLocalCertificate } from './session/opening/localCertificate.ts';
import { Sharing } from './session/sharing/sharing.ts';
import { type Analyser, loadAnalyser } from './sql/analyser.ts';
import type { SqlParser } from './sql/parser.ts';

export interface ProxySettings {
  /** Folder for journal and keys; made where it is missing. */
  readonly dataDirectory: string;
  /** The policy to begin with; the default pack where absent. */
  readonly policyTexts?: PolicyTexts | undefined;
  readonly connections: readonly ConnectionSettings[];
  readonly accounts: readonly LocalAccount[];
  /** 0 takes a free port. */
  readonly port: number;
  readonly log: Log;
  /** By which what is found on columns is shared with other proxies; absent where there are none. */
  readonly collector?: { readonly client: CollectorClient; readonly feed: CollectorFeed };
  /** Told in words what is being done. */
  readonly onProgress?: (step: string) => void;
  /**
   * Told of a connection that cannot be opened, and with undefined once it can. Where given, such a connection is tried
   * again and again and keeps nothing else from working; where absent, it keeps the proxy from starting.
   */
  readonly onConnection?: (name: string, problem: PortcullisError | undefined) => void;
}

export interface RunningProxy {
  readonly port: number;
  readonly journal: Journal;
  /** Where the journal is. */
  readonly journalFolder: string;
  /** Takes other texts while it runs. */
  readonly policy: LivePolicy;
  readonly analyser: Analyser;
  /** Those that are open. */
  readonly connections: ReadonlyMap<string, GovernedConnection>;
  /** How many clients are connected. */
  sessionCount(): number;
  /** Closes sessions, then the journal. Safe to call twice. */
  stop(): Promise<void>;
}

const keyBytes = 32;
const retryMs = { first: 1_000, longest: 30_000 };

/** Builds all parts and listens. Rejects, with nothing left open, where any part is not right. */
export async function startProxy(settings: ProxySettings): Promise<RunningProxy> {
  const { log, onProgress = () => undefined } = settings;
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    onProgress('reading the policy');
    const policy = new LivePolicy(await makePolicy(settings.policyTexts ?? (await readPolicyTexts())));
    const analyser = await loadAnalyser();
    closers.push(() => analyser.close());
    const journalFolder = join(settings.dataDirectory, 'journal');
    const journal = await openJournal(journalFolder, {
      onFault: (error) =>
        log.error('the journal cannot be written; statements are refused until it can', error),
      onResume: () => log.info('the journal can be written again'),
    });
    closers.push(() => journal.close());
    const connections = new Map<string, GovernedConnection>();
    const problems = new Map<string, PortcullisError>();
    const tokens = makeTokens(readKey(settings.dataDirectory, 'masking.key'));
    const { dataDirectory, collector } = settings;
    const sharing = collector && new Sharing({ ...collector, dataDirectory, log });
    const open = async (connection: ConnectionSettings) => {
      const masking = { settings: policy.masking(connection.name), tokens };
      const governed = await openConnection(connection, log, analyser.parser, masking);
      await sharing?.watch(governed);
      // The policy may have changed while it opened.
      if (policy.masking(connection.name) !== masking.settings)
        governed.useMasking(policy.masking(connection.name));
      return governed;
    };
    policy.onChange(() => {
      for (const [name, connection] of connections) connection.useMasking(policy.masking(name));
      sharing?.reapply();
    });
    const closeConnections = await openConnections(settings, open, connections, problems, onProgress).catch(
      async (error) => {
        await sharing?.stop();
        throw error;
      },
    );
    closers.push(closeConnections, async () => sharing?.stop());
    for (const { desk } of settings.accounts) desk?.grants.start();
    closers.push(async () => {
      for (const { desk } of settings.accounts) desk?.grants.stop();
    });
    const key = readKey(settings.dataDirectory, 'commitment.key');
    const listener = new Listener({
      policy,
      analyser,
      journal,
      connections,
      problems,
      accounts: new LocalAccounts(settings.accounts),
      certificate: await makeLocalCertificate(),
      commit: (text) => createHmac('sha256', key).update(text, 'utf8').digest('hex'),
      log,
    });
    const port = await listener.listen(settings.port);
    closers.push(() => listener.stop());
    const sessionCount = () => listener.sessionCount;
    return { port, journal, journalFolder, policy, analyser, connections, sessionCount, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Opens them all; answers how to close them. Rejects, with none left open, where one fails and none may. */
async function openConnections(
  { connections, onConnection }: ProxySettings,
  openOne: (connection: ConnectionSettings) => Promise<GovernedConnection>,
  open: Map<string, GovernedConnection>,
  problems: Map<string, PortcullisError>,
  onProgress: (step: string) => void,
): Promise<() => Promise<void>> {
  const retries = new Set<NodeJS.Timeout>();
  let isClosed = false;
  const close = async () => {
    isClosed = true;
    for (const timer of retries) clearTimeout(timer);
    await Promise.all([...open.values()].map((connection) => connection.close()));
  };
  const attempt = async (connection: ConnectionSettings, delayMs: number): Promise<void> => {
    try {
      onProgress(`reading what ${connection.name} holds and which of its columns are personal or secret`);
      const governed = await openOne(connection);
      if (isClosed) return governed.close();
      open.set(connection.name, governed);
      problems.delete(connection.name);
      onConnection?.(connection.name, undefined);
    } catch (error) {
      if (onConnection === undefined || !PortcullisError.is(error)) throw error;
      if (isClosed) return;
      problems.set(connection.name, error);
      onConnection(connection.name, error);
      const timer = setTimeout(() => {
        retries.delete(timer);
        void attempt(connection, Math.min(delayMs * 2, retryMs.longest));
      }, delayMs);
      retries.add(timer);
    }
  };
  try {
    for (const connection of connections) await attempt(connection, retryMs.first);
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

async function openConnection(
  settings: ConnectionSettings,
  log: Log,
  parser: SqlParser,
  masking: MaskingChoice,
): Promise<GovernedConnection> {
  try {
    return await GovernedConnection.open(settings, log, parser, masking);
  } catch (error) {
    const message = error instanceof Error && error.message !== '' ? error.message : String(error);
    throw new PortcullisError('UPSTREAM_UNAVAILABLE', { name: settings.name, message }, { cause: error });
  }
}

/**
 * A key that is made once and kept in the data folder, readable by its owner only: the salt of the commitments to statement
 * texts, and what tokens are made with, so that they stay the same from run to run.
 */
function readKey(dataDirectory: string, name: string): Buffer {
  const path = join(dataDirectory, name);
  if (!existsSync(path)) {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(path, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' });
  }
  const key = readFileSync(path);
  if (key.length === keyBytes) return key;
  throw new Error(
    `${path} is not a key of ${keyBytes} bytes: put the right one back, or remove it to have a new one`,
  );
}
