/** Promises of evidence bundles of any size: as of one moment, sent as they are made, and never taken for whole where they are not. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { partBytes } from '../../../proxy/audit/evidence/bundle.ts';
import { fetchBundle } from '../../../proxy/audit/evidence/fetchBundle.ts';
import {
  manifestName,
  readUnverifiedManifest,
  signManifest,
} from '../../../proxy/audit/evidence/manifest.ts';
import { readUnverifiedCheckpoint } from '../../../proxy/audit/log/checkpoint.ts';
import type { BundleSource } from '../../../proxy/audit/verify/bundleFile.ts';
import { verifyBundleSource } from '../../../proxy/audit/verify/verifyBundle.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { runCommand, startCommand } from '../local/commandProcess.ts';
import { type Harness, intent, outcome, runSql, startHarness } from './collectorHarness.ts';
import {
  fetchEvidence,
  listMembers,
  makeArchive,
  makeEvents,
  readMembers,
  send,
  sourceOf,
  textOf,
  verdictsOf,
} from './evidenceHarness.ts';
import { people } from './issuer.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const { dev, auditor } = people;
/** More than one bundle could hold when it was made in memory. */
const statements = 10_200;
const signingKey = generateKeyPairSync('ed25519').privateKey;
let harness: Harness;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-large-'));
  harness = await startHarness({ signingKeys: [signingKey] });
  await fill(harness, 'proxy-large', 1, statements);
});
afterAll(async () => {
  await harness?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Statements with their outcomes, numbers from `first` on, in batches. */
async function fill(at: Harness, proxy: string, first: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += 250) {
    const events: JournalEvent[] = [];
    for (let i = done; i < Math.min(count, done + 250); i += 1) {
      const seq = first + 2 * i;
      events.push(intent(dev, seq), outcome(seq + 1, seq));
    }
    const { status, body } = await at.call(dev, 'POST', '/v1/events', { proxy, events });
    if (status !== 200) throw new Error(`not taken: ${JSON.stringify(body)}`);
  }
}

const clientOf = (url: string, timeoutMs = 30_000) =>
  new CollectorClient({ url, token: () => harness.issuer.token(auditor), timeoutMs });

describe('a bundle of more than can be held', () => {
  let bundle: Buffer;
  beforeAll(async () => {
    bundle = await fetchEvidence(harness, auditor);
  });

  it('is whole, in several parts', async () => {
    const verdicts = await verdictsOf(bundle);
    expect(verdicts).toMatchObject({ integrity: [], completeness: [], holds: true });
    expect(verdicts.events).toBeGreaterThan(2 * statements);
    const members = await readMembers(bundle);
    const names = members.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['events.jsonl', 'events-2.jsonl', 'events-3.jsonl']));
    expect(names.at(-1)).toBe(manifestName);
    // The same events in both forms, part by part; outcomes stand with their statements there.
    const ocsf = members.filter(({ name }) => name.endsWith('.ocsf.json'));
    const told = ocsf.flatMap(({ bytes }) => JSON.parse(bytes.toString()) as { data: { status?: string } }[]);
    expect(told.length).toBe(verdicts.events - statements);
    for (const { bytes } of members) expect(bytes.length).toBeLessThan(1.5 * partBytes);
    const html = await textOf(bundle, 'summary.html');
    expect(html).toContain(`<td>Statements that were let through</td><td class="n">${statements}</td>`);
  });

  it('is verified piece by piece', async () => {
    const source = sourceOf(bundle);
    let largest = 0;
    const read: BundleSource['read'] = (from, length) => {
      largest = Math.max(largest, length);
      return source.read(from, length);
    };
    const { integrity } = await verifyBundleSource({ size: source.size, read }, 'the bundle');
    expect(integrity.holds).toBe(true);
    expect(largest).toBeLessThanOrEqual(64 * 1024);
  });

  it('tells a statement with its outcome in OCSF, where a page of the store ends between them too', async () => {
    const [first] = (await readMembers(bundle)).filter(({ name }) => name === 'events.ocsf.json');
    const told = JSON.parse(first?.bytes.toString() ?? '') as { type: string; data: { status?: string } }[];
    const intents = told.filter(({ type }) => type === 'portcullis.intent');
    expect(intents.length).toBeGreaterThan(1_000);
    expect(new Set(intents.map(({ data }) => data.status))).toEqual(new Set(['Success']));
  });

  it('of a filter lists no more numbers than a manifest can hold, and holds', async () => {
    // Every second number.
    await runSql(
      harness.postgres.url(),
      `UPDATE portcullis.events SET connection = 'odd' WHERE proxy = 'proxy-large' AND seq % 2 = 1`,
    );
    const odd = await fetchEvidence(harness, auditor, { connection: 'odd' });
    expect(await verdictsOf(odd)).toMatchObject({ holds: true, events: statements });
    const { proxies } = readUnverifiedManifest(await textOf(odd, manifestName));
    expect(proxies).toMatchObject([{ events: statements, further: statements - 2_000 }]);
    const members = await readMembers(odd);
    const last = members.findLast(({ name }) => /^events-\d+\.jsonl$/.test(name));
    const changed = members.map((member) =>
      member === last
        ? { ...member, bytes: member.bytes.subarray(0, member.bytes.lastIndexOf(10, -2) + 1) }
        : member,
    );
    const { completeness } = await verdictsOf(await makeArchive(changed));
    expect(completeness[0]?.message).toContain(`${statements} events were put in`);
  });

  it('is known to be cut off, wherever', async () => {
    for (const length of [40, 5_000, Math.floor(bundle.length / 2), bundle.length - 200, bundle.length - 1]) {
      const { holds, integrity } = await verdictsOf(bundle.subarray(0, length));
      expect({ length, holds }).toEqual({ length, holds: false });
      expect(integrity.map(({ message }) => message).join('\n')).toContain('the file is cut off');
    }
  });

  it('lacks nothing that was removed, doubled or swapped among its parts unseen', async () => {
    const members = await readMembers(bundle);
    const at = members.findIndex(({ name }) => name === 'events-2.jsonl');
    const other = members.findIndex(({ name }) => name === 'events-3.jsonl');
    const [second, third] = [members[at], members[other]];
    if (second === undefined || third === undefined) throw new Error('there are fewer parts');
    const without = await verdictsOf(await makeArchive(members.toSpliced(at, 1)));
    expect(without.completeness).toContainEqual(expect.objectContaining({ file: 'events-2.jsonl' }));
    const doubled = await verdictsOf(await makeArchive(members.toSpliced(at, 0, second)));
    expect(doubled.integrity.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('stands here again'),
    );
    const swapped = await verdictsOf(await makeArchive(members.with(at, third).with(other, second)));
    expect(swapped.integrity.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('not in its place'),
    );
  });
});

