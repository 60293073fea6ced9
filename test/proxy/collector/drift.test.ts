/** Promises about drift: what differs is shown with who changed it, or as done outside Portcullis. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DriftItem, SchemaSnapshot, SnapshotColumn } from '../../../proxy/schema/snapshot.ts';
import { type Harness, intent, outcome, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const id: SnapshotColumn = { name: 'id', type: 'integer', nullable: false };

function snapshot(at: string, tables: Readonly<Record<string, readonly SnapshotColumn[]>>): SchemaSnapshot {
  return {
    form: 1,
    at,
    tables: Object.entries(tables).map(([name, columns]) => ({
      schema: 'public',
      name,
      kind: 'table',
      owner: 'shop',
      columns,
      indexes: [],
      constraints: [],
      grants: [],
    })),
  };
}

const put = (connection: string, body: SchemaSnapshot, who: Parameters<Harness['call']>[0] = people.dev) =>
  harness.call(who, 'PUT', `/v1/snapshots/${connection}`, body);
const accept = (connection: string, who: Parameters<Harness['call']>[0] = people.admin) =>
  harness.call(who, 'POST', `/v1/baselines/${connection}`, { from: 'live' });
const drift = async (connection: string) =>
  (await harness.call(people.auditor, 'GET', `/v1/drift?connection=${connection}`)).body;

describe('drift', () => {
  it('tells no baseline from no drift', async () => {
    expect(await drift('lab')).toEqual({ connection: 'lab', items: [] });
    expect((await harness.call(people.dev, 'GET', '/v1/snapshots/lab')).status).toBe(404);
    expect((await harness.call(people.dev, 'GET', '/v1/baselines/lab')).status).toBe(404);
    expect((await accept('lab')).status).toBe(409);
    const live = snapshot(minutesAgo(5), { orders: [id] });
    expect((await put('lab', live)).body).toEqual({ connection: 'lab', at: live.at });
    expect(await drift('lab')).toEqual({ connection: 'lab', liveAt: live.at, items: [] });
    expect((await accept('lab')).body).toEqual({
      connection: 'lab',
      liveAt: live.at,
      baseline: { at: expect.any(String), by: 'admin@example.com' },
      items: [],
    });
    expect((await harness.call(people.dev, 'GET', '/v1/baselines/lab')).body).toEqual(live);
    expect((await harness.call(people.dev, 'GET', '/v1/snapshots/lab')).body).toEqual(live);
  });

  it('names who changed what through Portcullis, and nobody where nobody did', async () => {
    await put('shop', snapshot(minutesAgo(10), { customers: [id], invoices: [id], orders: [id] }));
    await accept('shop');
    const alter = (seq: number, table: string, minutes: number, text: string) =>
      intent(people.otherDev, seq, {
        at: minutesAgo(minutes),
        effects: [{ kind: 'alterAdditive', object: 'table', relation: { schema: 'public', name: table } }],
        relations: [{ schema: 'public', name: table }],
        statement: { text, commitment: '' },
      });
    const sent = await harness.call(people.otherDev, 'POST', '/v1/events', {
      proxy: 'changes',
      events: [
        alter(1, 'orders', 20, 'before the baseline'),
        outcome(2, 1),
        alter(3, 'orders', 8, 'ALTER TABLE orders ADD COLUMN first int'),
        outcome(4, 3),
        alter(5, 'orders', 7, 'ALTER TABLE orders ADD COLUMN note text'),
        outcome(6, 5),
        alter(7, 'orders', 6, 'failed'),
        outcome(8, 7, 'error'),
        alter(9, 'customers', 6, 'failed too'),
        outcome(10, 9, 'error'),
      ],
    });
    expect(sent.body).toMatchObject({ acknowledged: 10 });
    const note: SnapshotColumn = { name: 'note', type: 'text', nullable: true };
    await put('shop', snapshot(minutesAgo(1), { customers: [id, note], invoices: [id], orders: [id, note] }));
    const { items } = (await drift('shop')) as { items: DriftItem[] };
    const byTable = new Map(items.map((item) => [item.table, item]));
    expect([...byTable.keys()].sort()).toEqual(['customers', 'orders']);
    expect(byTable.get('orders')).toMatchObject({
      kind: 'unexpected',
      part: { kind: 'column', name: 'note' },
    });
    expect(byTable.get('orders')?.author).toEqual({
      email: 'otherDev@example.com',
      at: expect.any(String),
      statement: 'ALTER TABLE orders ADD COLUMN note text',
    });
    expect(byTable.get('customers')?.author).toBeUndefined();
    expect((await accept('shop', people.proxy)).body.items).toEqual([]);
  });

  it('keeps the newest snapshot whatever the order in which they come', async () => {
    const newer = snapshot(minutesAgo(0), { orders: [id] });
    await put('shop', newer);
    expect((await put('shop', snapshot(minutesAgo(3), {}))).body.at).toBe(newer.at);
    expect((await harness.call(people.dev, 'GET', '/v1/snapshots/shop')).body).toEqual(newer);
    expect((await put('shop', snapshot(minutesAgo(-60), {}))).status).toBe(400);
  });

  it('lets only admins and service proxies accept, and only who reaches data send', async () => {
    for (const who of [people.dev, people.reviewer, people.auditor, people.stranger]) {
      const { status, body } = await accept('shop', who);
      expect([status, body.detail]).toEqual([403, expect.stringContaining('admins or proxies')]);
    }
    for (const who of [people.auditor, people.stranger]) {
      expect((await put('shop', snapshot(minutesAgo(0), {}), who)).status).toBe(403);
    }
    expect((await harness.call(people.stranger, 'GET', '/v1/drift?connection=shop')).status).toBe(403);
    expect((await harness.call(people.dev, 'GET', '/v1/drift?connection=nowhere')).status).toBe(404);
    expect((await harness.call(people.dev, 'GET', '/v1/drift')).status).toBe(400);
  });
});
