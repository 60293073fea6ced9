/** Who a bearer token speaks for: checked against the keys of the provider that issued it (RFC 7519, RFC 9068). */
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
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
    const message = cause instanceof Error ? cause.message : String(cause);
    super(`the identity provider ${issuer} cannot be reached: ${message}`, { cause });
    this.name = 'ProviderUnreachable';
  }
}

/** Asymmetric signatures only: with others, whoever can check a token could also make one. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 5;

/** Keys are fetched at the first token, cached, and fetched again (not too often) when a token names one not seen. */
export function makeTokenVerifier(provider: {
  readonly issuer: string;
  readonly audience: string;
}): TokenVerifier {
  const { issuer, audience } = provider;
  let keys: JWTVerifyGetKey | undefined;
  const findKeys = async (): Promise<JWTVerifyGetKey> => {
    if (keys !== undefined) return keys;
    const { jwks_uri } = await fetchProviderMetadata(issuer);
    keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 5_000, timeoutDuration: 5_000 });
    return keys;
  };
  return {
    verify: async (token) => {
      const getKey = await findKeys().catch((error: unknown) => {
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
      return { identity: readIdentity(payload), expiresAt: new Date((payload.exp ?? 0) * 1000), issuer };
    },
  };
}

/** Group names count as they are; an address that is no text leaves the subject to stand for it. */
function readIdentity(payload: JWTPayload): Identity {
  const { sub = '', email, groups } = payload;
  const isList = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
  if (groups !== undefined && !isList) throw new TokenRefused('the token’s groups are not a list of names');
  return {
    subject: sub,
    email: typeof email === 'string' && email !== '' ? email : sub,
    groups: isList ? (groups as string[]) : [],
  };
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
  if (error.code === 'ERR_JOSE_GENERIC') return new ProviderUnreachable(issuer, error);
  return new TokenRefused('the token is not one that the identity provider has signed', error);
}
