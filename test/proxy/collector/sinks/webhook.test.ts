/** Promises about webhooks: signed, in order, once more rather than once too few, whatever the receiver does. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunningCollector } from '../../../../proxy/collector/collector.ts';
import type { SinkSettings } from '../../../../proxy/collector/sinks/sink.ts';
import { type Harness, intent, outcome, startHarness } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import { type Answer, startHttpReceiver, verifyWebhook } from './receivers.ts';
import {
  eventsOf,
  idsOf,
  quick,
  record,
  secretText,
  statements,
  stateOf,
  until,
  webhook,
} from './sinkHarness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ sinkTimes: quick });
});
afterAll(() => harness?.stop());

/** Another collector over the same store, which has these sinks and ends with the test. */
async function collectorWith(...sinks: SinkSettings[]): Promise<RunningCollector> {
  const collector = await harness.startAnother({ sinks });
  onTestFinished(() => collector.stop());
  return collector;
}

/** Ids `proxy#seq` of what this proxy sent. */
const ownIds = (ids: readonly string[], proxy: string) => ids.filter((id) => id.startsWith(`${proxy}#`));

describe('a webhook', () => {
  it('is sent every event of the log, signed, as a batch of CloudEvents', async () => {
    const receiver = await startHttpReceiver();
    await record(harness, 'signed', statements(1, 30));
    const { url } = await collectorWith(webhook('signed', receiver.url));
    await until(async () => (await stateOf(harness, 'signed', url))?.waiting === 0);
    for (const request of receiver.received) {
      verifyWebhook(request, secretText);
      expect(() => verifyWebhook({ ...request, body: `${request.body} ` }, secretText)).toThrow();
      expect(request.headers['content-type']).toBe('application/cloudevents-batch+json; charset=UTF-8');
      expect(request.headers['webhook-id']).toMatch(/^msg_[0-9a-f]{40}$/);
    }
    const events = eventsOf(receiver.taken);
    expect(ownIds(idsOf(events), 'signed')).toEqual(
      Array.from({ length: 30 }, (_, i) => `signed#${1 + 2 * i}`),
    );
    expect(events.find(({ source }) => source.endsWith('/signed'))).toMatchObject({
      specversion: '1.0',
      source: '/portcullis/proxies/signed',
      type: 'portcullis.intent',
      data: { class_uid: 6005, status: 'Success', unmapped: { environment: 'production', rows: 1 } },
    });
    expect(receiver.received.every(({ body }) => JSON.parse(body).length <= 10)).toBe(true);
    expect(await stateOf(harness, 'signed', url)).toMatchObject({
      state: 'idle',
      sent: events.length,
      failed: 0,
    });
  });

  it('is told of an outcome that came later by an event of its own, with all that is known', async () => {
    const receiver = await startHttpReceiver();
    const { url } = await collectorWith(webhook('later', receiver.url, { start: 'now' }));
    await until(async () => (await stateOf(harness, 'later', url)) !== undefined);
    await record(harness, 'later', [intent(people.dev, 1)]);
    await until(() => ownIds(idsOf(eventsOf(receiver.taken)), 'later').length === 1);
    await record(harness, 'later', [outcome(2, 1, 'error')]);
    await until(() => ownIds(idsOf(eventsOf(receiver.taken)), 'later').length === 2);
    const [started, ended] = eventsOf(receiver.taken).filter(({ source }) => source.endsWith('/later'));
    expect(started).toMatchObject({ id: '1', type: 'portcullis.intent', data: { status: 'Unknown' } });
    expect(ended).toMatchObject({
      id: '2',
      type: 'portcullis.outcome',
      data: {
        status: 'Failure',
        query_info: { query_string: 'SELECT * FROM orders' },
        metadata: { uid: 'later/2', sequence: 2, event_code: 'outcome' },
      },
    });
  });

  it('is sent only what its filters let through', async () => {
    const [denied, staging] = [await startHttpReceiver(), await startHttpReceiver()];
    const deny = { outcome: 'deny', policies: [], version: 'v1' };
    await record(harness, 'filtered', [
      ...statements(1, 3),
      intent(people.dev, 7, { decision: deny }),
      intent(people.dev, 8, { environment: 'staging' }),
      outcome(9, 8),
    ]);
    const { url } = await collectorWith(
      webhook('denied', denied.url, { decisions: ['deny', 'approve'] }),
      webhook('staging', staging.url, { environments: ['staging'] }),
    );
    await until(async () => (await stateOf(harness, 'denied', url))?.waiting === 0);
    await until(async () => (await stateOf(harness, 'staging', url))?.waiting === 0);
    expect(ownIds(idsOf(eventsOf(denied.taken)), 'filtered')).toEqual(['filtered#7']);
    expect(ownIds(idsOf(eventsOf(staging.taken)), 'filtered')).toEqual(['filtered#8']);
  });

  it('loses nothing to a receiver that fails in every way, and is the same message each time', async () => {
    const receiver = await startHttpReceiver();
    const faults: Answer[] = [
      'drop',
      { status: 429, headers: { 'retry-after': '1' } },
      'hang',
      { status: 500 },
      { status: 408 },
      { status: 502, body: 'x'.repeat(200_000) },
      { status: 504, headers: { 'retry-after': new Date(Date.now() + 500).toUTCString() } },
    ];
    let isDown = true;
    receiver.answer = () =>
      (isDown ? { status: 503 } : faults.shift()) ?? { status: 200, body: 'x'.repeat(200_000) };
    await record(harness, 'faulty', statements(1, 20));
    const { url } = await collectorWith(webhook('faulty', receiver.url));
    await until(async () => (await stateOf(harness, 'faulty', url))?.problem?.includes('503'));
    const before = receiver.received.length;
    expect(await stateOf(harness, 'faulty', url)).toMatchObject({ state: 'retrying', sent: 0 });
    isDown = false;
    await until(async () => (await stateOf(harness, 'faulty', url))?.waiting === 0);
    const ids = ownIds(idsOf(eventsOf(receiver.taken)), 'faulty');
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => `faulty#${1 + 2 * i}`));
    expect(
      new Set(receiver.received.slice(0, before + 8).map(({ headers }) => headers['webhook-id'])).size,
    ).toBe(1);
    const { problem, state } = await stateOf(harness, 'faulty', url);
    expect([state, problem]).toEqual(['idle', undefined]);
  }, 30_000);

  it('waits as long as Retry-After says', async () => {
    const receiver = await startHttpReceiver();
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '3600' } });
    const { url } = await collectorWith(webhook('patient', receiver.url));
    await until(async () => (await stateOf(harness, 'patient', url))?.state === 'retrying');
    const { retryAt, failedAt } = await stateOf(harness, 'patient', url);
    expect(Date.parse(retryAt) - Date.parse(failedAt)).toBe(3_600_000);
    expect(receiver.received).toHaveLength(1);
  });

  it('waits for a receiver that is away, and goes on in order when it is back', async () => {
    const receiver = await startHttpReceiver();
    await receiver.stop();
    await record(harness, 'away', statements(1, 12));
    const { url } = await collectorWith(webhook('away', receiver.url, { tries: 2 }));
    // More often than `tries` allows for: it says nothing about the events.
    await until(async () => (await stateOf(harness, 'away', url))?.problem?.includes('cannot be reached'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await stateOf(harness, 'away', url)).toMatchObject({ state: 'retrying', sent: 0, failed: 0 });
    await receiver.start();
    await until(async () => (await stateOf(harness, 'away', url))?.waiting === 0);
    expect(ownIds(idsOf(eventsOf(receiver.taken)), 'away')).toEqual(
      Array.from({ length: 12 }, (_, i) => `away#${1 + 2 * i}`),
    );
  });

  it('is not sent on by redirects', async () => {
    const [receiver, elsewhere] = [await startHttpReceiver(), await startHttpReceiver()];
    receiver.answer = () => ({ status: 307, headers: { location: elsewhere.url } });
    const { url } = await collectorWith(webhook('redirected', receiver.url, { start: 'now' }));
    await until(async () => (await stateOf(harness, 'redirected', url)) !== undefined);
    await record(harness, 'redirected', statements(1, 1));
    await until(async () => (await stateOf(harness, 'redirected', url))?.failed === 1);
    expect((await stateOf(harness, 'redirected', url)).problem).toContain('redirects are not followed');
    expect(elsewhere.received).toEqual([]);
  });

  it('signs with the new secret and the old one while receivers change over', async () => {
    const receiver = await startHttpReceiver();
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const settings = webhook('rotating', receiver.url);
    if (settings.target.kind !== 'webhook') throw new Error('a webhook');
    const target = { ...settings.target, secrets: [...settings.target.secrets, Buffer.alloc(32, 7)] };
    await collectorWith({ ...settings, target });
    await until(() => receiver.taken.length > 0);
    const [request] = receiver.taken;
    if (request === undefined) throw new Error('nothing came');
    verifyWebhook(request, secretText);
    verifyWebhook(request, other);
    expect(() => verifyWebhook(request, `whsec_${Buffer.alloc(32, 8).toString('base64')}`)).toThrow();
  });
});

