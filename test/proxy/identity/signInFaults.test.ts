import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOwnAudience } from '../../../proxy/identity/providerMetadata.ts';
import { beginSignIn, type PendingSignIn } from '../../../proxy/identity/signIn.ts';
import {
  type Answer,
  audience,
  clientId,
  type FakeProvider,
  failureOf,
  json,
  metadataOf,
  startFakeProvider,
} from './fakeProvider.ts';

let provider: FakeProvider;
let pending: PendingSignIn[] = [];

const begin = async () => {
  const signIn = await beginSignIn(provider.url);
  pending.push(signIn);
  return signIn;
};

/** What the provider would send the browser back to. */
const callbackOf = ({ url }: PendingSignIn, query = 'code=secret-code') => {
  const { searchParams } = new URL(url);
  return `${searchParams.get('redirect_uri')}?state=${searchParams.get('state')}&${query}`;
};

const grantFor = async ({ url }: PendingSignIn, claims: Record<string, unknown> = {}) => ({
  access_token: await provider.sign(),
  token_type: 'Bearer',
  expires_in: 3600,
  refresh_token: 'secret-refresh',
  id_token: await provider.sign({
    claims: {
      aud: clientId,
      iat: Math.floor(Date.now() / 1000),
      nonce: new URL(url).searchParams.get('nonce'),
      ...claims,
    },
  }),
});

beforeEach(async () => {
  provider = await startFakeProvider();
});

afterEach(async () => {
  for (const signIn of pending) signIn.cancel();
  pending = [];
  await provider.stop();
});

describe('a sign-in', () => {
  it('asks with PKCE S256, a state and a nonce of its own each time, for the audience', async () => {
    const first = new URL((await begin()).url).searchParams;
    const second = new URL((await begin()).url).searchParams;
    expect(first.get('code_challenge_method')).toBe('S256');
    expect(first.get('resource')).toBe(audience);
    expect(first.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(first.get(name)?.length).toBeGreaterThanOrEqual(40);
      expect(first.get(name)).not.toBe(second.get(name));
    }
  });

  it('exchanges a code once, however often the browser brings it', async () => {
    const signIn = await begin();
    const grant = await grantFor(signIn);
    provider.spoil('/token', (response) => setTimeout(() => json(grant)(response, ''), 200));
    const pages = await Promise.all([1, 2, 3].map(async () => (await fetch(callbackOf(signIn))).text()));
    expect(pages.filter((page) => page.includes('You are signed in'))).toHaveLength(1);
    expect(pages.filter((page) => page.includes('over already'))).toHaveLength(2);
    expect((await signIn.finished).refreshToken).toBe('secret-refresh');
    expect(provider.hits.get('/token')).toBe(1);
    await expect(fetch(callbackOf(signIn))).rejects.toThrow();
  });

  it('that was cancelled while the code was exchanged gives no tokens, and its page does not say otherwise', async () => {
    const signIn = await begin();
    const grant = await grantFor(signIn);
    provider.spoil('/token', (response) => setTimeout(() => json(grant)(response, ''), 300));
    const page = fetch(callbackOf(signIn)).then((response) => response.text());
    await new Promise((resolve) => setTimeout(resolve, 100));
    signIn.cancel();
    await expect(signIn.finished).rejects.toThrow('the sign-in was cancelled');
    expect(await page).toContain('over already');
  });

  it('goes on whatever else is sent to its port, and answers with pages that can run nothing', async () => {
    const signIn = await begin();
    const { port } = new URL(callbackOf(signIn));
    const ask = (path: string, method = 'GET') =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path, method }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    for (const path of [
      '//',
      '/',
      '/callback',
      '/callbackx?state=1',
      'http://[',
      '/favicon.ico',
      '//evil/callback?a',
    ])
      expect(await ask(path), path).toBe(404);
    expect(await ask('/callback?state=x', 'POST')).toBe(404);
    const stranger = await fetch(callbackOf(signIn).replace(/state=[^&]*/, 'state=other'));
    expect(stranger.status).toBe(400);
    expect(stranger.headers.get('content-security-policy')).toContain("default-src 'none'");
    const grant = await grantFor(signIn);
    provider.spoil('/token', json(grant));
    expect(await (await fetch(callbackOf(signIn))).text()).toContain('You are signed in');
  });

  it.each<[string, (signIn: PendingSignIn) => Promise<Answer>, RegExp]>([
    [
      'refuses the code',
      async () => json({ error: 'invalid_grant' }, 400),
      /the provider says invalid grant/,
    ],
    [
      'answers with a script as error',
      async () => json({ error: '<script>alert(1)</script>' }, 400),
      /the provider says no/,
    ],
    ['is gone', async () => (response) => void response.destroy(), /could not be reached/],
    ['answers with no JSON', async () => (response) => void response.end('hello'), /does not hold/],
    [
      'gives an ID token of another sign-in',
      async (signIn) => json(await grantFor(signIn, { nonce: 'other' })),
      /does not hold/,
    ],
    [
      'gives an ID token for another client',
      async (signIn) => json(await grantFor(signIn, { aud: 'other' })),
      /does not hold/,
    ],
  ])('ends in words, with no secret in them, where the provider %s', async (_name, answer, words) => {
    const signIn = await begin();
    provider.spoil('/token', await answer(signIn));
    const page = await (await fetch(callbackOf(signIn))).text();
    const failure = await failureOf(signIn.finished);
    expect(failure.message).toMatch(words);
    expect(page).toMatch(words);
    const said = `${page} ${failure.message} ${failure.stack} ${String(failure.cause)}`;
    for (const secret of ['secret-code', 'secret-refresh', '<script>alert', 'eyJ'])
      expect(said).not.toContain(secret);
    await expect(fetch(callbackOf(signIn))).rejects.toThrow();
  });
});

