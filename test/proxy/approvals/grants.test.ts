/** What may be seen in clear counts as long as the collector confirms it, and not a moment longer. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Grants } from '../../../proxy/approvals/grants.ts';
import type { ApprovalRequest, UnmaskColumn } from '../../../proxy/approvals/request.ts';
import { requestDigest } from '../../../proxy/approvals/requestDigest.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';

const minute = 60_000;
const column: UnmaskColumn = {
  column: 'public.c.email',
  classification: 'pii.email',
  relation: 1,
  attribute: 2,
};
const approved = {
  id: 'r1',
  state: 'approved',
  connection: 'shop',
  environment: 'production',
  text: 'SELECT 1',
  digest: '',
  findings: [],
  relations: [],
  application: '',
  approvers: ['reviewers'],
  reason: 'why',
  requester: { subject: 'dev', email: 'dev@example.com', groups: [] },
  createdAt: '2026-01-01T00:00:00Z',
  expiresAt: '2026-01-01T00:15:00Z',
  reviews: [{ by: 'r@example.com', decision: 'approve', comment: '', at: '2026-01-01T00:00:00Z' }],
  mayReview: false,
  clearForMs: 15 * minute,
  unmask: {
    columns: [column],
    minutes: 15,
  },
} satisfies ApprovalRequest;

let server: Server;
let items: readonly ApprovalRequest[];
let status: number;
let grants: Grants;
let tellChange: () => void;

beforeEach(async () => {
  items = [approved];
  status = 200;
  server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ items, next: null }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new CollectorClient({ url, token: () => 'token' });
  grants = new Grants(client, {
    onRequests: (listener) => {
      tellChange = listener;
      return () => undefined;
    },
  });
});
afterEach(async () => {
  vi.useRealTimers();
  grants.stop();
  await new Promise((resolve) => server.close(resolve));
});

/** Both clocks, and no timer but these. */
function stopClocks(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
}

describe('grants', () => {
  it('are of the connection that they were given for, and change the version', async () => {
    expect(grants.of('shop')).toEqual([]);
    const before = grants.version;
    await grants.refresh();
    expect(grants.of('shop')).toMatchObject([{ request: 'r1', reviewers: ['r@example.com'], minutes: 15 }]);
    expect(grants.of('lab')).toEqual([]);
    expect(grants.version).not.toBe(before);
    const known = grants.version;
    await grants.refresh();
    expect(grants.version).toBe(known);
  });

  it('are none that are not approved, or do not say for how long or for what', async () => {
    const { unmask: _unmask, ...run } = approved;
    const { clearForMs: _left, ...endless } = approved;
    items = [run, endless, { ...approved, state: 'denied' }, { ...approved, clearForMs: 0 }];
    await grants.refresh();
    expect(grants.of('shop')).toEqual([]);
  });

  it('end when a clock says so, the one of the wall or the one that only runs', async () => {
    items = [{ ...approved, clearForMs: 20_000 }];
    stopClocks();
    await grants.refresh();
    vi.setSystemTime(Date.now() + 19_000);
    expect(grants.of('shop')).toHaveLength(1);
    const known = grants.version;
    vi.setSystemTime(Date.now() + 1_001); // the machine has slept: the other clock has not moved
    expect(grants.version).not.toBe(known);
    expect(grants.of('shop')).toEqual([]);
    await grants.refresh();
    const start = Date.now();
    vi.advanceTimersByTime(20_001);
    vi.setSystemTime(start); // set back
    expect(grants.of('shop')).toEqual([]);
  });

  it('do not outlive the collector’s confirmation', async () => {
    stopClocks();
    await grants.refresh();
    status = 503;
    vi.advanceTimersByTime(44_000);
    await expect(grants.refresh()).rejects.toThrow();
    expect(grants.of('shop')).toHaveLength(1);
    vi.advanceTimersByTime(2_000);
    expect(grants.of('shop')).toEqual([]);
    status = 200;
    await grants.refresh();
    expect(grants.of('shop')).toHaveLength(1);
  });

  it('follow what the collector tells, and are none after the end', async () => {
    grants.start();
    await grants.refresh();
    items = [];
    tellChange();
    await grants.refresh();
    expect(grants.of('shop')).toEqual([]);
    items = [approved];
    await grants.refresh();
    grants.stop();
    expect(grants.of('shop')).toEqual([]);
    await grants.refresh();
    expect(grants.of('shop')).toEqual([]);
  });
});

describe('what an approval is bound to', () => {
  it('is another thing for a run and for seeing, and for each column, kind and time', () => {
    const { unmask, ...run } = approved;
    const digests = [
      run,
      approved,
      { ...approved, unmask: { ...unmask, minutes: 30 } },
      { ...approved, unmask: { ...unmask, columns: [{ ...column, column: 'public.c.phone' }] } },
      { ...approved, unmask: { ...unmask, columns: [{ ...column, classification: 'pii.phone' }] } },
      { ...approved, unmask: { ...unmask, columns: [{ ...column, relation: 9 }] } },
      { ...approved, unmask: { ...unmask, columns: [{ ...column, attribute: 9 }] } },
    ].map(requestDigest);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
