/** Promises about what the collector records by itself: sign-ins, readings, changes; once each, in the same log. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import type { RunningCollector } from '../../../proxy/collector/collector.ts';
import { type Harness, intent, runSql, startHarness } from './collectorHarness.ts';
import { fetchEvidence, verdictsOf } from './evidenceHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
let second: RunningCollector;
beforeAll(async () => {
  harness = await startHarness();
  second = await harness.startAnother();
});
afterAll(async () => {
  await second?.stop();
  await harness?.stop();
});

interface Stored {
  readonly proxy: string;
  readonly event: JournalEvent & Readonly<Record<string, unknown>>;
}

/** Past the collector: to look is not to be recorded here. */
async function stored(kind?: string): Promise<readonly Stored['event'][]> {
  const rows = await runSql<{ proxy: string; event: Stored['event'] }>(
    harness.postgres.url(),
    "SELECT proxy, event FROM portcullis.events WHERE proxy LIKE 'collector:%' ORDER BY seq",
  );
  expect(new Set(rows.map(({ proxy }) => proxy)).size).toBe(1);
  expect(rows.map(({ event }) => event.seq)).toEqual(rows.map((_, i) => i + 1));
  return rows.map(({ event }) => event).filter((event) => kind === undefined || event.kind === kind);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a sign-in', () => {
  it('is recorded once for a token, whichever collectors see it and however often', async () => {
    const token = await harness.issuer.token(people.reviewer);
    const ask = (url: string) => harness.callAt(url, token, 'GET', '/v1/me');
    await Promise.all([harness.collector.url, second.url, second.url, harness.collector.url].map(ask));
    const ofReviewer = (await stored('signIn')).filter(
      (event) => (event['identity'] as { subject: string } | undefined)?.subject === 'reviewer',
    );
    expect(ofReviewer).toMatchObject([
      {
        status: 'ok',
        attempts: 1,
        identity: { subject: 'reviewer', email: people.reviewer.email, groups: people.reviewer.groups },
        client: { address: expect.stringMatching(/127\.0\.0\.1|::1/) },
      },
    ]);
  });

  it('that is refused is recorded at once, and what follows is counted: nobody can fill the log so', async () => {
    const before = (await stored('signIn')).length;
    const past = Math.floor(Date.now() / 1000) - 7200;
    const expired = await harness.issuer.token(people.dev, { iat: past, exp: past + 3600 });
    for (let i = 0; i < 30; i += 1) await harness.call(expired, 'GET', '/v1/me');
    await until(async () => (await stored('signIn')).length > before);
    const refused = (await stored('signIn')).filter((event) => event['status'] === 'refused');
    expect(refused).toMatchObject([{ attempts: 1, reason: { message: expect.any(String) } }]);
    expect(JSON.stringify(refused)).not.toContain(people.dev.email);
    const found = await harness.call(people.auditor, 'GET', '/v1/events?decision=deny');
    expect(found.body.items.map(({ event }: Stored) => event.kind)).toContain('signIn');
  });

  it('that was refused and counted is told of when a collector stops', async () => {
    const another = await harness.startAnother();
    for (let i = 0; i < 5; i += 1) await harness.callAt(another.url, 'nonsense', 'GET', '/v1/me');
    await another.stop();
    const refused = (await stored('signIn')).filter((event) => event['status'] === 'refused').slice(-2);
    expect(refused.map((event) => event['attempts'])).toEqual([1, 4]);
  });
});

