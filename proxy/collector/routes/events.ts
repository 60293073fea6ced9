/** Events: taken in batches, once each, and searched. */
import type { FastifyInstance } from 'fastify';
import { eventKinds, type JournalEvent } from '../../audit/events.ts';
import { isInGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Metrics } from '../metrics.ts';
import type { Parts } from '../parts.ts';
import { listOf, pageQuery, problems, readLimit } from '../schemas/common.ts';
import { eventQuery, foundEvent } from '../schemas/eventSearch.ts';
import { sentEventSchema } from '../schemas/events.ts';
import { knownSize, receipt } from '../schemas/log.ts';
import { type EventFilter, findEvents } from '../store/findEvents.ts';
import { takeEvents } from '../store/takeEvents.ts';
import { sendOcsf, wantsOcsf } from './ocsfAnswer.ts';

const maxBatchBytes = 8 * 1024 * 1024;

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
            events: { type: 'array', maxItems: 20_000, items: sentEventSchema },
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
            ...eventQuery,
            kind: { type: 'string', enum: [...eventKinds], description: 'What kind of event.' },
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
      const { format, limit, ...filter } = request.query;
      const seesAll = isInGroup(identity, 'auditors', 'admins');
      const found = await findEvents(parts.store, {
        ...filter,
        limit: readLimit(limit),
        ...(seesAll ? {} : { onlySubject: identity.subject }),
      });
      const results = found.items.length;
      await parts.own.readings.record(request, { how: 'search', filter, results, format, ownOnly: !seesAll });
      return wantsOcsf(request) ? sendOcsf(request, reply, parts.store, found) : found;
    },
  );
}
