/** What proxies find out about columns beside what their names and types tell, so that the others know it too. */
import type { FastifyInstance } from 'fastify';
import type { SharedClassification } from '../../masking/sharedClassification.ts';
import { dataGroups, knownGroups, requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import { type Parts, requireConnection } from '../parts.ts';
import { foundClassification, sentClassification } from '../schemas/classifications.ts';
import { listOf, pageQuery, problems, readLimit, text } from '../schemas/common.ts';
import { findClassifications, takeClassifications } from '../store/classifications.ts';

const maxFound = 500;
const list = listOf(foundClassification);

interface Sent {
  readonly connection: string;
  readonly proxy: string;
  readonly found: readonly SharedClassification[];
}

export function registerClassifications(app: FastifyInstance, parts: Parts): void {
  app.post<{ Body: Sent }>(
    '/v1/classifications',
    {
      schema: {
        summary: 'Tells what a proxy has found on columns',
        description:
          'By values that were seen or sampled, by where values were copied to, or by what a column was called before. Idempotent: what is held already changes nothing. Each that is new is recorded as `classificationChanged`, and told to all as `classifications`.',
        body: {
          type: 'object',
          required: ['connection', 'proxy', 'found'],
          properties: {
            connection: text(200),
            proxy: { type: 'string', pattern: '^[A-Za-z0-9_.:-]{1,100}$' },
            found: { type: 'array', maxItems: maxFound, items: sentClassification },
          },
          additionalProperties: false,
        },
        response: {
          200: {
            type: 'object',
            required: ['taken'],
            properties: {
              taken: { type: 'integer', minimum: 0, description: 'How many were not held yet.' },
            },
          },
          ...problems,
        },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      requireGroup(identity, [...dataGroups, 'proxies'], 'say what columns hold');
      const { proxy, found } = request.body;
      const { name } = requireConnection(parts, request.body.connection);
      const finding = { connection: name, proxy, finder: identity, found };
      return { taken: await takeClassifications(parts.store, parts.own.events, finding) };
    },
  );

  app.get<{ Querystring: { connection: string; since?: string; limit?: string } }>(
    '/v1/classifications',
    {
      schema: {
        summary: 'What proxies have found on columns of a connection, in the order in which it came',
        querystring: {
          type: 'object',
          required: ['connection'],
          properties: {
            connection: text(200),
            since: text(2_000, '`next` or `seen` of an earlier answer: what has come after it.'),
            limit: pageQuery.limit,
          },
          additionalProperties: false,
        },
        response: {
          200: {
            ...list,
            required: [...list.required, 'seen'],
            properties: {
              ...list.properties,
              next: {
                type: ['string', 'null'],
                description: 'Give it as `since` for the next page; null on the last.',
              },
              seen: { type: 'string', description: 'Give it as `since` later, for what has come by then.' },
            },
          },
          ...problems,
        },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, knownGroups, 'see what columns hold');
      const { since, limit } = request.query;
      const { name } = requireConnection(parts, request.query.connection);
      return findClassifications(parts.store, name, since, readLimit(limit ?? '1000'));
    },
  );
}
