/** Stops a PostgreSQL server that a crashed run left over a database folder, so that the next run can have it. */
import { readFileSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../kit/log.ts';
import { askPs } from '../../kit/processes.ts';
import type { ServerAccount } from './serverAccount.ts';

/** What postmaster.pid says: line 1 is the pid, line 8 the state (PostgreSQL source, miscadmin.h, LOCK_FILE_LINE_*). */
export interface PostmasterFile {
  readonly pid: number;
  readonly isReady: boolean;
}

/** Reads postmaster.pid; undefined where there is none or it is half written. */
export function readPostmasterFile(dataDir: string): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number.parseInt(lines[0] ?? '', 10);
    return pid > 0 ? { pid, isReady: lines[7]?.trim() === 'ready' } : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Ends the server that still runs over `dataDir`, if one does. To be called by the folder's owner only: then nobody who
 * lives can have started it. A pid file that names another process is removed, for PostgreSQL would wait for it forever.
 * @throws Error where the server does not end within half a minute
 */
export async function stopOrphanServer(dataDir: string, account: ServerAccount, log: Log): Promise<void> {
  const left = readPostmasterFile(dataDir);
  if (left === undefined) return;
  if (!isServerOver(left.pid, dataDir, account)) {
    if (isAlive(left.pid)) unlinkSync(join(dataDir, 'postmaster.pid'));
    return; // a dead process's file is PostgreSQL's own to judge: it also looks for living children
  }
  log.info(`stopping PostgreSQL (process ${left.pid}) that an earlier run left over ${dataDir}`);
  // PostgreSQL manual 18.5: SIGINT is a fast shutdown, SIGQUIT an immediate one.
  for (const [signal, seconds] of [
    ['SIGINT', 20],
    ['SIGQUIT', 5],
    ['SIGKILL', 5],
  ] as const) {
    sendSignal(left.pid, signal);
    for (let waited = 0; waited < seconds * 20; waited += 1) {
      if (!isServerOver(left.pid, dataDir, account)) return;
      await sleep(50);
    }
  }
  throw new Error(
    `PostgreSQL (process ${left.pid}) from an earlier run still holds ${dataDir} and does not end. ` +
      'Stop that process, then start again.',
  );
}

/** Whether the process is `postgres -D dataDir` of that account: a pid file outlives its process, and pids are reused. */
function isServerOver(pid: number, dataDir: string, account: ServerAccount): boolean {
  if (process.platform !== 'linux') {
    return (
      askPs(pid, 'uid=') === String(account.uid) && (askPs(pid, 'command=') ?? '').includes(`-D ${dataDir} `)
    );
  }
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const named = args[args.indexOf('-D') + 1] === dataDir && /(^|\/)postgres$/.test(args[0] ?? '');
    return named && statSync(`/proc/${pid}`).uid === account.uid;
  } catch {
    return false; // it ended; a zombie has an empty command line
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function sendSignal(pid: number, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
