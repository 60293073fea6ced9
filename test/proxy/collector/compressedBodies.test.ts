/** Promises about compressed batches: the same as plain ones, and no way to fill the collector's memory. */
import { request as httpRequest } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Harness, intent, runSql, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

async function post(body: Buffer, coding: string, token?: string) {
  const response = await fetch(`${harness.collector.url}/v1/events`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-encoding': coding,
      authorization: `Bearer ${token ?? (await harness.issuer.token(people.dev))}`,
    },
    body,
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

const batch = (proxy: string, count: number, text = 'SELECT 1') =>
  Buffer.from(
    JSON.stringify({
      proxy,
      events: Array.from({ length: count }, (_, i) =>
        intent(people.dev, i + 1, { statement: { text, commitment: 'ab'.repeat(32) } }),
      ),
    }),
  );

const held = async (proxy: string) =>
  (await runSql(harness.postgres.url(), 'SELECT seq FROM portcullis.events WHERE proxy = $1', [proxy]))
    .length;

it('are taken as plain ones are, under both names of the coding', async () => {
  expect(await post(gzipSync(batch('packed', 200)), 'gzip')).toMatchObject({ status: 200 });
  expect(await post(gzipSync(batch('packed', 200)), 'X-GZIP')).toMatchObject({ status: 200 });
  expect(await post(batch('packed', 200), 'identity')).toMatchObject({ status: 200 });
  expect(await held('packed')).toBe(200);
});

it('are refused in words, with nothing kept, where they are not what they say', async () => {
  const whole = gzipSync(batch('broken', 50));
  const flipped = Buffer.from(whole);
  flipped[100] = (flipped[100] ?? 0) ^ 0xff;
  for (const body of [whole.subarray(0, -30), flipped, batch('broken', 50), Buffer.from([0x1f, 0x8b])]) {
    const { status, body: problem } = await post(body, 'gzip');
    expect([status, problem.status]).toEqual([400, 400]);
  }
  for (const coding of ['br', 'deflate', 'gzip, gzip', 'zstd']) {
    const { status, headers, body } = await post(brotliCompressSync(batch('broken', 5)), coding);
    expect([coding, status, headers.get('accept-encoding')]).toEqual([coding, 415, 'gzip']);
    expect(body.detail).toContain('content-encoding: gzip');
  }
  expect(await held('broken')).toBe(0);
});

it('are refused as too large as soon as they are, however small they came', async () => {
  // 2 GB of spaces in 2 MB.
  const spaces = gzipSync(Buffer.alloc(2 ** 20, ' '));
  const members = Array.from({ length: 2_048 }, () => spaces);
  const bomb = Buffer.concat([gzipSync(batch('bomb', 5).subarray(0, -1)), ...members, gzipSync('}')]);
  expect(bomb.length).toBeLessThan(8 * 2 ** 20);
  const token = await harness.issuer.token(people.dev);
  await post(gzipSync(batch('warm', 5)), 'gzip', token);
  const before = process.memoryUsage().rss;
  const { status, body } = await post(bomb, 'gzip', token);
  expect([status, body.status, body.detail]).toEqual([
    413,
    413,
    expect.stringContaining('once it is unpacked'),
  ]);
  // Two limits' worth, and room for whatever else a test process does.
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
  expect(await held('bomb')).toBe(0);
});

it('are not unpacked for who is not known', async () => {
  const { status } = await post(Buffer.from('no gzip at all'), 'gzip', 'nonsense');
  expect(status).toBe(401);
});

it('never end who sends without a length', async () => {
  // Members without content, one after the other: nothing ever comes out of them.
  const empty = gzipSync(Buffer.alloc(0));
  const token = await harness.issuer.token(people.dev);
  const status = await new Promise<number>((resolve, reject) => {
    const sending = httpRequest(`${harness.collector.url}/v1/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'transfer-encoding': 'chunked',
        authorization: `Bearer ${token}`,
      },
    });
    sending.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      sending.destroy();
    });
    sending.on('error', reject);
    const members = Buffer.concat(Array.from({ length: 5_000 }, () => empty));
    const more = (): void => {
      if (sending.destroyed) return;
      if (sending.write(members)) setImmediate(more);
      else sending.once('drain', more);
    };
    more();
  });
  expect(status).toBe(413);
});
