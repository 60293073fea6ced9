/** Who a bearer token speaks for: checked against the keys of the provider that issued it (RFC 7519, RFC 9068). */
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Identity } from './identity.ts';
import { fetchProviderMetadata } from './providerMetadata.ts';

export interface VerifiedToken {
  readonly identity: Identity;
  readonly expiresAt: Date;
  readonly issuer: string;
}

export interface TokenVerifier {
  /** @throws TokenRefused where the token does not hold, ProviderUnreachable where nobody could be asked */
  verify(token: string): Promise<VerifiedToken>;
}

/** The token itself is at fault; signing in again is the way. */
export class TokenRefused extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TokenRefused';
  }
}

/** The provider's keys could not be had: nothing is known of the token. */
export class ProviderUnreachable extends Error {
  constructor(issuer: string, cause: unknown) {
    super(`the identity provider ${issuer} cannot be reached: ${reasonOf(cause)}`, { cause });
    this.name = 'ProviderUnreachable';
  }
}

/** Asymmetric signatures only: with others, whoever can check a token could also make one. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const clockToleranceSeconds = 5;
/** A provider has a handful of keys, of a kilobyte each. */
const maxKeySetBytes = 512 * 1024;
const keySetTimeoutMs = 5_000;
/** The last second that a Date can hold. */
const lastSecond = 8.64e12;

/** Keys are fetched at the first token, cached, and fetched again (not too often) when a token names one not seen. */
export function makeTokenVerifier(provider: {
  readonly issuer: string;
  readonly audience: string;
}): TokenVerifier {
  const { issuer, audience } = provider;
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const findKeys = async (): Promise<JWTVerifyGetKey> => {
    const { jwks_uri } = await fetchProviderMetadata(issuer);
    return createRemoteJWKSet(new URL(jwks_uri), {
      cooldownDuration: 5_000, // between two fetches for keys not seen
      [customFetch]: fetchKeySet,
    });
  };
  return {
    verify: async (token) => {
      keys ??= findKeys(); // one search, however many tokens wait for it
      const getKey = await keys.catch((error: unknown) => {
        keys = undefined;
        throw new ProviderUnreachable(issuer, error);
      });
      let payload: JWTPayload;
      try {
        ({ payload } = await jwtVerify(token, getKey, {
          issuer,
          audience,
          algorithms,
          clockTolerance: clockToleranceSeconds,
          requiredClaims: ['sub', 'exp'],
        }));
      } catch (error) {
        throw describeFailure(error, issuer);
      }
      return readToken(payload, issuer);
    },
  };
}

/** Group names count as they are; an address that is no text leaves the subject to stand for it. */
function readToken(payload: JWTPayload, issuer: string): VerifiedToken {
  const { sub, email, groups, exp } = payload;
  if (typeof sub !== 'string' || sub === '') throw new TokenRefused('the token does not say whose it is');
  if (exp === undefined || !(exp < lastSecond)) throw new TokenRefused('the token does not say when it ends');
  const isList = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
  if (groups !== undefined && !isList) throw new TokenRefused('the token’s groups are not a list of names');
  const agent = readActor(payload['act']);
  const identity: Identity = {
    subject: sub,
    email: typeof email === 'string' && email !== '' ? email : sub,
    groups: isList ? (groups as string[]) : [],
    ...(agent !== undefined && { agent: { name: agent } }),
  };
  return { identity, expiresAt: new Date(exp * 1000), issuer };
}

/** Who acts for the subject (RFC 8693, 4.1): the outermost actor is the one that asks now. */
function readActor(act: unknown): string | undefined {
  if (act === undefined) return undefined;
  const name = typeof act === 'object' && act !== null ? (act as { readonly sub?: unknown }).sub : undefined;
  // A token that speaks of an actor and does not name it must not pass for the person's own.
  if (typeof name === 'string' && name !== '') return name;
  throw new TokenRefused('the token does not say who acts for its subject');
}

function describeFailure(error: unknown, issuer: string): Error {
  if (error instanceof errors.JWTExpired) return new TokenRefused('the token has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return new TokenRefused('the token is meant for another service', error);
    if (error.claim === 'iss')
      return new TokenRefused('the token comes from another identity provider', error);
    return new TokenRefused(`the token’s claim "${error.claim}" does not hold`, error);
  }
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) {
    return new ProviderUnreachable(issuer, error);
  }
  // jose throws its plain JOSEError where the key set was answered with anything but 200 or JSON.
  if (error.code === 'ERR_JOSE_GENERIC' || error instanceof errors.JWKSInvalid) {
    return new ProviderUnreachable(issuer, error);
  }
  return new TokenRefused('the token is not one that the identity provider has signed', error);
}

/** Reads no more than a key set can be long, and no longer than it may take. */
const fetchKeySet: FetchImplementation = async (url, options) => {
  // The timer holds the controller: a signal that nothing else holds may be collected before it fires.
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new errors.JWKSTimeout()), keySetTimeoutMs);
  try {
    const response = await fetch(url, { ...options, signal: deadline.signal });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += (chunk as Uint8Array).length;
      if (size > maxKeySetBytes) throw new Error('its list of keys is far too long');
      chunks.push(chunk as Uint8Array);
    }
    return new Response(response.status === 200 ? Buffer.concat(chunks) : null, { status: response.status });
  } finally {
    clearTimeout(timer);
  }
};

/** fetch says only that it failed; why, the innermost cause says. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (failure.name === 'TimeoutError' || failure instanceof errors.JWKSTimeout)
    return 'it did not answer in time';
  if (failure instanceof SyntaxError) return 'its answer is not JSON';
  const { cause } = failure;
  const hasCause = cause instanceof Error && (cause.message !== '' || cause.cause instanceof Error);
  return hasCause ? reasonOf(cause) : failure.message;
}
