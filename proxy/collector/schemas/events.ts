/**
 * JSON schema of an event that is sent: what is searched and relied on is checked, everything else is kept as it comes, so
 * that proxies of another version can send. What this version writes is published in full (GET /v1/schemas/event).
 */
import { proxyKinds } from '../../audit/events.ts';
import { text, time } from './common.ts';

const seq = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

const relation = {
  type: 'object',
  required: ['name'],
  properties: { schema: { type: 'string' }, name: { type: 'string' } },
} as const;

export const sentEventSchema = {
  type: 'object',
  required: ['at', 'seq', 'kind'],
  properties: {
    at: time,
    seq,
    kind: { type: 'string', enum: proxyKinds },
    identity: {
      type: 'object',
      required: ['subject'],
      properties: {
        subject: text(500),
        email: text(500),
        groups: { type: 'array', items: { type: 'string' } },
      },
    },
    connection: text(200),
    session: text(100),
    decision: {
      type: 'object',
      required: ['outcome'],
      properties: { outcome: { type: 'string', enum: ['allow', 'deny', 'approve'] } },
    },
    relations: { type: 'array', items: relation },
    effects: {
      type: 'array',
      items: { type: 'object', required: ['kind'], properties: { kind: { type: 'string' }, relation } },
    },
    for: seq,
    through: seq,
  },
  additionalProperties: true,
  allOf: [
    requires('intent', 'identity', 'connection', 'decision', 'session'),
    requires('sessionOpened', 'identity', 'connection', 'session'),
    requires('outcome', 'for', 'status'),
    requires('withdrawn', 'through'),
    requires('sessionClosed', 'session'),
  ],
} as const;

function requires(kind: string, ...fields: readonly string[]) {
  return {
    if: { properties: { kind: { const: kind } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: fields },
  } as const;
}
