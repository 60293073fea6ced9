/** What this machine keeps of the logs of its collectors: the last checkpoint of each, so that none can go back behind it. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readUnverifiedCheckpoint } from './log/checkpoint.ts';
import { parseNoteKey } from './log/signedNote.ts';

export interface KeptLog {
  /** A signed note: as large as any that was seen. */
  readonly checkpoint: string;
  /** Those that are believed, `name+id+key`. */
  readonly keys: readonly string[];
}

export function collectorLogPath(dataDirectory: string): string {
  return join(dataDirectory, 'collectorLog.json');
}

/** @returns undefined where nothing was kept of the collector at `url` @throws Error where the file cannot be read */
export function readKeptLog(dataDirectory: string, url: string): KeptLog | undefined {
  return readAll(dataDirectory)[url];
}

/** On disk when it resolves. One process has the data directory; make one call at a time. */
export async function keepLog(dataDirectory: string, url: string, kept: KeptLog): Promise<void> {
  const path = collectorLogPath(dataDirectory);
  mkdirSync(dirname(path), { recursive: true });
  const text = JSON.stringify({ ...readAll(dataDirectory), [url]: kept }, undefined, 2);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  renameSync(`${path}.new`, path);
}

function readAll(dataDirectory: string): Readonly<Record<string, KeptLog>> {
  const path = collectorLogPath(dataDirectory);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  const value = parse(text);
  if (value !== undefined) return value;
  throw new Error(
    `${path} cannot be read, so whether the collector's log was changed cannot be told. Put it back as it was`,
  );
}

function parse(text: string): Readonly<Record<string, KeptLog>> | undefined {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, KeptLog>>;
    for (const { checkpoint, keys } of Object.values(value)) {
      readUnverifiedCheckpoint(checkpoint);
      keys.map(parseNoteKey);
    }
    return value;
  } catch {
    return undefined;
  }
}
