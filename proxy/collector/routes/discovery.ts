/** What anybody may ask: how to sign in, and whether the service works. */
import type { FastifyInstance } from 'fastify';
import type { Parts } from '../parts.ts';
import { openProblems } from '../schemas/common.ts';

export function registerDiscovery(app: FastifyInstance, parts: Parts): void {
  app.get(
    '/.well-known/portcullis',
    {
      schema: {
        summary: 'All that a client needs to sign in',
        security: [],
        response: {
          200: {
            type: 'object',
            required: ['issuer', 'clientId', 'audience', 'version'],
            properties: {
              issuer: { type: 'string' },
              clientId: { type: 'string' },
              audience: { type: 'string' },
              version: { const: 1 },
            },
          },
          ...openProblems,
        },
      },
    },
    async () => ({ ...parts.discovery, version: 1 }),
  );

  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Whether the collector and its store work',
        security: [],
        response: {
          200: { type: 'object', required: ['status'], properties: { status: { const: 'ok' } } },
          ...openProblems,
        },
      },
    },
    async () => {
      await parts.store.query('SELECT 1');
      return { status: 'ok' };
    },
  );
}
