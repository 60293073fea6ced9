/** Leases: credentials of a database for one identity and one connection. First form: the configured ones. */
import type { FastifyInstance } from 'fastify';
import { dataGroups, requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import { type Parts, requireConnection } from '../parts.ts';
import { problems, text, time } from '../schemas/common.ts';
import { recordLease } from '../store/leases.ts';

const lifetimeMs = 60 * 60 * 1000;

export function registerLeases(app: FastifyInstance, parts: Parts): void {
  app.post<{ Body: { connection: string } }>(
    '/v1/leases',
    {
      bodyLimit: 10_000,
      schema: {
        summary: 'Database credentials for one hour',
        description: 'For developers, reviewers and admins. Each lease is recorded.',
        body: {
          type: 'object',
          required: ['connection'],
          properties: { connection: text(200) },
          additionalProperties: false,
        },
        response: {
          201: {
            type: 'object',
            required: ['connection', 'url', 'expiresAt'],
            properties: { connection: { type: 'string' }, url: { type: 'string' }, expiresAt: time },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { identity } = callerOf(request);
      requireGroup(identity, dataGroups, 'have a lease of a database');
      const { name, url } = requireConnection(parts, request.body.connection);
      const expiresAt = await recordLease(parts.store, identity, name, lifetimeMs);
      return reply.code(201).send({ connection: name, url, expiresAt: expiresAt.toISOString() });
    },
  );
}
