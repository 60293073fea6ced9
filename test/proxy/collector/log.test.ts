/** The log over all events: complete, in one order for all collectors, checkable by whoever reads the specifications. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { openCheckpoint } from '../../../proxy/audit/log/checkpoint.ts';
import { parseNoteKey } from '../../../proxy/audit/log/signedNote.ts';
import type { RunningCollector } from '../../../proxy/collector/collector.ts';
import { type Harness, intent, outcome, runSql, startHarness } from './collectorHarness.ts';
import { audience, people } from './issuer.ts';
import { type ReadLog, readLog, treeHash } from './log/tileReader.ts';

let harness: Harness;
let second: RunningCollector;
let key: string;

const origin = audience.replace('https://', '');

beforeAll(async () => {
  harness = await startHarness();
  second = await harness.startAnother();
  const { body } = await harness.call(people.dev, 'GET', '/v1/log/keys');
  expect(body).toEqual({
    origin,
    keys: [{ key: expect.any(String), since: expect.any(String) }],
    witnesses: [],
  });
  key = body.keys[0].key;
});

afterAll(async () => {
  await second.stop();
  await harness.stop();
});

const send = (
  proxy: string,
  events: readonly JournalEvent[],
  more: object = {},
  url = harness.collector.url,
) => harness.callAt(url, people.dev, 'POST', '/v1/events', { proxy, events, ...more });
const intents = (from: number, through: number, fields: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: through - from + 1 }, (_, i) => intent(people.dev, from + i, fields));
/** One token each: every new one is a sign-in, which is itself an entry of the log. */
const tokens = new Map<object, Promise<string>>();
const tokenOf = (who: (typeof people)['dev']): Promise<string> => {
  const token = tokens.get(who) ?? harness.issuer.token(who);
  tokens.set(who, token);
  return token;
};
/** The entries that proxies have sent: the others are the collector's own. */
const sentIn = ({ entries }: ReadLog) =>
  entries
    .map((entry) => JSON.parse(entry.toString()) as { proxy: string; event?: JournalEvent })
    .filter(({ proxy }) => !proxy.startsWith('collector:'));
const read = async (withEntries = true): Promise<ReadLog> =>
  readLog({
    prefix: harness.collector.url,
    token: await tokenOf(people.auditor),
    key,
    withEntries,
  });
const get = async (path: string, who = people.auditor, headers: Record<string, string> = {}) =>
  fetch(`${harness.collector.url}${path}`, {
    headers: { authorization: `Bearer ${await tokenOf(who)}`, ...headers },
  });
const opened = (note: string) => openCheckpoint(note, origin, [parseNoteKey(key)]);
const sql = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  runSql<Row & Record<string, unknown>>(harness.postgres.url(), text, values);

const swapLeaves = async () => {
  await sql('UPDATE portcullis.log_leaves SET index = -index WHERE index IN (700, 701)');
  await sql('UPDATE portcullis.log_leaves SET index = 1401 + index WHERE index IN (-700, -701)');
};

