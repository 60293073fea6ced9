/** Where a request comes from, as it is recorded. */
import type { FastifyRequest } from 'fastify';
import type { EventClient } from '../../audit/events.ts';

const maxApplication = 200;

export function clientOf(request: FastifyRequest): EventClient {
  const { remoteAddress = 'unknown', remotePort } = request.socket;
  const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
  const application = request.headers['user-agent']?.slice(0, maxApplication);
  return {
    address: remotePort === undefined ? remoteAddress : `${host}:${remotePort}`,
    ...(application !== undefined && application !== '' && { application }),
  };
}
