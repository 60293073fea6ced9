/**
 * Bodies in gzip (RFC 9110, section 8.4), for batches of events: they shrink to a tenth. What comes out of one is held to
 * the route's limit as it comes out, so that a small body cannot become a large one in memory; and nothing is parsed, and
 * so nothing kept, before all of it was read.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest, RequestPayload } from 'fastify';
import { Problem } from './problem.ts';

/** Bodies are read after who asks is known: nobody else can have anything unpacked. */
export function acceptGzip(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, reply, payload) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
    if (coding === 'identity' || coding === '') return payload;
    if (coding === 'gzip' || coding === 'x-gzip') return unpack(request, payload);
    // What would have been taken (RFC 9110, section 15.5.16).
    void reply.header('accept-encoding', 'gzip');
    throw new Problem(415, 'Send the body as it is, or with content-encoding: gzip.');
  });
}

function unpack(request: FastifyRequest, payload: RequestPayload): RequestPayload {
  const limit = request.routeOptions.bodyLimit ?? 0;
  const gunzip = createGunzip();
  const bounded = new Bounded(limit);
  const end = (problem: Problem) => {
    payload.unpipe(gunzip);
    // The rest of the request is let go by, unread: the answer has to reach who is still sending.
    payload.resume();
    gunzip.destroy();
    bounded.destroy(problem);
  };
  bounded.onTooLarge = () => end(tooLarge(limit));
  payload.on('data', (chunk: Buffer) => {
    bounded.receivedEncodedLength += chunk.length;
    if (bounded.receivedEncodedLength > limit) end(tooLarge(limit));
  });
  gunzip.on('error', () =>
    end(new Problem(400, 'The body says that it is gzip, and is not, or not all of it.')),
  );
  payload.on('error', (error) => bounded.destroy(error));
  payload.pipe(gunzip).pipe(bounded);
  return bounded;
}

function tooLarge(limit: number): Problem {
  return new Problem(413, `The body is larger than ${limit} bytes once it is unpacked: send less at a time.`);
}

/** Counts what passes. Fastify holds what it counts before unpacking against content-length. */
class Bounded extends Transform {
  receivedEncodedLength = 0;
  onTooLarge = (): void => undefined;
  readonly #limit: number;
  #size = 0;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.onTooLarge();
    else done(null, chunk);
  }
}
