/** How `oidc-provider` is set up for one machine: one public client, PKCE, rotation, access tokens that are JWTs. */
import type { Configuration } from 'oidc-provider';
import type { GrantFile } from './grantFile.ts';
import type { ProviderKeys } from './keys.ts';
import { loginPage, pageHeaders } from './loginPage.ts';

export interface ConfigurationParts {
  readonly clientId: string;
  readonly audience: string;
  readonly accessTokenSeconds: number;
  readonly keys: ProviderKeys;
  readonly grants: GrantFile;
  /** The package's error of that name: the package is loaded late. */
  readonly InvalidTarget: new () => Error;
  /** Undefined for somebody who is not known. */
  readonly claimsOf: (email: string) => { sub: string; email: string; groups: string[] } | undefined;
}

export const scopes = 'openid email groups offline_access';

export function makeConfiguration(parts: ConfigurationParts): Configuration {
  const { clientId, audience, accessTokenSeconds, keys, claimsOf, InvalidTarget } = parts;
  return {
    adapter: parts.grants.adapter,
    clients: [
      {
        client_id: clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        // RFC 8252, section 7.3: any port of the loopback address counts as this one.
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [keys.signing] },
    cookies: { keys: [keys.cookies] },
    pkce: { required: () => true },
    scopes: scopes.split(' '),
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    conformIdTokenClaims: false,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    findAccount: (_context, id) => {
      const claims = claimsOf(id);
      return claims && { accountId: id, claims: () => claims };
    },
    extraTokenClaims: (_context, token) => {
      const claims = 'accountId' in token ? claimsOf(String(token.accountId)) : undefined;
      return claims && { email: claims.email, groups: claims.groups };
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 14 * 86_400,
      IdToken: accessTokenSeconds,
      Interaction: 600,
      RefreshToken: 14 * 86_400,
      Session: 86_400,
    },
    // No page of another origin has business here. (The defaults of these two write to standard output.)
    clientBasedCORS: () => false,
    renderError: (context, { error_description, error }) => {
      context.set(pageHeaders);
      context.body = loginPage({ isOver: true, problem: error_description ?? error });
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          // Tokens are for the collector (RFC 8707); this provider speaks for nobody else.
          if (resource !== audience) throw new InvalidTarget();
          return {
            scope: scopes,
            audience,
            accessTokenFormat: 'jwt',
            accessTokenTTL: accessTokenSeconds,
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
  };
}
