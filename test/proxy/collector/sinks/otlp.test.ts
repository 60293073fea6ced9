/** Promises about OpenTelemetry: what is sent is OTLP/JSON by the specification, and its answers are understood. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type Harness, startHarness } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import { type Answer, startHttpReceiver } from './receivers.ts';
import { quick, record, sink, statements, stateOf, until } from './sinkHarness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ sinkTimes: quick });
});
afterAll(() => harness?.stop());

type Json = { readonly [key: string]: unknown };

/** Fields of a message, each with what its value has to be. Unknown ones are refused: we know what we write. */
type Shape = Readonly<Record<string, (value: unknown, path: string) => void>>;

function refuse(path: string, value: unknown): never {
  throw new Error(`${path} is not as the specification has it: ${JSON.stringify(value)}`);
}

const message = (shape: () => Shape) => (value: unknown, path: string) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(path, value);
  for (const [key, member] of Object.entries(value)) {
    const check = shape()[key] ?? refuse(`${path}.${key}`, member);
    check(member, `${path}.${key}`);
  }
};
const repeated = (check: (value: unknown, path: string) => void) => (value: unknown, path: string) => {
  if (!Array.isArray(value)) refuse(path, value);
  (value as unknown[]).forEach((item, i) => {
    check(item, `${path}[${i}]`);
  });
};
const matches = (form: RegExp) => (value: unknown, path: string) => {
  if (typeof value !== 'string' || !form.test(value)) refuse(path, value);
};
const text = matches(/^/);
/** 64-bit integers are decimal texts in proto3's JSON. */
const fixed64 = matches(/^\d{1,20}$/);
const int64 = matches(/^-?\d{1,19}$/);
const severity = (value: unknown, path: string) => {
  if (!Number.isInteger(value) || Number(value) < 1 || Number(value) > 24) refuse(path, value);
};
const ofType = (type: string) => (value: unknown, path: string) => {
  if (typeof value !== type) refuse(path, value);
};

const anyValue = (value: unknown, path: string): void => {
  // A oneof: at most one of its fields.
  if (Object.keys(value as Json).length > 1) refuse(path, value);
  message(() => ({
    stringValue: text,
    boolValue: ofType('boolean'),
    intValue: int64,
    doubleValue: ofType('number'),
    arrayValue: message(() => ({ values: repeated(anyValue) })),
    kvlistValue: message(() => ({ values: repeated(keyValue) })),
  }))(value, path);
};
const keyValue = message(() => ({ key: text, value: anyValue }));

/** `opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest`. */
const exportLogsServiceRequest = message(() => ({
  resourceLogs: repeated(
    message(() => ({
      resource: message(() => ({ attributes: repeated(keyValue) })),
      scopeLogs: repeated(
        message(() => ({
          scope: message(() => ({ name: text, version: text })),
          logRecords: repeated(
            message(() => ({
              timeUnixNano: fixed64,
              observedTimeUnixNano: fixed64,
              severityNumber: severity,
              severityText: text,
              eventName: text,
              body: anyValue,
              attributes: repeated(keyValue),
            })),
          ),
        })),
      ),
    })),
  ),
}));

/** AnyValue back to what it stands for. */
function plain(value: Json): unknown {
  if ('stringValue' in value) return value['stringValue'];
  if ('boolValue' in value) return value['boolValue'];
  if ('intValue' in value) return Number(value['intValue']);
  if ('doubleValue' in value) return value['doubleValue'];
  if ('arrayValue' in value) return (value['arrayValue'] as { values: Json[] }).values.map(plain);
  if (!('kvlistValue' in value)) return null;
  return plainOf((value['kvlistValue'] as { values: { key: string; value: Json }[] }).values);
}
const plainOf = (list: { key: string; value: Json }[]) =>
  Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));

