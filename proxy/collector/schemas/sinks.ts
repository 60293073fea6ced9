/** JSON schemas of sinks and their dead letters. */
import { text, time } from './common.ts';

const count = (description: string) => ({ type: 'integer', minimum: 0, description }) as const;

export const sinkSchema = {
  type: 'object',
  required: ['name', 'kind', 'state', 'waiting', 'sent', 'failed', 'gone'],
  properties: {
    name: { type: 'string' },
    kind: { type: 'string', enum: ['webhook', 'otlp', 'syslog', 'jsonLines'] },
    state: {
      type: 'string',
      enum: ['idle', 'sending', 'retrying'],
      description: '`retrying`: the last try failed, and the next one will come.',
    },
    waiting: count(
      'Events that it has not been offered yet, those included that its filters will leave out.',
    ),
    sent: count('Events that it has taken.'),
    failed: count('Events that it has refused for good: its dead letters.'),
    gone: count('Events that were no longer kept when it was their turn.'),
    sentAt: { ...time, description: 'When it took something last.' },
    problem: { type: 'string', description: 'The last failure, in words, until something is taken again.' },
    failedAt: time,
    retryAt: time,
  },
} as const;

export const deadLetterSchema = {
  type: 'object',
  required: ['index', 'proxy', 'seq', 'at', 'problem', 'isWanted'],
  properties: {
    index: count('Of its leaf in the log.'),
    proxy: { type: 'string' },
    seq: { type: 'integer', minimum: 1 },
    at: { ...time, description: 'When it was refused.' },
    problem: { type: 'string' },
    isWanted: { type: 'boolean', description: 'It will be sent again.' },
  },
} as const;

export const sinkParams = {
  type: 'object',
  required: ['name'],
  properties: { name: text(100, 'Name of a sink.') },
} as const;

export const redeliverSchema = {
  type: 'object',
  properties: {
    indexes: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      description: 'Those to send again; all where it is absent.',
    },
  },
  additionalProperties: false,
} as const;
