/**
 * Whatever is done to a journal, to the collector's store or to an evidence bundle, `portcullis verify` sees it: some
 * thousand mutations, drawn from a seed that a failure names. What is not among them, and why:
 * - a journal written anew as a whole, commitments and journal.head too: it is unsigned; the collector's log shows it
 * - a bundle signed anew with keys that it brings itself, where nobody gives --key: verify says that they came with it
 * - a fork signed with the log's own key: one bundle shows one history; witnesses and proxies compare
 * - columns of the store that copy from an event to search by it: they decide what a filter finds, which is the collector's
 *   word and said so; a bundle without a filter does not depend on them
 * - lines that change from the end of one segment to the beginning of the next: which file holds a line is not recorded
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestName, readUnverifiedManifest, signManifest } from '../../proxy/audit/evidence/manifest.ts';
import { openJournal } from '../../proxy/audit/journal/openJournal.ts';
import { readUnverifiedCheckpoint, signCheckpoint } from '../../proxy/audit/log/checkpoint.ts';
import { formatNoteKey, noteKeyOf } from '../../proxy/audit/log/signedNote.ts';
import { verifyJournal } from '../../proxy/audit/verify/verifyJournal.ts';
import { makeRandom } from '../proxy/audit/fixtures.ts';
import { writeWholeJournal } from '../proxy/audit/wholeJournal.ts';
import { type Harness, startHarness } from '../proxy/collector/collectorHarness.ts';
import {
  fetchEvidence,
  listMembers,
  type Member,
  makeArchive,
  makeEvents,
  readMembers,
  send,
  verdictsOf,
} from '../proxy/collector/evidenceHarness.ts';
import { people } from '../proxy/collector/issuer.ts';

const seed = Number(process.env['TAMPERING_SEED'] ?? Math.floor(Date.now() / 1000) % 1_000_000);
const random = makeRandom(seed);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item;
/** Bytes that carry form: where a parser would forgive, if anywhere. */
const structural = new Set([...'{}[]":,\n+-=. '].map((character) => character.charCodeAt(0)));

interface Mutation {
  /** For the message, and enough to do it again. */
  readonly what: string;
  readonly bytes: Buffer;
}

function flipBit(bytes: Buffer, at: number, bit: number): Mutation {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return { what: `bit ${bit} of byte ${at}`, bytes: changed };
}

function flipAnywhere(bytes: Buffer): Mutation {
  return flipBit(bytes, below(bytes.length), below(8));
}

function flipStructure(bytes: Buffer): Mutation {
  for (;;) {
    const at = below(bytes.length);
    if (structural.has(bytes[at] ?? 0)) return flipBit(bytes, at, below(8));
  }
}

/** Another of the same kind in place of a digit or letter: what keeps every form. */
function replaceCharacter(bytes: Buffer): Mutation {
  for (;;) {
    const at = below(bytes.length);
    const old = String.fromCharCode(bytes[at] ?? 0);
    const alphabet = /\d/.test(old) ? '0123456789' : /[a-z]/.test(old) ? 'abcdefghijklmnopqrstuvwxyz' : '';
    const other = pick([...alphabet, '']);
    if (alphabet === '' || other === old || other === '') continue;
    const changed = Buffer.from(bytes);
    changed.write(other, at, 'latin1');
    return { what: `${other} for ${old} at byte ${at}`, bytes: changed };
  }
}

function truncate(bytes: Buffer): Mutation {
  const length = below(bytes.length);
  return { what: `cut to ${length} bytes`, bytes: bytes.subarray(0, length) };
}

function changeLines(bytes: Buffer, what: string, change: (lines: string[]) => string[]): Mutation {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  const text = change(lines).map((line) => `${line}\n`);
  return { what, bytes: Buffer.from(text.join('')) };
}

function deleteLine(bytes: Buffer): Mutation {
  const roll = random();
  return changeLines(bytes, `without line ${roll}`, (lines) =>
    lines.toSpliced(Math.floor(roll * lines.length), 1),
  );
}

