/** Events: taken in batches, once each, and searched. */
import type { FastifyInstance } from 'fastify';
import type { JournalEvent } from '../../audit/events.ts';
import { isInGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { listOf, pageQuery, problems, readLimit, text, time } from '../schemas/common.ts';
import { eventSchema } from '../schemas/events.ts';
import { knownSize, receipt } from '../schemas/log.ts';
import { type EventFilter, findEvents } from '../store/findEvents.ts';
import { takeEvents } from '../store/takeEvents.ts';

const maxBatchBytes = 8 * 1024 * 1024;

const foundEvent = {
  type: 'object',
  required: ['proxy', 'receivedAt', 'subject', 'event'],
  properties: {
    proxy: { type: 'string' },
    receivedAt: time,
    subject: { type: 'string' },
    email: { type: 'string' },
    event: eventSchema,
  },
} as const;

type Query = Omit<EventFilter, 'limit' | 'onlySubject'> & { readonly limit?: string };

export function registerEvents(app: FastifyInstance, parts: Parts): void {
  app.post<{ Body: { proxy: string; events: JournalEvent[]; knownSize?: number } }>(
    '/v1/events',
    {
      bodyLimit: maxBatchBytes,
      schema: {
        summary: 'Takes events of a proxy, in order',
        description:
          'Idempotent per proxy and seq. Answers the highest seq up to which everything is held. 409 where a batch begins too late (with `acknowledged`), or where an event is already held with other content.',
        body: {
          type: 'object',
          required: ['proxy', 'events'],
          properties: {
            proxy: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,100}$' },
            events: { type: 'array', maxItems: 20_000, items: eventSchema },
            knownSize,
          },
          additionalProperties: false,
        },
        response: {
          200: {
            type: 'object',
            required: ['acknowledged', 'receipt'],
            properties: { acknowledged: { type: 'integer', minimum: 0 }, receipt },
          },
          ...problems,
        },
      },
    },
    async (request) => {
      const { proxy, events, knownSize } = request.body;
      const taken = await takeEvents(parts.store, callerOf(request).identity, proxy, events);
      return {
        acknowledged: taken.acknowledged,
        receipt: await parts.checkpoints.receiptFor(taken, knownSize),
      };
    },
  );

  app.get<{ Querystring: Query }>(
    '/v1/events',
    {
      schema: {
        summary: 'Searches events, newest first',
        description: 'Auditors and admins see all, others only their own.',
        querystring: {
          type: 'object',
          properties: {
            identity: text(500, 'Subject or e-mail address.'),
            connection: text(200),
            relation: text(300, '`schema.name`, or a name in any schema.'),
            decision: { type: 'string', enum: ['allow', 'deny', 'approve'] },
            since: { ...time, description: 'This moment or later.' },
            until: { ...time, description: 'Before this moment.' },
            ...pageQuery,
          },
          additionalProperties: false,
        },
        response: { 200: listOf(foundEvent), ...problems },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      return findEvents(parts.store, {
        ...request.query,
        limit: readLimit(request.query.limit),
        ...(isInGroup(identity, 'auditors', 'admins') ? {} : { onlySubject: identity.subject }),
      });
    },
  );
}
