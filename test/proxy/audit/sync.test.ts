/** Every event recorded reaches the collector, once, in order, whatever happens in between. */
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import type { Journal } from '../../../proxy/audit/journal/journal.ts';
import { type EventSync, type SyncOptions, startSync } from '../../../proxy/audit/sync.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { makeIntent } from './events.ts';
import { makeFolder, makeRandom, open, readAll, segmentsOf, startChild } from './fixtures.ts';
import { startCollector, type TestCollector } from './syncCollector.ts';

const template = makeIntent('SELECT 1');
const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

interface Proxy {
  readonly dataDirectory: string;
  readonly folder: string;
  readonly journal: Journal;
}

async function openProxy(segmentBytes = 65_536, dataDirectory = makeFolder()): Promise<Proxy> {
  const folder = join(dataDirectory, 'journal');
  mkdirSync(folder, { recursive: true });
  return { dataDirectory, folder, journal: await open(folder, { segmentBytes }) };
}

function sync(proxy: Proxy, collector: TestCollector, more: Partial<SyncOptions> = {}): EventSync {
  const started = startSync({
    ...proxy,
    client: new CollectorClient({ url: collector.url, token: () => 'token', timeoutMs: 2000 }),
    log: createLog('silent'),
    retryMs: { first: 5, longest: 50 },
    pollMs: 10,
    ...more,
  });
  onTestFinished(() => started.stop());
  return started;
}

function record({ journal }: Proxy, count: number): void {
  for (let i = 0; i < count; i += 1) {
    const seq = journal.intent(template);
    if (i % 50 === 0) journal.flush();
    journal.outcome({ for: seq, status: 'ok', rows: i, micros: 1 });
  }
  journal.flush();
}

/** The collector holds exactly what the journal holds. */
async function expectSame(collector: TestCollector, folder: string): Promise<void> {
  const events = await readAll(folder);
  expect(collector.held.size).toBe(events.length);
  expect(events.filter((event) => collector.held.get(event.seq) !== canonicalJson(event))).toEqual([]);
}