async function startOtlp(name: string, answer: () => Answer) {
  const receiver = await startHttpReceiver();
  receiver.answer = answer;
  const url = new URL('/v1/logs', receiver.url).href;
  const headers = { authorization: 'Bearer of-the-siem' };
  const settings = sink(name, { kind: 'otlp', url, headers }, { start: 'now' });
  const collector = await harness.startAnother({ sinks: [settings] });
  onTestFinished(() => collector.stop());
  await until(async () => (await stateOf(harness, name, collector.url)) !== undefined);
  return { receiver, url: collector.url };
}

const json = (status: number, body: object): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

it('sends log records as the specification has them, with all of the event in them', async () => {
  const { receiver, url } = await startOtlp('otlp', () => json(200, {}));
  await record(harness, 'otlp', statements(1, 3));
  await until(async () => (await stateOf(harness, 'otlp', url))?.waiting === 0);
  const records = receiver.taken.flatMap(({ path, headers, body }) => {
    expect([path, headers['content-type'], headers.authorization]).toEqual([
      '/v1/logs',
      'application/json',
      'Bearer of-the-siem',
    ]);
    exportLogsServiceRequest(JSON.parse(body), 'request');
    return JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords;
  });
  const own = records.filter(
    ({ attributes }) => plainOf(attributes)['cloudevents.event_source'] === '/portcullis/proxies/otlp',
  );
  expect(own).toHaveLength(3);
  const [first] = own;
  expect(plainOf(first.attributes)).toMatchObject({
    'cloudevents.event_id': '1',
    'cloudevents.event_spec_version': '1.0',
    'cloudevents.event_type': 'portcullis.intent',
    'cloudevents.event_subject': 'dev',
  });
  expect(first).toMatchObject({ severityNumber: 9, eventName: 'portcullis.intent' });
  expect(BigInt(first.timeUnixNano)).toBe(BigInt(Date.UTC(2030, 0, 1, 0, 0, 1)) * 1_000_000n);
  expect(plain(first.body)).toMatchObject({
    class_uid: 6005,
    query_info: { query_string: 'SELECT * FROM orders' },
    unmapped: { rows: 1, relations: [{ schema: 'public', name: 'orders' }] },
    is_alert: false,
  });
});

it('sends nothing again that was taken in part, and says that events are missing', async () => {
  const { receiver, url } = await startOtlp('partial', () =>
    json(200, { partialSuccess: { rejectedLogRecords: '1', errorMessage: 'no' } }),
  );
  await record(harness, 'partial', statements(1, 2));
  await until(async () => (await stateOf(harness, 'partial', url)).failed >= 2);
  const { body } = await harness.callAt(url, people.auditor, 'GET', '/v1/sinks/partial/dead-letters');
  expect(body.items[0].problem).toContain('without 1 of its events');
  expect(receiver.received.filter((one) => one.body.includes('proxies/partial'))).toHaveLength(1);
});

it('takes a partial success that refuses nothing for what it is', async () => {
  const { url } = await startOtlp('warned', () => json(200, { partialSuccess: { errorMessage: 'a hint' } }));
  await record(harness, 'warned', statements(1, 2));
  await until(async () => (await stateOf(harness, 'warned', url)).waiting === 0);
  expect(await stateOf(harness, 'warned', url)).toMatchObject({ failed: 0, state: 'idle' });
});

it('tries again after 429, 502, 503 and 504 alone', async () => {
  const statuses = [429, 502, 503, 504];
  const { receiver, url } = await startOtlp('again', () => ({ status: statuses.shift() ?? 200 }));
  await record(harness, 'again', statements(1, 1));
  await until(async () => (await stateOf(harness, 'again', url)).waiting === 0);
  expect(receiver.received.length).toBeGreaterThanOrEqual(5);
  expect(await stateOf(harness, 'again', url)).toMatchObject({ failed: 0 });
  receiver.answer = () => ({ status: 500 });
  await record(harness, 'again', statements(3, 1));
  await until(async () => (await stateOf(harness, 'again', url)).failed === 1);
  expect(receiver.received.filter(({ body }) => body.includes('"again/3"'))).toHaveLength(1);
});
