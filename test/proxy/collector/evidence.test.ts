/** Promises of evidence bundles: whole, checkable offline, for those who may have them; each lack and change shows. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { hasOcsfSchema, OcsfSchema } from '../audit/ocsfSchema.ts';
import { type Harness, startHarness } from './collectorHarness.ts';
import {
  fetchEvidence,
  linesOf,
  makeArchive,
  makeEvents,
  readMembers,
  send,
  textOf,
  verdictsOf,
} from './evidenceHarness.ts';
import { people } from './issuer.ts';

const { dev, otherDev, auditor, admin, stranger } = people;
let harness: Harness;
/** What the collector records by itself. */
const isOwn = ({ proxy }: { readonly proxy: string }) => proxy.startsWith('collector:');
const isOwnSource = ({ source }: { readonly source: string }) => source.includes('collector%3A');
let ofDev: JournalEvent[];
let ofOther: JournalEvent[];

beforeAll(async () => {
  harness = await startHarness();
  ofDev = await makeEvents(dev);
  ofOther = await makeEvents(otherDev, { runs: 1 });
  await send(harness, dev, 'proxy-of-dev', ofDev);
  await send(harness, otherDev, 'proxy-of-other', ofOther);
});
afterAll(() => harness?.stop());

describe('a bundle of everything', () => {
  it('holds, with each event as it was recorded, and needs nothing but itself', async () => {
    const bundle = await fetchEvidence(harness, auditor);
    const verdicts = await verdictsOf(bundle);
    expect(verdicts).toMatchObject({ integrity: [], completeness: [], holds: true });
    const lines = await linesOf(bundle);
    expect(lines.filter(({ proxy }) => proxy === 'proxy-of-dev').map(({ event }) => event)).toEqual(ofDev);
    expect(lines.filter(({ proxy }) => proxy === 'proxy-of-other').map(({ event }) => event)).toEqual(
      ofOther,
    );
    expect(verdicts.notProven.join(' ')).toContain('came with the bundle');
    expect(verdicts.notes).toEqual([
      expect.stringContaining('Decisions were made by policy version 1, whose'),
    ]);
    const { body } = await harness.call(auditor, 'GET', '/v1/log/keys');
    const [{ key }] = body.keys;
    expect(await verdictsOf(bundle, [key])).toMatchObject({ holds: true });
    expect((await verdictsOf(bundle, [key])).notProven.join(' ')).not.toContain('came with the bundle');
  });

  it('is an archive that other tools open', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bundle-'));
    const path = join(folder, 'bundle.zip');
    writeFileSync(path, await fetchEvidence(harness, admin));
    const code =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])';
    execFileSync('python3', ['-c', code, path, join(folder, 'out')]);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual([
      'checkpoint',
      'events.jsonl',
      'events.ocsf.json',
      'keys.json',
      'manifest.note',
      'policies.json',
      'summary.html',
    ]);
    rmSync(folder, { recursive: true });
  });

  it('tells counts, people, policies with their texts, and controls, and lets no text become markup', async () => {
    const harmful = '<script>alert(1)</script>';
    const bundle = await fetchEvidence(harness, auditor, { connection: harmful });
    expect(await textOf(bundle, 'summary.html')).not.toContain('<script');
    expect(await textOf(bundle, 'summary.html')).toContain('&#60;script&#62;');
    const html = await textOf(await fetchEvidence(harness, auditor), 'summary.html');
    for (const words of [
      'dev@example.com',
      'pii.email',
      'CC6.1',
      'CC7.2',
      'CC8.1',
      'AU-9',
      'AU-10',
      'CM-3',
    ]) {
      expect(html).toContain(words);
    }
    const statements = [...ofDev, ...ofOther].filter(({ kind }) => kind === 'intent').length;
    expect(html).toContain(`<td>Statements that were let through</td><td class="n">${statements}</td>`);
    const policies = JSON.parse(await textOf(bundle, 'policies.json'));
    expect(policies).toMatchObject([{ files: [{ name: 'reads.cedar', text: '// nothing' }] }]);
  });

  it.skipIf(!hasOcsfSchema)('holds the same events as valid OCSF', async () => {
    const schema = new OcsfSchema();
    const wrapped = JSON.parse(await textOf(await fetchEvidence(harness, auditor), 'events.ocsf.json'));
    const sent = wrapped.filter((event: { source: string }) => !isOwnSource(event));
    expect(sent.length).toBe([...ofDev, ...ofOther].filter(({ kind }) => kind !== 'outcome').length);
    for (const { data } of wrapped) expect(schema.validate(data)).toEqual([]);
  });
});

