/** `portcullis up --sinks FILE` hands on what is recorded, from the collector that it brings along, to a real receiver. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { CloudEvent } from '../../proxy/audit/ocsf/cloudEvents.ts';
import { startUp, type UpProcess } from '../kit/upProcess.ts';
import { HttpReceiver, verifyWebhook } from '../proxy/collector/sinks/receivers.ts';
import { eventsOf, idsOf, secretText, until } from '../proxy/collector/sinks/sinkHarness.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const receiver = new HttpReceiver();
let folder: string;
let data: string;
let up: UpProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-up-sinks-'));
  // Beside it, for where PostgreSQL runs as another user.
  data = mkdtempSync(join(tmpdir(), 'portcullis-up-data-'));
  await receiver.start();
});
afterAll(async () => {
  await up?.end('SIGTERM');
  await receiver.stop();
  for (const path of [folder, data]) rmSync(path, { recursive: true, force: true });
});

function writeSinks(text: string): string {
  const path = join(folder, 'sinks.yaml');
  writeFileSync(path, text);
  // As a person gives it: from where the command is called.
  return relative(process.cwd(), path);
}

const start = (sinks: string) =>
  startUp(['--sinks', sinks, '--data', data], {
    SINK_SECRET: secretText,
    XDG_RUNTIME_DIR: folder,
  });

async function run(text: string): Promise<void> {
  const client = new Client(up?.answer.connections[0]?.url);
  await client.connect();
  await client.query(text);
  await client.end();
}

const got = (text: string) => JSON.stringify(eventsOf(receiver.taken)).includes(text);
const inFile = (): CloudEvent[] =>
  readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

it('a file of sinks that cannot be used ends it with words, before anything is started', async () => {
  const sinks = writeSinks('sinks:\n  - {name: siem, kind: webhook, url: "http://example.com/"}\n');
  await expect(start(sinks)).rejects.toThrow(/sinks\.yaml/);
  expect([readdirSync(folder), readdirSync(data)]).toEqual([['sinks.yaml'], []]);
});

it('what is recorded reaches all of them, signed, and over restarts nothing is left out or doubled', async () => {
  const sinks = writeSinks(`sinks:
  - {name: siem, kind: webhook, url: "${receiver.url}", secret: {env: SINK_SECRET}, start: beginning}
  - {name: file, kind: jsonLines, path: "${join(folder, 'events.jsonl')}", start: beginning}
`);
  up = await start(sinks);
  await run('SELECT 1 AS handed_on');
  await until(() => got('AS handed_on'), 60_000);
  for (const received of receiver.taken) verifyWebhook(received, secretText);

  // Away for a while: what is recorded meanwhile waits in the store, over the end of everything too.
  await receiver.stop();
  await run('SELECT 2 AS while_away');
  await up.end('SIGTERM');
  await receiver.start();
  up = await start(sinks);
  await until(() => got('AS while_away'), 60_000);
  const ids = idsOf(eventsOf(receiver.taken));
  expect(new Set(ids).size).toBe(ids.length);

  // The same for an admin to see, and in the other sink.
  const [, , admin] = up.answer.identities;
  const states = async () => {
    const response = await fetch(`${up?.answer.collector}/v1/sinks`, {
      headers: { authorization: `Bearer ${admin?.token}` },
    });
    return ((await response.json()) as { items: { name: string; kind: string; waiting: number }[] }).items;
  };
  await until(async () => (await states()).every(({ waiting }) => waiting === 0), 60_000);
  expect(await states()).toMatchObject([
    { name: 'siem', kind: 'webhook', failed: 0, gone: 0 },
    { name: 'file', kind: 'jsonLines', failed: 0, gone: 0 },
  ]);
  const written = idsOf(inFile());
  expect(new Set(written)).toEqual(new Set(idsOf(eventsOf(receiver.taken))));
});
