/** The proxy holds its collector to one log: nothing goes to a collector whose log was changed. Against real collectors. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CollectorLog, LogChanged } from '../../../proxy/audit/collectorLog.ts';
import { collectorLogPath } from '../../../proxy/audit/collectorLogFile.ts';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import type { Journal } from '../../../proxy/audit/journal/journal.ts';
import { signCheckpoint } from '../../../proxy/audit/log/checkpoint.ts';
import { logEntry } from '../../../proxy/audit/log/logEntry.ts';
import { consistencyProof, leafHash, rootOf } from '../../../proxy/audit/log/merkleTree.ts';
import { formatNoteKey, noteKeyOf } from '../../../proxy/audit/log/signedNote.ts';
import { type EventSync, startSync } from '../../../proxy/audit/sync.ts';
import { readProxyId } from '../../../proxy/audit/syncPosition.ts';
import type { RunningCollector } from '../../../proxy/collector/collector.ts';
import { enterEarlierEvents } from '../../../proxy/collector/store/log.ts';
import { openStore } from '../../../proxy/collector/store/store.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { type Harness, intent, runSql, startHarness } from '../collector/collectorHarness.ts';
import { people } from '../collector/issuer.ts';
import { makeIntent } from './events.ts';
import { makeFolder, open } from './fixtures.ts';

const template = makeIntent('SELECT 1');
const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));
const makeKey = () => generateKeyPairSync('ed25519').privateKey;

let harness: Harness;
let stores = 0;

beforeAll(async () => {
  harness = await startHarness();
});

afterAll(() => harness.stop());

async function newStore(): Promise<string> {
  stores += 1;
  await runSql(harness.postgres.url(), `CREATE DATABASE fork_${stores}`);
  return harness.postgres.url(`fork_${stores}`);
}

class Site {
  readonly dataDirectory = makeFolder();
  readonly key = makeKey();
  collector!: RunningCollector;
  journal!: Journal;
  sync!: EventSync;
  databaseUrl = '';

  async start(): Promise<void> {
    this.databaseUrl = await newStore();
    this.collector = await harness.startAnother({ databaseUrl: this.databaseUrl, signingKeys: [this.key] });
    onTestFinished(() => this.collector.stop());
    mkdirSync(join(this.dataDirectory, 'journal'), { recursive: true });
    this.journal = await open(join(this.dataDirectory, 'journal'));
    this.startSync();
  }

  startSync(): void {
    this.sync = startSync({
      folder: join(this.dataDirectory, 'journal'),
      dataDirectory: this.dataDirectory,
      client: new CollectorClient({
        url: this.collector.url,
        token: () => harness.issuer.token(people.proxy),
      }),
      journal: this.journal,
      log: createLog('silent'),
      retryMs: { first: 5, longest: 50 },
      pollMs: 10,
    });
    onTestFinished(() => this.sync.stop());
  }

  async restartSync(): Promise<void> {
    await this.sync.stop();
    this.startSync();
  }

  record(count: number): void {
    for (let i = 0; i < count; i += 1) this.journal.intent(template);
    this.journal.flush();
  }

  async recordAndSend(count: number): Promise<void> {
    this.record(count);
    expect(await this.sync.flush(10_000)).toBe(true);
  }

  /** Another collector takes the place of this one, at its address. */
  async replace(databaseUrl: string, signingKeys = [this.key], mayReplaceKeys = false): Promise<void> {
    const { port } = this.collector;
    await this.collector.stop();
    this.collector = await harness.startAnother({ databaseUrl, signingKeys, mayReplaceKeys, port });
    this.databaseUrl = databaseUrl;
  }

  /** Somebody else's events. */
  async fill(proxy: string, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, i) => intent(people.proxy, i + 1));
    const { status } = await harness.callAt(this.collector.url, people.proxy, 'POST', '/v1/events', {
      proxy,
      events,
    });
    expect(status).toBe(200);
  }

  /** Numbers of entries count what the collector records by itself, sign-ins say. */
  async problem(part: RegExp): Promise<void> {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10)) {
      if (part.test(this.sync.status.problem?.message ?? '')) return;
    }
    throw new Error(`no problem ${part}, but ${JSON.stringify(this.sync.status)}`);
  }

  async heldOfUs(): Promise<number> {
    const [row] = await runSql<{ count: string }>(
      this.databaseUrl,
      'SELECT count(*) FROM portcullis.events WHERE proxy = $1',
      [readProxyId(this.dataDirectory)],
    );
    return Number(row?.count);
  }
}

