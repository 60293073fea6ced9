/** A real OIDC provider for one machine: a few people with passwords, PKCE, rotating refresh tokens, JWT access tokens. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { importJWK, SignJWT } from 'jose';
import type { Log } from '../../kit/log.ts';
import { makeConfiguration, scopes } from './configuration.ts';
import { GrantFile } from './grantFile.ts';
import { loadKeys } from './keys.ts';
import { loginPage, pageHeaders } from './loginPage.ts';
import { hasPassword } from './password.ts';

export interface DevelopmentPerson {
  readonly email: string;
  readonly groups: readonly string[];
  readonly password: string;
}

export interface DevelopmentProviderOptions {
  /** 0: a free one. */
  readonly port: number;
  readonly people: readonly DevelopmentPerson[];
  readonly clientId: string;
  /** What access tokens are for. */
  readonly audience: string;
  /** An hour unless told. */
  readonly accessTokenSeconds?: number;
  /** Keys and grants are kept here, so that a sign-in outlives a restart. */
  readonly dataDirectory: string;
  readonly log: Log;
}

export interface DevelopmentProvider {
  readonly issuer: string;
  readonly port: number;
  /** An access token of one of the people, as signing in would give it. */
  tokenFor(email: string): Promise<string>;
  /** An access token of the service that a proxy for several people is. */
  tokenForProxy(): Promise<string>;
  stop(): Promise<void>;
}

/** A form with two short fields. */
const maxFormBytes = 4_096;

/** @throws Error where the port is taken or the folder cannot be written */
export async function startDevelopmentProvider(
  options: DevelopmentProviderOptions,
): Promise<DevelopmentProvider> {
  const { people, clientId, audience, log, accessTokenSeconds = 3_600 } = options;
  const keys = await loadKeys(join(options.dataDirectory, 'provider-keys.json'));
  const grants = new GrantFile(join(options.dataDirectory, 'provider-grants.json'));
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const claimsOf = (email: string) => {
    const person = people.find((candidate) => candidate.email === email);
    return person && { sub: email, email, groups: [...person.groups] };
  };
  const { Provider, errors } = await loadProvider();
  const { InvalidTarget } = errors;
  const provider = new Provider(
    issuer,
    makeConfiguration({ clientId, audience, accessTokenSeconds, keys, grants, claimsOf, InvalidTarget }),
  );
  provider.on('server_error', (_context, error) => log.error('the development provider failed', error));

  const grantAll = async (email: string) => {
    const grant = new provider.Grant({ accountId: email, clientId });
    grant.addOIDCScope(scopes);
    grant.addResourceScope(audience, scopes);
    return grant.save();
  };
  const handle = provider.callback();
  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await provider.interactionDetails(request, response); // rejects where there is none under way in this browser
    if (request.method !== 'POST') return sendPage(response, 200, loginPage({}));
    const form = await readForm(request);
    const email = form.get('email')?.trim() ?? '';
    const person = people.find((candidate) => candidate.email === email);
    if (!hasPassword(person?.password, form.get('password') ?? '') || person === undefined) {
      return sendPage(
        response,
        401,
        loginPage({ email, problem: 'The e-mail address or the password is wrong.' }),
      );
    }
    const consent = { grantId: await grantAll(person.email) };
    await provider.interactionFinished(request, response, { login: { accountId: person.email }, consent });
  };
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void handle(request, response);
    interact(request, response).catch((error: unknown) => {
      log.debug(`an interaction with the development provider ended: ${String(error)}`);
      if (!response.headersSent) sendPage(response, 400, loginPage({ isOver: true }));
    });
  });

  const signingKey = await importJWK(keys.signing, 'ES256');
  const sign = (claims: { sub: string; email: string; groups: string[] }) =>
    new SignJWT({ ...claims, client_id: clientId, scope: scopes })
      .setProtectedHeader({ alg: 'ES256', kid: keys.signing.kid, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + accessTokenSeconds)
      .setJti(crypto.randomUUID())
      .sign(signingKey);
  return {
    issuer,
    port,
    tokenFor: async (email) => {
      const claims = claimsOf(email);
      if (claims === undefined) throw new Error(`the development provider does not know ${email}`);
      return sign(claims);
    },
    tokenForProxy: () =>
      sign({ sub: 'portcullis-proxy', email: 'proxy@portcullis.local', groups: ['proxies'] }),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      grants.save();
    },
  };
}

/** The package says at its start that it wants a newer Node.js; that it serves us on this one the tests prove. */
async function loadProvider() {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > maxFormBytes) throw new Error('the form is too long');
  }
  return new URLSearchParams(text);
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, pageHeaders);
  response.end(html);
}