describe('the synchronisation', () => {
  it('sends everything, over segments, while more is being recorded', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    record(proxy, 300);
    const events = sync(proxy, collector);
    for (let i = 0; i < 40; i += 1) {
      record(proxy, 30);
      await sleep(3);
    }
    expect(await events.flush(10_000)).toBe(true);
    expect(segmentsOf(proxy.folder).length).toBeGreaterThan(3);
    expect(events.acknowledged).toBe(proxy.journal.lastSeq);
    expect(events.status.waiting).toBe(0);
    expect(events.status.lastSentAt).toMatch(/^\d{4}-/);
    await expectSame(collector, proxy.folder);
  });

  it('compresses batches, unless the collector does not know compression', async () => {
    for (const knowsGzip of [true, false]) {
      const collector = await startCollector();
      collector.knowsGzip = knowsGzip;
      const proxy = await openProxy();
      record(proxy, 300);
      const events = sync(proxy, collector, { packs: true });
      expect(await events.flush(10_000)).toBe(true);
      expect(collector.packed > 0).toBe(knowsGzip);
      await expectSame(collector, proxy.folder);
    }
  });

  it('sends an event within 200 ms when all is well', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    const events = sync(proxy, collector, { pollMs: undefined as never });
    expect(await events.flush(5000)).toBe(true);
    const delays: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      const seq = proxy.journal.intent(template);
      proxy.journal.flush();
      const from = performance.now();
      while (!collector.held.has(seq)) await sleep(2);
      delays.push(performance.now() - from);
    }
    expect(delays.sort((a, b) => a - b)[4]).toBeLessThan(200);
  });

  it('survives every fault of the road: broken connections before and after the commit, errors, half batches, slowness', async () => {
    const collector = await startCollector();
    const random = makeRandom(7);
    const faults = [
      'dropBefore',
      'dropAfter',
      'halfCommit',
      { status: 500 },
      { status: 503 },
      { delayMs: 20 },
    ] as const;
    collector.fault = () => (random() < 0.6 ? faults[Math.floor(random() * faults.length)] : undefined);
    const proxy = await openProxy();
    const events = sync(proxy, collector);
    for (let i = 0; i < 60; i += 1) {
      record(proxy, 40);
      await sleep(5);
    }
    collector.fault = () => undefined;
    expect(await events.flush(10_000)).toBe(true);
    expect(events.status.problem).toBeUndefined();
    await expectSame(collector, proxy.folder);
  });

  it('is not disturbed by a request that arrives after it was given up', async () => {
    const collector = await startCollector();
    collector.fault = (batch) => (batch === 2 ? { delayMs: 400 } : undefined);
    const proxy = await openProxy();
    record(proxy, 20);
    const client = new CollectorClient({ url: collector.url, token: () => 'token', timeoutMs: 150 });
    const events = sync(proxy, collector, { client });
    record(proxy, 20);
    expect(await events.flush(5000)).toBe(true);
    await sleep(400);
    record(proxy, 20);
    expect(await events.flush(5000)).toBe(true);
    await expectSame(collector, proxy.folder);
  });

  it('keeps events while the collector is away, says so, and goes on when it is back', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    const events = sync(proxy, collector);
    expect(await events.flush(5000)).toBe(true);
    await collector.stop();
    record(proxy, 10);
    expect(await events.flush(300)).toBe(false);
    expect(events.status.waiting).toBe(20);
    expect(events.status.problem?.message).toMatch(
      /^Events wait to be sent: the collector at .* cannot be reached/,
    );
    await collector.start();
    expect(await events.flush(5000)).toBe(true);
    expect(events.status.problem).toBeUndefined();
    await expectSame(collector, proxy.folder);
  });

  it('starts where the collector stands, not where it thinks it was', async () => {
    const collector = await startCollector();
    const dataDirectory = makeFolder();
    const first = await openProxy(65_536, dataDirectory);
    record(first, 500);
    const before = sync(first, collector);
    expect(await before.flush(5000)).toBe(true);
    await before.stop();
    await first.journal.close();
    for (const hint of ['{"acknowledged":1000000}', '{"acknowledged":3}', '{"acknowledged":-1}', 'no hint']) {
      writeFileSync(join(dataDirectory, 'sync.json'), hint);
      const again = await openProxy(65_536, dataDirectory);
      record(again, 5);
      collector.batches.length = 0;
      const events = sync(again, collector);
      expect(await events.flush(5000)).toBe(true);
      expect(collector.batches.reduce((sum, size) => sum + size, 0)).toBeLessThan(40);
      await expectSame(collector, again.folder);
      await events.stop();
      await again.journal.close();
    }
    expect(collector.proxies.size).toBe(1);
    expect(statSync(join(dataDirectory, 'proxy.id')).mode & 0o777).toBe(0o600);
  });

  it('sends again what a collector has lost', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    record(proxy, 700);
    const events = sync(proxy, collector);
    expect(await events.flush(5000)).toBe(true);
    for (const seq of [...collector.held.keys()]) if (seq > 100) collector.held.delete(seq);
    collector.next = 101;
    record(proxy, 5);
    expect(await events.flush(5000)).toBe(true);
    await expectSame(collector, proxy.folder);
  });

  it('counts numbers of withdrawn statements as sent', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    const events = sync(proxy, collector);
    proxy.journal.intent(template);
    for (const seq of [1, 2, 3].map(() => proxy.journal.intent(template))) proxy.journal.withdraw(seq);
    expect(await events.flush(5000)).toBe(true);
    expect(events.status.waiting).toBe(0);
    proxy.journal.intent(template);
    expect(await events.flush(5000)).toBe(true);
    await expectSame(collector, proxy.folder);
  });

  it('sends no half line, and no event that is not in the journal', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    const events = sync(proxy, collector);
    record(proxy, 3);
    expect(await events.flush(5000)).toBe(true);
    const half = '{"at":"2026-01-01T00:00:00.000Z","kind":"stopped","seq":8';
    appendFileSync(join(proxy.folder, '00000001.jsonl'), half);
    await sleep(100);
    expect(collector.held.size).toBe(7);
    // The journal writes where its last whole line ended.
    record(proxy, 3);
    expect(await events.flush(5000)).toBe(true);
    await expectSame(collector, proxy.folder);
  });

  it('sends nothing that is not on disk yet', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    const journal = {
      get lastSeq() {
        return proxy.journal.lastSeq;
      },
      sync: () => Promise.reject(new Error('the disk is full')),
    };
    const events = sync(proxy, collector, { journal });
    record(proxy, 5);
    expect(await events.flush(200)).toBe(false);
    expect(collector.held.size).toBe(0);
  });
});

