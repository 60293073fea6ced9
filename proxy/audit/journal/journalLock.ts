/** One writer per journal folder: a file that names the process which holds it, and outlives a crash harmlessly. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PortcullisError } from '../../kit/errors.ts';

/** Name of the lock file in the journal folder. */
export const lockName = 'journal.lock';

interface LockHolder {
  readonly pid: number;
  /** When the process started, as its system says: a pid alone may have been given to another one since. */
  readonly startedAt: string;
  /** Changes with every start of the machine; empty where the system has none. */
  readonly boot: string;
  readonly host: string;
}

/** A held lock. */
export interface JournalLock {
  /** Gives the folder free. Safe to call again. */
  release(): void;
}

/**
 * Takes the folder for this process. The lock of a dead process, or from before the machine was restarted, is taken over.
 * @throws PortcullisError JOURNAL_LOCKED where a living process holds it, or one on another machine might
 */
export function takeJournalLock(folder: string): JournalLock {
  const path = join(folder, lockName);
  const text = `${JSON.stringify(describeSelf())}\n`;
  // A file is made complete under a name of its own, then linked: nobody ever reads half a lock.
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, text, { flag: 'wx', mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (tryLink(own, path)) return { release: () => releaseLock(path, text) };
      clearStaleLock(folder, path, `${own}.stale`);
    }
  } finally {
    unlinkSync(own);
  }
  throw new PortcullisError('JOURNAL_LOCKED', {
    folder,
    holder: 'processes that are starting at the same time',
  });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function releaseLock(path: string, text: string): void {
  if (readIfThere(path) === text) unlinkSync(path);
}

/** Words for whoever writes the journal now; undefined where nobody does. Takes nothing. */
export function describeJournalHolder(folder: string): string | undefined {
  const text = readIfThere(join(folder, lockName));
  return text === undefined ? undefined : describeLiveHolder(text);
}

/** Removes a stale lock. Renaming first makes sure that of several takers only one removes, and removes what it judged. */
function clearStaleLock(folder: string, path: string, aside: string): void {
  const text = readIfThere(path);
  if (text === undefined) return;
  const holder = describeLiveHolder(text);
  if (holder !== undefined) throw new PortcullisError('JOURNAL_LOCKED', { folder, holder });
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Between reading and renaming, another taker may have put its own lock there: give it back.
  if (readIfThere(aside) !== text) tryLink(aside, path);
  unlinkSync(aside);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Words for whoever holds the lock, or undefined where nobody can. */
function describeLiveHolder(text: string): string | undefined {
  const holder = parseHolder(text);
  if (holder === undefined)
    return `an unknown process: ${lockName} cannot be read (remove it when no proxy runs)`;
  const self = describeSelf();
  if (holder.boot !== self.boot) {
    if (holder.host === self.host) return undefined;
    return `process ${holder.pid} on the machine ${holder.host} (remove ${lockName} when it no longer runs)`;
  }
  const startedAt = readProcessStart(holder.pid);
  if (startedAt === undefined) return undefined;
  if (startedAt !== '' && holder.startedAt !== '' && startedAt !== holder.startedAt) return undefined;
  return holder.pid === process.pid ? 'this process already' : `process ${holder.pid}`;
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<keyof LockHolder, unknown>>;
    const { pid, startedAt, boot, host } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'string') return undefined;
    if (typeof boot !== 'string' || typeof host !== 'string') return undefined;
    return { pid, startedAt, boot, host };
  } catch {
    return undefined;
  }
}

function describeSelf(): LockHolder {
  const boot =
    process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';
  return { pid: process.pid, startedAt: readProcessStart(process.pid) ?? '', boot, host: hostname() };
}

/** When a process started: undefined where none lives under that pid, empty where the system does not say. */
function readProcessStart(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined; // EPERM: it lives, under another user
  }
  if (process.platform === 'linux') return readLinuxProcessStart(pid);
  if (process.platform === 'win32') return '';
  try {
    // The same words whoever asks: ps would follow the asker's time zone and language.
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).trim();
  } catch {
    return '';
  }
}

/** proc(5), /proc/PID/stat: field 3 is the state, field 22 the start in clock ticks since boot. */
function readLinuxProcessStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '');
  } catch {
    return ''; // hidden from us (hidepid): it lives all the same
  }
}
