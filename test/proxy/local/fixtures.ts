/** Folders, child processes and a look at the process table for the tests of the embedded PostgreSQL. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

/** A fresh folder that every user may pass through. */
export function makeOpenFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-local-test-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Runs one statement on a connection of its own. */
export async function ask(url: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

/** Command lines of all living processes that name `text` (Linux: zombies have none). */
export function findProcesses(text: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (command.includes(text)) found.push(`${name} ${command}`);
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

/** Waits until `isTrue` says so, at most 15 s. */
export async function waitUntil(isTrue: () => boolean): Promise<void> {
  for (let waited = 0; waited < 15_000 && !isTrue(); waited += 50) await sleep(50);
}

export interface StartedChild {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  /** Of the server that the child started. */
  readonly pid: number;
  readonly url: string;
}

/** A Node process of its own that has started PostgreSQL over `dataDir`. `more` goes to it as arguments. */
export async function startChild(dataDir: string, ...more: string[]): Promise<StartedChild> {
  const path = fileURLToPath(new URL('./startingChild.ts', import.meta.url));
  const args = ['--import', 'tsx', path, dataDir, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the child ended before its server was up'))),
  ])) as [string];
  const { pid, url } = JSON.parse(line) as { pid: number; url: string };
  return { process: child, pid, url };
}

/** Ends a child with a signal and waits until it is gone. */
export async function killChild(child: StartedChild['process'], signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}
