/** Schemas of the log's routes, and of the receipt that a batch is answered with. */
import { text, time } from './common.ts';

const hashes = { type: 'array', items: { type: 'string', description: 'SHA-256, base64.' } } as const;
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Of the tree in the checkpoint that the sender keeps. */
export const knownSize = {
  ...count,
  description:
    'Size of the last checkpoint that the sender keeps: the receipt then proves that the log grew from it.',
} as const;

export const receipt = {
  type: 'object',
  required: ['checkpoint'],
  description:
    'That the batch is in the log. A new batch: `before` and its leaves give the root of `checkpoint`.',
  properties: {
    checkpoint: { type: 'string', description: 'A signed note (C2SP tlog-checkpoint).' },
    first: { ...count, description: 'Index of the leaf of the first event that was new.' },
    before: { ...hashes, description: 'The peaks of the tree before that leaf, the largest first.' },
    consistency: { ...hashes, description: 'From `knownSize` to the checkpoint (RFC 6962, section 2.1.2).' },
  },
} as const;

export const checkpointAnswer = {
  description: 'Origin, size, root, an empty line, signatures.',
  content: { 'text/plain': { schema: { type: 'string' } } },
} as const;

export const tileAnswer = {
  description: 'Hashes of 32 bytes each, or entries, each after its length in two bytes.',
  content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
} as const;

export const tileParams = { type: 'object', required: ['*'], properties: { '*': text(100) } } as const;

export const keysAnswer = {
  type: 'object',
  required: ['origin', 'keys', 'witnesses'],
  properties: {
    origin: { type: 'string', description: 'The name that every checkpoint begins with.' },
    keys: {
      type: 'array',
      items: {
        type: 'object',
        required: ['key', 'since'],
        properties: {
          key: { type: 'string' },
          since: time,
          until: { ...time, description: 'Since when no collector signs with it.' },
        },
      },
    },
    witnesses: {
      type: 'array',
      items: { type: 'string' },
      description: 'Keys of those who are asked to cosign.',
    },
  },
} as const;
