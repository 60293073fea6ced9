/** The proxy process: settings in, parts built, port open. Used by `portcullis up` and by the extension. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from './audit/journal.ts';
import { type LocalAccount, LocalAccounts } from './identity/localAccounts.ts';
import { PortcullisError } from './kit/errors.ts';
import type { Log } from './kit/log.ts';
import { loadPolicy } from './policy/policyEngine.ts';
import { type ConnectionSettings, GovernedConnection } from './session/governedConnection.ts';
import { Listener } from './session/listener.ts';
import { makeLocalCertificate } from './session/localCertificate.ts';
import { loadAnalyser } from './sql/analyser.ts';

export interface ProxySettings {
  /** Folder for journal and keys; made where it is missing. */
  readonly dataDirectory: string;
  /** Folder with `.cedar` files; the default pack where absent. */
  readonly policyDirectory?: string | undefined;
  readonly connections: readonly ConnectionSettings[];
  readonly accounts: readonly LocalAccount[];
  /** 0 takes a free port. */
  readonly port: number;
  readonly log: Log;
  /** Told in words what is being done. */
  readonly onProgress?: (step: string) => void;
}

export interface RunningProxy {
  readonly port: number;
  /** Closes sessions, then the journal. Safe to call twice. */
  stop(): Promise<void>;
}

/** Builds all parts and listens. Rejects, with nothing left open, where any part is not right. */
export async function startProxy(settings: ProxySettings): Promise<RunningProxy> {
  const { log, onProgress = () => undefined } = settings;
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    onProgress('reading the policy');
    const policy = await loadPolicy({ directory: settings.policyDirectory });
    const analyser = await loadAnalyser();
    closers.push(() => analyser.close());
    const journal = await openJournal(join(settings.dataDirectory, 'journal'), {
      onFault: (error) =>
        log.error('the journal cannot be written; statements are refused until it can', error),
      onResume: () => log.info('the journal can be written again'),
    });
    closers.push(() => journal.close());
    const connections = new Map<string, GovernedConnection>();
    for (const connection of settings.connections) {
      onProgress(`reading what ${connection.name} holds and which of its columns are personal or secret`);
      const governed = await openConnection(connection, log);
      connections.set(connection.name, governed);
      closers.push(() => governed.close());
    }
    const key = readCommitmentKey(settings.dataDirectory);
    const listener = new Listener({
      policy,
      analyser,
      journal,
      connections,
      accounts: new LocalAccounts(settings.accounts),
      certificate: await makeLocalCertificate(),
      commit: (text) => createHmac('sha256', key).update(text, 'utf8').digest('hex'),
      log,
    });
    const port = await listener.listen(settings.port);
    closers.push(() => listener.stop());
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openConnection(settings: ConnectionSettings, log: Log): Promise<GovernedConnection> {
  try {
    return await GovernedConnection.open(settings, log);
  } catch (error) {
    const message = error instanceof Error && error.message !== '' ? error.message : String(error);
    throw new PortcullisError('UPSTREAM_UNAVAILABLE', { name: settings.name, message }, { cause: error });
  }
}

/** The salt of the commitments to statement texts: kept with the journal, readable by its owner only. */
function readCommitmentKey(dataDirectory: string): Buffer {
  const path = join(dataDirectory, 'commitment.key');
  if (existsSync(path)) return readFileSync(path);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const key = randomBytes(32);
  writeFileSync(path, key, { mode: 0o600, flag: 'wx' });
  return key;
}
