/** Promises of the OCSF form: every kind of event is valid by OCSF's own schema, and says what the event says. */
import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { toCloudEvents } from '../../../proxy/audit/ocsf/cloudEvents.ts';
import { collectorEvents } from './collectorEvents.ts';
import { intentFields } from './events.ts';
import { makeFolder, readAll } from './fixtures.ts';
import { hasOcsfSchema, OcsfSchema } from './ocsfSchema.ts';
import { writeWholeJournal } from './wholeJournal.ts';

const proxy = '0b9e4f3a-0000-4000-8000-000000000001';
const at = '2026-11-03T09:15:00.123Z';

async function journalEvents(): Promise<JournalEvent[]> {
  const folder = makeFolder();
  await writeWholeJournal(folder);
  return readAll(folder);
}

/** What no believable journal lacks, and what is unusual about each kind. */
const unusual: readonly object[] = [
  { kind: 'intent', ...intentFields, relations: [], effects: [] },
  { kind: 'intent', ...intentFields, client: { address: '[::1]:5432' } },
  { kind: 'intent', ...intentFields, client: { address: '/run/portcullis.sock', application: '' } },
  { kind: 'intent', ...intentFields, identity: { subject: 'svc', groups: [], agent: { name: 'an agent' } } },
  { kind: 'intent', ...intentFields, identity: { subject: 'x', email: 'no address', groups: ['a', 'b'] } },
  {
    kind: 'intent',
    ...intentFields,
    decision: {
      outcome: 'approve',
      policies: ['a', 'b'],
      version: 'v',
      approval: { request: 'r', by: ['rev@example.com'] },
      observed: { outcome: 'deny', policies: ['c'] },
    },
  },
  ...['delete', 'drop', 'update', 'create', 'insert', 'call', 'session', 'transaction', 'anything new'].map(
    (kind) => ({ kind: 'intent', ...intentFields, effects: [{ kind }] }),
  ),
  {
    kind: 'refusal',
    client: { address: '127.0.0.1:1' },
    reason: { code: 'X', message: 'm', sqlState: '28000' },
  },
  {
    kind: 'refusal',
    client: { address: '127.0.0.1:1' },
    session: 's',
    reason: { code: 'X', message: 'm', sqlState: '42601' },
  },
  { kind: 'sessionClosed', session: 'unheard of', reason: 'crashed', statements: 3 },
  { kind: 'withdrawn', reason: 'the disk was full', through: 900 },
  { kind: 'started', pid: 1, torn: { bytes: 3, file: 'x.torn', sha256: '0'.repeat(64) } },
  { kind: 'stopped', awake: 3 },
  { kind: 'heartbeat', awake: 60_000 },
];

const unusualEvents = unusual.map((fields, i) => ({ at, seq: i + 1, ...fields }) as JournalEvent);

test.skipIf(!hasOcsfSchema)('every event is valid by the schema of OCSF 1.8.0', async () => {
  const schema = new OcsfSchema();
  const events = [...(await journalEvents()), ...unusualEvents, ...collectorEvents];
  const outcomes = unusualEvents
    .filter(({ kind }) => kind === 'intent')
    .map((event, i) => ({
      proxy,
      event: {
        at,
        seq: 500 + i,
        kind: 'outcome',
        for: event.seq,
        status: ['ok', 'error', 'cancelled', 'unknown', 'notRun'][i % 5],
        rows: i,
        micros: 1500,
        bytes: 10,
        sqlState: '42P01',
        maskedColumns: i % 2 === 0 ? [] : [{ column: 'c', classification: 'secret.token' }],
      } as JournalEvent,
    }));
  const sourced = events.map((event) => ({ proxy, event, receivedAt: at }));
  const wrapped = toCloudEvents(sourced, outcomes);
  expect(wrapped).toHaveLength(events.filter(({ kind }) => kind !== 'outcome').length);
  for (const { data } of wrapped)
    expect({ data, errors: schema.validate(data) }).toEqual({ data, errors: [] });
  expect(new Set(wrapped.map(({ data }) => data.class_uid))).toEqual(new Set([6005, 3002, 6002, 3004, 6003]));
});