describe('an address', () => {
  it.each([
    ['hello', /is not the address of a collector/],
    ['http://collector.example.com', /reached by https/],
    ['file:///etc/passwd', /reached by https/],
    ['https://user:pass@collector.example.com', /has no user/],
    ['http://127.0.0.1:1', /cannot be reached/],
  ])('%s is refused in words before anybody is sent there', async (address, words) => {
    expect((await failureOf(beginSignIn(address))).message).toMatch(words);
  });

  it('may end with a slash', async () => {
    const signIn = await beginSignIn(`${provider.url}/`);
    pending.push(signIn);
    expect(signIn.collector).toBe(provider.url);
  });
});

describe('a provider', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['goes by another name', { issuer: 'https://other.example' }, /calls itself by another name/],
    [
      'takes tokens by plain http elsewhere',
      { token_endpoint: 'http://evil.example/token' },
      /not reached by https/,
    ],
    ['signs in by a script', { authorization_endpoint: 'javascript:alert(1)' }, /not reached by https/],
    ['has no keys', { jwks_uri: undefined }, /has no jwks_uri/],
  ])('that %s is refused in words', async (_name, change, words) => {
    provider.spoil('/.well-known/openid-configuration', json({ ...metadataOf(provider.url), ...change }));
    expect((await failureOf(begin())).message).toMatch(words);
  });

  it('that drips its discovery document is not waited for longer than ten seconds', async () => {
    provider.spoil('/.well-known/openid-configuration', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(drip));
    });
    const started = Date.now();
    expect((await failureOf(begin())).message).toMatch(/took too long|timed out/);
    expect(Date.now() - started).toBeLessThan(14_000);
  });
});

describe('the audience of a collector', () => {
  it.each([
    ['https://collector.example.com', 'https://collector.example.com', true],
    ['https://collector.example.com', 'https://collector.example.com/', true],
    ['https://evil.example', 'https://collector.example.com', false],
    ['https://evil.example', 'urn:portcullis:collector', false],
    ['https://collector.example.com:8443', 'https://collector.example.com', false],
    ['https://collector.example.com', 'http://collector.example.com', false],
    ['http://127.0.0.1:7677', 'urn:portcullis:collector', true],
  ])('%s may ask for tokens for %s: %s', (collector, audience, isOwn) => {
    expect(isOwnAudience(collector, audience)).toBe(isOwn);
  });
});
