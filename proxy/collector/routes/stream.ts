/** Server-sent events (HTML standard, section 9.2): tells signed-in listeners what to ask for again. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { problems } from '../schemas/common.ts';

const maxStreamsOfOne = 32;
/** Who does not read loses the stream, and asks for everything when back. */
const maxUnreadBytes = 64 * 1024;
const maxTimerMs = 2 ** 31 - 1;

export function registerStream(app: FastifyInstance, parts: Parts): void {
  const open = new Map<string, Set<ServerResponse>>();

  const endAll = async (): Promise<void> => {
    for (const streams of open.values()) for (const stream of streams) stream.end();
  };
  app.addHook('preClose', endAll);

  app.get(
    '/v1/stream',
    {
      schema: {
        summary: 'Tells what is new',
        description:
          'Events `requests`, `drift`, `catalog`, `policy` and `classifications` with empty data: ask for that again. Ends when the token does.',
        produces: ['text/event-stream'],
        response: { 200: { type: 'string', description: 'text/event-stream' }, ...problems },
      },
    },
    async (request, reply) => {
      const { identity, expiresAt } = callerOf(request);
      const streams = open.get(identity.subject) ?? new Set();
      if (streams.size >= maxStreamsOfOne) {
        throw new Problem(429, `At most ${maxStreamsOfOne} streams of one identity may be open.`);
      }
      open.set(identity.subject, streams.add(reply.raw));
      reply.hijack();
      serveStream(reply.raw, parts, expiresAt, () => {
        streams.delete(reply.raw);
        if (streams.size === 0 && open.get(identity.subject) === streams) open.delete(identity.subject);
      });
    },
  );
}

function serveStream(stream: ServerResponse, parts: Parts, expiresAt: Date, ended: () => void): void {
  const write = (text: string): void => {
    if (stream.writableLength > maxUnreadBytes) stream.destroy();
    else stream.write(text);
  };
  // Who left while the token was looked at is not told of any more: 'close' has been.
  if (stream.closed || stream.destroyed) {
    ended();
    return;
  }
  const unlisten = parts.changes.listen((topic) => write(`event: ${topic}\ndata: {}\n\n`));
  const heartbeat = setInterval(() => write(': still here\n\n'), parts.heartbeatMs);
  const untilExpiry = Math.max(0, Math.min(maxTimerMs, expiresAt.getTime() - Date.now()));
  const expiry = setTimeout(() => stream.end(), untilExpiry);
  stream.on('error', () => stream.destroy());
  stream.once('close', () => {
    unlisten();
    clearInterval(heartbeat);
    clearTimeout(expiry);
    ended();
  });
  stream.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // The stream's end ends the connection too, so that stopping waits for nobody.
    connection: 'close',
  });
  stream.write(': listening\n\n');
}
