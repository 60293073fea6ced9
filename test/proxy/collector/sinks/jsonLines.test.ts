/** Promises about files of JSON lines: appended, whole, and free to be rotated. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { CloudEvent } from '../../../../proxy/audit/ocsf/cloudEvents.ts';
import { type Harness, startHarness } from '../collectorHarness.ts';
import { idsOf, quick, record, sink, statements, stateOf, until } from './sinkHarness.ts';

let harness: Harness;
const folder = mkdtempSync(join(tmpdir(), 'portcullis-lines-'));
beforeAll(async () => {
  harness = await startHarness({ sinkTimes: quick });
});
afterAll(async () => {
  await harness?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function startSink(name: string, path: string): Promise<string> {
  const settings = sink(name, { kind: 'jsonLines', path }, { start: 'now' });
  const { url, stop } = await harness.startAnother({ sinks: [settings] });
  onTestFinished(stop);
  await until(async () => (await stateOf(harness, name, url)) !== undefined);
  return url;
}

function idsIn(path: string, proxy: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return idsOf(lines.map((line) => JSON.parse(line) as CloudEvent)).filter((id) =>
    id.startsWith(`${proxy}#`),
  );
}

it('appends whole lines, begins a new file after a rotation, and leaves a torn line behind', async () => {
  const path = join(folder, 'events.jsonl');
  const url = await startSink('lines', path);
  const send = async (first: number) => {
    await record(harness, 'lines', statements(first, 12));
    await until(async () => (await stateOf(harness, 'lines', url)).waiting === 0);
  };
  await send(1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  renameSync(path, `${path}.1`);
  await send(25);
  const ids = [...idsIn(`${path}.1`, 'lines'), ...idsIn(path, 'lines')];
  expect(ids).toEqual(Array.from({ length: 24 }, (_, i) => `lines#${1 + 2 * i}`));
  // What a crash leaves.
  appendFileSync(path, '{"specversion":"1.0","id":');
  await send(49);
  const lines = readFileSync(path, 'utf8').split('\n');
  const torn = lines.filter((line) => line.startsWith('{"specversion":"1.0","id":') && !line.endsWith('}'));
  expect(torn).toEqual(['{"specversion":"1.0","id":']);
  expect(lines.filter((line) => line.includes('/proxies/lines"'))).toHaveLength(24);
});

it('waits until the file can be written', async () => {
  const inner = join(folder, 'inner');
  const path = join(inner, 'events.jsonl');
  const url = await startSink('waits', path);
  await record(harness, 'waits', statements(1, 2));
  await until(async () => (await stateOf(harness, 'waits', url)).problem?.includes('cannot be written'));
  expect(await stateOf(harness, 'waits', url)).toMatchObject({ sent: 0, failed: 0 });
  mkdirSync(inner);
  chmodSync(inner, 0o700);
  await until(async () => (await stateOf(harness, 'waits', url)).waiting === 0);
  expect(idsIn(path, 'waits')).toEqual(['waits#1', 'waits#3']);
});
