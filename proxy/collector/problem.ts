/** Every error of the collector leaves by this file: problem details (RFC 9457), in words for people. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../kit/log.ts';
import { isStoreUnavailable, isTextRefused } from './store/storeErrors.ts';

/** Thrown by routes; `extra` are further members of the document, for instance `acknowledged`. */
export class Problem extends Error {
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, detail: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.extra = extra;
  }
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((value: unknown) => JSON.stringify(value))
    .send({
      ...problem.extra,
      title: STATUS_CODES[problem.status] ?? 'Error',
      status: problem.status,
      detail: problem.message,
      requestId: request.id,
    });
}

export function registerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = toProblem(error);
    const route = `${request.method} ${request.routeOptions.url ?? 'unknown route'} (${request.id})`;
    if (problem.status === 503) {
      log.warn(`${route} was answered 503`, error);
      void reply.header('retry-after', '5');
    } else if (problem.status >= 500) {
      log.error(`${route} failed`, error);
    }
    return sendProblem(request, reply, problem);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      request,
      reply,
      new Problem(404, 'There is nothing here. /openapi.json lists what there is.'),
    ),
  );
}

function toProblem(error: FastifyError | Problem): Problem {
  if (error instanceof Problem) return error;
  if (isStoreUnavailable(error)) {
    const detail =
      "The collector's store cannot be reached now. Nothing was changed; try again in a few seconds.";
    return new Problem(503, detail);
  }
  if (isTextRefused(error)) {
    return new Problem(
      400,
      'A text or time in it cannot be kept: it holds a NUL or half a character, or is no time.',
    );
  }
  if (error.validation !== undefined) {
    return new Problem(400, `This is not what is expected here: ${error.message}. See /openapi.json.`);
  }
  if (error.statusCode === 413) return new Problem(413, 'The body is too large: send less at a time.');
  if (error.statusCode === 415) return new Problem(415, 'Send JSON, with content-type: application/json.');
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new Problem(error.statusCode, `The request cannot be read: ${error.message}.`);
  }
  return new Problem(500, "The collector failed at this. Its log says why, under this request's id.");
}
