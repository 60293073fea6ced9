/** Promises of retention: what is over is gone, what is held stays, and everything can still be proved and is told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { openCheckpoint } from '../../../proxy/audit/log/checkpoint.ts';
import { verifyConsistency } from '../../../proxy/audit/log/merkleTree.ts';
import { parseNoteKey } from '../../../proxy/audit/log/signedNote.ts';
import type { RetentionPolicy } from '../../../proxy/collector/retention/retentionPolicy.ts';
import { readRetentionPolicy } from '../../../proxy/collector/retention/retentionPolicy.ts';
import { type Harness, intent, outcome, runSql, startHarness } from './collectorHarness.ts';
import { fetchEvidence, linesOf, textOf, verdictsOf } from './evidenceHarness.ts';
import { people } from './issuer.ts';

const { dev, auditor } = people;
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

const sql = <Row extends object>(text: string, values: readonly unknown[] = []) =>
  runSql<Row & Record<string, unknown>>(harness.postgres.url(), text, values);

/** Statements with their outcomes. */
const statements = (from: number, through: number, fields: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: (through - from + 1) / 2 }, (_, i) => from + 2 * i).flatMap((seq) => [
    intent(dev, seq, fields),
    outcome(seq + 1, seq),
  ]);

const send = async (proxy: string, events: readonly JournalEvent[], knownSize?: number) => {
  const body = { proxy, events, ...(knownSize !== undefined && { knownSize }) };
  return harness.call(dev, 'POST', '/v1/events', body);
};

/** As if a month had been taken long ago. */
async function makeOld(name: string, month: string, where: string): Promise<void> {
  await sql(
    `CREATE TABLE portcullis.${name} PARTITION OF portcullis.events
       FOR VALUES FROM ('${month}-01T00:00:00Z') TO ('${month}-28T00:00:00Z');
     INSERT INTO portcullis.event_partitions VALUES ('${name}', '${month}-01T00:00:00Z', '${month}-28T00:00:00Z');
     UPDATE portcullis.events SET received_at = '${month}-02T00:00:00Z' WHERE ${where}`,
  );
}

async function retain(retention: RetentionPolicy): Promise<void> {
  const another = await harness.startAnother({ retention });
  // Stopping waits for what is being done.
  await another.stop();
}

const numbers = async (proxy: string) =>
  (
    await sql<{ seq: string }>('SELECT seq FROM portcullis.events WHERE proxy = $1 ORDER BY seq', [proxy])
  ).map(({ seq }) => Number(seq));

