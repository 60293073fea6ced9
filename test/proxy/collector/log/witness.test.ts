/** Witnesses of the log: a process of their own, and what it takes to deceive them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findCosignatures } from '../../../../proxy/audit/log/cosignature.ts';
import { parseNoteKey } from '../../../../proxy/audit/log/signedNote.ts';
import type { RunningCollector } from '../../../../proxy/collector/collector.ts';
import type { Witness } from '../../../../proxy/collector/witness.ts';
import { type Harness, intent, runSql, startHarness } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import { readLog } from './tileReader.ts';

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

async function startWitness(logKey: string): Promise<Witness> {
  const program = join(import.meta.dirname, 'witnessProcess.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, logKey, 'witness.test/one'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { url, key } = JSON.parse(String(line)) as { url: string; key: string };
  return { url, key: parseNoteKey(key) };
}

async function start(): Promise<Harness> {
  const harness = await startHarness();
  onTestFinished(() => harness.stop());
  return harness;
}

async function keyOf({ call }: Harness): Promise<string> {
  return (await call(people.dev, 'GET', '/v1/log/keys')).body.keys[0].key;
}

async function send(harness: Harness, from: number, count: number, proxy = 'p'): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => intent(people.dev, from + i));
  const { status } = await harness.call(people.dev, 'POST', '/v1/events', { proxy, events });
  expect(status).toBe(200);
}

/** One token: every new one is a sign-in, which is itself an entry of the log. */
const tokens = new WeakMap<Harness, Promise<string>>();
function auditorToken(harness: Harness): Promise<string> {
  const token = tokens.get(harness) ?? harness.issuer.token(people.auditor);
  tokens.set(harness, token);
  return token;
}

/** How many entries the log has that no proxy has sent: the policy, the sign-ins (the auditor's is the last). */
async function ownEntries(harness: Harness): Promise<number> {
  await checkpoint(harness, harness.collector);
  // The checkpoint may be an older one that is cosigned.
  const [row] = await runSql<{ size: string }>(harness.postgres.url(), 'SELECT size FROM portcullis.log');
  return Number(row?.size);
}

async function checkpoint(harness: Harness, { url }: RunningCollector): Promise<string> {
  const authorization = `Bearer ${await auditorToken(harness)}`;
  return (await fetch(`${url}/checkpoint`, { headers: { authorization } })).text();
}

/** The first checkpoint of at least this size that the witness has cosigned. */
async function cosigned(harness: Harness, collector: RunningCollector, witness: Witness, size: number) {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
    const note = await checkpoint(harness, collector);
    const found = findCosignatures(note, [witness.key]);
    if (Number(note.split('\n')[1]) >= size && found.length > 0) return { note, found };
  }
  throw new Error(`no cosigned checkpoint of ${size} in 10 s: ${harness.logged.slice(-5).join('')}`);
}

async function logged(harness: Harness, part: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(20)) {
    if (harness.logged.some((line) => line.includes(part))) return;
  }
  throw new Error(`never logged: ${part}; but ${harness.logged.slice(-5).join('')}`);
}

describe('a witness', () => {
  it('cosigns the log as it grows, at several collectors, and the checkpoint carries that', async () => {
    const harness = await start();
    const key = await keyOf(harness);
    const witness = await startWitness(key);
    const collectors = await Promise.all(
      [1, 2].map(() => harness.startAnother({ witnesses: [witness], witnessMs: 30 })),
    );
    onTestFinished(async () => void (await Promise.all(collectors.map((one) => one.stop()))));
    const own = await ownEntries(harness);
    const [one, two] = collectors as [RunningCollector, RunningCollector];
    for (const [from, size] of [
      [1, 1],
      [2, 7],
      [8, 300],
      [301, 301],
    ] as const) {
      await send(harness, from, size - from + 1);
      const { note, found } = await cosigned(harness, size % 2 === 0 ? one : two, witness, own + size);
      expect(found.length).toBe(1);
      expect(Math.abs((found[0]?.time ?? 0) - Date.now() / 1000)).toBeLessThan(120);
      expect(note.split('\n')[1]).toBe(String(own + size));
    }
    // The one that has no witness itself shows what the others were given.
    await cosigned(harness, harness.collector, witness, own + 301);
    const token = await auditorToken(harness);
    expect((await readLog({ prefix: one.url, token, key })).size).toBe(own + 301);
    expect((await harness.callAt(one.url, people.dev, 'GET', '/v1/log/keys')).body.witnesses.length).toBe(1);
    expect(harness.logged.filter((line) => line.includes('does not cosign'))).toEqual([]);
  });

  it('does not cosign a log that was changed, and the collector says why', async () => {
    const harness = await start();
    const witness = await startWitness(await keyOf(harness));
    const settings = { witnesses: [witness], witnessMs: 30 };
    const first = await harness.startAnother(settings);
    const own = await ownEntries(harness);
    await send(harness, 1, 5);
    await cosigned(harness, first, witness, own + 5);
    await first.stop();
    // Whoever holds store and key writes the log anew, with one event changed.
    await runSql(
      harness.postgres.url(),
      `UPDATE portcullis.log SET size = 0, peaks = '';
       TRUNCATE portcullis.log_leaves, portcullis.log_nodes, portcullis.log_checkpoints, portcullis.events,
         portcullis.proxies`,
    );
    await send(harness, 1, 4);
    const shorter = await harness.startAnother(settings);
    await logged(harness, `has seen a log of ${own + 5} entries, and the store has 4`);
    await send(harness, 1, own + 4, 'other');
    await logged(harness, 'not the beginning of this log (422): the log was changed');
    expect(findCosignatures(await checkpoint(harness, shorter), [witness.key])).toEqual([]);
    await shorter.stop();
  });

  it('that is away, is another, or knows another log, keeps nobody from working', async () => {
    const harness = await start();
    const key = await keyOf(harness);
    const real = await startWitness(key);
    const stranger = await startWitness(key.replace(/^[^+]+/, 'elsewhere.test'));
    const witnesses = [
      { ...real, url: 'http://127.0.0.1:9/prefix' },
      stranger,
      { url: real.url, key: stranger.key },
    ];
    const collector = await harness.startAnother({ witnesses, witnessMs: 30 });
    const own = await ownEntries(harness);
    await send(harness, 1, 2);
    await logged(harness, 'it cannot be asked');
    await logged(harness, 'it does not know this log (404)');
    await logged(harness, 'not a cosignature by the key');
    expect((await checkpoint(harness, collector)).split('\n')[1]).toBe(String(own + 2));
    // Once, not at every attempt.
    await sleep(200);
    expect(harness.logged.filter((line) => line.includes('it does not know this log')).length).toBe(1);
    await collector.stop();
  });
});
