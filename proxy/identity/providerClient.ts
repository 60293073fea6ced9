/** The identity provider as `openid-client` knows it, and what it gives as {@link Tokens}. */
import * as oidc from 'openid-client';
import type { Tokens } from '../control/messages.ts';
import { type CollectorDiscovery, fetchProviderMetadata } from './providerMetadata.ts';
import { ProviderUnreachable } from './tokenVerifier.ts';

/** A public client (RFC 8252, section 8.4): no secret; what proves it is PKCE. */
export async function openProvider({ issuer, clientId }: CollectorDiscovery): Promise<oidc.Configuration> {
  const metadata = await fetchProviderMetadata(issuer).catch((error: unknown) => {
    if (error instanceof TypeError) throw new ProviderUnreachable(issuer, error);
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`the identity provider ${issuer} cannot be used: ${words}`, { cause: error });
  });
  const provider = new oidc.Configuration(
    metadata as unknown as oidc.ServerMetadata,
    clientId,
    undefined,
    oidc.None(),
  );
  // Which addresses may be plain http was decided when the metadata were read: those of this machine.
  if (issuer.startsWith('http://')) oidc.allowInsecureRequests(provider);
  provider.timeout = 15;
  return provider;
}

export function toTokens(grant: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): Tokens {
  const seconds = grant.expiresIn() ?? 300;
  return {
    accessToken: grant.access_token,
    ...(grant.refresh_token === undefined ? {} : { refreshToken: grant.refresh_token }),
    ...(grant.id_token === undefined ? {} : { idToken: grant.id_token }),
    expiresAt: new Date(Date.now() + seconds * 1000).toISOString(),
  };
}
