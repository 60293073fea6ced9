/** Promises about statements: found with their outcomes, summed up, seen by whom they concern. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, intent, outcome, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
const masked = [{ column: 'email', classification: 'pii.email', method: 'partial' }];
const orders = { relations: [{ schema: 'public', name: 'orders' }] };
const both = {
  relations: [
    { schema: 'public', name: 'orders' },
    { schema: 'public', name: 'customers' },
  ],
};

beforeAll(async () => {
  harness = await startHarness();
  await harness.call(people.dev, 'POST', '/v1/events', {
    proxy: 'dev-1',
    events: [
      intent(people.dev, 1, orders),
      { ...outcome(2, 1), maskedColumns: masked },
      intent(people.dev, 3, both),
      intent(people.dev, 4, orders),
      outcome(5, 4, 'error'),
    ],
  });
  await harness.call(people.otherDev, 'POST', '/v1/events', {
    proxy: 'other-1',
    events: [intent(people.otherDev, 1, both), outcome(2, 1)],
  });
});
afterAll(() => harness?.stop());

const find = async (who: Parameters<Harness['call']>[0], path: string) => {
  const { status, body } = await harness.call(who, 'GET', path);
  expect([path, status]).toEqual([path, 200]);
  return body;
};
const named = ({ items }: { items: { proxy: string; event: { seq: number } }[] }) =>
  items.map(({ proxy, event }) => `${proxy}/${event.seq}`).sort();

describe('statements', () => {
  it('come once each, with what came of them', async () => {
    const found = await find(people.auditor, '/v1/statements');
    expect(named(found)).toEqual(['dev-1/1', 'dev-1/3', 'dev-1/4', 'other-1/1']);
    const outcomes = Object.fromEntries(
      found.items.map((item: { proxy: string; event: { seq: number }; outcome?: { status: string } }) => [
        `${item.proxy}/${item.event.seq}`,
        item.outcome?.status,
      ]),
    );
    expect(outcomes).toEqual({
      'dev-1/1': 'ok',
      'dev-1/3': undefined,
      'dev-1/4': 'error',
      'other-1/1': 'ok',
    });
  });

  it('are found by what their outcomes say, and by what they say themselves, at once', async () => {
    expect(named(await find(people.auditor, '/v1/statements?classification=pii.email'))).toEqual(['dev-1/1']);
    expect(
      named(await find(people.auditor, '/v1/statements?column=email&relation=public.orders&identity=dev')),
    ).toEqual(['dev-1/1']);
    expect(named(await find(people.auditor, '/v1/statements?column=email&relation=customers'))).toEqual([]);
  });

  it('are paged without a gap or a repetition', async () => {
    const pages: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      const query: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page: { next: string | null } & Parameters<typeof named>[0] = await find(
        people.auditor,
        `/v1/statements?limit=1${query}`,
      );
      pages.push(...named(page));
      next = page.next;
    }
    expect(pages.sort()).toEqual(['dev-1/1', 'dev-1/3', 'dev-1/4', 'other-1/1']);
  });

  it('of others are seen by auditors and admins alone', async () => {
    expect(named(await find(people.dev, '/v1/statements'))).toEqual(['dev-1/1', 'dev-1/3', 'dev-1/4']);
    expect(named(await find(people.dev, '/v1/statements?identity=otherDev'))).toEqual([]);
  });
});

describe('the graph', () => {
  const edges = async (who: Parameters<Harness['call']>[0], query = '') => {
    const { edges } = await find(who, `/v1/graph?since=2000-01-01T00:00:00Z${query}`);
    return edges
      .map((edge: { subject: string; relation: string; statements: number }) => [
        edge.subject,
        edge.relation,
        edge.statements,
      ])
      .sort();
  };

  it('sums up who touched what, and when first and last', async () => {
    const [dev, otherDev] = [people.dev, people.otherDev].map(({ sub }) => sub);
    expect(await edges(people.auditor)).toEqual(
      [
        [dev, 'public.customers', 1],
        [dev, 'public.orders', 3],
        [otherDev, 'public.customers', 1],
        [otherDev, 'public.orders', 1],
      ].sort(),
    );
    const whole = await find(people.auditor, '/v1/graph?since=2000-01-01T00:00:00Z');
    expect(whole.isWhole).toBe(true);
    for (const { first, last, connection } of whole.edges) {
      expect(Date.parse(first)).toBeLessThanOrEqual(Date.parse(last));
      expect(connection).toBe('shop');
    }
  });

  it('shows others to auditors and admins alone', async () => {
    for (const [subject] of await edges(people.dev)) expect(subject).toBe(people.dev.sub);
    expect(await edges(people.dev, `&identity=${people.otherDev.sub}`)).toEqual([]);
  });
});
