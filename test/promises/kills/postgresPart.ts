/** A PostgreSQL server that is killed as a whole: the postmaster and its children at one moment, as by a machine out of memory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../../proxy/kit/log.ts';
import { startEmbeddedPostgres } from '../../../proxy/local/server/embeddedPostgres.ts';
import { readPostmasterFile } from '../../../proxy/local/server/orphanServer.ts';
import { preparePostgresBinaries } from '../../../proxy/local/server/postgresBinaries.ts';
import {
  chooseServerAccount,
  runningAs,
  serverEnvironment,
} from '../../../proxy/local/server/serverAccount.ts';
import { Part, type PartKind } from './part.ts';

export interface PostgresPart {
  readonly part: Part;
  url(database?: string): string;
  /** Everything that the server has logged, over all its runs. */
  log(): string;
}

/** Makes the server, runs `setup` once, and starts it as a part. */
export async function startPostgresPart(options: {
  readonly kind: PartKind;
  readonly folder: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly setup: (url: (database?: string) => string) => Promise<void>;
}): Promise<PostgresPart> {
  const { kind, folder, password } = options;
  const dataDir = join(folder, kind);
  const log = createLog('error');
  const first = await startEmbeddedPostgres({ dataDir, password, version: 18, log });
  const { port } = first;
  const url = (database = 'postgres') => first.url(database);
  try {
    await options.setup(url);
  } finally {
    await first.stop();
  }
  const account = chooseServerAccount(dataDir);
  const { binDir } = await preparePostgresBinaries(account, log);
  const logFile = join(folder, `${kind}.log`);
  const kept = join(folder, `${kind}.all.log`);
  appendFileSync(kept, '');
  const settings = { ...ownSettings, ...options.settings };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = () => {
    const output = openSync(logFile, 'a');
    const child = spawn(join(binDir, 'postgres'), ['-D', dataDir, '-p', String(port), ...args], {
      ...runningAs(account),
      cwd: '/',
      env: serverEnvironment,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    return { child, ready: untilReady(child, dataDir) };
  };
  const takeLog = () => {
    appendFileSync(kept, readFileSync(logFile));
    truncateSync(logFile);
  };
  const part = new Part({ name: kind, kind, start, kill: killWithChildren, onEnd: takeLog });
  return { part, url, log: () => readFileSync(kept, 'utf8') + readFileSync(logFile, 'utf8') };
}

const ownSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '32MB',
};

async function untilReady(child: ChildProcess, dataDir: string): Promise<void> {
  for (;;) {
    const file = readPostmasterFile(dataDir);
    if (file?.pid === child.pid && file?.isReady) return;
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended');
    await sleep(10);
  }
}

/** The postmaster is stopped first, so that no child begins while the others are looked for (proc(5), task/TID/children). */
function killWithChildren({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  signal(pid, 'SIGSTOP');
  for (const child of childrenOf(pid)) signal(child, 'SIGKILL');
  signal(pid, 'SIGKILL');
}

function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  } catch {
    return []; // it has ended
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
