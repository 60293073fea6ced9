/** Promises about a collector that is stopped: what was begun is ended, and nothing is half done. */
import { request as httpRequest } from 'node:http';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, intent, runSql, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';
import { startHttpReceiver } from './sinks/receivers.ts';
import { eventsOf, idsOf, quick, record, statements, stateOf, until, webhook } from './sinks/sinkHarness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ sinkTimes: quick });
});
afterAll(() => harness?.stop());

it('answers a batch that it had begun to take, and keeps it', async () => {
  const another = await harness.startAnother();
  await record(harness, 'stopping', [intent(people.dev, 1)]);
  // Somebody holds the proxy's row: the batch waits in the store, in the middle of its transaction.
  const holder = new Client(harness.postgres.url());
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query("SELECT FROM portcullis.proxies WHERE id = 'stopping' FOR UPDATE");
  const body = JSON.stringify({ proxy: 'stopping', events: [intent(people.dev, 2), intent(people.dev, 3)] });
  const answered = new Promise<number>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    harness.issuer.token(people.dev).then((token) => {
      const sending = httpRequest(`${another.url}/v1/events`, {
        method: 'POST',
        headers: { ...headers, authorization: `Bearer ${token}` },
      });
      sending.on('response', (response) => resolve(response.resume().statusCode ?? 0));
      sending.on('error', reject);
      sending.end(body);
    }, reject);
  });
  const isWaiting = async () => {
    const rows = await runSql(
      harness.postgres.url(),
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%portcullis.proxies%'",
    );
    return rows.length > 0;
  };
  await until(isWaiting);
  const stopped = another.stop();
  // No longer for anybody who comes now.
  await until(() =>
    fetch(`${another.url}/healthz`).then(
      ({ ok }) => !ok,
      () => true,
    ),
  );
  await holder.query('ROLLBACK');
  await holder.end();
  expect(await answered).toBe(200);
  await stopped;
  const held = await runSql(
    harness.postgres.url(),
    "SELECT seq FROM portcullis.events WHERE proxy = 'stopping' ORDER BY seq",
  );
  expect(held).toHaveLength(3);
});

it('waits for the answer of a sink, notes it, and lets another collector go on at once', async () => {
  const receiver = await startHttpReceiver();
  const settings = webhook('stopped', receiver.url, { start: 'now', timeoutMs: 60_000 });
  const one = await harness.startAnother({ sinks: [settings] });
  await until(async () => (await stateOf(harness, 'stopped', one.url)) !== undefined);
  let isStopping = false;
  let stopped: Promise<void> | undefined;
  receiver.answer = () => {
    if (!isStopping) stopped = one.stop();
    isStopping = true;
    return { status: 204 };
  };
  await record(harness, 'stopped', statements(1, 3));
  await until(() => isStopping);
  await stopped;
  // The lease of a collector that was killed would have to run out first, and that is more than a minute.
  const two = await harness.startAnother({ sinks: [settings] });
  await record(harness, 'stopped', statements(7, 3));
  await until(async () => (await stateOf(harness, 'stopped', two.url)).waiting === 0);
  await two.stop();
  const ids = idsOf(eventsOf(receiver.received)).filter((id) => id.startsWith('stopped#'));
  expect(ids).toEqual([1, 3, 5, 7, 9, 11].map((seq) => `stopped#${seq}`));
});

it('is not kept from stopping by a sink that never answers', async () => {
  const receiver = await startHttpReceiver();
  receiver.answer = () => 'hang';
  const settings = webhook('hanging', receiver.url, { timeoutMs: 60_000 });
  const collector = await harness.startAnother({ sinks: [settings] });
  await until(() => receiver.received.length === 1);
  await collector.stop();
  receiver.answer = () => ({ status: 204 });
  const other = await harness.startAnother({ sinks: [settings] });
  await until(async () => (await stateOf(harness, 'hanging', other.url)).waiting === 0);
  expect((await stateOf(harness, 'hanging', other.url)).failed).toBe(0);
  await other.stop();
});
