/** One event of each kind that the collector records by itself, with all that it can carry. */
import type { JournalEvent } from '../../../proxy/audit/events.ts';

const at = '2026-11-03T09:15:00.123Z';
const collector = 'host-1:4711';
const identity = { subject: 'u-1', email: 'ann@example.com', groups: ['auditors'] };
const client = { address: '10.1.2.3:5555', application: 'portcullis-extension' };
const hash = 'ab'.repeat(32);

export const collectorEvents: readonly JournalEvent[] = [
  { at, seq: 1, kind: 'signIn', client, collector, status: 'ok', attempts: 1, identity, expiresAt: at },
  {
    at,
    seq: 2,
    kind: 'signIn',
    client: { address: '10.1.2.3' },
    collector,
    status: 'refused',
    attempts: 12,
    reason: { message: 'it has expired' },
  },
  {
    at,
    seq: 3,
    kind: 'policyChanged',
    collector,
    identity: { subject: 'operator:root@host-1', groups: [] },
    what: 'access',
    from: 'v1',
    to: 'v2',
    files: [
      { name: 'a.cedar', change: 'changed', before: hash, after: hash },
      { name: 'b.cedar', change: 'added', after: hash },
      { name: 'c.cedar', change: 'removed', before: hash },
    ],
  },
  { at, seq: 4, kind: 'policyChanged', collector, identity, what: 'retention', to: 'v1', files: [] },
  {
    at,
    seq: 5,
    kind: 'classificationChanged',
    collector,
    identity,
    column: 'public.customers.email',
    connection: 'shop',
    from: 'pii.email',
    to: 'none',
    why: 'masking.yaml',
    policy: 'v2',
  },
  {
    at,
    seq: 6,
    kind: 'classificationChanged',
    collector,
    identity,
    column: '*.ssn',
    why: 'masking.yaml',
    policy: 'v',
  },
  {
    at,
    seq: 9,
    kind: 'classificationChanged',
    collector,
    identity,
    proxy: 'one',
    column: 'public.copies.a',
    connection: 'shop',
    to: 'pii.email',
    why: 'it was computed from customers.email',
  },
  {
    at,
    seq: 7,
    kind: 'recordsRead',
    client,
    collector,
    identity,
    how: 'search',
    filter: { connection: 'shop', text: 'customers' },
    results: 100,
    requests: 3,
    format: 'ocsf',
    ownOnly: true,
  },
  {
    at,
    seq: 8,
    kind: 'eventsRemoved',
    collector,
    policy: { name: 'one year', version: hash },
    rule: 'events of lab, after 30 days',
    takenBefore: at,
    events: 5,
    removed: [
      {
        proxy: 'one',
        events: 5,
        ranges: [
          [1, 3],
          [7, 8],
        ],
      },
    ],
  },
];
