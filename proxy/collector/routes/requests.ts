/** Approval requests: asked for, seen, reviewed, withdrawn, used. */
import type { FastifyInstance } from 'fastify';
import type { NewRequest, Review } from '../../approvals/request.ts';
import { requestDigest } from '../../approvals/requestDigest.ts';
import { dataGroups, requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import { type Parts, requireConnection } from '../parts.ts';
import { Problem } from '../problem.ts';
import { idParams, listOf, pageQuery, problems, readLimit } from '../schemas/common.ts';
import { newRequestSchema, newReviewSchema, requestSchema } from '../schemas/requests.ts';
import { showRequest } from '../store/requestRows.ts';
import {
  applyRequest,
  createRequest,
  listGrants,
  listRequests,
  readRequest,
  reviewRequest,
  withdrawRequest,
} from '../store/requests.ts';

const maxRequestBytes = 4 * 1024 * 1024;
const answer = { 200: requestSchema, ...problems } as const;

export function registerRequests(app: FastifyInstance, parts: Parts): void {
  registerAsking(app, parts);
  registerSeeing(app, parts);
  registerActing(app, parts);
}

function registerAsking(app: FastifyInstance, parts: Parts): void {
  app.post<{ Body: NewRequest }>(
    '/v1/requests',
    {
      bodyLimit: maxRequestBytes,
      schema: {
        summary: 'Asks for an approval',
        description:
          'Answers 200 with the open or approved request of the same person for the same connection, text and parameters where there is one.',
        body: newRequestSchema,
        response: { 201: requestSchema, ...answer },
      },
    },
    async (request, reply) => {
      const { identity } = callerOf(request);
      requireGroup(identity, dataGroups, 'ask for an approval');
      requireConnection(parts, request.body.connection);
      requireTrueDigest(request.body);
      const { row, isNew } = await createRequest(
        parts.store,
        identity,
        request.body,
        parts.requestLifetimeMs,
      );
      return reply.code(isNew ? 201 : 200).send(showRequest(row, identity));
    },
  );
}

/** An approval is bound to the digest, and people review the text: the two must be of one thing. */
function requireTrueDigest(request: NewRequest): void {
  if (requestDigest(request) === request.digest) return;
  throw new Problem(
    400,
    'The digest is not the SHA-256 of connection, text and parameters: what is reviewed would not be what runs.',
  );
}

function registerSeeing(app: FastifyInstance, parts: Parts): void {
  app.get<{ Querystring: { limit?: string; cursor?: string } }>(
    '/v1/requests',
    {
      schema: {
        summary: "One's own requests and those one's groups review, open ones first, then newest first",
        querystring: { type: 'object', properties: pageQuery, additionalProperties: false },
        response: { 200: listOf(requestSchema), ...problems },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      const { limit, cursor } = request.query;
      const { rows, next } = await listRequests(parts.store, identity, readLimit(limit), cursor);
      return { items: rows.map((row) => showRequest(row, identity)), next };
    },
  );

  app.get(
    '/v1/grants',
    {
      schema: {
        summary: 'Own approved requests that let columns be seen in clear now',
        response: { 200: listOf(requestSchema), ...problems },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      const rows = await listGrants(parts.store, identity);
      return { items: rows.map((row) => showRequest(row, identity)), next: null };
    },
  );

  app.get<{ Params: { id: string } }>(
    '/v1/requests/:id',
    { schema: { summary: 'One request', params: idParams, response: answer } },
    async (request) => {
      const { identity } = callerOf(request);
      return showRequest(await readRequest(parts.store, identity, request.params.id), identity);
    },
  );
}

function registerActing(app: FastifyInstance, parts: Parts): void {
  app.post<{ Params: { id: string }; Body: { decision: Review['decision']; comment?: string } }>(
    '/v1/requests/:id/reviews',
    {
      schema: {
        summary: 'Reviews a request of somebody else',
        description:
          'By members of its approvers. Each group named there has to approve; one denial ends it, also what already lets columns be seen in clear.',
        params: idParams,
        body: newReviewSchema,
        response: answer,
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      const { decision, comment = '' } = request.body;
      const row = await reviewRequest(parts.store, identity, request.params.id, { decision, comment });
      return showRequest(row, identity);
    },
  );

  app.post<{ Params: { id: string } }>(
    '/v1/requests/:id/withdraw',
    { schema: { summary: 'Withdraws an own request', params: idParams, response: answer } },
    async (request) => {
      const { identity } = callerOf(request);
      return showRequest(await withdrawRequest(parts.store, identity, request.params.id), identity);
    },
  );

  app.post<{ Params: { id: string } }>(
    '/v1/requests/:id/use',
    { schema: { summary: 'Uses up an approved own request, once', params: idParams, response: answer } },
    async (request) => {
      const { identity } = callerOf(request);
      return showRequest(await applyRequest(parts.store, identity, request.params.id), identity);
    },
  );
}
