/** Promises about events: each held once, none lost, none changed, seen by whom they concern. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, intent, outcome, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

const send = (who: Parameters<Harness['call']>[0], proxy: string, events: unknown[]) =>
  harness.call(who, 'POST', '/v1/events', { proxy, events });
const find = async (who: Parameters<Harness['call']>[0], query = '') =>
  (await harness.call(who, 'GET', `/v1/events${query}`)).body;

describe('taking events', () => {
  it('holds an event once however often it is sent', async () => {
    const batch = [1, 2, 3].map((seq) => intent(people.dev, seq));
    expect((await send(people.dev, 'once', batch)).body).toMatchObject({ acknowledged: 3 });
    expect((await send(people.dev, 'once', batch)).body).toMatchObject({ acknowledged: 3 });
    expect((await send(people.dev, 'once', [...batch.slice(1), intent(people.dev, 4)])).body).toMatchObject({
      acknowledged: 4,
    });
    const { items } = await find(people.auditor, '?limit=1000');
    expect(items.filter((item: { proxy: string }) => item.proxy === 'once')).toHaveLength(4);
  });

  it('holds an event once when the same batch comes many times at once', async () => {
    const batch = Array.from({ length: 50 }, (_, index) => intent(people.dev, index + 1));
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(people.dev, 'manyTimes', batch)));
    expect(answers.map(({ status, body }) => [status, body.acknowledged])).toEqual(Array(10).fill([200, 50]));
  });

  it('answers what it holds to an empty batch', async () => {
    expect((await send(people.dev, 'never-seen', [])).body).toMatchObject({ acknowledged: 0 });
    await send(people.dev, 'asked', [intent(people.dev, 1)]);
    expect((await send(people.dev, 'asked', [])).body).toMatchObject({ acknowledged: 1 });
    expect((await send(people.otherDev, 'asked', [])).status).toBe(403);
  });

  it('refuses a batch that begins too late, and says from where to send', async () => {
    await send(people.dev, 'gap', [intent(people.dev, 1)]);
    const { status, headers, body } = await send(people.dev, 'gap', [intent(people.dev, 3)]);
    expect(status).toBe(409);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 409, title: 'Conflict', acknowledged: 1 });
    expect(body.detail).toContain('send from 2 on');
  });

  it('refuses a batch with a gap or in disorder', async () => {
    expect((await send(people.dev, 'holes', [intent(people.dev, 1), intent(people.dev, 3)])).status).toBe(
      400,
    );
    expect((await send(people.dev, 'holes', [intent(people.dev, 2), intent(people.dev, 1)])).status).toBe(
      400,
    );
    expect((await send(people.dev, 'holes', [])).body).toMatchObject({ acknowledged: 0 });
  });

  it('never writes over an event, and takes nothing of a batch that tries', async () => {
    await send(people.dev, 'conflict', [intent(people.dev, 1), intent(people.dev, 2)]);
    const forged = intent(people.dev, 2, { statement: { text: 'SELECT 1', commitment: 'cd'.repeat(32) } });
    const { status, body } = await send(people.dev, 'conflict', [forged, intent(people.dev, 3)]);
    expect(status).toBe(409);
    expect(body.detail).toContain('other content');
    expect((await send(people.dev, 'conflict', [])).body).toMatchObject({ acknowledged: 2 });
    const { items } = await find(people.auditor, '?limit=1000');
    const held = items.find(
      (item: { proxy: string; event: { seq: number } }) => item.proxy === 'conflict' && item.event.seq === 2,
    );
    expect(held.event).toEqual(intent(people.dev, 2));
  });

  it('counts the places that a withdrawn event takes', async () => {
    const withdrawn = {
      at: '2030-01-01T00:00:02.000Z',
      seq: 2,
      kind: 'withdrawn',
      reason: 'disk full',
      through: 5,
    };
    expect((await send(people.dev, 'withdrawn', [intent(people.dev, 1), withdrawn])).body).toMatchObject({
      acknowledged: 5,
    });
    expect((await send(people.dev, 'withdrawn', [withdrawn, intent(people.dev, 6)])).body).toMatchObject({
      acknowledged: 6,
    });
  });

  it('keeps a proxy id for the subject that used it first', async () => {
    await send(people.dev, 'owned', [intent(people.dev, 1)]);
    const { status, body } = await send(people.otherDev, 'owned', [intent(people.otherDev, 2)]);
    expect(status).toBe(403);
    expect(body.detail).toContain('belongs to somebody else');
  });

  it('refuses events about somebody else, unless a service proxy sends them', async () => {
    const { status, body } = await send(people.dev, 'foreign', [
      intent(people.dev, 1),
      intent(people.otherDev, 2),
    ]);
    expect([status, body.detail]).toEqual([403, expect.stringContaining('Event 2 is about somebody else')]);
    expect((await send(people.dev, 'foreign', [])).body).toMatchObject({ acknowledged: 0 });
    const served = [intent(people.dev, 1), intent(people.otherDev, 2), outcome(3, 2)];
    expect((await send(people.proxy, 'service', served)).body).toMatchObject({ acknowledged: 3 });
  });

  it('refuses what is no event, in words', async () => {
    const { status, body } = await send(people.dev, 'bad', [{ at: 'yesterday', seq: 1, kind: 'intent' }]);
    expect(status).toBe(400);
    expect(body.detail).toContain('/openapi.json');
    expect((await send(people.dev, 'bad', [intent(people.dev, 1, { session: 'a\u0000b' })])).status).toBe(
      400,
    );
    expect((await send(people.dev, 'bad', [intent(people.dev, 1, { session: 'a\ud800b' })])).status).toBe(
      400,
    );
    expect((await send(people.dev, 'bad', [{ ...intent(people.dev, 1), kind: 'rumour' }])).status).toBe(400);
    expect((await send(people.dev, 'bad', [])).body).toMatchObject({ acknowledged: 0 });
  });

  it('refuses a body over 8 MB, and takes one of 7', async () => {
    const large = (seq: number, bytes: number) =>
      intent(people.dev, seq, { statement: { text: 'x'.repeat(bytes), commitment: '' } });
    expect((await send(people.dev, 'large', [large(1, 7_000_000)])).status).toBe(200);
    expect((await send(people.dev, 'large', [large(2, 9_000_000)])).status).toBe(413);
  });
});

describe('searching events', () => {
  it('shows people their own events only, and auditors and admins those of all', async () => {
    await send(people.dev, 'see-dev', [intent(people.dev, 1, { connection: 'lab' }), outcome(2, 1)]);
    await send(people.otherDev, 'see-other', [intent(people.otherDev, 1, { connection: 'lab' })]);
    const proxies = async (who: Parameters<Harness['call']>[0]) =>
      (await find(who, '?connection=lab')).items.map((item: { proxy: string }) => item.proxy).sort();
    expect(await proxies(people.dev)).toEqual(['see-dev', 'see-dev']);
    expect(await proxies(people.otherDev)).toEqual(['see-other']);
    expect(await proxies(people.reviewer)).toEqual([]);
    expect(await proxies(people.auditor)).toEqual(['see-dev', 'see-dev', 'see-other']);
    expect(await proxies(people.admin)).toEqual(['see-dev', 'see-dev', 'see-other']);
    expect((await find(people.otherDev, '?identity=dev')).items).toEqual([]);
  });

  it('does not believe a proxy of one person about their e-mail address', async () => {
    const forged = intent(people.dev, 1, {
      identity: { subject: 'dev', email: 'boss@example.com', groups: [] },
    });
    await send(people.dev, 'forged-email', [forged]);
    expect((await find(people.auditor, '?identity=boss@example.com')).items).toEqual([]);
  });

  it('finds by identity, relation, decision and time, newest first', async () => {
    const denied = { outcome: 'deny', policies: ['x'], version: 'v1' };
    await send(people.proxy, 'search', [
      intent(people.dev, 1, { relations: [{ schema: 'hr', name: 'salaries' }] }),
      intent(people.otherDev, 2, { relations: [{ name: 'salaries' }], decision: denied }),
      outcome(3, 2, 'error'),
    ]);
    const seqs = async (query: string) =>
      (await find(people.auditor, query)).items.map((item: { event: { seq: number } }) => item.event.seq);
    expect(await seqs('?relation=hr.salaries')).toEqual([1]);
    expect(await seqs('?relation=salaries')).toEqual([3, 2, 1]);
    expect(await seqs('?relation=salaries&decision=deny')).toEqual([3, 2]);
    expect(await seqs('?relation=salaries&identity=otherDev@example.com')).toEqual([3, 2]);
    expect(await seqs('?relation=salaries&since=2030-01-01T00:00:02Z&until=2030-01-01T00:00:03Z')).toEqual([
      2,
    ]);
    expect((await harness.call(people.auditor, 'GET', '/v1/events?since=yesterday')).status).toBe(400);
    expect((await harness.call(people.auditor, 'GET', '/v1/events?colour=red')).status).toBe(400);
  });

  it('finds by column, classification, agent and words', async () => {
    const masked = [{ column: 'email', classification: 'pii.email' }];
    const statement = (text: string) => ({ statement: { text, commitment: 'ab'.repeat(32) } });
    const { sub, email, groups } = people.dev;
    await harness.call(people.dev, 'POST', '/v1/events', {
      proxy: 'sought',
      events: [
        intent(people.dev, 1, statement('SELECT email FROM contacts WHERE region = ?')),
        { ...outcome(2, 1), maskedColumns: masked },
        intent(people.dev, 3, {
          ...statement('SELECT reach_at FROM persons'),
          identity: { subject: sub, email, groups, agent: { name: 'report-writer' } },
        }),
        { ...outcome(4, 3), unmaskedColumns: [{ column: 'reach_at', classification: 'pii.email' }] },
      ],
    });
    const find = async (query: string) => {
      const { body } = await harness.call(people.auditor, 'GET', `/v1/events?${query}`);
      return body.items
        .filter(({ proxy }: { proxy: string }) => proxy === 'sought')
        .map(({ event }: { event: { seq: number } }) => event.seq);
    };
    expect(await find('column=email')).toEqual([2]);
    expect(await find('column=reach_at&classification=pii.email')).toEqual([4]);
    expect(await find('classification=pii.email')).toEqual([4, 2]);
    expect(await find('column=email&classification=pii.phone')).toEqual([]);
    expect(await find('agent=report-writer')).toEqual([3]);
    expect(await find('text=CONTACTS%20region')).toEqual([1]);
    expect(await find('text=contacts%20persons')).toEqual([]);
    expect(await find('text=from&agent=report-writer&identity=dev@example.com')).toEqual([3]);
  });

  it('pages through all of them, each once', async () => {
    await send(
      people.proxy,
      'pages',
      Array.from({ length: 25 }, (_, i) =>
        intent(people.dev, i + 1, { relations: [{ name: 'paged' }], at: '2030-05-05T00:00:00.000Z' }),
      ),
    );
    const seen: number[] = [];
    let cursor = '';
    do {
      const page = await find(people.auditor, `?relation=paged&limit=10${cursor}`);
      seen.push(...page.items.map((item: { event: { seq: number } }) => item.event.seq));
      cursor = page.next === null ? '' : `&cursor=${page.next}`;
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => 25 - i));
    expect((await harness.call(people.auditor, 'GET', '/v1/events?cursor=bm9uc2Vuc2U')).status).toBe(400);
  });
});