describe('a retention policy', () => {
  const policy: RetentionPolicy = {
    name: 'one year',
    keepDays: 365,
    rules: [{ environment: 'development', keepDays: 30 }],
    holds: [{ name: 'case 17', connection: 'shop', relation: 'audit.cases' }],
  };
  let known: { size: number; root: Uint8Array };

  it('removes what is over, by connection and age, whole months at once, and keeps what is held', async () => {
    const held = { relations: [{ schema: 'audit', name: 'cases' }] };
    expect((await send('whole', statements(1, 20))).status).toBe(200);
    await send('held', [...statements(1, 4), ...statements(5, 6, held), ...statements(7, 10)]);
    await send('mixed', [
      ...statements(1, 6),
      ...statements(7, 12, { connection: 'lab', environment: 'development' }),
    ]);
    const young = await send('young', statements(1, 4));
    known = await open(young.body.receipt.checkpoint);
    await makeOld('events_old', '2020-01', "proxy = 'whole'");
    await makeOld('events_older', '2020-02', "proxy = 'held'");
    // Some months ago: over for the one connection and not for the other.
    const [then] = await sql<{ month: string }>(
      "SELECT to_char(now() - interval '3 months', 'YYYY-MM') AS month",
    );
    await makeOld('events_recent', then?.month ?? '', "proxy = 'mixed'");

    await retain(policy);
    expect(await numbers('whole')).toEqual([]);
    expect(await numbers('held')).toEqual([5, 6]);
    expect(await numbers('mixed')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await numbers('young')).toEqual([1, 2, 3, 4]);
    const parts = await sql<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relname IN ('events_old', 'events_older', 'events_recent') ORDER BY 1",
    );
    expect(parts.map(({ relname }) => relname)).toEqual(['events_older', 'events_recent']);
  });

  it('is recorded with what it removed, and so is that it changed', async () => {
    const told = await sql<{ event: Record<string, unknown> }>(
      "SELECT event FROM portcullis.events WHERE kind IN ('eventsRemoved', 'policyChanged') ORDER BY seq",
    );
    const events = told.map(({ event }) => event);
    expect(events.filter((event) => event['what'] === 'retention')).toMatchObject([
      { files: [{ name: 'one year', change: 'added' }] },
    ]);
    expect(events.filter(({ kind }) => kind === 'eventsRemoved')).toMatchObject([
      {
        policy: { name: 'one year' },
        events: 20,
        removed: [{ proxy: 'whole', events: 20, ranges: [[1, 20]] }],
      },
      {
        events: 8,
        removed: [
          {
            proxy: 'held',
            events: 8,
            ranges: [
              [1, 4],
              [7, 10],
            ],
          },
        ],
      },
      { rule: 'events of lab are kept for 30 days', removed: [{ proxy: 'mixed', ranges: [[7, 12]] }] },
    ]);
    // Nothing is left to be removed.
    await retain(policy);
    const after = await sql("SELECT FROM portcullis.events WHERE kind = 'eventsRemoved'");
    expect(after).toHaveLength(3);
  });

  it('leaves the log as it was: an old checkpoint is still the beginning of the new one', async () => {
    const { body } = await send('young', [intent(dev, 5)], known.size);
    const now = await open(body.receipt.checkpoint);
    const proof = body.receipt.consistency.map((hash: string) => Buffer.from(hash, 'base64'));
    expect(
      verifyConsistency(known.size, Buffer.from(known.root), now.size, Buffer.from(now.root), proof),
    ).toBe(true);
  });

  it('lets a proxy that sends removed events again go on, and none send others in their place', async () => {
    expect((await send('whole', statements(19, 22))).body).toMatchObject({ acknowledged: 22 });
    expect((await send('whole', [intent(dev, 19, { note: 'another' })])).status).toBe(409);
  });

  it('explains what is missing in a bundle, precisely, and nothing else', async () => {
    const bundle = await fetchEvidence(harness, auditor);
    const verdicts = await verdictsOf(bundle);
    expect(verdicts).toMatchObject({ integrity: [], completeness: [], holds: true });
    const notes = verdicts.notes.filter((note) => note.includes('retention policy'));
    expect(notes.toSorted()).toEqual([
      expect.stringMatching(
        /^20 events were removed by retention policy one year \([0-9a-f]{12}: .*\) at 20\d\d-.*, as event \d+ of collector:/,
      ),
      expect.stringMatching(/^6 events were removed by retention policy one year .*lab/),
      expect.stringMatching(/^8 events were removed/),
    ]);
    expect(verdicts.notes.join('\n')).toContain('34 are no longer kept');
    expect((await textOf(bundle, 'retention.jsonl')).trim().split('\n')).toHaveLength(3);
    expect(await textOf(bundle, 'summary.html')).toContain('No longer kept');
    const period = await fetchEvidence(harness, auditor, { to: '2100-01-01T00:00:00Z' });
    expect(await verdictsOf(period)).toMatchObject({ holds: true });
    // What somebody removed by hand, beside what the policy did.
    await sql(
      "DELETE FROM portcullis.events WHERE (proxy = 'mixed' AND seq = 6) OR (proxy = 'young' AND seq = 2)",
    );
    const { completeness } = await verdictsOf(await fetchEvidence(harness, auditor));
    const words = completeness.map(({ proxy, message }) => `${proxy}: ${message.split(':')[0]}`);
    expect(words).toContain('mixed: event 6 is missing');
    expect(words).toContain('young: event 2 is missing');
    expect(completeness.map(({ message }) => message).join('\n')).toContain('2 of the log’s');
    expect((await linesOf(bundle)).some(({ proxy }) => proxy === 'held')).toBe(true);
  });

  async function open(note: string) {
    const { body } = await harness.call(dev, 'GET', '/v1/log/keys');
    return openCheckpoint(note, body.origin, [parseNoteKey(body.keys[0].key)]);
  }
});

describe('the file of a retention policy', () => {
  it('is read to the last key', () => {
    const text =
      'name: standard\nkeepDays: 400\nrules:\n  - {connection: lab, keepDays: forever}\nholds:\n  - {name: a, identity: x@y.z, from: 2026-01-01}\nwaitForSinksDays: 0\n';
    expect(readRetentionPolicy(text)).toEqual({
      name: 'standard',
      keepDays: 400,
      rules: [{ connection: 'lab' }],
      holds: [{ name: 'a', identity: 'x@y.z', from: '2026-01-01T00:00:00.000Z' }],
      waitForSinksDays: 0,
    });
  });

  it.each([
    ['', /has to hold name/],
    ['keepDays: 3', /lacks "name"/],
    ['{name: a, keepdays: 3}', /cannot hold "keepdays"/],
    ['{name: a, keepDays: 0}', /keepDays has to be a number of days/],
    ['{name: a, rules: [{keepDays: 3}]}', /rules\[0\] names either/],
    ['{name: a, rules: [{connection: a, environment: b, keepDays: 3}]}', /rules\[0\] names either/],
    ['{name: a, rules: [{connection: a}]}', /rules\[0\] lacks "keepDays"/],
    ['{name: a, holds: [{relation: a}]}', /holds\[0\] lacks "name"/],
    ['{name: a, holds: [{name: b, to: soon}]}', /holds\[0\].to has to be a time/],
    ['{name: a, waitForSinksDays: -1}', /waitForSinksDays has to be a number of days/],
    ['a: [', /it is not YAML/],
  ])('%s is refused with what is wrong', (text, words) => {
    expect(() => readRetentionPolicy(text)).toThrow(words);
  });
});
