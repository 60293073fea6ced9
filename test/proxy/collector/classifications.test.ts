/** Promises about what proxies tell each other of columns: taken once, in one order, recorded, and nothing bad is kept. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCollector } from '../../../proxy/collector/collector.ts';
import { type Body, type Harness, intent, runSql, startHarness } from './collectorHarness.ts';
import { type Person, people } from './issuer.ts';

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

const one = {
  database: 'system:7301/16384',
  relation: { oid: 20_001, schema: 'public', name: 'copies' },
  column: { number: 2, name: 'a' },
  kind: 'pii.email',
  use: 'equality',
  why: 'it was copied from customers.email',
  confidence: 0.9,
  since: '2026-01-02T03:04:05.678Z',
};
const numbered = (oid: number) => ({ ...one, relation: { ...one.relation, oid } });
const tell = (found: unknown, who: Person = people.dev, proxy = 'one', connection = 'shop') =>
  harness.call(who, 'POST', '/v1/classifications', { connection, proxy, found });
const ask = (query: string, who: Person = people.otherDev) =>
  harness.call(who, 'GET', `/v1/classifications?connection=shop${query}`);
const events = async () =>
  (
    await runSql<{ event: Body }>(
      harness.postgres.url(),
      "SELECT event FROM portcullis.events WHERE kind = 'classificationChanged' ORDER BY seq",
    )
  ).map(({ event }) => event);

describe('what a proxy has found', () => {
  it('is taken once, handed to others as it was sent, and recorded', async () => {
    const told = { ...one, isDerived: true, use: 'none', origin: { relation: 16_400, column: 3 } };
    expect((await tell([one, one, told])).body).toEqual({ taken: 2 });
    expect((await tell([told, one])).body).toEqual({ taken: 0 });
    expect((await tell([{ ...one, kind: 'pii.name' }], people.otherDev, 'two')).body).toEqual({ taken: 0 });
    const { body } = await ask('');
    const taken = { foundBy: people.dev.email, takenAt: expect.stringMatching(/Z$/) };
    expect(body).toEqual({
      items: [
        { ...one, ...taken },
        { ...told, ...taken },
      ],
      next: null,
      seen: expect.any(String),
    });
    expect((await ask(`&since=${body.seen}`)).body).toEqual({ items: [], next: null, seen: body.seen });
    const about = { connection: 'shop', column: 'public.copies.a', to: 'pii.email', proxy: 'one' };
    const identity = { subject: 'dev', email: people.dev.email, groups: people.dev.groups };
    expect(await events()).toMatchObject([
      { ...about, identity, why: one.why },
      { ...about, identity },
    ]);
    const schema = (await harness.call(people.dev, 'GET', '/v1/schemas/event')).body;
    const isEvent = new Ajv2020({ strict: true, validateFormats: false }).compile(schema);
    for (const event of await events()) expect([isEvent(event), isEvent.errors]).toEqual([true, null]);
    const found = await harness.call(people.auditor, 'GET', '/v1/events?kind=classificationChanged');
    expect(found.body.items).toHaveLength(2);
  });

  it('comes page by page, and whoever reads along while others write misses none', async () => {
    const { seen } = (await ask('')).body;
    const urls = [harness.collector.url, second.url];
    let since = seen;
    const got: number[] = [];
    const read = async () => {
      for (let isMore = true; isMore; ) {
        const { body } = await ask(`&limit=3&since=${since}`);
        got.push(...body.items.map((item: Body) => item.relation.oid));
        since = body.seen;
        isMore = body.next !== null;
      }
    };
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        harness.callAt(urls[i % 2] ?? '', people.dev, 'POST', '/v1/classifications', {
          connection: 'shop',
          proxy: 'one',
          // Each is told twice, through both collectors.
          found: [numbered(30_000 + (i >> 1)), numbered(40_000 + i)],
        }),
      ),
    );
    let isWriting = true;
    void writing.then(() => {
      isWriting = false;
    });
    while (isWriting) await read();
    for (const { status } of await writing) expect(status).toBe(200);
    await read();
    const wanted = [
      ...Array.from({ length: 10 }, (_, i) => 30_000 + i),
      ...Array.from({ length: 20 }, (_, i) => 40_000 + i),
    ];
    expect([...got].sort((a, b) => a - b)).toEqual(wanted);
    expect(await events()).toHaveLength(2 + wanted.length);
  });

  it('is told to who listens, at every collector', async () => {
    const token = await harness.issuer.token(people.otherDev);
    const abort = new AbortController();
    const response = await fetch(`${second.url}/v1/stream`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    });
    const reader = response.body?.getReader();
    let heard = Buffer.from((await reader?.read())?.value ?? []).toString();
    await tell([numbered(50_000)]);
    while (!heard.includes('event: classifications')) {
      heard += Buffer.from((await reader?.read())?.value ?? []).toString();
    }
    abort.abort();
  });
});

describe('what is not taken', () => {
  it('is told in words, and nothing of it is kept', async () => {
    const before = (await ask('')).body.items.length;
    const bad: readonly unknown[] = [
      { ...one, kind: 'email' },
      { ...one, use: 'everything' },
      { ...one, database: 'mine' },
      { ...one, database: 'system:\u0000' },
      { ...one, confidence: 2 },
      { ...one, since: 'yesterday' },
      { ...one, why: 'x'.repeat(501) },
      { ...one, why: 'a\u0000b', relation: { ...one.relation, oid: 60_001 } },
      { ...one, value: 'ada@example.com' },
      { ...one, isDerived: false },
      { ...one, origin: { relation: 1 } },
      { ...one, column: { number: 0, name: 'ctid' } },
      { ...one, column: { number: 1, name: '' } },
      { ...one, relation: { ...one.relation, oid: 4_294_967_296 } },
      { ...one, relation: { oid: 1, name: 'copies' } },
      'one',
    ];
    for (const item of bad) {
      const { status, headers, body } = await tell([numbered(60_000), item]);
      expect([item, status]).toEqual([item, 400]);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(body.detail.length).toBeGreaterThan(10);
    }
    const tooMany = Array.from({ length: 501 }, (_, i) => numbered(70_000 + i));
    expect((await tell(tooMany)).status).toBe(400);
    const tooLarge = Array.from({ length: 500 }, (_, i) => ({
      ...numbered(70_000 + i),
      why: 'é'.repeat(500),
      database: `name:${'é'.repeat(300)}`,
      relation: { oid: 70_000 + i, schema: 'é'.repeat(255), name: 'é'.repeat(255) },
    }));
    expect((await tell(tooLarge)).status).toBe(413);
    expect((await tell([one], people.dev, 'no such id')).status).toBe(400);
    expect((await tell([one], people.dev, 'one', 'nowhere')).status).toBe(404);
    expect((await ask('')).body.items).toHaveLength(before);
  });

  it('is what somebody says who may not, or of a proxy that is not theirs', async () => {
    for (const who of [people.auditor, people.stranger]) {
      expect((await tell([numbered(80_000)], who)).status).toBe(403);
    }
    expect((await ask('', people.auditor)).status).toBe(200);
    expect((await ask('', people.stranger)).status).toBe(403);
    await harness.call(people.dev, 'POST', '/v1/events', { proxy: 'ofDev', events: [intent(people.dev, 1)] });
    expect((await tell([numbered(80_000)], people.otherDev, 'ofDev')).body.detail).toContain('somebody else');
    expect((await tell([numbered(80_000)], people.dev, 'ofDev')).body).toEqual({ taken: 1 });
    expect((await tell([numbered(80_001)], people.proxy, 'ofAll')).body).toEqual({ taken: 1 });
  });

  it('is asked for with a cursor of another store, or none at all', async () => {
    const cursor = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
    for (const since of ['nonsense', cursor([1_000_000]), cursor(['1']), cursor([1.5]), cursor([1e300])]) {
      expect([since, (await ask(`&since=${since}`)).status]).toEqual([since, 400]);
    }
    expect((await harness.call(people.dev, 'GET', '/v1/classifications')).status).toBe(400);
    expect((await ask('&limit=0')).status).toBe(400);
  });

  it('is one more than a connection may hold', async () => {
    await runSql(
      harness.postgres.url(),
      `INSERT INTO portcullis.classifications (key, connection, database, relation_oid, schema_name, relation_name, attribute,
         column_name, kind, use_right, why, confidence, is_derived, since, subject, email, proxy)
       SELECT decode(md5(i::text), 'hex'), 'lab', 'system:1/1', i, 's', 't', 1, 'c', 'pii.name', 'order', '', 1, false, now(), 'dev', '', 'one'
       FROM generate_series(1, 99999) AS i`,
    );
    expect((await tell([one], people.dev, 'one', 'lab')).body).toEqual({ taken: 1 });
    const { status, body } = await tell([numbered(90_000)], people.dev, 'one', 'lab');
    expect([status, body.detail]).toEqual([409, expect.stringContaining('masking.yaml')]);
    expect((await tell([one], people.dev, 'one', 'lab')).body).toEqual({ taken: 0 });
  });
});
