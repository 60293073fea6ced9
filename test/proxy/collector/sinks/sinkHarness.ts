/** A collector with sinks, events to send through it, and what to wait for. */
import { randomBytes } from 'node:crypto';
import type { JournalEvent } from '../../../../proxy/audit/events.ts';
import type { CloudEvent } from '../../../../proxy/audit/ocsf/cloudEvents.ts';
import type { SinkSettings, SinkTarget } from '../../../../proxy/collector/sinks/sink.ts';
import type { SinkTimes } from '../../../../proxy/collector/sinks/sinkRunner.ts';
import { type Harness, intent, outcome } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import type { Received } from './receivers.ts';

export const secretText = `whsec_${randomBytes(32).toString('base64')}`;

/** Sinks that do not wait as long as usual. */
export const quick: Partial<SinkTimes> = { pollMs: 20, retryMs: { first: 10, longest: 50 }, stopMs: 1_000 };

export function sink(name: string, target: SinkTarget, changes: Partial<SinkSettings> = {}): SinkSettings {
  return { name, start: 'beginning', batchEvents: 10, tries: 3, timeoutMs: 1_000, target, ...changes };
}

export function webhook(name: string, url: string, changes: Partial<SinkSettings> = {}): SinkSettings {
  const secrets = [Buffer.from(secretText.slice('whsec_'.length), 'base64')];
  return sink(name, { kind: 'webhook', url, secrets, headers: {} }, changes);
}

/** Sends events as the developer; throws where they are not taken. */
export async function record(
  harness: Harness,
  proxy: string,
  events: readonly JournalEvent[],
  url = harness.collector.url,
): Promise<void> {
  const { status, body } = await harness.callAt(url, people.dev, 'POST', '/v1/events', { proxy, events });
  if (status !== 200) throw new Error(`not taken: ${JSON.stringify(body)}`);
}

/** Statements with their outcomes, in one batch: numbers from `first` on, two for each. */
export function statements(first: number, count: number, fields: object = {}): JournalEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const seq = first + 2 * i;
    return [intent(people.dev, seq, { ...fields }), outcome(seq + 1, seq)];
  }).flat();
}

export function eventsOf(received: readonly Received[]): CloudEvent[] {
  return received.flatMap(({ body }) => JSON.parse(body) as CloudEvent[]);
}

/** `source#id`, by which receivers tell events apart. */
export function idsOf(events: readonly CloudEvent[]): string[] {
  return events.map(({ source, id }) => `${source.slice(source.lastIndexOf('/') + 1)}#${id}`);
}

export async function until(isTrue: () => boolean | Promise<boolean>, patienceMs = 20_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What GET /v1/sinks says of one. */
export async function stateOf(harness: Harness, name: string, url = harness.collector.url) {
  const { body } = await harness.callAt(url, people.auditor, 'GET', '/v1/sinks');
  return body.items.find((item: { name: string }) => item.name === name);
}
