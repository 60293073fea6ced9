/** Found events as OCSF in CloudEvents, where somebody asks for that: a batch, the next page in a Link header (RFC 8288). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cloudEventsBatch, toCloudEvents } from '../../audit/ocsf/cloudEvents.ts';
import { findContext } from '../store/findContext.ts';
import type { FoundEvent } from '../store/findEvents.ts';
import type { Queries } from '../store/store.ts';

/** By `format=ocsf`, or by naming the media type of batches. */
export function wantsOcsf(request: FastifyRequest<{ Querystring: { readonly format?: string } }>): boolean {
  return request.query.format === 'ocsf' || String(request.headers.accept ?? '').includes(cloudEventsBatch);
}

export async function sendOcsf(
  request: FastifyRequest,
  reply: FastifyReply,
  queries: Queries,
  { items, next }: { readonly items: readonly FoundEvent[]; readonly next: string | null },
): Promise<FastifyReply> {
  const context = await findContext(queries, items);
  if (next !== null) {
    const url = new URL(request.url, 'http://collector');
    url.searchParams.set('cursor', next);
    void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return reply.type(cloudEventsBatch).send(JSON.stringify(toCloudEvents(items, context)));
}