describe('the log', () => {
  it('begins with the policy that is handed out, and with who has signed in', async () => {
    const log = await read();
    const kinds = log.entries.map((entry) => JSON.parse(entry.toString()).event.kind);
    expect([log.origin, log.size, kinds]).toEqual([origin, 3, ['policyChanged', 'signIn', 'signIn']]);
    expect((await get('/tile/0/000')).status).toBe(404);
    expect((await get('/tile/entries/000.p/20')).status).toBe(404);
  });

  it('holds every event as it was taken, in the order in which it was', async () => {
    const first = [intent(people.dev, 1), outcome(2, 1)];
    const large = intent(people.dev, 3, { note: 'é'.repeat(40_000) });
    await send('one', first);
    await send('two', [intent(people.dev, 1, { note: 'of two' })]);
    await send('one', [large]);
    await send('one', [large]); // held already
    const log = await read();
    const entries = sentIn(log);
    expect(entries.slice(0, 3)).toEqual([
      { event: first[0], proxy: 'one' },
      { event: first[1], proxy: 'one' },
      { event: intent(people.dev, 1, { note: 'of two' }), proxy: 'two' },
    ]);
    expect(entries[3]).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), proxy: 'one', seq: 3 });
    for (const entry of log.entries)
      expect(entry.toString()).toBe(canonicalJson(JSON.parse(entry.toString())));
    expect(entries).toHaveLength(4);
  });

  it('is checked over whole tiles, higher tiles and the rest', async () => {
    for (let from = 1; from <= 901; from += 100) await send('many', intents(from, from + 99));
    const log = await read();
    expect(log.size).toBe(log.entries.length);
    expect(sentIn(log)).toHaveLength(1004);
    const seqs = sentIn(log)
      .filter(({ proxy }) => proxy === 'many')
      .map(({ event }) => event?.seq);
    expect(seqs).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  it('takes nothing of a batch that is refused', async () => {
    const { size } = await read(false);
    const rejected = await send('refused', [intent(people.dev, 1), intent(people.otherDev, 2)]);
    expect(rejected.status).toBe(403);
    // What PostgreSQL itself refuses, at the last moment before the leaves would be entered.
    const nul = await send('refused', [intent(people.dev, 1), intent(people.dev, 2, { note: 'a\u0000b' })]);
    expect(nul.status).toBe(400);
    expect((await read(false)).size).toBe(size);
  });

  it('has one order, whichever collector takes what', async () => {
    const before = await read(false);
    const proxies = Array.from({ length: 8 }, (_, i) => `crowd-${i}`);
    const seen: { size: number; root: Uint8Array; first: number }[] = [];
    await Promise.all(
      proxies.map(async (proxy, i) => {
        for (let from = 1; from <= 121; from += 20) {
          const url = (from + i) % 2 === 0 ? second.url : harness.collector.url;
          const { body, status } = await send(
            proxy,
            intents(from, from + 19),
            { knownSize: before.size },
            url,
          );
          expect([proxy, from, status]).toEqual([proxy, from, 200]);
          seen.push({ ...opened(body.receipt.checkpoint), first: body.receipt.first });
        }
      }),
    );
    const log = await read();
    // Batches follow each other without a gap, and no two checkpoints of one size differ.
    seen.sort((a, b) => a.size - b.size);
    expect(seen.map(({ first }) => first)).toEqual([
      before.size,
      ...seen.slice(0, -1).map(({ size }) => size),
    ]);
    for (const { size, root } of seen) {
      expect(treeHash(log.leaves.slice(0, size)).equals(Buffer.from(root))).toBe(true);
    }
    for (const proxy of proxies) {
      const seqs = sentIn(log)
        .filter((entry) => entry.proxy === proxy)
        .map(({ event }) => event?.seq);
      expect(seqs).toEqual(Array.from({ length: 140 }, (_, i) => i + 1));
    }
  });

  it('shows what was changed in the store behind its back', async () => {
    const [{ event } = { event: '' }] = await sql<{ event: string }>(
      "SELECT event::text FROM portcullis.events WHERE proxy = 'many' AND seq = 500",
    );
    await sql(
      `UPDATE portcullis.events SET event = jsonb_set(event, '{statement,text}', '"DELETE FROM orders"')
       WHERE proxy = 'many' AND seq = 500`,
    );
    const [leaf] = await sql<{ index: string }>(
      "SELECT index FROM portcullis.log_leaves WHERE proxy = 'many' AND seq = 500",
    );
    await expect(read()).rejects.toThrow(`entry ${leaf?.index} is not what its leaf says`);
    await sql("UPDATE portcullis.events SET event = $1 WHERE proxy = 'many' AND seq = 500", [event]);
    await read();

    await swapLeaves();
    await expect(read()).rejects.toThrow(/level 1 is not|do not give the root/);
    await swapLeaves();
    await read();
  });

  it('keeps the proof of what is no longer kept', async () => {
    await sql("CREATE TABLE kept AS SELECT * FROM portcullis.events WHERE proxy = 'many' AND seq = 1");
    await sql("DELETE FROM portcullis.events WHERE proxy = 'many' AND seq = 1");
    const answer = await get('/tile/entries/000');
    expect(answer.status).toBe(410);
    expect(((await answer.json()) as { detail: string }).detail).toContain('no longer kept');
    await read(false);
    await sql('INSERT INTO portcullis.events SELECT * FROM kept');
    await read();
  });
});

describe('tiles', () => {
  it('are for everybody who is signed in, entries for auditors and admins', async () => {
    const status = async (path: string, who = people.dev) => (await get(path, who)).status;
    expect(await status('/checkpoint')).toBe(200);
    expect(await status('/tile/0/000')).toBe(200);
    for (const who of [people.dev, people.reviewer, people.proxy, people.stranger]) {
      expect(await status('/tile/entries/000', who)).toBe(403);
    }
    for (const who of [people.auditor, people.admin]) {
      expect(await status('/tile/entries/000', who)).toBe(200);
    }
    const unknown = await fetch(`${harness.collector.url}/tile/0/000`);
    expect(unknown.status).toBe(401);
  });

  it('may be kept for ever, and the checkpoint may not', async () => {
    const tile = await get('/tile/0/000');
    expect(tile.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    expect((await get('/checkpoint')).headers.get('cache-control')).toBe('no-store');
    expect((await get('/tile/0/999')).headers.get('cache-control')).toBe('no-store');
  });

  it('of entries are compressed for whoever takes that', async () => {
    const zipped = await get('/tile/entries/001', people.auditor, { 'accept-encoding': 'gzip' });
    const plain = await get('/tile/entries/001', people.auditor, { 'accept-encoding': 'identity' });
    expect([zipped.headers.get('content-encoding'), plain.headers.get('content-encoding')]).toEqual([
      'gzip',
      null,
    ]);
    expect(Buffer.from(await zipped.arrayBuffer()).equals(Buffer.from(await plain.arrayBuffer()))).toBe(true);
  });

  it('are there in every width that the tree has had, and in no other', async () => {
    const { size } = await read(false);
    const last = Math.floor(size / 256);
    const status = async (path: string) => (await get(`/tile/${path}`)).status;
    expect(await status(`0/00${last}.p/${size % 256}`)).toBe(200);
    expect(await status(`0/00${last}.p/1`)).toBe(200);
    expect(await status(`0/00${last}.p/${(size % 256) + 1}`)).toBe(404);
    expect(await status(`0/00${last}`)).toBe(404);
    expect(await status(`1/000.p/${last}`)).toBe(200);
    expect(await status(`1/000.p/${last + 1}`)).toBe(404);
    for (const bad of [
      '0/0',
      '0/000.p/0',
      '0/000.p/256',
      '64/000',
      '0/x000/000',
      'a/000',
      '..%2fcheckpoint',
    ]) {
      expect([bad, await status(bad)]).toEqual([bad, 404]);
    }
  });
});