async function startSite(): Promise<Site> {
  const site = new Site();
  await site.start();
  return site;
}

describe('a proxy and the log of its collector', () => {
  it('go on together, over restarts of either and with others writing to it', async () => {
    const site = await startSite();
    await site.recordAndSend(3);
    await site.fill('other', 700);
    await site.recordAndSend(1200);
    await site.replace(site.databaseUrl);
    await site.restartSync();
    await site.fill('another', 30);
    await site.recordAndSend(10);
    expect(site.sync.status.problem).toBeUndefined();
    await site.sync.stop();
    const kept = JSON.parse(readFileSync(collectorLogPath(site.dataDirectory), 'utf8'));
    const [log] = await runSql<{ size: string }>(site.databaseUrl, 'SELECT size FROM portcullis.log');
    const known = Number(kept[site.collector.url].checkpoint.split('\n')[1]);
    expect(known).toBeGreaterThan(1944);
    expect(known).toBeLessThanOrEqual(Number(log?.size));
  });

  it('part where the log has become shorter: nothing more is sent', async () => {
    const site = await startSite();
    await site.recordAndSend(20);
    await site.replace(await newStore());
    site.record(5);
    site.sync.retryNow();
    await site.problem(/the collector's log was changed: it had \d+ entries, and now has \d+/);
    await sleep(200);
    expect(await site.heldOfUs()).toBe(0);
    expect(site.sync.status.waiting).toBeGreaterThanOrEqual(5);
    // Nor after a restart of the proxy.
    await site.restartSync();
    await site.problem(/the collector's log was changed/);
    expect(await site.heldOfUs()).toBe(0);
  });

  it('part where the log is another one, though it is as long or longer', async () => {
    const site = await startSite();
    await site.recordAndSend(20);
    await site.sync.stop();
    const forked = await newStore();
    await site.replace(forked);
    await site.fill('other', 21);
    site.startSync();
    await site.problem(/its \d+ entries do not begin with the \d+ that it had/);
    await site.sync.stop();
    await site.fill('another', 100);
    site.startSync();
    await site.problem(/its \d+ entries do not begin with the \d+ that it had/);
    expect(await site.heldOfUs()).toBe(0);
  });

  it('part where one event was changed and the log written anew around it', async () => {
    const site = await startSite();
    await site.recordAndSend(300);
    await site.sync.stop();
    await runSql(
      site.databaseUrl,
      `UPDATE portcullis.events SET event = jsonb_set(event, '{statement,text}', '"SELECT 2"') WHERE seq = 7;
       UPDATE portcullis.log SET size = 0, peaks = '';
       TRUNCATE portcullis.log_leaves, portcullis.log_nodes`,
    );
    const store = openStore(site.databaseUrl, createLog('silent'));
    await store.transaction(enterEarlierEvents);
    await store.close();
    await site.fill('other', 10);
    site.startSync();
    await site.problem(/entries do not begin with the/);
  });

  it('part where leaves are gone from the store', async () => {
    const site = await startSite();
    await site.recordAndSend(20);
    await site.sync.stop();
    await runSql(site.databaseUrl, 'DELETE FROM portcullis.log_leaves WHERE index = 3');
    await site.fill('other', 10);
    site.startSync();
    await site.problem(/its \d+ entries do not begin with the \d+ that it had/);
  });

  it('part where the key is another, and stay where the new one signed beside the old', async () => {
    const site = await startSite();
    await site.recordAndSend(5);
    const newer = makeKey();
    await site.replace(site.databaseUrl, [newer, site.key]);
    await site.recordAndSend(5);
    await site.replace(site.databaseUrl, [newer]);
    await site.recordAndSend(5);
    await site.restartSync();
    await site.recordAndSend(5);
    await site.replace(site.databaseUrl, [makeKey()], true);
    site.record(5);
    await site.problem(/its checkpoint cannot be believed: it is signed by none of the known keys/);
    // The batch by which it was found out, and nothing after it.
    const held = await site.heldOfUs();
    site.record(5);
    await sleep(200);
    expect(await site.heldOfUs()).toBe(held);
    // Whoever knows that it was on purpose may begin anew.
    await site.sync.stop();
    rmSync(collectorLogPath(site.dataDirectory));
    site.startSync();
    await site.recordAndSend(1);
  });

  it('part where what was kept of the log cannot be read', async () => {
    const site = await startSite();
    await site.recordAndSend(5);
    await site.sync.stop();
    const path = collectorLogPath(site.dataDirectory);
    expect(existsSync(path)).toBe(true);
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
    expect(() => site.startSync()).toThrow(`${path} cannot be read`);
  });
});

describe('a receipt', () => {
  const signer = { name: 'log.test', privateKey: makeKey() };
  const fetchKeys = async () => ({ keys: [{ key: formatNoteKey(noteKeyOf(signer)) }] });
  const events = Array.from({ length: 6 }, (_, i) => intent(people.dev, i + 1)) as JournalEvent[];
  const others = Array.from({ length: 5 }, (_, i) => leafHash(`other ${i}`));
  const own = events.map((event) => leafHash(logEntry('p', event)));
  const toBase64 = (hashes: readonly Uint8Array[]) =>
    hashes.map((hash) => Buffer.from(hash).toString('base64'));

  /** Of a log of five leaves of others, then ours. */
  function receiptOf(leaves: readonly Uint8Array[], more: object = {}) {
    const root = rootOf(leaves);
    return {
      checkpoint: signCheckpoint({ origin: 'log.test', size: leaves.length, root }, [signer]),
      first: 5,
      before: toBase64([rootOf(others.slice(0, 4)), rootOf(others.slice(4))]),
      ...more,
    };
  }

  const makeLog = () => new CollectorLog({ dataDirectory: makeFolder(), url: 'http://localhost', fetchKeys });

  it('is believed where the events are in the log', async () => {
    const log = makeLog();
    await log.take(receiptOf([...others, ...own]), 'p', events);
    expect(log.knownSize).toBe(11);
    // The first two were there before.
    await makeLog().take(receiptOf([...others, ...own.slice(2)], { first: 5 }), 'p', events);
  });

  it('is not believed where one of them is not, is another, or is in another place', async () => {
    const missing = receiptOf([...others, ...own.slice(0, 5)]);
    await expect(makeLog().take(missing, 'p', events)).rejects.toThrow(LogChanged);
    const swapped = receiptOf([...others, ...own.slice(0, 4), own[5] as Buffer, own[4] as Buffer]);
    await expect(makeLog().take(swapped, 'p', events)).rejects.toThrow('not in it as entries 5 to 10');
    const good = receiptOf([...others, ...own]);
    await expect(makeLog().take(good, 'q', events)).rejects.toThrow('not in it');
    await expect(makeLog().take(good, 'p', [...events.slice(1), ...events.slice(0, 1)])).rejects.toThrow(
      'not in it',
    );
    await expect(makeLog().take(good, 'p', events.slice(1))).rejects.toThrow('not in it');
    for (const more of [
      { before: [] },
      { first: 4 },
      { first: 12 },
      { first: 1.5 },
      { first: -1 },
      { before: 7 },
    ]) {
      await expect(makeLog().take({ ...good, ...more }, 'p', events), JSON.stringify(more)).rejects.toThrow(
        'not in it',
      );
    }
  });

  it('has to prove that the log grew, every time', async () => {
    const log = makeLog();
    const first = [...others, ...own];
    await log.take(receiptOf(first), 'p', events);
    const later = [...first, leafHash('more')];
    const bare = { first: undefined, before: undefined };
    await expect(log.take(receiptOf(later, bare), 'p', [])).rejects.toThrow('do not begin with');
    const consistency = toBase64(consistencyProof(later, 11, 12));
    const changed = [leafHash('changed'), ...later.slice(1)];
    await expect(log.take(receiptOf(changed, { ...bare, consistency }), 'p', [])).rejects.toThrow(
      'do not begin',
    );
    await expect(log.take(receiptOf(first.slice(1), bare), 'p', [])).rejects.toThrow(
      'it had 11 entries, and now has 10',
    );
    expect(log.knownSize).toBe(11);
    await log.take(receiptOf(later, { ...bare, consistency }), 'p', []);
    expect(log.knownSize).toBe(12);
  });

  it('has to be there, once there was one', async () => {
    const log = makeLog();
    await log.take(undefined, 'p', events); // a collector from before there was a log
    await log.take(receiptOf([...others, ...own]), 'p', events);
    await expect(log.take(undefined, 'p', [])).rejects.toThrow('no longer answers with a checkpoint');
    await expect(log.take({ checkpoint: 'x' }, 'p', [])).rejects.toThrow('cannot be believed');
  });
});