describe('a bundle of a part', () => {
  it('of a period has every number of each proxy between the first and the last', async () => {
    const from = ofDev[5]?.at ?? '';
    const bundle = await fetchEvidence(harness, auditor, { from });
    expect(await verdictsOf(bundle)).toMatchObject({ holds: true });
    // The one before the period is there, to show that the period begins after it.
    const ofProxy = (await linesOf(bundle)).filter(({ proxy }) => proxy === 'proxy-of-dev');
    expect(ofProxy.slice(1).every(({ event }) => event.at >= from)).toBe(true);
    const to = ofDev.at(-5)?.at ?? '';
    const inner = await fetchEvidence(harness, auditor, { from, to });
    expect(await verdictsOf(inner)).toMatchObject({ holds: true });
    const later = await fetchEvidence(harness, auditor, { from: '2100-01-01T00:00:00Z' });
    expect(await verdictsOf(later)).toMatchObject({ holds: true, events: 0 });
  });

  it('of a person, a decision or a relation has those events with their outcomes, and says what that cannot prove', async () => {
    const ofPerson = await fetchEvidence(harness, auditor, { identity: dev.email });
    expect(await verdictsOf(ofPerson)).toMatchObject({ holds: true });
    expect((await linesOf(ofPerson)).filter((line) => !isOwn(line))).toHaveLength(ofDev.length);
    const own = (await linesOf(ofPerson)).filter(isOwn);
    expect(own.map(({ event }) => event)).toMatchObject([{ kind: 'signIn', identity: { subject: 'dev' } }]);
    const allowed = await fetchEvidence(harness, auditor, { decision: 'allow', connection: 'demo' });
    expect(await verdictsOf(allowed)).toMatchObject({ holds: true });
    expect((await verdictsOf(allowed)).notProven.join(' ')).toContain('matches the filter');
    expect((await linesOf(allowed)).length).toBeGreaterThan(10);
    const ofRelation = await linesOf(await fetchEvidence(harness, auditor, { relation: 'public.customers' }));
    expect(new Set(ofRelation.map(({ event }) => event.kind))).toEqual(
      new Set(['intent', 'outcome', 'refusal']),
    );
  });

  it('for a developer is of their own events only', async () => {
    const bundle = await fetchEvidence(harness, dev);
    expect(await verdictsOf(bundle)).toMatchObject({ holds: true });
    expect((await linesOf(bundle)).filter((line) => !isOwn(line))).toHaveLength(ofDev.length);
    expect(await textOf(bundle, 'events.jsonl')).not.toContain('proxy-of-other');
    expect(await linesOf(await fetchEvidence(harness, dev, { identity: otherDev.email }))).toEqual([]);
  });

  it('is refused to strangers, and where the question is none', async () => {
    await expect(fetchEvidence(harness, stranger)).rejects.toThrow('403');
    await expect(fetchEvidence(harness, auditor, { from: 'yesterday' })).rejects.toThrow('400');
    await expect(fetchEvidence(harness, auditor, { who: 'dev' })).rejects.toThrow('400');
    expect((await harness.call(undefined, 'GET', '/v1/evidence')).status).toBe(401);
  });
});

describe('a bundle that somebody has worked on', () => {
  const replace = async (bundle: Buffer, member: string, change: (text: string) => string) =>
    makeArchive(
      (await readMembers(bundle)).map(({ name, bytes }) =>
        name === member ? { name, bytes: Buffer.from(change(bytes.toString('utf8'))) } : { name, bytes },
      ),
    );

  it('shows a changed event by its number, also where the archive was made anew around it', async () => {
    const bundle = await fetchEvidence(harness, auditor);
    const changed = await replace(bundle, 'events.jsonl', (text) => text.replace('"rows":3', '"rows":4'));
    const { integrity } = await verdictsOf(changed);
    expect(integrity.map(({ message }) => message).join('\n')).toContain('the part is not what was signed');
    expect(integrity).toContainEqual(
      expect.objectContaining({
        proxy: expect.any(String),
        event: expect.any(Number),
        message: expect.stringContaining('the log holds no such event'),
      }),
    );
  });

  it('shows a removed event by what was put in', async () => {
    const bundle = await fetchEvidence(harness, auditor);
    const removed = await replace(bundle, 'events.jsonl', (text) =>
      text.split('\n').toSpliced(3, 1).join('\n'),
    );
    const { completeness } = await verdictsOf(removed);
    expect(completeness[0]?.message).toMatch(/^\d+ events were put in \(numbers 1–\d+\), and \d+ are there/);
  });

  it('shows each changed or removed part by its name', async () => {
    const bundle = await fetchEvidence(harness, auditor);
    const members = await readMembers(bundle);
    for (const { name } of members) {
      const changed = await replace(bundle, name, (text) => `${text} `);
      expect({ name, problems: (await verdictsOf(changed)).integrity }).toEqual({
        name,
        problems: expect.arrayContaining([expect.objectContaining({ file: name })]),
      });
      const without = await makeArchive(members.filter((member) => member.name !== name));
      expect({ name, holds: (await verdictsOf(without)).holds }).toEqual({ name, holds: false });
    }
  });

  it('is not a bundle where it is empty or something else', async () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('{}'),
      await makeArchive([]),
      await makeArchive([{ name: 'a', bytes: Buffer.from('b') }]),
    ]) {
      expect(await verdictsOf(bytes)).toMatchObject({ holds: false });
    }
  });
});

