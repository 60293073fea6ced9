/** The promise that a collector killed while it hands events on leaves none of them out. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import type { CloudEvent } from '../../../../proxy/audit/ocsf/cloudEvents.ts';
import { startHarness } from '../collectorHarness.ts';
import { startHttpReceiver } from './receivers.ts';
import { eventsOf, idsOf, record, statements, stateOf, until } from './sinkHarness.ts';

const kills = 6;
const perKill = 60;

it(`none of what is recorded is missing at a receiver or in a file after ${kills} kills`, async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const harness = await startHarness({ signingKeys: [privateKey] });
  onTestFinished(() => harness.stop());
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-killed-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'events.jsonl');
  const receiver = await startHttpReceiver();
  const startChild = () => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        fileURLToPath(new URL('./sinkingChild.ts', import.meta.url)),
        harness.postgres.url(),
        harness.issuer.url,
        privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        receiver.url,
        path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };

  // Killed while a request is on its way, or right after it was answered, which nobody then notes.
  for (let i = 0; i < kills; i += 1) {
    await record(harness, 'killed', statements(1 + 2 * perKill * i, perKill));
    const child = startChild();
    let toCome = 1 + (i % 4);
    receiver.answer = () => {
      toCome -= 1;
      if (toCome > 0) return { status: 204 };
      child.kill('SIGKILL');
      return i % 2 === 0 ? 'hang' : { status: 204 };
    };
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  receiver.answer = () => ({ status: 204 });
  const last = startChild();
  const [line] = (await once(last.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  for (const name of ['killed', 'written']) {
    await until(async () => (await stateOf(harness, name, url))?.waiting === 0, 60_000);
  }

  const all = Array.from({ length: kills * perKill }, (_, i) => `killed#${1 + 2 * i}`);
  const own = (ids: readonly string[]) => ids.filter((id) => id.startsWith('killed#'));
  const taken = own(idsOf(eventsOf(receiver.taken)));
  expect([...new Set(taken)].sort()).toEqual([...all].sort());
  // Each kill sends a batch again at most.
  expect(taken.length - all.length).toBeLessThanOrEqual(kills * 7);
  const whole = readFileSync(path, 'utf8')
    .split('\n')
    .filter((text) => text.endsWith('}'))
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as CloudEvent];
      } catch {
        return []; // torn by a kill; the whole line follows
      }
    });
  expect([...new Set(own(idsOf(whole)))].sort()).toEqual([...all].sort());
}, 300_000);
