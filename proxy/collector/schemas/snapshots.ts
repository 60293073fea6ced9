/** JSON schemas of snapshots and drift: proxy/schema/snapshot.ts in JSON Schema. */
import { time } from './common.ts';

const string = { type: 'string' } as const;

const named = {
  type: 'object',
  required: ['name', 'definition'],
  properties: { name: string, definition: string },
} as const;

const table = {
  type: 'object',
  required: ['schema', 'name', 'kind', 'owner', 'columns', 'indexes', 'constraints', 'grants'],
  properties: {
    schema: string,
    name: string,
    kind: { type: 'string', enum: ['table', 'partitioned', 'view', 'materializedView', 'foreign'] },
    owner: string,
    columns: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'type', 'nullable'],
        properties: {
          name: string,
          type: string,
          nullable: { type: 'boolean' },
          default: string,
          generated: { type: 'string', enum: ['stored', 'virtual', 'identityAlways', 'identityByDefault'] },
        },
      },
    },
    indexes: { type: 'array', items: named },
    constraints: { type: 'array', items: named },
    grants: {
      type: 'array',
      items: {
        type: 'object',
        required: ['grantee', 'privilege', 'grantable'],
        properties: { grantee: string, privilege: string, grantable: { type: 'boolean' }, column: string },
      },
    },
    definition: string,
  },
} as const;

export const snapshotSchema = {
  type: 'object',
  required: ['form', 'at', 'tables'],
  properties: { form: { const: 1 }, at: time, tables: { type: 'array', items: table } },
} as const;

export const driftReportSchema = {
  type: 'object',
  required: ['connection', 'items'],
  properties: {
    connection: string,
    baseline: { type: 'object', required: ['at', 'by'], properties: { at: time, by: string } },
    liveAt: time,
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['kind', 'schema', 'table', 'part', 'summary', 'isRisky'],
        properties: {
          kind: { type: 'string', enum: ['unexpected', 'missing', 'changed'] },
          schema: string,
          table: string,
          part: {
            type: 'object',
            required: ['kind'],
            properties: {
              kind: { type: 'string', enum: ['table', 'column', 'index', 'constraint', 'grant'] },
              name: string,
              grantee: string,
              privilege: string,
            },
          },
          summary: string,
          isRisky: { type: 'boolean' },
          author: {
            type: 'object',
            required: ['email', 'at', 'statement'],
            properties: { email: string, at: time, statement: string },
          },
        },
      },
    },
  },
} as const;
