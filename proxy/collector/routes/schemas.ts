/** The schemas of what the collector hands out, for whoever takes it in by a program of their own. */
import type { FastifyInstance } from 'fastify';
import { eventSchema } from '../../audit/schema/eventSchemas.ts';
import { problems } from '../schemas/common.ts';

export function registerSchemas(app: FastifyInstance): void {
  app.get(
    '/v1/schemas/event',
    {
      schema: {
        summary: 'The JSON Schema (2020-12) of a recorded event, of each kind',
        response: { 200: { type: 'object', additionalProperties: true }, ...problems },
      },
    },
    async (_request, reply) =>
      reply.type('application/schema+json; charset=utf-8').send(JSON.stringify(eventSchema)),
  );
}