describe('a disagreement about numbers', () => {
  it('is said in words where another journal took the place, and nothing counts as sent', async () => {
    const collector = await startCollector();
    const dataDirectory = makeFolder();
    const first = await openProxy(65_536, dataDirectory);
    record(first, 20);
    const before = sync(first, collector);
    expect(await before.flush(5000)).toBe(true);
    await before.stop();
    await first.journal.close();
    rmSync(first.folder, { recursive: true });
    const held = new Map(collector.held);

    const other = await openProxy(65_536, dataDirectory);
    const short = sync(other, collector);
    expect(await short.flush(200)).toBe(false);
    expect(short.status.problem?.message).toContain(
      'the collector holds 41 events of this proxy, but its journal has only 1',
    );
    await short.stop();

    record(other, 40);
    const long = sync(other, collector);
    expect(await long.flush(300)).toBe(false);
    expect(long.status.problem?.message).toContain('the collector holds other events under these numbers');
    expect(long.status.problem?.hint).toContain('Keep the data folder');
    expect(collector.held).toEqual(held);
  });
});

describe('a refusal', () => {
  it.each([
    [401, 'does not accept the sign-in', 'Sign in again'],
    [403, 'takes none from this identity', 'Ask those who run the collector'],
    [400, 'refuses them', 'kept on this machine'],
  ])('%i is said in words and not asked often', async (status, message, hint) => {
    const collector = await startCollector();
    collector.fault = () => ({ status });
    const proxy = await openProxy();
    const events = sync(proxy, collector, { retryMs: { first: 5, longest: 60_000 } });
    await sleep(200);
    expect(events.status.problem?.message).toContain(message);
    expect(events.status.problem?.hint).toContain(hint);
    expect(collector.batches.length).toBe(1);
    collector.fault = () => undefined;
    expect(await events.flush(5000)).toBe(true);
  });

  it('of large requests makes them smaller', async () => {
    const collector = await startCollector();
    collector.bodyLimit = 100_000;
    const proxy = await openProxy();
    record(proxy, 2000);
    const events = sync(proxy, collector);
    expect(await events.flush(10_000)).toBe(true);
    await expectSame(collector, proxy.folder);
  });

  it('of the proxy id file keeps the synchronisation from starting, with words', async () => {
    const collector = await startCollector();
    const proxy = await openProxy();
    writeFileSync(join(proxy.dataDirectory, 'proxy.id'), 'mine');
    expect(() => sync(proxy, collector)).toThrow(/does not hold the id of a proxy.*or remove it/);
  });
});

describe('a large backlog', () => {
  it('of 100,000 events is sent without memory growing with it', async () => {
    const collector = await startCollector();
    const proxy = await openProxy(8 * 2 ** 20);
    for (let i = 0; i < 100; i += 1) record(proxy, 500);
    await proxy.journal.sync();
    const peaks = [0, 0];
    const events = sync(proxy, collector);
    const timer = setInterval(() => {
      const half = events.acknowledged < 50_000 ? 0 : 1;
      peaks[half] = Math.max(peaks[half] ?? 0, process.memoryUsage().arrayBuffers);
    }, 5);
    expect(await events.flush(60_000)).toBe(true);
    clearInterval(timer);
    expect(collector.next).toBeGreaterThan(100_000);
    expect(Math.max(...collector.batches)).toBe(500);
    expect(collector.largestBody).toBeLessThan(4.2 * 2 ** 20);
    // Half of the backlog is 40 MB; what differs between the halves is when garbage is collected.
    expect((peaks[1] ?? 0) - (peaks[0] ?? 0)).toBeLessThan(24 * 2 ** 20);
  }, 90_000);
});

describe('kill -9 while events are sent', () => {
  it('loses nothing and doubles nothing, 8 times', async () => {
    const collector = await startCollector();
    const random = makeRandom(9);
    collector.fault = () => (random() < 0.1 ? 'dropAfter' : undefined);
    const dataDirectory = makeFolder();
    for (let round = 0; round < 8; round += 1) {
      const child = startChild('syncingChild.ts', dataDirectory, collector.url);
      await once(child.stdout, 'data');
      // In the middle of the work, however slow the machine is.
      while (collector.held.size <= round * 80) await sleep(5);
      await sleep(random() * 300);
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    }
    const killedAt = collector.held.size;
    collector.fault = () => undefined;
    const proxy = await openProxy(65_536, dataDirectory);
    const events = sync(proxy, collector);
    expect(await events.flush(20_000)).toBe(true);
    expect(killedAt).toBeGreaterThan(500);
    expect(collector.proxies.size).toBe(1);
    expect(readFileSync(join(dataDirectory, 'proxy.id'), 'utf8').trim()).toBe([...collector.proxies][0]);
    await expectSame(collector, proxy.folder);
  }, 90_000);
});