describe('reading the records', () => {
  it('is recorded before anything is handed out: who, what they asked for, how many they got', async () => {
    const events = [1, 2, 3].map((seq) => intent(people.dev, seq));
    await harness.call(people.dev, 'POST', '/v1/events', { proxy: 'one', events });
    await harness.call(people.auditor, 'GET', '/v1/events?connection=shop&limit=2');
    await harness.call(people.dev, 'GET', '/v1/events?connection=shop');
    await fetchEvidence(harness, people.admin, { connection: 'shop' });
    const read = (await stored('recordsRead')).slice(-3);
    expect(read).toMatchObject([
      { how: 'search', identity: { subject: 'auditor' }, filter: { connection: 'shop' }, results: 2 },
      { how: 'search', identity: { subject: 'dev' }, results: 3, ownOnly: true },
      { how: 'export', identity: { subject: 'admin' }, filter: { connection: 'shop' }, results: 3 },
    ]);
  });

  it('is found by a search, also by whom it is about, and does not feed on itself', async () => {
    const who = '/v1/events?identity=auditor';
    const first = await harness.call(people.auditor, 'GET', who);
    const ofKind = await harness.call(people.auditor, 'GET', '/v1/events?kind=policyChanged');
    expect(ofKind.body.items).toMatchObject([{ event: { kind: 'policyChanged', what: 'access' } }]);
    expect(first.body.items.map(({ event }: Stored) => event.kind)).toContain('recordsRead');
    const before = await stored();
    // A view that refreshes itself, and pages of it.
    for (let i = 0; i < 20; i += 1) await harness.call(people.auditor, 'GET', `${who}&limit=${i + 1}`);
    expect(await stored()).toHaveLength(before.length);
    // A mirror of the log reads its end again and again.
    const token = await harness.issuer.token(people.auditor);
    const tile = () =>
      fetch(`${harness.collector.url}/tile/entries/000.p/1`, {
        headers: { authorization: `Bearer ${token}` },
      });
    for (let i = 0; i < 20; i += 1) expect((await tile()).status).toBe(200);
    const entries = (await stored('recordsRead')).filter((event) => event['how'] === 'entries');
    expect(entries).toMatchObject([{ results: 1, requests: 1 }]);
  });

  it('many times is told of with the sums when a collector stops', async () => {
    const another = await harness.startAnother();
    const ask = () =>
      harness.callAt(another.url, people.auditor, 'GET', '/v1/events?connection=shop&limit=1');
    for (let i = 0; i < 4; i += 1) await ask();
    await another.stop();
    const read = (await stored('recordsRead')).slice(-2);
    expect(read).toMatchObject([
      { requests: 1, results: 1 },
      { requests: 3, results: 3 },
    ]);
  });

  it('that cannot be recorded is not answered', async () => {
    await runSql(harness.postgres.url(), 'ALTER TABLE portcullis.log RENAME TO log_away');
    const { status } = await harness.call(people.auditor, 'GET', '/v1/events?relation=never.asked');
    await runSql(harness.postgres.url(), 'ALTER TABLE portcullis.log_away RENAME TO log');
    expect(status).toBeGreaterThanOrEqual(500);
  });
});

describe('a change', () => {
  const masking = (text: string) => ({ name: 'masking.yaml', text });
  const cedar = { name: 'reads.cedar', text: '// nothing' };

  it('of the policy is recorded once, with versions and hashes, and so is every column that it classifies anew', async () => {
    const changed = [cedar, masking('classify:\n  - {column: public.people.note, as: pii.freeText}\n')];
    await Promise.all([harness.collector.usePolicy(changed), second.usePolicy(changed)]);
    const later = [
      { name: 'reads.cedar', text: '// nothing else' },
      masking('unclassify:\n  - {column: public.people.note, reason: synthetic data}\n'),
    ];
    await harness.collector.usePolicy(later);
    const changes = (await stored('policyChanged')).filter((event) => event['what'] === 'access');
    expect(changes).toHaveLength(3);
    expect(changes[0]).toMatchObject({ files: [{ name: 'reads.cedar', change: 'added' }] });
    expect(changes[1]).toMatchObject({
      from: changes[0]?.['to'],
      identity: { subject: expect.stringMatching(/^operator:/) },
      files: [{ name: 'masking.yaml', change: 'added', after: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    expect(changes[2]).toMatchObject({
      from: changes[1]?.['to'],
      files: [
        { name: 'masking.yaml', change: 'changed' },
        { name: 'reads.cedar', change: 'changed' },
      ],
    });
    expect(await stored('classificationChanged')).toMatchObject([
      { column: 'public.people.note', to: 'pii.freeText', policy: changes[1]?.['to'] },
      {
        column: 'public.people.note',
        from: 'pii.freeText',
        to: 'none',
        why: expect.stringContaining('synthetic data'),
        policy: changes[2]?.['to'],
      },
    ]);
  });
});

describe('the own events', () => {
  it('are nobody else’s: neither their ids nor their kinds can be sent', async () => {
    const send = (proxy: string, events: readonly object[]) =>
      harness.call(people.proxy, 'POST', '/v1/events', { proxy, events });
    expect((await send('collector:0123456789abcdef', [intent(people.dev, 1)])).status).toBe(403);
    const forged = (await stored('policyChanged'))[0] as object;
    expect((await send('forger', [{ ...forged, seq: 1 }])).status).toBe(400);
  });

  it('are in the log, whole and provable with all others, and fit the schema that is published', async () => {
    const bundle = await fetchEvidence(harness, people.auditor);
    expect(await verdictsOf(bundle)).toMatchObject({ holds: true });
    const { body } = await harness.call(people.dev, 'GET', '/v1/schemas/event');
    const isEvent = new Ajv2020({ strict: true, validateFormats: false }).compile(body);
    for (const event of await stored()) {
      isEvent(event);
      expect({ event, errors: isEvent.errors }).toEqual({ event, errors: null });
    }
  });
});
