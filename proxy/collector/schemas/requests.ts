/** JSON schemas of approval requests: proxy/approvals/request.ts in JSON Schema. */
import { text, time } from './common.ts';

const newRequestProperties = {
  connection: text(200),
  environment: text(200),
  text: { type: 'string', minLength: 1, maxLength: 2_000_000 },
  parameters: { type: 'array', maxItems: 65_535, items: { type: ['string', 'null'] } },
  digest: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  findings: {
    type: 'array',
    maxItems: 1_000,
    items: {
      type: 'object',
      required: ['policy', 'code', 'message'],
      properties: {
        policy: { type: 'string' },
        code: { type: 'string' },
        message: { type: 'string' },
        detail: { type: 'string' },
        hint: { type: 'string' },
        start: { type: 'integer', minimum: 0 },
        end: { type: 'integer', minimum: 0 },
      },
      additionalProperties: false,
    },
  },
  relations: {
    type: 'array',
    maxItems: 5_000,
    items: {
      type: 'object',
      required: ['name', 'classifications'],
      properties: {
        name: { type: 'string' },
        classifications: { type: 'array', items: { type: 'string' } },
      },
      additionalProperties: false,
    },
  },
  application: text(1_000),
  approvers: { type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: text(200) },
  reason: text(10_000),
  unmask: {
    type: 'object',
    required: ['columns', 'minutes'],
    properties: {
      columns: {
        type: 'array',
        minItems: 1,
        maxItems: 200,
        items: {
          type: 'object',
          required: ['column', 'classification', 'relation', 'attribute'],
          properties: {
            column: text(300),
            classification: text(200),
            relation: { type: 'integer', minimum: 1 },
            attribute: { type: 'integer', minimum: 1 },
          },
          additionalProperties: false,
        },
      },
      minutes: { type: 'integer', minimum: 1, maximum: 60 },
    },
    additionalProperties: false,
  },
} as const;

const requiredOfNew = [
  'connection',
  'environment',
  'text',
  'digest',
  'findings',
  'relations',
  'application',
  'approvers',
  'reason',
] as const;

export const newRequestSchema = {
  type: 'object',
  required: requiredOfNew,
  properties: newRequestProperties,
  additionalProperties: false,
} as const;

const decision = { type: 'string', enum: ['approve', 'deny', 'changes'] } as const;

export const newReviewSchema = {
  type: 'object',
  required: ['decision'],
  properties: { decision, comment: text(10_000) },
  additionalProperties: false,
} as const;

export const requestSchema = {
  type: 'object',
  required: [...requiredOfNew, 'id', 'state', 'requester', 'createdAt', 'expiresAt', 'reviews', 'mayReview'],
  properties: {
    ...newRequestProperties,
    id: { type: 'string' },
    state: { type: 'string', enum: ['open', 'approved', 'denied', 'withdrawn', 'expired', 'used'] },
    requester: {
      type: 'object',
      required: ['subject', 'email', 'groups'],
      properties: {
        subject: { type: 'string' },
        email: { type: 'string' },
        groups: { type: 'array', items: { type: 'string' } },
      },
    },
    createdAt: time,
    expiresAt: time,
    reviews: {
      type: 'array',
      items: {
        type: 'object',
        required: ['by', 'decision', 'comment', 'at'],
        properties: { by: { type: 'string' }, decision, comment: { type: 'string' }, at: time },
      },
    },
    mayReview: { type: 'boolean' },
    mayRevoke: { type: 'boolean' },
    clearForMs: { type: 'number' },
  },
} as const;