it('a bundle is as of one moment, though more is recorded and removed while it is read', async () => {
  const sql = (text: string) => runSql(harness.postgres.url(), text);
  await fill(harness, 'proxy-zz', 1, 10);
  const response = await fetch(`${harness.collector.url}/v1/evidence`, {
    headers: { authorization: `Bearer ${await harness.issuer.token(auditor)}` },
  });
  const reader = response.body?.getReader();
  const pieces: Uint8Array[] = [];
  const first = await reader?.read();
  if (first?.value !== undefined) pieces.push(first.value);
  // Nobody reads on: the collector waits, its connections are full long before the bundle is.
  await fill(harness, 'proxy-meanwhile', 1, 500);
  await sql("CREATE TABLE kept AS SELECT * FROM portcullis.events WHERE proxy = 'proxy-zz'");
  await sql("DELETE FROM portcullis.events WHERE proxy = 'proxy-zz'");
  for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
    pieces.push(piece.value);
  }
  await sql('INSERT INTO portcullis.events TABLE kept');
  const bundle = Buffer.concat(pieces);
  expect(await verdictsOf(bundle)).toMatchObject({ integrity: [], completeness: [], holds: true });
  const { log, proxies } = readUnverifiedManifest(await textOf(bundle, manifestName));
  const [now] = await runSql<{ size: string }>(harness.postgres.url(), 'SELECT size FROM portcullis.log');
  expect(log.size).toBeLessThanOrEqual(Number(now?.size) - 1_000);
  expect(proxies.map(({ proxy }) => proxy)).toEqual(expect.arrayContaining(['proxy-large', 'proxy-zz']));
  expect(proxies.map(({ proxy }) => proxy)).not.toContain('proxy-meanwhile');
});