test.skipIf(!hasOcsfSchema)('the validator would see what is wrong', () => {
  const schema = new OcsfSchema();
  const [valid] = toCloudEvents([{ proxy, event: unusualEvents[0] as JournalEvent }]);
  const data = structuredClone(valid?.data) as unknown as Record<string, unknown>;
  const broken: [string, object][] = [
    ['actor is required', { actor: undefined }],
    ['colour is no attribute', { colour: 1 }],
    ['status is not Success', { status_id: 1, status: 'Failure' }],
    ['status_id cannot be 77', { status_id: 77 }],
    ['time is no timestamp_t', { time: 'now' }],
    ['src_endpoint. has none of', { src_endpoint: { port: 1 } }],
    ['src_endpoint.port is out of range', { src_endpoint: { ip: '::1', port: 70_000 } }],
    ['actor.user.email_addr does not match', { actor: { user: { name: 'x', email_addr: 'x' } } }],
    ['database.type_id is required', { database: { name: 'x' } }],
    ['type_uid is not', { type_uid: 1 }],
    // Without its profile an attribute of it is none.
    ['disposition_id is no attribute', { metadata: { ...(data['metadata'] as object), profiles: [] } }],
  ];
  expect(schema.validate(data)).toEqual([]);
  for (const [words, change] of broken) {
    expect(schema.validate({ ...data, ...change }).join('\n')).toContain(words);
  }
});

test('a statement tells who, where, what, the decision with its policies, what came of it and what was masked', () => {
  const intent = { at, seq: 7, kind: 'intent', ...intentFields } as JournalEvent;
  const outcome = {
    at,
    seq: 8,
    kind: 'outcome',
    for: 7,
    status: 'error',
    rows: 3,
    micros: 12_345,
    sqlState: '57014',
    maskedColumns: [
      { column: 'email', classification: 'pii.email' },
      { column: 'card', classification: 'pii.paymentCard' },
    ],
  } as JournalEvent;
  const [event, ...more] = toCloudEvents([
    { proxy, event: intent },
    { proxy, event: outcome },
  ]);
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    specversion: '1.0',
    id: '7',
    source: `/portcullis/proxies/${proxy}`,
    type: 'portcullis.intent',
    subject: 'u-1',
    time: at,
    datacontenttype: 'application/json',
    dataschema: 'https://schema.ocsf.io/1.8.0/classes/datastore_activity',
    data: {
      class_uid: 6005,
      activity_name: 'Query',
      time: Date.parse(at),
      actor: { user: { uid: 'u-1', email_addr: 'dev@example.com' }, session: { uid: intentFields.session } },
      src_endpoint: { ip: '127.0.0.1', port: 51_234 },
      query_info: { query_string: intentFields.statement.text, uid: '0123456789abcdef' },
      table: { name: 'public.customers' },
      database: {
        name: 'demo',
        data_classifications: [
          { category_id: 1, classifier_details: { uid: 'pii.email' } },
          { category_id: 3, classifier_details: { uid: 'pii.paymentCard' } },
        ],
      },
      status_id: 2,
      status_code: '57014',
      duration: 12,
      action: 'Modified',
      policy: { uid: 'reads-are-allowed', version: '1' },
      metadata: { version: '1.8.0', uid: `${proxy}/7`, correlation_uid: intentFields.session },
    },
  });
});

test('an outcome that another page holds is found, and the same events give the same text', async () => {
  const events = await journalEvents();
  const sourced = events.map((event) => ({ proxy, event }));
  const intents = sourced.filter(({ event }) => event.kind === 'intent');
  const [first] = toCloudEvents(intents, sourced);
  expect(first?.data['status']).toBe('Success');
  expect(toCloudEvents(intents)[0]?.data['status']).toBe('Unknown');
  expect(JSON.stringify(toCloudEvents(sourced))).toBe(JSON.stringify(toCloudEvents(sourced)));
});
