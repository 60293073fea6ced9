/** An answer of any length, sent as it is made: whoever reads slowly slows it down, and whoever is gone ends it. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Write } from '../../audit/evidence/archive.ts';

/** Who takes nothing for this long is taken for gone. */
export const patienceMs = 60_000;
/** Who takes longer than this for all of it would keep what is held for it for ever. */
const longestMs = 2 * 3_600_000;

/** From here on the answer is out of Fastify's hands. @returns what rejects once nobody reads any more */
export function beginDownload(
  reply: FastifyReply,
  headers: Readonly<Record<string, string | number>>,
): Write {
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  reply.hijack();
  raw.on('error', () => raw.destroy());
  raw.writeHead(200, headers);
  const end = performance.now() + longestMs;
  return async (bytes) => {
    if (raw.destroyed || raw.closed) throw new Error('whoever asked for it is gone');
    if (performance.now() > end) throw new Error(`it has taken more than ${longestMs / 3_600_000} h`);
    if (!raw.write(bytes)) await untilDrained(raw);
  };
}

function untilDrained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      raw.off('drain', drained).off('close', closed);
      if (error === undefined) resolve();
      else reject(error);
    };
    const drained = () => settle();
    const closed = () => settle(new Error('whoever asked for it is gone'));
    const timer = setTimeout(
      () => settle(new Error(`whoever asked for it has taken nothing for ${patienceMs / 1000} s`)),
      patienceMs,
    );
    raw.once('drain', drained).once('close', closed);
  });
}
