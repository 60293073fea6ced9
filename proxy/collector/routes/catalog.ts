/** Who I am, which connections there are, and the policy that decides. */
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { identitySchema, listOf, problems } from '../schemas/common.ts';

export function registerCatalog(app: FastifyInstance, parts: Parts): void {
  app.get(
    '/v1/me',
    { schema: { summary: 'The identity in the token', response: { 200: identitySchema, ...problems } } },
    async (request) => callerOf(request).identity,
  );

  const connection = {
    type: 'object',
    required: ['name', 'environment'],
    properties: { name: { type: 'string' }, environment: { type: 'string' } },
  } as const;
  app.get(
    '/v1/catalog',
    { schema: { summary: 'The governed connections', response: { 200: listOf(connection), ...problems } } },
    async () => ({
      items: [...parts.connections.values()].map(({ name, environment }) => ({ name, environment })),
      next: null,
    }),
  );

  app.get(
    '/v1/policy',
    {
      schema: {
        summary: 'The policy files',
        description: 'Answers 304 where `If-None-Match` names the version that is in force.',
        response: {
          200: {
            type: 'object',
            required: ['version', 'files'],
            properties: {
              version: { type: 'string' },
              files: {
                type: 'array',
                items: {
                  type: 'object',
                  required: ['name', 'text'],
                  properties: { name: { type: 'string' }, text: { type: 'string' } },
                },
              },
            },
          },
          304: { type: 'null', description: 'The version named is in force.' },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const tag = `"${parts.policy.version}"`;
      void reply.header('etag', tag).header('cache-control', 'private, no-cache');
      const known = (request.headers['if-none-match'] ?? '')
        .split(',')
        .map((part) => part.trim().replace(/^W\//, ''));
      if (known.includes(tag) || known.includes('*')) return reply.code(304).send();
      return parts.policy;
    },
  );
}
