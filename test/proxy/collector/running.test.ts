/** Promises about running: several collectors are one service, nothing is lost by a restart, a lost store is said in words. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../../proxy/collector/store/migrations.ts';
import { openStore } from '../../../proxy/collector/store/store.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { startEmbeddedPostgres } from '../../../proxy/local/server/embeddedPostgres.ts';
import { hasPostgres15 } from '../../kit/postgres.ts';
import { type Harness, intent, newRequest, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ heartbeatMs: 100 });
});
afterAll(() => harness?.stop());

const sleep = (ms: number) => new Promise((settle) => setTimeout(settle, ms));

function withResolvers() {
  let resolve = (): void => undefined;
  let reject = (_error: unknown): void => undefined;
  const promise = new Promise<void>((settle, refuse) => {
    resolve = settle;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** Listens at `url`; `heard` grows, `ended` settles when the stream is over. */
async function listen(url: string, token?: string) {
  const good = token ?? (await harness.issuer.token(people.dev));
  const heard: string[] = [];
  const abort = new AbortController();
  const client = new CollectorClient({ url, token: () => good });
  const { promise: opened, resolve: open, reject: fail } = withResolvers();
  const ended = (async () => {
    for await (const name of client.stream('/v1/stream', abort.signal, open)) heard.push(name);
  })().catch(fail); // after it has opened, a stream that breaks has ended
  await opened;
  return { heard, ended, stop: () => abort.abort() };
}

async function until(isTrue: () => boolean | Promise<boolean>, patienceMs = 15_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await sleep(50);
  }
}

describe('the stream', () => {
  it('tells listeners of every collector over one store', async () => {
    const another = await harness.startAnother();
    const here = await listen(harness.collector.url);
    const there = await listen(another.url);
    await harness.call(people.dev, 'POST', '/v1/requests', newRequest('UPDATE streamed'));
    await until(() => here.heard.includes('requests') && there.heard.includes('requests'));
    await harness.callAt(another.url, people.dev, 'PUT', '/v1/snapshots/lab', {
      form: 1,
      at: new Date().toISOString(),
      tables: [],
    });
    await until(() => here.heard.includes('drift') && there.heard.includes('drift'));
    await another.stop();
    await there.ended;
    here.stop();
  });

  it('sends comments while nothing happens, and ends with the token', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 2;
    const token = await harness.issuer.token(people.dev, { exp: expiry });
    const response = await fetch(`${harness.collector.url}/v1/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    expect(text.match(/: still here/g)?.length).toBeGreaterThan(2);
    expect(Math.abs(Date.now() / 1000 - expiry)).toBeLessThan(1.5);
  });

  it('keeps nothing of who leaves while the token is looked at', async () => {
    // A new collector has to ask the issuer for its keys first.
    const another = await harness.startAnother();
    const token = await harness.issuer.token(people.dev);
    const request = `GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const leave = () =>
      new Promise<void>((resolve) => {
        const socket = connect(another.port, '127.0.0.1', () => {
          socket.write(request);
          setTimeout(() => socket.destroy(), 1);
        });
        socket.once('close', () => resolve());
      });
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await Promise.all(Array.from({ length: 30 }, leave));
    await sleep(500); // each stream that is kept has a timer for its comments, and one for the end of its token
    expect(timers()).toBeLessThan(before + 5);
    const here = await listen(another.url, token);
    here.stop();
    await another.stop();
  });

  it('ends in order when the collector stops, quickly', async () => {
    const another = await harness.startAnother();
    const listener = await listen(another.url);
    const before = Date.now();
    await another.stop();
    await listener.ended;
    expect(Date.now() - before).toBeLessThan(2_000);
    await expect(fetch(`${another.url}/healthz`)).rejects.toThrow();
  });
});

describe('several collectors', () => {
  it('may start at once over an empty store', async () => {
    const store = openStore(harness.postgres.url(), createLog('silent'));
    await store.query('CREATE DATABASE fresh');
    const databaseUrl = harness.postgres.url('fresh');
    const all = await Promise.all(Array.from({ length: 5 }, () => harness.startAnother({ databaseUrl })));
    for (const { url } of all)
      expect((await harness.callAt(url, undefined, 'GET', '/healthz')).status).toBe(200);
    await Promise.all(all.map((one) => one.stop()));
    const fresh = openStore(databaseUrl, createLog('silent'));
    const { rows } = await fresh.query('SELECT number FROM portcullis.migrations ORDER BY number');
    expect(rows.map((row) => row['number'])).toEqual(migrations.map(({ number }) => number));
    await fresh.query("INSERT INTO portcullis.migrations (number, name) VALUES (999, 'later')");
    await expect(harness.startAnother({ databaseUrl })).rejects.toThrow('Start a newer collector');
    await Promise.all([fresh.close(), store.close()]);
  });

  it('use an approval once, whichever collector is asked', async () => {
    const another = await harness.startAnother();
    const { body } = await harness.call(people.dev, 'POST', '/v1/requests', newRequest('UPDATE shared'));
    await harness.callAt(another.url, people.reviewer, 'POST', `/v1/requests/${body.id}/reviews`, {
      decision: 'approve',
    });
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const url = index % 2 === 0 ? another.url : harness.collector.url;
        return (await harness.callAt(url, people.dev, 'POST', `/v1/requests/${body.id}/use`)).status;
      }),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    await another.stop();
  });
});