it('whoever is gone ends the making: the connection to the store is free again', async () => {
  const token = await harness.issuer.token(auditor);
  const busy = async () => {
    const rows = await runSql<{ count: string }>(
      harness.postgres.url(),
      `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'portcullis collector'
         AND (state = 'idle in transaction' OR query LIKE 'FETCH%evidence' AND state = 'active')`,
    );
    return Number(rows[0]?.count);
  };
  // More of them than may be made at a time, one after the other.
  for (let i = 0; i < 5; i += 1) {
    await new Promise<void>((resolve, reject) => {
      const asked = httpRequest(`${harness.collector.url}/v1/evidence`, {
        headers: { authorization: `Bearer ${token}` },
      });
      asked.on('error', reject).on('response', (response) => {
        expect(response.statusCode).toBe(200);
        response.once('data', () => {
          asked.destroy();
          resolve();
        });
        response.on('error', () => undefined);
      });
      asked.end();
    });
    while ((await busy()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(harness.logged.join('\n')).toContain('an evidence bundle was broken off');
});

it('more than three at a time are refused, and nothing else waits for them', async () => {
  const token = await harness.issuer.token(auditor);
  const ask = () =>
    fetch(`${harness.collector.url}/v1/evidence`, { headers: { authorization: `Bearer ${token}` } });
  const open = await Promise.all([ask(), ask(), ask()]);
  expect(open.map(({ status }) => status)).toEqual([200, 200, 200]);
  const refused = await ask();
  expect([refused.status, await refused.text()]).toEqual([429, expect.stringContaining('Try again')]);
  expect((await harness.call(auditor, 'GET', '/v1/events?limit=1')).status).toBe(200);
  for (const { body } of open) await body?.cancel();
});

describe('a download', () => {
  /** Hands out the first bytes of a bundle, and then what `then` does. */
  async function startBroken(bytes: Buffer, then: 'close' | 'silence'): Promise<string> {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/zip' });
      response.write(bytes, () => then === 'close' && response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('that breaks off leaves no file, and says how far it came', async () => {
    const out = join(folder, 'broken.zip');
    writeFileSync(out, 'the one before');
    const url = await startBroken(Buffer.alloc(100_000), 'close');
    const env = { PORTCULLIS_TOKEN: 'any' };
    const { status, stderr } = await runCommand(
      ['evidence', '--out', out, '--collector', url, '--data', folder],
      env,
    );
    expect(status).toBe(1);
    expect(stderr).toContain('the bundle broke off after 0.1 MB, and nothing was written');
    expect(readdirSync(folder)).toEqual(['broken.zip']);
  });

  it('that falls silent, or is cancelled, ends and leaves no file', async () => {
    const url = await startBroken(Buffer.alloc(1_000), 'silence');
    const out = join(folder, 'silent.zip');
    await expect(fetchBundle(clientOf(url, 200), {}, out)).rejects.toThrow('did not answer in time');
    const abort = new AbortController();
    const fetching = fetchBundle(clientOf(url), {}, out, {
      signal: abort.signal,
      progress: () => abort.abort(new Error('no longer wanted')),
    });
    await expect(fetching).rejects.toThrow('no longer wanted');
    expect(readdirSync(folder).filter((name) => name.includes('silent'))).toEqual([]);
  });

  it('that is interrupted ends and leaves no file', async () => {
    const url = await startBroken(Buffer.alloc(1_000), 'silence');
    const out = join(folder, 'interrupted.zip');
    const command = startCommand(['evidence', '--out', out, '--collector', url, '--data', folder], {
      PORTCULLIS_TOKEN: 'any',
    });
    const left = () => readdirSync(folder).filter((name) => name.startsWith('interrupted'));
    while (left().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(left()).toEqual([expect.stringMatching(/^interrupted\.zip\.\d+\.part$/)]);
    expect(await command.end('SIGINT')).toBe(1);
    expect(command.stderr()).toContain('interrupted: nothing was written');
    expect(left()).toEqual([]);
  });

  it('of more than one part is written and verified by the commands', async () => {
    const out = join(folder, 'large.zip');
    const env = { PORTCULLIS_TOKEN: await harness.issuer.token(auditor) };
    // Some 8,000 events: two parts.
    const period = ['--to', '2030-01-01T02:13:20Z'];
    const from = ['--collector', harness.collector.url, '--data', folder, '--json', ...period];
    const { status, stdout } = await runCommand(['evidence', '--out', out, ...from], env);
    expect([status, JSON.parse(stdout).ok]).toEqual([0, true]);
    expect(JSON.parse(stdout).events).toBeGreaterThan(7_900);
    expect((await runCommand(['verify', out])).status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

it('a bundle of the earlier form, manifest first, still verifies', async () => {
  const small = await startHarness({ signingKeys: [signingKey] }, 15);
  onTestFinished(() => small.stop());
  await send(small, dev, 'proxy-one', await makeEvents(dev, { runs: 1 }));
  const members = await readMembers(await fetchEvidence(small, auditor));
  const others = members.filter(({ name }) => name !== manifestName);
  const text = (name: string) => members.find((member) => member.name === name)?.bytes.toString() ?? '';
  const { origin } = readUnverifiedCheckpoint(text('checkpoint'));
  const manifest = {
    ...readUnverifiedManifest(text(manifestName)),
    form: 1 as const,
    members: listMembers(others),
  };
  const note = signManifest(manifest, [{ name: origin, privateKey: signingKey }]);
  const first = { name: manifestName, bytes: Buffer.from(note) };
  const earlier = await makeArchive([first, ...others]);
  expect(await verdictsOf(earlier)).toMatchObject({ integrity: [], completeness: [], holds: true });
  expect((await verdictsOf(await makeArchive([...others, first]))).holds).toBe(false);
  expect(sourceOf(earlier).size).toBe(earlier.length);
});
