/** What one process at a time may hold: a file that names the process which holds it, and outlives a crash harmlessly. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { askPs } from './processes.ts';

interface LockHolder {
  readonly pid: number;
  /** When the process started, as its system says: a pid alone may have been given to another one since. */
  readonly startedAt: string;
  /** Changes with every start of the machine; empty where the system has none. */
  readonly boot: string;
  readonly host: string;
}

/** A held file. */
export interface OwnerFile {
  /** Gives it free. Safe to call again. */
  release(): void;
}

/** Who holds it, in words: `process 42`. */
export class HeldElsewhere extends Error {
  readonly holder: string;

  constructor(path: string, holder: string) {
    super(`${path} is held by ${holder}`);
    this.holder = holder;
  }
}

/**
 * Takes the file for this process. That of a dead process, or from before the machine was restarted, is taken over.
 * @throws HeldElsewhere where a living process holds it, or one on another machine might
 */
export function takeOwnerFile(path: string): OwnerFile {
  const text = `${JSON.stringify(describeSelf())}\n`;
  // A file is made complete under a name of its own, then linked: nobody ever reads half of it.
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, text, { flag: 'wx', mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (tryLink(own, path)) return { release: () => release(path, text) };
      clearStale(path, `${own}.stale`);
    }
  } finally {
    unlinkSync(own);
  }
  throw new HeldElsewhere(path, 'processes that are starting at the same time');
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

function release(path: string, text: string): void {
  if (readIfThere(path) === text) unlinkSync(path);
}

/** Words for whoever holds the file now; undefined where nobody does. Takes nothing. */
export function describeOwner(path: string): string | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : describeLiveHolder(text, basename(path));
}

/** Renaming first makes sure that of several takers only one removes, and removes what it judged. */
function clearStale(path: string, aside: string): void {
  const text = readIfThere(path);
  if (text === undefined) return;
  const holder = describeLiveHolder(text, basename(path));
  if (holder !== undefined) throw new HeldElsewhere(path, holder);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Between reading and renaming, another taker may have put its own there: give it back.
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

/** Words for whoever holds it, or undefined where nobody can. */
function describeLiveHolder(text: string, name: string): string | undefined {
  const holder = parseHolder(text);
  if (holder === undefined)
    return `an unknown process: ${name} cannot be read (remove it when no Portcullis runs)`;
  const self = describeSelf();
  if (holder.boot !== self.boot) {
    if (holder.host === self.host) return undefined;
    return `process ${holder.pid} on the machine ${holder.host} (remove ${name} when it no longer runs)`;
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
  return askPs(pid, 'lstart=') ?? '';
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
