/** Bearer tokens (RFC 6750): who asks, known before any body is read, and how often they may. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Identity } from '../identity/identity.ts';
import { makeTokenVerifier, ProviderUnreachable } from '../identity/tokenVerifier.ts';
import { clientOf } from './own/caller.ts';
import type { SignIns } from './own/signIns.ts';
import { Problem } from './problem.ts';
import { makeRateLimit } from './rateLimit.ts';

export interface Caller {
  readonly identity: Identity;
  readonly expiresAt: Date;
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Of a request that has passed {@link makeAuthentication}'s hook. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('the route asks who calls, and has no authentication');
  return caller;
}

/** A hook for `onRequest`. */
export function makeAuthentication(
  options: { readonly issuer: string; readonly audience: string },
  signIns: SignIns,
) {
  const verifier = makeTokenVerifier(options);
  const rateLimit = makeRateLimit();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      void reply.header('www-authenticate', 'Bearer realm="portcullis"');
      throw new Problem(401, 'Sign in: this needs an access token, sent as "Authorization: Bearer …".');
    }
    const caller = await verifier.verify(token).catch((error: unknown) => {
      // Nothing is known of the token: to sign in again would not help.
      if (error instanceof ProviderUnreachable) {
        throw new Problem(
          503,
          `Your token cannot be checked now: ${error.message}. Try again in a few seconds.`,
        );
      }
      void reply.header('www-authenticate', 'Bearer realm="portcullis", error="invalid_token"');
      const reason = error instanceof Error ? error.message : 'it cannot be verified';
      signIns.refused(clientOf(request), reason);
      throw new Problem(401, `The access token is not accepted: ${reason}`);
    });
    const waitSeconds = rateLimit.take(caller.identity.subject);
    if (waitSeconds > 0) {
      void reply.header('retry-after', String(waitSeconds));
      throw new Problem(429, `Too many requests: try again in ${waitSeconds} s.`);
    }
    callers.set(request, caller);
    await signIns.accepted(token, caller, clientOf(request));
  };
}
