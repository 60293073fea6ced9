/** JSON schemas of classifications that proxies share: proxy/masking/sharedClassification.ts in JSON Schema. */
import { text, time } from './common.ts';

const oid = { type: 'integer', minimum: 1, maximum: 4_294_967_295 } as const;
/** pg_attribute.attnum is a smallint; what is below 1 is the server's own. */
const number = { type: 'integer', minimum: 1, maximum: 32_767 } as const;
/** PostgreSQL cuts names to 63 bytes, unless it was built otherwise. */
const name = { type: 'string', minLength: 1, maxLength: 255 } as const;

const properties = {
  database: {
    type: 'string',
    pattern: '^(system|name):[^\\u0000]{1,300}$',
    description: "Which database: the cluster's system identifier or the database's name, and its OID.",
  },
  relation: {
    type: 'object',
    required: ['oid', 'schema', 'name'],
    properties: { oid, schema: name, name },
    additionalProperties: false,
  },
  column: {
    type: 'object',
    required: ['number', 'name'],
    properties: { number, name },
    additionalProperties: false,
  },
  kind: { type: 'string', pattern: '^(pii|secret)\\.[A-Za-z]{1,40}$' },
  use: { type: 'string', enum: ['none', 'equality', 'order', 'open'] },
  why: text(500, 'In words, without values.'),
  confidence: { type: 'number', minimum: 0, maximum: 1 },
  isDerived: { const: true },
  origin: {
    type: 'object',
    required: ['relation', 'column'],
    properties: { relation: oid, column: number },
    additionalProperties: false,
    description: 'The column of the same database that it was first found on.',
  },
  since: time,
} as const;

const required = ['database', 'relation', 'column', 'kind', 'use', 'why', 'confidence', 'since'] as const;

export const sentClassification = {
  type: 'object',
  required,
  properties,
  additionalProperties: false,
} as const;

export const foundClassification = {
  type: 'object',
  required: [...required, 'foundBy', 'takenAt'],
  properties: {
    ...properties,
    foundBy: { type: 'string', description: 'E-mail address of who the proxy works for.' },
    takenAt: time,
  },
} as const;
