import { createPublicKey } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  makeTokenVerifier,
  ProviderUnreachable,
  TokenRefused,
} from '../../../proxy/identity/tokenVerifier.ts';
import {
  type Answer,
  audience,
  drip,
  type FakeProvider,
  failureOf,
  flood,
  json,
  metadataOf,
  startFakeProvider,
} from './fakeProvider.ts';

let provider: FakeProvider;
const verifier = () => makeTokenVerifier({ issuer: provider.url, audience });
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

beforeEach(async () => {
  provider = await startFakeProvider();
});

afterEach(() => provider.stop());

describe('a token', () => {
  it('speaks for the person, groups and time that the provider put in it', async () => {
    const { identity, expiresAt, issuer } = await verifier().verify(await provider.sign({ seconds: 60 }));
    expect(identity).toEqual({ subject: 'dev', email: 'dev@example.com', groups: ['developers'] });
    expect(Math.abs(expiresAt.getTime() - Date.now() - 60_000)).toBeLessThan(2_000);
    expect(issuer).toBe(provider.url);
  });

  it('speaks for a person through an agent, and for nobody where it does not name it', async () => {
    const act = { sub: 'report-writer', act: { sub: 'orchestrator' } };
    const { identity } = await verifier().verify(await provider.sign({ claims: { act } }));
    expect(identity).toMatchObject({ subject: 'dev', agent: { name: 'report-writer' } });
    for (const broken of ['report-writer', null, {}, { sub: '' }, { sub: 7 }, []]) {
      const refused = verifier().verify(await provider.sign({ claims: { act: broken } }));
      await expect(refused).rejects.toThrow('does not say who acts for its subject');
    }
  });

  it('is refused, and not taken for an outage, however it is malformed', async () => {
    const [header = '', payload = '', signature = ''] = (await provider.sign()).split('.');
    const kid = provider.publicKeys()[0]?.kid;
    const withHeader = (value: unknown) => `${encode(value)}.${payload}.${signature}`;
    const { verify } = verifier();
    for (const token of [
      '',
      'a.b',
      'a.b.c.d.e',
      'a'.repeat(1_000_000),
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.AAAA`,
      `${header}.${payload}.***`,
      `${header}.${encode('x')}.${signature}`,
      withHeader('null'),
      withHeader('[]'),
      withHeader({ kid }),
      withHeader({ alg: 1, kid }),
      withHeader({ alg: 'none' }),
      withHeader({ alg: 'ES256', kid }),
      withHeader({ alg: 'PS256', kid }),
      withHeader({ alg: 'EdDSA', kid }),
      withHeader({ alg: 'RS256', kid: '__proto__' }),
      withHeader({ alg: 'RS256', kid, crit: 'x' }),
      withHeader({ alg: 'RS256', kid, b64: false, crit: ['b64'] }),
    ]) {
      expect(await failureOf(verify(token)), token.slice(0, 80)).toBeInstanceOf(TokenRefused);
    }
  });

  it('is refused where the provider’s own public key was used as a shared secret, in any writing', async () => {
    const [jwk] = provider.publicKeys();
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    for (const secret of [
      key.export({ type: 'spki', format: 'pem' }).toString(),
      key.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
    ]) {
      const forged = await new SignJWT({ groups: ['admins'] })
        .setProtectedHeader({ alg: 'HS256', ...(jwk?.kid === undefined ? {} : { kid: jwk.kid }) })
        .setIssuer(provider.url)
        .setAudience(audience)
        .setSubject('dev')
        .setExpirationTime('1h')
        .sign(Buffer.from(secret));
      expect(await failureOf(verifier().verify(forged))).toBeInstanceOf(TokenRefused);
    }
  });

  it('is refused where it brings its own key along', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256');
    const jwk = await exportJWK(publicKey);
    const forged = await new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', jwk, jku: 'https://evil.example/jwks' })
      .setIssuer(provider.url)
      .setAudience(audience)
      .setSubject('dev')
      .setExpirationTime('1h')
      .sign(privateKey);
    expect(await failureOf(verifier().verify(forged))).toBeInstanceOf(TokenRefused);
  });

  it.each([
    ['no end', { exp: undefined }],
    ['an end beyond time', { exp: 1e300 }],
    ['an end that is text', { exp: '99999999999' }],
    ['no subject', { sub: undefined }],
    ['a subject that is no text', { sub: 5 }],
    ['an empty subject', { sub: '' }],
    ['groups in one text', { groups: 'developers,admins' }],
    ['groups that are no names', { groups: [{ name: 'admins' }] }],
    ['a beginning that lies ahead', { nbf: Math.floor(Date.now() / 1000) + 60 }],
    ['another audience', { aud: ['other'] }],
    ['another issuer', { iss: 'https://other.example' }],
  ])('is refused with %s', async (_name, claims) => {
    const failure = await failureOf(verifier().verify(await provider.sign({ claims })));
    expect(failure).toBeInstanceOf(TokenRefused);
  });

  it('is taken up to five seconds after its end, and not later', async () => {
    const { verify } = verifier();
    await verify(await provider.sign({ seconds: -2 }));
    expect((await failureOf(verify(await provider.sign({ seconds: -7 })))).message).toBe(
      'the token has expired',
    );
  });

  it('is never repeated in an error', async () => {
    const token = await provider.sign({ seconds: -100 });
    const failure = await failureOf(verifier().verify(token));
    for (const part of token.split('.')) expect(`${failure.message} ${failure.stack}`).not.toContain(part);
  });
});

describe('the provider’s keys', () => {
  it('are looked for once, however many tokens wait', async () => {
    const { verify } = verifier();
    const token = await provider.sign();
    await Promise.all(Array.from({ length: 50 }, () => verify(token)));
    expect(provider.hits.get('/.well-known/openid-configuration')).toBe(1);
    expect(provider.hits.get('/jwks')).toBe(1);
  });

  it('may change: the new one is found, the old one is no longer taken, and unknown ones cause no flood', async () => {
    const { verify } = verifier();
    const old = await provider.sign();
    await verify(old);
    await provider.rotate();
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    await verify(await provider.sign());
    expect(await failureOf(verify(old))).toBeInstanceOf(TokenRefused);
    const stranger = await provider.sign({ kid: 'nobody' });
    for (let i = 0; i < 100; i++) expect(await failureOf(verify(stranger))).toBeInstanceOf(TokenRefused);
    expect(provider.hits.get('/jwks')).toBe(2);
  });

  it.each<[string, '/jwks' | '/.well-known/openid-configuration', Answer, RegExp]>([
    ['are not given out', '/jwks', json({}, 500), /Expected 200 OK/],
    ['are no JSON', '/jwks', (response) => void response.end('<html>'), /its answer is not JSON/],
    ['are no keys', '/jwks', json({ keys: 'none' }), /malformed/],
    ['never end', '/jwks', flood, /far too long/],
    ['come drop by drop', '/jwks', drip, /did not answer in time/],
    ['are nowhere', '/.well-known/openid-configuration', json({}, 404), /it answered 404/],
    [
      'belong to another issuer',
      '/.well-known/openid-configuration',
      json(metadataOf('https://other.example')),
      /calls itself by another name/,
    ],
  ])(
    'that %s are an outage, not a bad token, and are asked for again',
    async (_name, path, answer, words) => {
      const { verify } = verifier();
      const token = await provider.sign();
      provider.spoil(path, answer);
      const failure = await failureOf(verify(token));
      expect(failure).toBeInstanceOf(ProviderUnreachable);
      expect(failure.message).toMatch(words);
      provider.spoil(path);
      expect((await verify(token)).identity.subject).toBe('dev');
    },
  );
});
