/** JSON schemas that several routes share. Answers are described by them, and written as they are. */

const problem = {
  description: 'What went wrong, in words (RFC 9457).',
  type: 'object',
  required: ['title', 'status', 'detail'],
  properties: {
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    requestId: { type: 'string' },
  },
  additionalProperties: true,
} as const;

/** For the routes that anybody may ask. */
export const openProblems = { '5xx': problem } as const;

/** For all others. */
export const problems = { '4xx': problem, '5xx': problem } as const;

export const text = (maxLength: number, description = '') =>
  ({ type: 'string', maxLength, ...(description === '' ? {} : { description }) }) as const;

export const time = { type: 'string', format: 'date-time', maxLength: 40 } as const;

export const identitySchema = {
  type: 'object',
  required: ['subject', 'email', 'groups'],
  properties: {
    subject: { type: 'string' },
    email: { type: 'string' },
    groups: { type: 'array', items: { type: 'string' } },
    agent: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
  },
} as const;

export function listOf<Item extends object>(items: Item) {
  return {
    type: 'object',
    required: ['items', 'next'],
    properties: {
      items: { type: 'array', items },
      next: {
        type: ['string', 'null'],
        description: 'Give it as `cursor` for the next page; null on the last.',
      },
    },
  } as const;
}

/** Query strings are text: numbers in them are checked by pattern and read by {@link readLimit}. */
export const pageQuery = {
  limit: { type: 'string', pattern: '^[1-9][0-9]{0,3}$', description: 'How many at most; 1000 is the most.' },
  cursor: text(2_000),
} as const;

export function readLimit(limit: string | undefined): number {
  return Math.min(1_000, Number(limit ?? 100));
}

export const connectionParams = {
  type: 'object',
  required: ['connection'],
  properties: { connection: text(200, 'Name of a connection in the catalog.') },
} as const;

export const idParams = {
  type: 'object',
  required: ['id'],
  properties: { id: text(100) },
} as const;
