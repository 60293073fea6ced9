/**
 * OpenTelemetry logs: OTLP/HTTP with JSON (opentelemetry-proto, docs/specification.md). Names in lowerCamelCase, 64-bit
 * integers as decimal texts, enumerations as numbers.
 */
import type { CloudEvent } from '../../audit/ocsf/cloudEvents.ts';
import { deliveryOf, deliveryOfFailure } from './httpDelivery.ts';
import { makeHttpPoster } from './httpPost.ts';
import type { Delivery, OtlpTarget, Sink, SinkItem } from './sink.ts';

export function openOtlpLogs(target: OtlpTarget, timeoutMs: number): Sink {
  const poster = makeHttpPoster({ ...target, timeoutMs });
  return {
    deliver: async (items, signal) => {
      const body = JSON.stringify(toLogsData(items));
      const headers = { ...target.headers, 'content-type': 'application/json', accept: 'application/json' };
      try {
        const answer = await poster.post(headers, body, signal);
        const delivery = deliveryOf(answer, true);
        return delivery.kind === 'taken' ? readSuccess(answer.text) : delivery;
      } catch (error) {
        return deliveryOfFailure(error);
      }
    },
    close: async () => poster.close(),
  };
}

/** A partial success is not to be retried, and does not say which of the records it speaks of. */
function readSuccess(text: string): Delivery {
  let rejected = 0;
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedLogRecords?: unknown } };
    rejected = Number(partialSuccess?.rejectedLogRecords ?? 0);
  } catch {
    // The status has said that all is well; what stands in the body has to be JSON, and is not needed.
  }
  if (!(rejected > 0)) return { kind: 'taken' };
  return {
    kind: 'refused',
    reason: `it took the batch without ${rejected} of its events, and does not say which`,
    canSplit: false,
  };
}

/** `opentelemetry.proto.logs.v1.LogsData`, which is what an ExportLogsServiceRequest holds. */
export function toLogsData(items: readonly SinkItem[]) {
  return {
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', 'portcullis-collector')] },
        scopeLogs: [{ scope: { name: 'portcullis.audit' }, logRecords: items.map(toLogRecord) }],
      },
    ],
  };
}

function toLogRecord({ event, receivedAt }: SinkItem) {
  const { number, text } = severities[event.data.severity_id] ?? unknownSeverity;
  return {
    timeUnixNano: nanosOf(event.time),
    observedTimeUnixNano: nanosOf(receivedAt),
    severityNumber: number,
    severityText: text,
    eventName: event.type,
    body: toAnyValue(event.data),
    attributes: describe(event),
  };
}

/** As the semantic conventions for CloudEvents name them. */
function describe(event: CloudEvent) {
  return [
    attribute('cloudevents.event_id', event.id),
    attribute('cloudevents.event_source', event.source),
    attribute('cloudevents.event_spec_version', event.specversion),
    attribute('cloudevents.event_type', event.type),
    ...(event.subject === undefined ? [] : [attribute('cloudevents.event_subject', event.subject)]),
  ];
}

function attribute(key: string, value: string) {
  return { key, value: { stringValue: value } };
}

function nanosOf(time: string): string {
  return String(BigInt(Date.parse(time)) * 1_000_000n);
}

const unknownSeverity = { number: 9, text: 'Unknown' };

/** SeverityNumber by OCSF's severity_id (Informational, Low, Medium, High). */
const severities: Readonly<Record<number, { readonly number: number; readonly text: string }>> = {
  1: { number: 9, text: 'Informational' },
  2: { number: 10, text: 'Low' },
  3: { number: 13, text: 'Medium' },
  4: { number: 17, text: 'High' },
};

interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values: readonly { readonly key: string; readonly value: AnyValue }[] };
}

/** Null, and what JSON leaves out, is an AnyValue without a value. */
export function toAnyValue(value: unknown): AnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(toAnyValue) } };
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return { kvlistValue: { values: entries.map(([key, member]) => ({ key, value: toAnyValue(member) })) } };
}
