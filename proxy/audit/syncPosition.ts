/** What the synchronisation keeps on disk: the proxy's id for good, and a hint of how far the collector was last time. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './journal/segmentFiles.ts';

/** True of the past only: the collector knows better. It lets the state be told while the collector cannot be asked. */
export interface SyncPosition {
  readonly acknowledged: number;
  /** RFC 3339. */
  readonly lastSentAt?: string;
}

const idName = 'proxy.id';
const positionName = 'sync.json';

/**
 * The id under which the collector keeps this journal's events: random, made once.
 * @throws Error where the file holds something else, or cannot be read or made
 */
export function readProxyId(dataDirectory: string): string {
  const path = join(dataDirectory, idName);
  const found = readIfThere(path) ?? makeProxyId(dataDirectory, path);
  const id = found.trim();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw new Error(
      `${path} does not hold the id of a proxy, so events cannot be sent to the collector. Put the file back as it was, or remove it: then all events are sent again, as those of a new proxy.`,
    );
  }
  return id;
}

export function readSyncPosition(dataDirectory: string): SyncPosition {
  try {
    const value: unknown = JSON.parse(readFileSync(join(dataDirectory, positionName), 'utf8'));
    const { acknowledged, lastSentAt } = value as Readonly<Record<string, unknown>>;
    if (!Number.isSafeInteger(acknowledged) || (acknowledged as number) < 0) return { acknowledged: 0 };
    const sent =
      typeof lastSentAt === 'string' && !Number.isNaN(Date.parse(lastSentAt)) ? lastSentAt : undefined;
    return { acknowledged: acknowledged as number, ...(sent !== undefined && { lastSentAt: sent }) };
  } catch {
    return { acknowledged: 0 }; // only a hint
  }
}

/** Not synced to disk, and failing in silence: it is only a hint. */
export function writeSyncPosition(dataDirectory: string, position: SyncPosition): void {
  const path = join(dataDirectory, positionName);
  try {
    writeNew(`${path}.new`, `${JSON.stringify(position)}\n`, false);
    renameSync(`${path}.new`, path);
  } catch {
    // The next start asks the collector.
  }
}

/** The file appears whole or not at all; of two processes one makes it, and both read that one. */
function makeProxyId(dataDirectory: string, path: string): string {
  const made = `${path}.${randomUUID()}`;
  writeNew(made, `${randomUUID()}\n`, true);
  try {
    linkSync(made, path);
    syncFolder(dataDirectory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made, { force: true });
  }
  return readFileSync(path, 'utf8');
}

function writeNew(path: string, text: string, isDurable: boolean): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    writeSync(fd, text);
    if (isDurable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