function swapLines(bytes: Buffer): Mutation {
  const [a, b] = [random(), random()];
  return changeLines(bytes, `lines ${a} and ${b} in each other's place`, (lines) => {
    const first = Math.floor(a * lines.length);
    // Never the same line: those are two events with two numbers.
    const second = (first + 1 + Math.floor(b * (lines.length - 1))) % lines.length;
    return lines.with(first, lines[second] ?? '').with(second, lines[first] ?? '');
  });
}

function doubleLine(bytes: Buffer): Mutation {
  const [a, b] = [random(), random()];
  return changeLines(bytes, `line ${a} again at ${b}`, (lines) =>
    lines.toSpliced(Math.floor(b * (lines.length + 1)), 0, lines[Math.floor(a * lines.length)] ?? ''),
  );
}

const ofBytes = [flipAnywhere, flipStructure, replaceCharacter, truncate];
const ofLines = [deleteLine, swapLines, doubleLine];

describe(`tampering, seed ${seed}`, { timeout: 180_000 }, () => {
  describe('with a journal', () => {
    let whole: string;
    let folder: string;
    let files: string[];

    beforeAll(async () => {
      whole = mkdtempSync(join(tmpdir(), 'portcullis-whole-'));
      const options = { segmentBytes: 4_000, commitmentBytes: 3_000 };
      await writeWholeJournal(whole, { runs: 2, statements: 9, options });
      // What a crash leaves belongs to it: a torn tail, kept aside by the next start.
      const last = readdirSync(whole)
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .at(-1);
      writeFileSync(join(whole, last ?? ''), '{"at":"2026-11-03T09:1', { flag: 'a' });
      await (await openJournal(whole)).close();
      files = readdirSync(whole).sort();
      folder = mkdtempSync(join(tmpdir(), 'portcullis-changed-'));
      cpSync(whole, folder, { recursive: true });
    });
    afterAll(() => {
      for (const path of [whole, folder]) rmSync(path, { recursive: true, force: true });
    });

    async function holds(): Promise<boolean> {
      const { integrity, completeness } = await verifyJournal(folder);
      return integrity.holds && completeness.holds;
    }

    function restore(...names: readonly string[]): void {
      for (const name of names) copyFileSync(join(whole, name), join(folder, name));
    }

    it('is seen in 1,800 changes of its files', async () => {
      expect(await holds()).toBe(true);
      const segments = files.filter((name) => name.endsWith('.jsonl'));
      expect(segments.length).toBeGreaterThan(3);
      const unseen: string[] = [];
      for (let i = 0; i < 1_800; i += 1) {
        // Every sixth in one of the small files: the head, the torn tail.
        const name = i % 6 === 0 ? pick(files) : pick(segments);
        const mutate = pick(name.endsWith('.jsonl') ? [...ofBytes, ...ofLines] : ofBytes);
        const { what, bytes } = mutate(readFileSync(join(whole, name)));
        writeFileSync(join(folder, name), bytes);
        if (await holds()) unseen.push(`${name}: ${what}`);
        restore(name);
      }
      expect(unseen).toEqual([]);
      expect(await holds()).toBe(true);
    });

    it('is seen in every byte of the head, and of the last event', async () => {
      const unseen: string[] = [];
      const last = files.filter((name) => name.endsWith('.jsonl')).at(-1) ?? '';
      const lastLine = readFileSync(join(whole, last)).subarray(0, -1).lastIndexOf(10) + 1;
      for (const [name, begin] of [
        ['journal.head', 0],
        [last, lastLine],
      ] as const) {
        const bytes = readFileSync(join(whole, name));
        for (let at = begin; at < bytes.length; at += 1) {
          const { what, bytes: changed } = flipBit(bytes, at, at % 8);
          writeFileSync(join(folder, name), changed);
          if (await holds()) unseen.push(`${name}: ${what}`);
        }
        restore(name);
      }
      expect(unseen).toEqual([]);
    });

    it('is seen where files are removed, doubled or change places', async () => {
      for (const name of files) {
        rmSync(join(folder, name));
        expect({ without: name, holds: await holds() }).toEqual({ without: name, holds: false });
        restore(name);
      }
      const segments = files.filter((name) => name.endsWith('.jsonl'));
      for (const [i, name] of segments.entries()) {
        const next = `${String(segments.length + 1).padStart(8, '0')}.jsonl`;
        copyFileSync(join(whole, name), join(folder, next));
        expect({ doubled: name, holds: await holds() }).toEqual({ doubled: name, holds: false });
        rmSync(join(folder, next));
        const other = segments[(i + 1) % segments.length] ?? '';
        renameSync(join(folder, name), join(folder, 'aside'));
        renameSync(join(folder, other), join(folder, name));
        renameSync(join(folder, 'aside'), join(folder, other));
        expect({ swapped: name, holds: await holds() }).toEqual({ swapped: name, holds: false });
        restore(name, other);
      }
      expect(await holds()).toBe(true);
    });
  });

  describe('with what the collector gives', () => {
    let harness: Harness;
    let bundle: Buffer;
    let key: string;
    let signingKey: KeyObject;

    beforeAll(async () => {
      signingKey = generateKeyPairSync('ed25519').privateKey;
      harness = await startHarness({ signingKeys: [signingKey] });
      await send(harness, people.dev, 'proxy-a', await makeEvents(people.dev, { runs: 1, statements: 6 }));
      await send(
        harness,
        people.otherDev,
        'proxy-b',
        await makeEvents(people.otherDev, { runs: 1, statements: 1 }),
      );
      bundle = await fetchEvidence(harness, people.auditor);
      const { body } = await harness.call(people.auditor, 'GET', '/v1/log/keys');
      key = body.keys[0].key;
    });
    afterAll(() => harness?.stop());

    it('is seen in 2,000 changes of a bundle’s bytes', async () => {
      expect(await verdictsOf(bundle)).toMatchObject({ holds: true });
      const unseen: string[] = [];
      for (let i = 0; i < 2_000; i += 1) {
        const { what, bytes } = pick(ofBytes)(bundle);
        if ((await verdictsOf(bytes)).holds) unseen.push(what);
      }
      expect(unseen).toEqual([]);
    });

    it('is seen in every byte of what is no content: names, lengths, checksums, the list at the end', async () => {
      const unseen: string[] = [];
      const content = new Set<number>();
      let at = 0;
      for (const { name, bytes } of await readMembers(bundle)) {
        at += 30 + name.length;
        for (let i = 0; i < bytes.length; i += 1) content.add(at + i);
        at += bytes.length;
      }
      for (let byte = 0; byte < bundle.length; byte += 1) {
        if (content.has(byte)) continue;
        const bit = below(8);
        if ((await verdictsOf(flipBit(bundle, byte, bit).bytes)).holds)
          unseen.push(`bit ${bit} of byte ${byte}`);
      }
      expect(unseen).toEqual([]);
    });

    it('is seen in 300 bundles made anew around changed events, and signed with another key', async () => {
      const { privateKey } = generateKeyPairSync('ed25519');
      const members = await readMembers(bundle);
      const unseen: string[] = [];
      for (let i = 0; i < 300; i += 1) {
        const { what, bytes } = pick([...ofLines, replaceCharacter])(contentOf(members, 'events.jsonl'));
        const events = { name: 'events.jsonl', bytes };
        const how = i % 3;
        // In turn: the manifest as it was; signed anew; signed anew with the forger's key among the keys.
        const changed = how === 0 ? put(members, events) : forge(put(members, events), privateKey, how === 2);
        // Where the forger brings keys, whoever knows the log's key gives it.
        if (
          (
            await verdictsOf(
              changed === undefined ? bundle : await makeArchive(changed),
              how === 2 ? [key] : [],
            )
          ).holds
        ) {
          unseen.push(`${what}, ${how}`);
        }
      }
      expect(unseen).toEqual([]);
      const untouched = forge(members, privateKey, true);
      expect((await verdictsOf(await makeArchive(untouched), [key])).holds).toBe(false);
      expect((await verdictsOf(await makeArchive(forge(members, signingKey, false)), [key])).holds).toBe(
        true,
      );
    });

    it('is seen where the holder of the log’s own key signs a manifest for events that the log does not hold', async () => {
      const members = await readMembers(bundle);
      const unseen: string[] = [];
      for (let i = 0; i < 200; i += 1) {
        const mutate = pick([swapLines, doubleLine, replaceCharacter]);
        const { what, bytes } = mutate(contentOf(members, 'events.jsonl'));
        // The time at which the collector took an event is its own word, in the log's order alone.
        if (sameButReceipt(bytes, contentOf(members, 'events.jsonl'))) continue;
        const changed = forge(put(members, { name: 'events.jsonl', bytes }), signingKey, false);
        if ((await verdictsOf(await makeArchive(changed), [key])).holds) unseen.push(what);
      }
      expect(unseen).toEqual([]);
    });

    it('is seen in a fork: another log with the same events, by the key of the right one', async () => {
      const other = await startHarness({}, 15);
      try {
        await send(other, people.dev, 'proxy-a', await makeEvents(people.dev, { runs: 1 }));
        const forked = await fetchEvidence(other, people.auditor);
        expect((await verdictsOf(forked)).holds).toBe(true);
        expect((await verdictsOf(forked, [key])).holds).toBe(false);
        // Events of the one under the checkpoint of the other.
        const members = await readMembers(bundle);
        const theirs = await readMembers(forked);
        for (const name of ['checkpoint', 'keys.json', 'events.jsonl', manifestName]) {
          const mixed = put(members, { name, bytes: contentOf(theirs, name) });
          expect({ name, holds: (await verdictsOf(await makeArchive(mixed))).holds }).toEqual({
            name,
            holds: false,
          });
        }
      } finally {
        await other.stop();
      }
    });

    it('is seen in 80 changes of the store: by the collector itself, or in the next bundle', async () => {
      const client = new Client(harness.postgres.url());
      client.on('error', () => undefined);
      await client.connect();
      const unseen: string[] = [];
      try {
        const { rows: events } = await client.query(
          'SELECT proxy, seq FROM portcullis.events ORDER BY proxy, seq',
        );
        const { rows: leaves } = await client.query(
          'SELECT max(index)::int AS last FROM portcullis.log_leaves',
        );
        for (let i = 0; i < 80; i += 1) {
          const a = pick(events);
          const b = pick(events.filter((event) => event !== a));
          const where = `proxy = '${a.proxy}' AND seq = ${a.seq}`;
          const leaf = below(leaves[0].last + 1);
          const byte = below(32);
          const change = pick([
            `UPDATE portcullis.events SET event = event || '{"at":"2020-01-01T00:00:00.000Z"}' WHERE ${where}`,
            `UPDATE portcullis.events SET event = jsonb_set(event, '{seq}', '${a.seq + 100}') WHERE ${where}`,
            `UPDATE portcullis.events SET event = event || '{"added":true}' WHERE ${where}`,
            `UPDATE portcullis.events SET event = event - 'kind' || '{"kind":"stopped"}' WHERE ${where} AND kind <> 'stopped'`,
            `DELETE FROM portcullis.events WHERE ${where}`,
            `UPDATE portcullis.events e SET event = other.event FROM portcullis.events other
             WHERE e.proxy = '${a.proxy}' AND e.seq = ${a.seq} AND other.proxy = '${b.proxy}' AND other.seq = ${b.seq}`,
            `UPDATE portcullis.log_leaves SET hash = set_byte(hash, ${byte}, get_byte(hash, ${byte}) # ${1 << below(8)}) WHERE index = ${leaf}`,
            `UPDATE portcullis.log_leaves SET seq = seq + 100000 WHERE index = ${leaf}`,
            `DELETE FROM portcullis.log_leaves WHERE index = ${leaf}`,
            `UPDATE portcullis.log SET size = size - 1`,
            `UPDATE portcullis.log SET peaks = set_byte(peaks, ${byte}, get_byte(peaks, ${byte}) # 1)`,
          ]);
          if (!(await isSeen(client, change))) unseen.push(change);
        }
        expect((await verdictsOf(await fetchEvidence(harness, people.auditor))).holds).toBe(true);
      } finally {
        await client.end();
      }
      expect(unseen).toEqual([]);
    });

    /** Does the change, looks, and puts everything back from copies. */
    async function isSeen(client: Client, change: string): Promise<boolean> {
      // With `proxies`: that the bundle was made is itself recorded, under the collector's own numbers.
      const tables = ['events', 'proxies', 'log_leaves', 'log_nodes', 'log'];
      // As of one moment: a sign-in that could not be recorded in a changed store is tried again meanwhile.
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      for (const table of tables) {
        await client.query(`CREATE TEMP TABLE kept_${table} AS TABLE portcullis.${table}`);
      }
      await client.query('COMMIT');
      try {
        const { rowCount } = await client.query(change);
        if (rowCount === 0) return true; // nothing was changed
        const next = await fetchEvidence(harness, people.auditor).catch(() => undefined);
        return next === undefined || !(await verdictsOf(next)).holds;
      } finally {
        await client.query('BEGIN');
        for (const table of tables) {
          await client.query(`DELETE FROM portcullis.${table}`);
          await client.query(`INSERT INTO portcullis.${table} TABLE kept_${table}`);
          await client.query(`DROP TABLE kept_${table}`);
        }
        await client.query('COMMIT');
      }
    }
  });
});

