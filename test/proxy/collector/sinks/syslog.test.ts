/** Promises about syslog: messages by the grammar of RFC 5424, over TCP and TLS, none lost to a receiver that dies. */
import { createServer, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CloudEvent } from '../../../../proxy/audit/ocsf/cloudEvents.ts';
import type { SyslogTarget } from '../../../../proxy/collector/sinks/sink.ts';
import { type Harness, intent, startHarness } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import { parseSyslog, SyslogReceiver } from './receivers.ts';
import { idsOf, quick, record, sink, statements, stateOf, until } from './sinkHarness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ sinkTimes: quick });
});
afterAll(() => harness?.stop());

async function startReceiver(tls?: { key: string; cert: string }): Promise<SyslogReceiver> {
  const receiver = new SyslogReceiver(tls);
  await receiver.start();
  onTestFinished(() => receiver.stop());
  return receiver;
}

async function startSink(name: string, receiver: { port: number }, target: Partial<SyslogTarget> = {}) {
  const settings = sink(
    name,
    { kind: 'syslog', host: '127.0.0.1', port: receiver.port, tls: false, ...target },
    { start: 'now' },
  );
  const { url, stop } = await harness.startAnother({ sinks: [settings] });
  onTestFinished(stop);
  await until(async () => (await stateOf(harness, name, url)) !== undefined);
  return { url, isDone: async () => (await stateOf(harness, name, url)).waiting === 0 };
}

function idsFrom(receiver: SyslogReceiver, proxy: string): string[] {
  const events = receiver.messages.map(({ message }) => JSON.parse(message) as CloudEvent);
  return idsOf(events).filter((id) => id.startsWith(`${proxy}#`));
}

const numbers = (proxy: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${proxy}#${1 + 2 * i}`);

const makeCertificate = () =>
  generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });

describe('syslog', () => {
  it('has a grammar that these tests know', () => {
    const good = '<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 b="c\\]"][meta x="1"] text';
    expect(parseSyslog(good)).toMatchObject({ priority: 165, msgId: 'ID47', message: 'text' });
    for (const bad of [
      '<192>1 - - - - - -',
      '<1>1 - - - - -',
      '<01>1 - - - - - -',
      '<1>1 - - - - - [a b=c]',
    ]) {
      expect(() => parseSyslog(bad)).toThrow();
    }
  });

  it('brings every event over TCP, whatever characters it holds', async () => {
    const receiver = await startReceiver();
    const { isDone } = await startSink('tcp', receiver);
    const text = "SELECT 'naïve\n<34>1 forged 💥 \u0000 \"]'";
    await record(harness, 'tcp', [
      ...statements(1, 12),
      intent(people.dev, 25, {
        statement: { text: text.replace('\u0000', ''), commitment: 'ab'.repeat(32) },
      }),
    ]);
    await until(isDone);
    expect(receiver.problems).toEqual([]);
    expect(idsFrom(receiver, 'tcp')).toEqual(numbers('tcp', 13));
    const last = receiver.messages.find(({ message }) => message.includes('forged'));
    expect(last).toMatchObject({
      priority: 13 * 8 + 6,
      timestamp: '2030-01-01T00:00:25.000Z',
      appName: 'portcullis',
      procId: 'tcp',
      msgId: 'intent',
      structuredData: '[origin software="Portcullis"]',
    });
    expect(JSON.parse(last?.message ?? '').data.query_info.query_string).toContain('naïve\n<34>1 forged 💥');
  });

  it('is warned by what was denied', async () => {
    const receiver = await startReceiver();
    const { isDone } = await startSink('denied', receiver);
    await record(harness, 'denied', [
      {
        ...intent(people.dev, 1),
        kind: 'refusal',
        decision: { outcome: 'deny', policies: ['p'], version: 'v1' },
        reason: { code: 'STATEMENT_DENIED', sqlState: '42501', message: 'no' },
      } as never,
    ]);
    await until(isDone);
    expect(receiver.messages.find(({ procId }) => procId === 'denied')).toMatchObject({
      priority: 13 * 8 + 4,
      msgId: 'refusal',
    });
  });

  it('brings every event over TLS to whom the certificate names, and to nobody else', async () => {
    const { private: key, cert } = await makeCertificate();
    const receiver = await startReceiver({ key, cert });
    const strange = await startSink('untrusted', receiver, { tls: true });
    const { url, isDone } = await startSink('tls', receiver, { tls: true, ca: cert, host: 'localhost' });
    await record(harness, 'tls', statements(1, 12));
    await until(isDone);
    expect(receiver.problems).toEqual([]);
    expect(idsFrom(receiver, 'tls')).toEqual(numbers('tls', 12));
    await until(async () => (await stateOf(harness, 'untrusted', strange.url)).problem !== undefined);
    expect(await stateOf(harness, 'untrusted', strange.url)).toMatchObject({ sent: 0, state: 'retrying' });
    expect(await stateOf(harness, 'tls', url)).toMatchObject({ failed: 0, state: 'idle' });
  });

  it('loses nothing to receivers that die with messages unread', async () => {
    const receiver = await startReceiver();
    receiver.breakAfter = (connection) => (connection <= 3 ? connection * 1_000 : undefined);
    const { isDone } = await startSink('dying', receiver);
    await record(harness, 'dying', statements(1, 30));
    await until(isDone);
    expect([...new Set(idsFrom(receiver, 'dying'))]).toEqual(numbers('dying', 30));
    expect(receiver.connections).toBeGreaterThan(5);
  });

  it('believes nobody who closes without having read', async () => {
    // Accepts, and ends its side at once.
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket.on('error', () => undefined).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const { port } = server.address() as { port: number };
    const { url } = await startSink('closing', { port });
    const fields = { statement: { text: 'x'.repeat(700_000), commitment: 'ab'.repeat(32) } };
    await record(harness, 'closing', statements(1, 4, fields));
    await until(async () => (await stateOf(harness, 'closing', url)).problem !== undefined);
    expect((await stateOf(harness, 'closing', url)).sent).toBe(0);
  });
});
