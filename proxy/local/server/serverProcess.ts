/** One run of the `postgres` program over a database folder: start it, wait until it takes connections, stop it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPostmasterFile } from './orphanServer.ts';
import { runningAs, type ServerAccount, serverEnvironment } from './serverAccount.ts';
import { startServerWatchdog } from './serverWatchdog.ts';

/** What a server is started with. */
export interface ServerStart {
  readonly binDir: string;
  readonly dataDir: string;
  readonly account: ServerAccount;
  readonly port: number;
  /** Settings as `-c name=value`; they win over postgresql.conf and ALTER SYSTEM. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A server that takes connections. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything committed is on disk. */
  stop(): Promise<void>;
}

/** Name of the server's log in its folder. */
export const serverLogName = 'server.log';

const largestLog = 8 * 1024 * 1024;
const longestStart = 120_000; // milliseconds; recovery after a power cut replays the log first

/**
 * Starts the server and waits until it takes connections, guarded by a watchdog.
 * @throws ServerStartError with what the server wrote to its log
 */
export async function startServerProcess(start: ServerStart): Promise<ServerProcess> {
  const log = join(start.dataDir, serverLogName);
  const logStart = prepareLog(log);
  const watchdog = startServerWatchdog(start.dataDir, start.account);
  const child = spawnServer(start, log);
  const ended = new Promise<void>((settle) => {
    child.once('exit', () => settle());
    child.once('error', () => settle());
  });
  const everythingEnded = ended.then(() => watchdog.dismiss());
  if (child.pid === undefined) {
    await everythingEnded;
    throw new ServerStartError('the program /bin/sh cannot be started');
  }
  watchdog.guard(child.pid);
  child.unref();
  const server = { pid: child.pid, ended: everythingEnded, stop: () => stopServer(child, everythingEnded) };
  if (await isReadyInTime(child, start.dataDir)) return server;
  await server.stop();
  throw new ServerStartError(readLogSince(log, logStart));
}

/** The server did not come up; `log` is what it wrote. */
export class ServerStartError extends Error {
  readonly log: string;

  constructor(log: string) {
    super(log.trim() || 'PostgreSQL ended without a word');
    this.name = 'ServerStartError';
    this.log = log;
  }
}

function spawnServer(start: ServerStart, log: string): ChildProcess {
  const settings = Object.entries(start.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = [join(start.binDir, 'postgres'), '-D', start.dataDir, '-p', String(start.port), ...settings];
  // The shell opens the log with the server's own rights: as root we would follow whatever link lies in its folder.
  return spawn('/bin/sh', ['-c', 'umask 077; exec "$@" >>"$0" 2>&1', log, ...server], {
    ...runningAs(start.account),
    cwd: '/',
    detached: true, // its own process group: Ctrl-C in the terminal is for us, and we stop the server in order
    env: serverEnvironment,
    stdio: 'ignore',
  });
}

async function isReadyInTime(child: ChildProcess, dataDir: string): Promise<boolean> {
  const deadline = Date.now() + longestStart;
  while (Date.now() < deadline && isRunning(child)) {
    const file = readPostmasterFile(dataDir);
    if (file?.pid === child.pid && file?.isReady) return true;
    await sleep(10);
  }
  return false;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function stopServer(child: ChildProcess, everythingEnded: Promise<void>): Promise<void> {
  child.ref();
  // PostgreSQL manual 18.5: SIGINT is a fast shutdown, SIGQUIT an immediate one.
  const signals = [
    ['SIGINT', 0],
    ['SIGQUIT', 20_000],
    ['SIGKILL', 25_000],
  ] as const;
  const timers = signals.map(([signal, after]) => setTimeout(() => child.kill(signal), after));
  await everythingEnded;
  for (const timer of timers) clearTimeout(timer);
}

/** Puts a log that has grown large aside, and tells where in it this run begins. */
function prepareLog(log: string): number {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= largestLog) return size;
  renameSync(log, `${log}.old`);
  return 0;
}

function readLogSince(log: string, start: number): string {
  try {
    const file = openSync(log, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const bytes = Buffer.alloc(Math.min(Math.max(fstatSync(file).size - start, 0), 4096));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start)).toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return `its log ${log} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