function contentOf(members: readonly Member[], name: string): Buffer {
  const found = members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`the bundle has no ${name}`);
  return found.bytes;
}

function put(members: readonly Member[], changed: Member): Member[] {
  return members.map((member) => (member.name === changed.name ? changed : member));
}

/** Signs manifest and checkpoint anew, as they have to be for the members; with the signer's own key as the bundle's, or not. */
function forge(members: readonly Member[], privateKey: KeyObject, bringsKey: boolean): Member[] {
  const checkpoint = readUnverifiedCheckpoint(contentOf(members, 'checkpoint').toString());
  const signer = {
    name: checkpoint.origin,
    privateKey: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  };
  const keys = JSON.parse(contentOf(members, 'keys.json').toString());
  const own = { key: formatNoteKey(noteKeyOf(signer)), since: '2026-01-01T00:00:00.000Z' };
  let changed = put(members, {
    name: 'checkpoint',
    bytes: Buffer.from(signCheckpoint(checkpoint, [signer])),
  });
  if (bringsKey) {
    changed = put(changed, {
      name: 'keys.json',
      bytes: Buffer.from(JSON.stringify({ ...keys, keys: [own] })),
    });
  }
  const manifest = readUnverifiedManifest(contentOf(members, manifestName).toString());
  const others = changed.filter(({ name }) => name !== manifestName);
  const note = signManifest({ ...manifest, members: listMembers(others) }, [signer]);
  return put(changed, { name: manifestName, bytes: Buffer.from(note) });
}

/** Whether nothing but times of receipt differ. */
function sameButReceipt(a: Buffer, b: Buffer): boolean {
  const withoutReceipt = (bytes: Buffer) => bytes.toString('utf8').replace(/"receivedAt":"[^"]*"/g, '');
  return withoutReceipt(a) === withoutReceipt(b);
}