describe('restarts', () => {
  it('keeps everything over a restart of the collector', async () => {
    const first = await harness.startAnother();
    await harness.callAt(first.url, people.dev, 'POST', '/v1/events', {
      proxy: 'kept',
      events: [intent(people.dev, 1)],
    });
    const { body } = await harness.callAt(
      first.url,
      people.dev,
      'POST',
      '/v1/requests',
      newRequest('UPDATE kept'),
    );
    await first.stop();
    const second = await harness.startAnother();
    const call = (method: string, path: string, sent?: unknown) =>
      harness.callAt(second.url, people.dev, method, path, sent);
    expect((await call('POST', '/v1/events', { proxy: 'kept', events: [] })).body).toMatchObject({
      acknowledged: 1,
    });
    expect((await call('GET', `/v1/requests/${body.id}`)).body).toEqual(body);
    await second.stop();
  });

  it('says in words that its store is away, and goes on when it is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-store-test-'));
    chmodSync(folder, 0o711);
    const options = {
      dataDir: join(folder, 'data'),
      password: randomBytes(8).toString('hex'),
      log: createLog('error'),
    };
    let postgres = await startEmbeddedPostgres(options);
    const { port } = postgres;
    const collector = await harness.startAnother({ databaseUrl: postgres.url('postgres') });
    try {
      const call = (method: string, path: string, sent?: unknown) =>
        harness.callAt(collector.url, people.dev, method, path, sent);
      const listener = await listen(collector.url);
      const batch = { proxy: 'away', events: [intent(people.dev, 1)] };
      expect((await call('POST', '/v1/events', batch)).body).toMatchObject({ acknowledged: 1 });

      await postgres.stop();
      for (const [method, path, sent] of [
        ['GET', '/healthz', undefined],
        ['POST', '/v1/events', batch],
        ['GET', '/v1/requests', undefined],
        ['POST', '/v1/leases', { connection: 'shop' }],
      ] as const) {
        const { status, headers, body } = await call(method, path, sent);
        expect([path, status, body.detail]).toEqual([
          path,
          503,
          expect.stringContaining('store cannot be reached'),
        ]);
        expect(headers.get('retry-after')).toBe('5');
      }
      expect((await call('GET', '/v1/me')).status).toBe(200);

      postgres = await startEmbeddedPostgres({ ...options, port });
      await until(async () => (await call('GET', '/healthz')).status === 200);
      expect((await call('POST', '/v1/events', batch)).body).toMatchObject({ acknowledged: 1 });
      // Listeners are told to ask for everything again, and hear what comes after.
      await until(() => listener.heard.includes('requests') && listener.heard.includes('drift'));
      listener.heard.length = 0;
      await call('POST', '/v1/requests', newRequest('UPDATE after'));
      await until(() => listener.heard.includes('requests'));
      listener.stop();
    } finally {
      await collector.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('refuses to start without its store, in words', async () => {
    const databaseUrl = 'postgres://nobody@127.0.0.1:1/none';
    await expect(harness.startAnother({ databaseUrl })).rejects.toThrow(
      "The collector's store cannot be used",
    );
  });
});

describe.skipIf(!hasPostgres15())('over PostgreSQL 15', () => {
  it('works with the same tables', async () => {
    const old = await startHarness({}, 15);
    try {
      const sent = await old.call(people.dev, 'POST', '/v1/events', {
        proxy: 'old',
        events: [intent(people.dev, 1)],
      });
      expect(sent.body).toMatchObject({ acknowledged: 1 });
      const { body } = await old.call(people.dev, 'POST', '/v1/requests', newRequest('UPDATE old'));
      await old.call(people.reviewer, 'POST', `/v1/requests/${body.id}/reviews`, { decision: 'approve' });
      expect((await old.call(people.dev, 'POST', `/v1/requests/${body.id}/use`)).body.state).toBe('used');
      const found = await old.call(people.dev, 'GET', '/v1/events?connection=shop');
      expect(found.body.items).toHaveLength(1);
    } finally {
      await old.stop();
    }
  });
});
