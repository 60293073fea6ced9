/** An identity provider and a collector's discovery document on one port, whose every answer a test can spoil. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { expect } from 'vitest';

export const audience = 'urn:portcullis';
export const clientId = 'portcullis';

export type Path = '/.well-known/portcullis' | '/.well-known/openid-configuration' | '/jwks' | '/token';
export type Answer = (response: ServerResponse, body: string) => void;

export interface TokenChange {
  readonly kid?: string;
  readonly seconds?: number;
  readonly claims?: Record<string, unknown>;
}

export interface FakeProvider {
  readonly url: string;
  readonly hits: Map<string, number>;
  /** Answers of a path from now on; without an answer, the right one again. */
  spoil(path: Path, answer?: Answer): void;
  /** From now on only this key is published, and tokens are signed with it. */
  rotate(): Promise<void>;
  readonly publicKeys: () => readonly JWK[];
  sign(change?: TokenChange): Promise<string>;
  stop(): Promise<void>;
}

export const json =
  (value: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

/** Writes without end, as fast as it is read. */
export const flood: Answer = (response) => {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
};

/** Writes a little, for ever. */
export const drip: Answer = (response) => {
  response.write('{');
  const dripping = setInterval(() => response.write(' '), 200);
  response.on('close', () => clearInterval(dripping));
};

/** Follows a promise that must fail; answers what it failed with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as Error;
}

export async function startFakeProvider(): Promise<FakeProvider> {
  const hits = new Map<string, number>();
  const spoilt = new Map<string, Answer>();
  let { kid, key, jwks } = await makeKey();
  const rotate = async () => {
    ({ kid, key, jwks } = await makeKey());
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', url).pathname;
    hits.set(path, (hits.get(path) ?? 0) + 1);
    readAll(request).then(
      (body) => (spoilt.get(path) ?? rightAnswer(path))(response, body),
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rightAnswer = (path: string): Answer => {
    if (path === '/.well-known/portcullis') return json({ issuer: url, clientId, audience });
    if (path === '/.well-known/openid-configuration') return json(metadataOf(url));
    return path === '/jwks' ? json(jwks) : json({ error: 'not_here' }, 404);
  };
  return {
    url,
    hits,
    spoil: (path, answer) => {
      if (answer === undefined) spoilt.delete(path);
      else spoilt.set(path, answer);
    },
    rotate,
    publicKeys: () => jwks.keys,
    sign: ({ kid: otherKid, seconds = 3_600, claims = {} } = {}) =>
      new SignJWT({
        iss: url,
        aud: audience,
        sub: 'dev',
        email: 'dev@example.com',
        groups: ['developers'],
        jti: crypto.randomUUID(),
        exp: Math.floor(Date.now() / 1000) + seconds,
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid: otherKid ?? kid })
        .sign(key),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function makeKey() {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const kid = crypto.randomUUID();
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
  return { kid, key: privateKey, jwks: { keys: [jwk] } };
}

export function metadataOf(url: string): Record<string, unknown> {
  return {
    issuer: url,
    jwks_uri: `${url}/jwks`,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