describe('dead letters', () => {
  it('are the events that are to blame, and no others', async () => {
    const receiver = await startHttpReceiver();
    const isBad = (body: string) => /"id":"(7|25)"/.test(body) && body.includes('/poison"');
    receiver.answer = ({ body }) => (isBad(body) ? { status: 400 } : { status: 200 });
    await record(harness, 'poison', statements(1, 20));
    const { url } = await collectorWith(webhook('poisoned', receiver.url));
    await until(async () => (await stateOf(harness, 'poisoned', url))?.waiting === 0);
    const ids = ownIds(idsOf(eventsOf(receiver.taken)), 'poison');
    const all = Array.from({ length: 20 }, (_, i) => `poison#${1 + 2 * i}`);
    expect(ids).toEqual(all.filter((id) => id !== 'poison#7' && id !== 'poison#25'));

    const path = '/v1/sinks/poisoned/dead-letters';
    const call = (who: (typeof people)[keyof typeof people], method: string, at: string, sent?: unknown) =>
      harness.callAt(url, who, method, at, sent);
    const { body } = await call(people.auditor, 'GET', `${path}?limit=1`);
    expect(body.items).toMatchObject([
      { proxy: 'poison', seq: 7, problem: 'It was refused: it answered 400.' },
    ]);
    const rest = await call(people.auditor, 'GET', `${path}?cursor=${body.next}`);
    expect([rest.body.items.map(({ seq }: { seq: number }) => seq), rest.body.next]).toEqual([[25], null]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('portcullis_sink_dead_letters{sink="poisoned"} 2');

    // Only by admins; what is still refused is a dead letter again.
    for (const who of [people.dev, people.reviewer, people.auditor, people.proxy]) {
      expect((await call(who, 'POST', `${path}/redeliver`, {})).status).toBe(403);
    }
    expect((await call(people.dev, 'GET', path)).status).toBe(403);
    expect((await call(people.dev, 'GET', '/v1/sinks')).status).toBe(403);
    expect((await call(people.admin, 'GET', '/v1/sinks/nothing/dead-letters')).status).toBe(404);
    expect((await call(people.admin, 'POST', `${path}/redeliver`, {})).body).toEqual({ wanted: 2 });
    const settled = async () => (await call(people.auditor, 'GET', path)).body.items;
    await until(async () => (await settled()).every(({ isWanted }: { isWanted: boolean }) => !isWanted));
    expect(await settled()).toHaveLength(2);

    receiver.answer = () => ({ status: 200 });
    const first = body.items[0].index;
    expect((await call(people.admin, 'POST', `${path}/redeliver`, { indexes: [first] })).body).toEqual({
      wanted: 1,
    });
    await until(async () => (await settled()).length === 1);
    expect((await call(people.admin, 'POST', `${path}/redeliver`, {})).status).toBe(202);
    await until(async () => (await stateOf(harness, 'poisoned', url)).failed === 0);
    expect(ownIds(idsOf(eventsOf(receiver.taken)), 'poison').sort()).toEqual(all.sort());
  });

  it('are made of what fails too often, in words', async () => {
    const receiver = await startHttpReceiver();
    receiver.answer = ({ body }) => (body.includes('"id":"3"') ? { status: 500 } : { status: 200 });
    const { url } = await collectorWith(webhook('tried', receiver.url, { start: 'now' }));
    await until(async () => (await stateOf(harness, 'tried', url)) !== undefined);
    await record(harness, 'tried', statements(1, 4));
    await until(async () => (await stateOf(harness, 'tried', url)).waiting === 0);
    const { body } = await harness.callAt(url, people.admin, 'GET', '/v1/sinks/tried/dead-letters');
    expect(body.items).toMatchObject([{ seq: 3, problem: expect.stringContaining('times in a row') }]);
    const taken = ownIds(idsOf(eventsOf(receiver.taken)), 'tried');
    expect(taken).toEqual(['tried#1', 'tried#5', 'tried#7']);
  });

  it('are whole batches where the receiver does not know us', async () => {
    const receiver = await startHttpReceiver();
    receiver.answer = () => ({ status: 401 });
    const { url } = await collectorWith(webhook('unknown', receiver.url, { start: 'now' }));
    await until(async () => (await stateOf(harness, 'unknown', url)) !== undefined);
    await record(harness, 'unknown', statements(1, 8));
    await until(async () => (await stateOf(harness, 'unknown', url)).failed === 8);
    expect(receiver.received).toHaveLength(1);
  });
});

describe('several collectors over one store', () => {
  it('take turns: each event once, in order, and another goes on where one stops', async () => {
    const receiver = await startHttpReceiver();
    const settings = webhook('shared', receiver.url, { start: 'now', batchEvents: 3 });
    const [one, two] = await Promise.all([collectorWith(settings), collectorWith(settings)]);
    await until(async () => (await stateOf(harness, 'shared', one.url)) !== undefined);
    await record(harness, 'shared', statements(1, 20));
    await until(async () => (await stateOf(harness, 'shared', two.url)).waiting === 0);
    await one.stop();
    await record(harness, 'shared', statements(41, 20));
    await until(async () => (await stateOf(harness, 'shared', two.url)).waiting === 0);
    await two.stop();
    await record(harness, 'shared', statements(81, 20));
    const three = await collectorWith(settings);
    await until(async () => (await stateOf(harness, 'shared', three.url)).waiting === 0);
    expect(ownIds(idsOf(eventsOf(receiver.received)), 'shared')).toEqual(
      Array.from({ length: 60 }, (_, i) => `shared#${1 + 2 * i}`),
    );
  });
});
