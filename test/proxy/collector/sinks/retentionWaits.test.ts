/** Promises of retention towards sinks: what a sink has not got stays a while longer, and not for ever. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RetentionPolicy } from '../../../../proxy/collector/retention/retentionPolicy.ts';
import type { SinkSettings } from '../../../../proxy/collector/sinks/sink.ts';
import { type Harness, runSql, startHarness } from '../collectorHarness.ts';
import { HttpReceiver } from './receivers.ts';
import { eventsOf, idsOf, quick, record, statements, stateOf, until, webhook } from './sinkHarness.ts';

const policy: RetentionPolicy = { name: 'a month', keepDays: 30, rules: [], holds: [] };
let harness: Harness;
const receiver = new HttpReceiver();
let sinks: readonly SinkSettings[];

beforeAll(async () => {
  await receiver.start();
  sinks = [webhook('siem', receiver.url)];
  harness = await startHarness({ sinks, sinkTimes: quick });
  // Room for what is made old.
  const [first] = await sql<{ since: Date }>('SELECT min(since) AS since FROM portcullis.event_partitions');
  const until = first?.since.toISOString();
  await sql(
    `CREATE TABLE portcullis.events_past PARTITION OF portcullis.events FOR VALUES FROM ('2020-01-01Z') TO ('${until}');
     INSERT INTO portcullis.event_partitions VALUES ('events_past', '2020-01-01Z', '${until}')`,
  );
});
afterAll(async () => {
  await harness?.stop();
  await receiver.stop();
});

const sql = <Row extends object>(text: string) =>
  runSql<Row & Record<string, unknown>>(harness.postgres.url(), text);

/** What the proxy has sent is as old as that, and its sinks have stood still since. */
async function age(proxy: string, days: number): Promise<void> {
  await sql(
    `UPDATE portcullis.events SET received_at = now() - interval '${days} days' WHERE proxy = '${proxy}'`,
  );
}

async function retain(changes: Partial<RetentionPolicy> = {}): Promise<void> {
  // Stopping waits for what is being done.
  const another = await harness.startAnother({
    retention: { ...policy, ...changes },
    sinks,
    sinkTimes: quick,
  });
  await another.stop();
}

const kept = async (proxy: string) =>
  (await sql<{ seq: string }>(`SELECT seq FROM portcullis.events WHERE proxy = '${proxy}'`)).length;
const isCurrent = async () => (await stateOf(harness, 'siem')).waiting === 0;

it('events that a sink has got go when their time is over; those that it has not, wait for it', async () => {
  await record(harness, 'taken', statements(1, 5));
  await until(isCurrent);
  receiver.answer = () => ({ status: 503 });
  await record(harness, 'waiting', statements(1, 5));
  await until(async () => (await stateOf(harness, 'siem')).state === 'retrying');
  await age('taken', 36);
  await age('waiting', 33);
  await retain();
  expect([await kept('taken'), await kept('waiting')]).toEqual([0, 10]);
  expect((await stateOf(harness, 'siem')).gone).toBe(0);

  receiver.answer = () => ({ status: 204 });
  await until(isCurrent);
  expect(idsOf(eventsOf(receiver.taken)).filter((id) => id.startsWith('waiting#'))).toHaveLength(5);
  await retain();
  expect(await kept('waiting')).toBe(0);
});

it('not for longer than the policy says: then they are gone, and that is counted, logged and shown', async () => {
  receiver.answer = () => ({ status: 503 });
  await record(harness, 'late', statements(1, 5));
  await until(async () => (await stateOf(harness, 'siem')).state === 'retrying');
  await age('late', 33);
  await retain({ waitForSinksDays: 4 });
  expect(await kept('late')).toBe(10);
  await retain({ waitForSinksDays: 2 });
  expect(await kept('late')).toBe(0);
  expect(harness.logged.join('\n')).toContain('sink siem has waited too long: events are removed');

  // Whoever goes on with the sink reads the store anew, and finds that they are no longer there.
  await harness.collector.stop();
  receiver.answer = () => ({ status: 204 });
  const next = await harness.startAnother();
  try {
    await until(async () => (await stateOf(harness, 'siem', next.url)).waiting === 0);
    expect(await stateOf(harness, 'siem', next.url)).toMatchObject({ gone: 10, failed: 0 });
    expect(harness.logged.join('\n')).toContain('10 events were no longer kept when they were to be sent');
  } finally {
    await next.stop();
  }
});