describe('events as OCSF', () => {
  it.skipIf(!hasOcsfSchema)(
    'are a batch of CloudEvents, statements with their outcomes, page by page',
    async () => {
      const schema = new OcsfSchema();
      const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
        const token = await harness.issuer.token(auditor);
        return fetch(`${harness.collector.url}${path}`, {
          headers: { authorization: `Bearer ${token}`, ...headers },
        });
      };
      const found: { id: string; source: string; data: Record<string, unknown> }[] = [];
      for (let path = '/v1/events?format=ocsf&limit=7'; path !== ''; ) {
        const response = await ask(path);
        expect(response.headers.get('content-type')).toContain('application/cloudevents-batch+json');
        found.push(...((await response.json()) as typeof found));
        path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? '';
      }
      const sent = found.filter((event) => !isOwnSource(event));
      expect(sent).toHaveLength([...ofDev, ...ofOther].filter(({ kind }) => kind !== 'outcome').length);
      expect(new Set(found.map(({ id, source }) => `${source} ${id}`)).size).toBe(found.length);
      for (const { data } of found) expect(schema.validate(data)).toEqual([]);
      const statements = sent.filter(({ data }) => data['class_uid'] === 6005 && data['action'] !== 'Denied');
      expect(new Set(statements.map(({ data }) => data['status']))).toEqual(new Set(['Success']));
      const logoffs = sent.filter(({ data }) => data['activity_name'] === 'Logoff');
      expect(logoffs.every(({ data }) => (data['user'] as { uid: string }).uid !== 'unknown')).toBe(true);
      const byAccept = await ask('/v1/events?decision=allow', {
        accept: 'application/cloudevents-batch+json',
      });
      expect(Array.isArray(await byAccept.json())).toBe(true);
      expect((await ask('/v1/events?format=xml')).status).toBe(400);
    },
  );
});

it('an event that the store has lost since is missing from a bundle of everything', async () => {
  const other = await startHarness({}, 15);
  try {
    const events = await makeEvents(dev, { runs: 1 });
    await send(other, dev, 'proxy-one', events);
    const { Client } = await import('pg');
    const client = new Client(other.postgres.url());
    await client.connect();
    await client.query('DELETE FROM portcullis.events WHERE seq IN (4, 5)');
    await client.query(`UPDATE portcullis.events SET event = event || '{"rows": 77}' WHERE seq = 7`);
    const { completeness, integrity } = await verdictsOf(await fetchEvidence(other, auditor));
    expect(completeness).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^events 4 to 5 are missing/),
        proxy: 'proxy-one',
      }),
    );
    expect(integrity).toContainEqual(expect.objectContaining({ event: 7 }));
    // At the edges too, in a period that ends before the last event: the numbers before and after show it.
    const at = (seq: number) => events.find((event) => event.seq === seq)?.at ?? '';
    await client.query('DELETE FROM portcullis.events WHERE seq IN (1, 2, 3)');
    const begin = await fetchEvidence(other, auditor, { to: '2100-01-01T00:00:00Z' });
    expect((await verdictsOf(begin)).completeness).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/^events 1 to 5 are missing/) }),
    );
    await client.query(`DELETE FROM portcullis.events WHERE seq >= ${events.length - 1}`);
    const end = await fetchEvidence(other, auditor, { from: at(6) });
    expect((await verdictsOf(end)).completeness).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining(`events ${events.length - 1} to ${events.length} are missing`),
      }),
    );
    await client.end();
  } finally {
    await other.stop();
  }
});
