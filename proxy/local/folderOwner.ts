/** One Portcullis process per database folder: a file beside the folder names who holds it, and a crash leaves it harmless. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';

/** A held database folder. */
export interface FolderOwnership {
  /** Gives the folder free. Safe to call again. */
  release(): void;
}

/**
 * Takes the folder for this process. What a dead process held is taken over.
 * @throws Error where a living process holds it
 */
export function takeFolder(dataDir: string): FolderOwnership {
  const path = `${dataDir}.owner`;
  const text = `${process.pid} ${readProcessStart(process.pid) ?? ''}\n`;
  // Made complete under a name of its own, then linked: nobody ever reads half of it.
  const own = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, text, { flag: 'wx', mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (tryLink(own, path)) return { release: () => releaseFolder(path, text) };
      clearStaleOwner(dataDir, path, `${own}.stale`);
    }
  } finally {
    unlinkSync(own);
  }
  throw new Error(`The database folder ${dataDir} is being taken by several processes at once. Start again.`);
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

function releaseFolder(path: string, text: string): void {
  if (readIfThere(path) === text) unlinkSync(path);
}

/** Renaming first makes sure that of several takers only one removes, and removes what it judged. */
function clearStaleOwner(dataDir: string, path: string, aside: string): void {
  const text = readIfThere(path);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const startedAt = Number.isInteger(pid) ? readProcessStart(pid) : undefined;
  if (startedAt !== undefined && text === `${pid} ${startedAt}\n`) {
    const holder = pid === process.pid ? 'this process' : `process ${pid}`;
    throw new Error(
      `The database folder ${dataDir} is in use by ${holder}. ` +
        'Stop that Portcullis first, or choose another folder with --data.',
    );
  }
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Between reading and renaming, another taker may have put its own file there: give it back.
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

/** When a process started, in its system's words (a pid may be given to another process); undefined where none lives. */
function readProcessStart(pid: number): string | undefined {
  if (process.platform !== 'linux') return askPs(pid, 'lstart=');
  try {
    // proc(5): after the name in parentheses, field 3 is the state, field 22 the start in clock ticks since boot.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${fields[19] ?? ''} ${boot}`;
  } catch {
    return undefined;
  }
}

/** One field of a process as ps prints it, or undefined where there is no such process. */
export function askPs(pid: number, field: string): string | undefined {
  try {
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
    const args = ['-ww', '-o', field, '-p', String(pid)];
    const output = execFileSync('ps', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
    return output.trim() || undefined;
  } catch {
    return undefined; // ps exits 1 for a pid that is not there
  }
}
