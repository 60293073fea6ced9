/** What the journal's tests share: folders that are removed, believable events, and reading everything back. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import type { Journal, JournalOptions } from '../../../proxy/audit/journal/journal.ts';
import { openJournal } from '../../../proxy/audit/journal/openJournal.ts';
import { readJournal } from '../../../proxy/audit/journal/readJournal.ts';
import { type JournalDisk, realDisk } from '../../../proxy/audit/journal/segmentFile.ts';

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens a journal that is closed when the test ends. */
export async function open(folder: string, options: JournalOptions = {}): Promise<Journal> {
  const journal = await openJournal(folder, options);
  onTestFinished(() => journal.close().catch(() => undefined));
  return journal;
}

export async function readAll(folder: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const event of readJournal(folder)) events.push(event);
  return events;
}

/** Names of the segments, in order. */
export function segmentsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

/** The bytes of all segments, in order. */
export function bytesOf(folder: string): string {
  return segmentsOf(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

/** A repeatable random source (mulberry32): a failing property names its seed. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The real disk, with its calls counted. */
export function makeCountingDisk(): JournalDisk & { writes: number; syncs: number } {
  return {
    writes: 0,
    syncs: 0,
    write(fd, bytes, from, length, position) {
      this.writes += 1;
      return realDisk.write(fd, bytes, from, length, position);
    },
    sync(fd) {
      this.syncs += 1;
      return realDisk.sync(fd);
    },
    syncNow: realDisk.syncNow,
    truncate: realDisk.truncate,
  };
}

/** Starts one of the programs beside this file with the given arguments. */
export function startChild(
  program: string,
  ...args: readonly string[]
): ChildProcessByStdio<null, Readable, Readable> {
  const path = fileURLToPath(new URL(`./${program}`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Everything the child prints until it ends. */
export async function collect(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(child, 'close');
  return text;
}
