/** Statements as people look at them: each with its outcome, and summed up as a graph. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isInGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { listOf, pageQuery, problems, readLimit, text, time } from '../schemas/common.ts';
import { eventQuery, foundEvent } from '../schemas/eventSearch.ts';
import type { EventFilter } from '../store/findEvents.ts';
import { findGraph, findStatements, type GraphFilter } from '../store/findStatements.ts';

/** What one picture can show, and a query over a day of many people comes to. */
const maxEdges = 500;
const graphMs = 24 * 3_600_000;

const nullableText = { type: ['string', 'null'] } as const;
const edge = {
  type: 'object',
  required: ['subject', 'connection', 'relation', 'decision', 'statements', 'first', 'last'],
  properties: {
    subject: { type: 'string' },
    email: nullableText,
    agent: nullableText,
    application: nullableText,
    address: nullableText,
    connection: nullableText,
    relation: nullableText,
    decision: nullableText,
    statements: { type: 'integer' },
    first: time,
    last: time,
  },
} as const;

export function registerStatements(app: FastifyInstance, parts: Parts): void {
  app.get<{ Querystring: Omit<EventFilter, 'limit' | 'onlySubject'> & { readonly limit?: string } }>(
    '/v1/statements',
    {
      schema: {
        summary: 'Searches statements and refusals, newest first, each with its outcome',
        description:
          'Auditors and admins see all, others only their own. `event` is as GET /v1/schemas/event describes it, `outcome` too.',
        querystring: {
          type: 'object',
          properties: { ...eventQuery, ...pageQuery },
          additionalProperties: false,
        },
        response: {
          200: listOf({
            ...foundEvent,
            properties: { ...foundEvent.properties, outcome: { type: 'object' } },
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { limit, ...filter } = request.query;
      const only = ownOnly(request);
      const found = await findStatements(parts.store, { ...filter, limit: readLimit(limit), ...only });
      const results = found.items.length;
      await record(request, parts, filter, results);
      return found;
    },
  );

  app.get<{ Querystring: Omit<GraphFilter, 'since' | 'onlySubject'> & { readonly since?: string } }>(
    '/v1/graph',
    {
      schema: {
        summary: 'Who touched what, through what, from where, and when: statements summed up',
        description: `One edge for all statements that are alike in all of that; the ${maxEdges} busiest. The last day unless \`since\` says otherwise. Auditors and admins see all, others only their own.`,
        querystring: {
          type: 'object',
          properties: {
            identity: eventQuery.identity,
            connection: text(200),
            relation: eventQuery.relation,
            decision: eventQuery.decision,
            since: eventQuery.since,
            until: eventQuery.until,
          },
          additionalProperties: false,
        },
        response: {
          200: {
            type: 'object',
            required: ['edges', 'since', 'isWhole'],
            properties: { edges: { type: 'array', items: edge }, since: time, isWhole: { type: 'boolean' } },
          },
          ...problems,
        },
      },
    },
    async (request) => {
      const { since = new Date(Date.now() - graphMs).toISOString(), ...filter } = request.query;
      const found = await findGraph(parts.store, { ...filter, since, ...ownOnly(request) }, maxEdges + 1);
      const edges = found.slice(0, maxEdges);
      await record(request, parts, request.query, edges.length);
      return { edges, since, isWhole: found.length <= maxEdges };
    },
  );
}

function ownOnly(request: FastifyRequest): { readonly onlySubject?: string } {
  const { identity } = callerOf(request);
  return isInGroup(identity, 'auditors', 'admins') ? {} : { onlySubject: identity.subject };
}

async function record(
  request: FastifyRequest,
  parts: Parts,
  filter: Readonly<Record<string, unknown>>,
  results: number,
): Promise<void> {
  const isOwnOnly = ownOnly(request).onlySubject !== undefined;
  await parts.own.readings.record(request, { how: 'search', filter, results, ownOnly: isOwnOnly });
}
