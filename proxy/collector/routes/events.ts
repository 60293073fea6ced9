/** Events: taken in batches, once each, and searched. */
import type { FastifyInstance } from 'fastify';
import type { JournalEvent } from '../../audit/events.ts';
import { isInGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Metrics } from '../metrics.ts';
import type { Parts } from '../parts.ts';
import { listOf, pageQuery, problems, readLimit, text, time } from '../schemas/common.ts';
import { eventSchema } from '../schemas/events.ts';
import { knownSize, receipt } from '../schemas/log.ts';
import { type EventFilter, findEvents } from '../store/findEvents.ts';
import { takeEvents } from '../store/takeEvents.ts';
import { sendOcsf, wantsOcsf } from './ocsfAnswer.ts';

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

type Query = Omit<EventFilter, 'limit' | 'onlySubject'> & {
  readonly limit?: string;
  readonly format?: string;
};

export function registerEvents(app: FastifyInstance, parts: Parts, metrics: Metrics): void {
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
      metrics.countEvents(
        taken.appended === undefined ? 0 : taken.appended.after.size - taken.appended.before.size,
      );
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
        description:
          'Auditors and admins see all, others only their own. As OCSF 1.8.0 in CloudEvents (application/cloudevents-batch+json, the next page in a Link header) with `format=ocsf` or by Accept: a statement with its outcome is one event.',
        querystring: {
          type: 'object',
          properties: {
            identity: text(500, 'Subject or e-mail address.'),
            connection: text(200),
            relation: text(300, '`schema.name`, or a name in any schema.'),
            decision: { type: 'string', enum: ['allow', 'deny', 'approve'] },
            column: text(200, 'A column of a result that came masked, or in clear by a permit.'),
            classification: text(100, 'What such a column is, for instance `pii.email`.'),
            agent: text(200, 'Name of the agent that asked.'),
            text: text(500, 'Words of the recorded text of the statement, all of them.'),
            since: { ...time, description: 'This moment or later.' },
            until: { ...time, description: 'Before this moment.' },
            format: { type: 'string', enum: ['json', 'ocsf'] },
            ...pageQuery,
          },
          additionalProperties: false,
        },
        response: { 200: listOf(foundEvent), ...problems },
      },
    },
    async (request, reply) => {
      const { identity } = callerOf(request);
      const { format: _format, limit, ...filter } = request.query;
      const found = await findEvents(parts.store, {
        ...filter,
        limit: readLimit(limit),
        ...(isInGroup(identity, 'auditors', 'admins') ? {} : { onlySubject: identity.subject }),
      });
      return wantsOcsf(request) ? sendOcsf(request, reply, parts.store, found) : found;
    },
  );
}
