/** A tiny OIDC provider for tests: discovery, keys, and tokens with real signatures. */
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const audience = 'https://portcullis.test/api';

export interface Person {
  readonly sub: string;
  readonly email: string;
  readonly groups: readonly string[];
}

const person = (sub: string, ...groups: string[]): Person => ({ sub, email: `${sub}@example.com`, groups });

export const people = {
  dev: person('dev', 'developers'),
  otherDev: person('otherDev', 'developers'),
  reviewer: person('reviewer', 'reviewers'),
  security: person('security', 'reviewers', 'security'),
  auditor: person('auditor', 'auditors'),
  admin: person('admin', 'admins'),
  proxy: person('sharedProxy', 'proxies'),
  stranger: person('stranger'),
} as const;

export interface TestIssuer {
  readonly url: string;
  /** `claims` win over what a good token has; one set to undefined is left out. */
  token(who: Person, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): Promise<void>;
}

export async function startIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] };
  let url = '';
  const server = createServer((request, response) => {
    const documents: Readonly<Record<string, unknown>> = {
      '/.well-known/openid-configuration': {
        issuer: url,
        jwks_uri: `${url}/jwks`,
        authorization_endpoint: `${url}/auth`,
        token_endpoint: `${url}/token`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/jwks': keys,
    };
    const document = documents[request.url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the issuer does not listen');
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    token: (who, claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, aud: audience, iat: now, exp: now + 3600, ...who, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'at+jwt' })
        .sign(privateKey);
    },
    stop: () =>
      new Promise((settle) => {
        server.close(() => settle());
        server.closeAllConnections();
      }),
  };
}
