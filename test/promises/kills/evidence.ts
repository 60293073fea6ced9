/** What is held in the end: the collectors' store, the journals on the machines, the log's root, and what `verify` says. */
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { readJournal, seqAfter } from '../../../proxy/audit/journal/readJournal.ts';
import { openCheckpoint } from '../../../proxy/audit/log/checkpoint.ts';
import { logEntry } from '../../../proxy/audit/log/logEntry.ts';
import { leafHash, rootOf } from '../../../proxy/audit/log/merkleTree.ts';
import { parseNoteKey } from '../../../proxy/audit/log/signedNote.ts';
import type { Verification } from '../../../proxy/audit/verify/verdicts.ts';
import type { Held } from './compare.ts';
import type { Ground } from './ground.ts';

const cli = join(import.meta.dirname, '..', '..', '..', 'dist', 'cli.cjs');
/** Several bundles: each has to show where its period begins and ends, and that nothing is missing between them. */
const bundleEvents = 20_000;

interface StoredEvent {
  readonly proxy: string;
  readonly seq: string;
  readonly event: JournalEvent;
  readonly leaf: string;
}

export interface Stored {
  /** By proxy id, in the order of their numbers. */
  readonly proxies: ReadonlyMap<string, readonly JournalEvent[]>;
  /** Hashes of the entries that follow from the events, in the log's order. */
  readonly leaves: readonly Buffer[];
  readonly count: number;
}

/** Past the collectors: everything that their database holds. */
async function readStore({ store }: Ground): Promise<Stored> {
  const client = new Client(store.url('store'));
  await client.connect();
  try {
    const { rows } = await client.query<StoredEvent>(
      `SELECT e.proxy, e.seq, e.event, l.index AS leaf FROM portcullis.events e
       LEFT JOIN portcullis.log_leaves l ON l.proxy = e.proxy AND l.seq = e.seq ORDER BY e.proxy, e.seq`,
    );
    const proxies = new Map<string, JournalEvent[]>();
    const leaves: Buffer[] = [];
    for (const { proxy, event, leaf } of rows) {
      // What the collectors recorded by themselves is no machine's.
      if (!proxy.startsWith('collector:')) {
        const events = proxies.get(proxy) ?? [];
        proxies.set(proxy, events);
        events.push(event);
      }
      const index = Number(leaf);
      if (leaf === null || leaves[index] !== undefined)
        throw new Error(`event ${event.seq} has no leaf of its own`);
      leaves[index] = leafHash(logEntry(proxy, event));
    }
    return { proxies, leaves, count: rows.length };
  } finally {
    await client.end();
  }
}

export interface Machine {
  /** The proxy's id. */
  readonly id: string;
  readonly journal: readonly JournalEvent[];
  readonly commit: Held['commit'];
}

async function readMachine(home: string): Promise<Machine> {
  const journal: JournalEvent[] = [];
  for await (const event of readJournal(join(home, 'journal'))) journal.push(event);
  const key = readFileSync(join(home, 'commitment.key'));
  return {
    id: readFileSync(join(home, 'proxy.id'), 'utf8').trim(),
    journal,
    commit: (text) => createHmac('sha256', key).update(text, 'utf8').digest('hex'),
  };
}

export interface Books {
  readonly stored: Stored;
  readonly machines: readonly Machine[];
}

/** Both ends, once the collectors hold all that the journals do; after a minute as they are then. */
export async function readBooks(ground: Ground): Promise<Books> {
  for (const deadline = Date.now() + 60_000; ; await sleep(500)) {
    const stored = await readStore(ground);
    const machines = await Promise.all(ground.proxies.map(({ home }) => readMachine(home)));
    const isSame = machines.every(({ id, journal }) => stored.proxies.get(id)?.length === journal.length);
    if (isSame || Date.now() > deadline) return { stored, machines };
  }
}

/** What differs between a journal and what the collectors hold of it, and numbers that are missing or there twice. */
export function findDifferences({ journal }: Machine, stored: readonly JournalEvent[]): string[] {
  const problems: string[] = [];
  let expected = 1;
  for (const [index, event] of stored.entries()) {
    if (event.seq !== expected) problems.push(`event ${expected} should stand where ${event.seq} does`);
    expected = seqAfter(event);
    const own = journal[index];
    if (own === undefined || canonicalJson(own) !== canonicalJson(event)) {
      problems.push(`event ${event.seq} is not as the journal has it`);
    }
  }
  if (journal.length > stored.length) problems.push(`${journal.length - stored.length} events are missing`);
  return problems;
}

/** The answer of `GET /v1/log/keys`, as far as it is read here. */
interface LogKeys {
  readonly origin: string;
  readonly keys: readonly { readonly key: string }[];
}

/** Throws where a checkpoint is signed over anything but the events that are held; heartbeats may have come since. */
export async function checkRoot(ground: Ground): Promise<void> {
  for (const { url } of ground.collectors) {
    const { origin, keys } = (await (await ask(ground, `${url}/v1/log/keys`)).json()) as LogKeys;
    const note = await (await ask(ground, `${url}/checkpoint`)).text();
    const { size, root } = openCheckpoint(
      note,
      origin,
      keys.map(({ key }) => parseNoteKey(key)),
    );
    const { leaves, count } = await readStore(ground);
    if (leaves.length !== count || size > count) {
      throw new Error(`${count} events are held, the log has ${leaves.length}, its checkpoint is of ${size}`);
    }
    if (!Buffer.from(root).equals(rootOf(leaves.slice(0, size)))) {
      throw new Error('the root is not that of the events');
    }
  }
}

async function ask(ground: Ground, address: string): Promise<Response> {
  const response = await fetch(address, {
    headers: { authorization: `Bearer ${await ground.adminToken()}` },
  });
  if (!response.ok) throw new Error(`${address}: ${await response.text()}`);
  return response;
}

/** `portcullis verify PATH --json`. */
export async function verify(path: string): Promise<Verification & { readonly ok: boolean }> {
  return JSON.parse(await runCli(['verify', path, '--json']));
}

/**
 * Everything as bundles, one for each period that fits, fetched and then verified by the command line.
 * @param events all that are held
 */
export async function exportBundles(
  ground: Ground,
  stored: Stored,
): Promise<readonly (Verification & { readonly ok: boolean })[]> {
  const times = [...stored.proxies.values()].flat().map(({ at }) => Date.parse(at));
  times.sort((a, b) => a - b);
  const env = { PORTCULLIS_TOKEN: await ground.adminToken() };
  const bundles: (Verification & { readonly ok: boolean })[] = [];
  const step = Math.floor(bundleEvents * 0.9);
  for (let first = 0; first < times.length; first += step) {
    const out = join(ground.folder, `evidence-${bundles.length}.zip`);
    const to = times[first + step];
    const period = [
      ...(first === 0 ? [] : ['--from', new Date(times[first] ?? 0).toISOString()]),
      ...(to === undefined ? [] : ['--to', new Date(to).toISOString()]),
    ];
    const { url } = ground.collectors[bundles.length % ground.collectors.length] ?? { url: '' };
    await runCli(['evidence', '--out', out, '--json', '--collector', url, ...period], env);
    bundles.push(await verify(out));
  }
  return bundles;
}

/** Its standard output, whatever its exit code; rejects where it has none. */
function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 };
    execFile(process.execPath, [cli, ...args], options, (_error, stdout, stderr) => {
      if (stdout !== '') resolve(stdout);
      else reject(new Error(stderr));
    });
  });
}
