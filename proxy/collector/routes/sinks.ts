/** Sinks: how each is doing, what it has refused for good, and sending that again. */
import type { FastifyInstance } from 'fastify';
import { requireGroup, requirePerson } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { listOf, pageQuery, problems, readLimit } from '../schemas/common.ts';
import { deadLetterSchema, redeliverSchema, sinkParams, sinkSchema } from '../schemas/sinks.ts';
import { listDeadLetters, wantDeadLetters } from '../store/sinks/deadLetters.ts';
import { readSinkStates } from '../store/sinks/sinkStates.ts';

export function registerSinks(app: FastifyInstance, parts: Parts): void {
  app.get(
    '/v1/sinks',
    {
      schema: {
        summary: 'Where events are handed on, and how that goes',
        description:
          'The sinks that this collector was given, in the order of its file, with the state that all collectors over the store share. For auditors and admins.',
        response: { 200: listOf(sinkSchema), ...problems },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, ['auditors', 'admins'], 'see where events are handed on');
      return { items: await readSinkStates(parts.store, parts.sinks), next: null };
    },
  );

  app.get<{ Params: { name: string }; Querystring: { limit?: string; cursor?: string } }>(
    '/v1/sinks/:name/dead-letters',
    {
      schema: {
        summary: 'Events that a sink has refused for good, in the order of the log',
        description: 'Which they are, and why; what they hold is asked for by the routes of events.',
        params: sinkParams,
        querystring: { type: 'object', properties: pageQuery, additionalProperties: false },
        response: { 200: listOf(deadLetterSchema), ...problems },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, ['auditors', 'admins'], 'see what sinks have refused');
      const { limit, cursor } = request.query;
      const name = requireSink(parts, request.params.name);
      return listDeadLetters(parts.store, name, readLimit(limit), cursor);
    },
  );

  app.post<{ Params: { name: string }; Body: { indexes?: number[] } | undefined }>(
    '/v1/sinks/:name/dead-letters/redeliver',
    {
      schema: {
        summary: 'Sends dead letters again',
        description:
          'Answers how many will be. What is refused once more is a dead letter again. For admins, in person.',
        params: sinkParams,
        body: redeliverSchema,
        response: {
          202: {
            type: 'object',
            required: ['wanted'],
            properties: { wanted: { type: 'integer', minimum: 0 } },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { identity } = callerOf(request);
      requireGroup(identity, ['admins'], 'send dead letters again');
      requirePerson(identity, 'send dead letters again');
      const name = requireSink(parts, request.params.name);
      const wanted = await wantDeadLetters(parts.store, name, request.body?.indexes);
      return reply.code(202).send({ wanted });
    },
  );
}

/** @throws Problem 404 where this collector was given no such sink */
function requireSink({ sinks }: Parts, name: string): string {
  if (sinks.includes(name)) return name;
  throw new Problem(404, `No sink is named "${name}". GET /v1/sinks lists them.`);
}
