/**
 * A file with one CloudEvent a line, appended and synced to disk before a batch counts as taken. Opened anew for each
 * batch, so that whatever rotates logs may rename it at any time; nothing has to be told to the collector.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { wordsOf } from './httpDelivery.ts';
import type { JsonLinesTarget, Sink } from './sink.ts';

export function openJsonLines({ path }: JsonLinesTarget): Sink {
  return {
    deliver: async (items) => {
      try {
        await append(path, items.map(({ text }) => `${text}\n`).join(''));
        return { kind: 'taken' };
      } catch (error) {
        return { kind: 'later', reason: `the file cannot be written: ${wordsOf(error)}`, isAway: true };
      }
    },
    close: async () => undefined,
  };
}

async function append(path: string, lines: string): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    // Half a line is what a crash leaves. It stays as it is, and is no line of ours: the whole one follows.
    const isTorn = size > 0 && !(await endsLine(file, size));
    await file.appendFile(isTorn ? `\n${lines}` : lines);
    await file.sync();
    if (size === 0) await syncFolder(dirname(path));
  } finally {
    await file.close();
  }
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

/** A new file is there after a power cut only once its folder has been synced; not everywhere can that be asked for. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows does not open folders, and keeps such entries by itself.
  }
}
