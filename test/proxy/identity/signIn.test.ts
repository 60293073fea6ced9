import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginSignIn } from '../../../proxy/identity/signIn.ts';
import { TokenKeeper } from '../../../proxy/identity/tokenKeeper.ts';
import {
  makeTokenVerifier,
  ProviderUnreachable,
  TokenRefused,
} from '../../../proxy/identity/tokenVerifier.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { loadKeys } from '../../../proxy/local/developmentProvider/keys.ts';
import { playSignIn } from '../../kit/browserlessSignIn.ts';

const audience = 'urn:portcullis';
const clientId = 'portcullis';
const lines: string[] = [];
const log = createLog('debug', (line) => lines.push(line));
const dev = { email: 'dev@example.com', groups: ['developers'], password: 'correct horse' };

let folder: string;
let provider: DevelopmentProvider;
let collector: Server;
let collectorUrl: string;
/** What the collector's discovery document says; tests make it lie. */
let discovery: () => { status?: number; body: string } | 'hang' | 'flood';

const startProvider = (port = 0, accessTokenSeconds = 3600) =>
  startDevelopmentProvider({
    port,
    people: [dev],
    clientId,
    audience,
    accessTokenSeconds,
    dataDirectory: folder,
    log,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-provider-'));
  provider = await startProvider();
  collector = createServer((_request, response) => {
    const said = discovery();
    if (said === 'hang') return;
    if (said === 'flood') {
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', flood);
      };
      return flood();
    }
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json' }).end(said.body);
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  collectorUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  discovery = () => ({ body: JSON.stringify({ issuer: provider.issuer, clientId, audience }) });
});

afterAll(async () => {
  collector.closeAllConnections();
  collector.close();
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('signing in', () => {
  it('ends with tokens of the person whose password was given, and the page says so', async () => {
    const signIn = await beginSignIn(collectorUrl);
    const page = await playSignIn(signIn.url, dev.email, dev.password);
    expect(page).toContain('You are signed in');
    const tokens = await signIn.finished;
    const { identity, issuer } = await makeTokenVerifier(signIn).verify(tokens.accessToken);
    expect(identity).toEqual({ subject: dev.email, email: dev.email, groups: ['developers'] });
    expect(issuer).toBe(provider.issuer);
    expect(tokens.refreshToken).toBeTypeOf('string');
  });

  it('says that a password is wrong and gives no token', async () => {
    const signIn = await beginSignIn(collectorUrl);
    expect(await playSignIn(signIn.url, dev.email, 'wrong')).toContain('is wrong');
    expect(await playSignIn(signIn.url, 'nobody@example.com', '')).toContain('is wrong');
    signIn.cancel();
    await expect(signIn.finished).rejects.toThrow('the sign-in was cancelled');
  });

  it('closes its port when it is cancelled half way', async () => {
    const signIn = await beginSignIn(collectorUrl);
    const redirect = new URL(signIn.url).searchParams.get('redirect_uri') ?? '';
    signIn.cancel();
    await expect(signIn.finished).rejects.toThrow('cancelled');
    await expect(fetch(redirect)).rejects.toThrow();
  });

  it('takes no answer with another state, repeats nothing of it, and goes on waiting', async () => {
    const signIn = await beginSignIn(collectorUrl);
    const redirect = new URL(signIn.url).searchParams.get('redirect_uri') ?? '';
    const foreign = await fetch(`${redirect}?state=x&code=%3Cscript%3Ealert(1)%3C/script%3E`);
    expect(foreign.status).toBe(400);
    expect(await foreign.text()).not.toContain('alert');
    expect(await playSignIn(signIn.url, dev.email, dev.password)).toContain('You are signed in');
    await signIn.finished;
  });

  it('says in words that the provider was told no', async () => {
    const signIn = await beginSignIn(collectorUrl);
    const { searchParams } = new URL(signIn.url);
    const back = `${searchParams.get('redirect_uri')}?state=${searchParams.get('state')}&iss=${encodeURIComponent(provider.issuer)}&error=access_denied`;
    expect(await (await fetch(back)).text()).toContain('declined');
    await expect(signIn.finished).rejects.toThrow('it was declined at the identity provider');
  });

  it.each([
    ['is no JSON', { body: 'hello' }, /does not answer as a Portcullis collector: its answer is not JSON/],
    ['says nothing', { body: '{}' }, /does not say who signs people in/],
    ['is not there', { status: 404, body: '' }, /it answered 404/],
    ['never ends', 'flood' as const, /far too long/],
    [
      'names a provider on plain http',
      { body: JSON.stringify({ issuer: 'http://evil.example', clientId, audience }) },
      /not reached by https/,
    ],
    [
      'names a script',
      { body: JSON.stringify({ issuer: 'javascript:alert(1)', clientId, audience }) },
      /not reached by https/,
    ],
  ])('refuses in words a collector whose answer %s', async (_name, said, words) => {
    const before = discovery;
    discovery = () => said;
    try {
      await expect(beginSignIn(collectorUrl)).rejects.toThrow(words);
    } finally {
      discovery = before;
    }
  });

  it('leaves no token and no password in the log', async () => {
    const signIn = await beginSignIn(collectorUrl);
    await playSignIn(signIn.url, dev.email, dev.password);
    const tokens = await signIn.finished;
    const text = lines.join('\n');
    for (const secret of [dev.password, tokens.accessToken, tokens.refreshToken ?? '?'])
      expect(text).not.toContain(secret);
  });
});

describe('verifying a token', () => {
  const verifier = () => makeTokenVerifier({ issuer: provider.issuer, audience });
  const forge = async (
    change: (jwt: SignJWT) => SignJWT = (jwt) => jwt,
    key?: Awaited<ReturnType<typeof importJWK>>,
  ) => {
    const { signing } = await loadKeys(join(folder, 'provider-keys.json'));
    const jwt = new SignJWT({ email: dev.email, groups: ['admins'] })
      .setProtectedHeader({ alg: 'ES256', kid: signing.kid })
      .setSubject(dev.email)
      .setIssuer(provider.issuer)
      .setAudience(audience)
      .setExpirationTime('1h');
    return change(jwt).sign(key ?? (await importJWK(signing, 'ES256')));
  };

  it('takes one that the provider signed', async () => {
    expect((await verifier().verify(await forge())).identity.groups).toEqual(['admins']);
  });

  it.each<[string, (jwt: SignJWT) => SignJWT, RegExp]>([
    ['has expired', (jwt) => jwt.setExpirationTime(new Date(Date.now() - 10_000)), /expired/],
    ['is for another service', (jwt) => jwt.setAudience('other'), /another service/],
    [
      'is from another provider',
      (jwt) => jwt.setIssuer('https://other.example'),
      /another identity provider/,
    ],
  ])('refuses one that %s', async (_name, change, words) => {
    const failure = verifier().verify(await forge(change));
    await expect(failure).rejects.toThrow(words);
    await expect(failure).rejects.toBeInstanceOf(TokenRefused);
  });

  it('refuses one that names nobody', async () => {
    const { signing } = await loadKeys(join(folder, 'provider-keys.json'));
    const nobody = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: signing.kid })
      .setIssuer(provider.issuer)
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(await importJWK(signing, 'ES256'));
    await expect(verifier().verify(nobody)).rejects.toThrow('claim "sub"');
  });

  it('refuses one that another key signed, one with the public key as a secret, and one without a signature', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    await expect(verifier().verify(await forge((jwt) => jwt, privateKey))).rejects.toBeInstanceOf(
      TokenRefused,
    );
    const secret = new TextEncoder().encode(await exportSPKI(publicKey));
    const symmetric = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('x')
      .setIssuer(provider.issuer)
      .setAudience(audience)
      .setExpirationTime('1h')
      .sign(secret);
    await expect(verifier().verify(symmetric)).rejects.toBeInstanceOf(TokenRefused);
    const [, payload] = (await forge()).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    await expect(verifier().verify(none)).rejects.toBeInstanceOf(TokenRefused);
    await expect(verifier().verify('garbage')).rejects.toBeInstanceOf(TokenRefused);
  });

  it('tells a provider that cannot be reached apart from a bad token', async () => {
    const gone = makeTokenVerifier({ issuer: 'http://127.0.0.1:1', audience });
    await expect(gone.verify(await forge())).rejects.toBeInstanceOf(ProviderUnreachable);
  });
});

describe('keeping tokens', () => {
  const signInWith = async () => {
    const signIn = await beginSignIn(collectorUrl);
    await playSignIn(signIn.url, dev.email, dev.password);
    return signIn.finished;
  };

  it('renews them before they expire, by a refresh token that works once', async () => {
    await provider.stop();
    provider = await startProvider(provider.port, 2);
    const tokens = await signInWith();
    const keeper = await TokenKeeper.open({ collector: collectorUrl, tokens, log });
    const renewed = await new Promise<{ accessToken: string; refreshToken?: string }>((resolve) =>
      keeper.onTokens(resolve),
    );
    expect(renewed.accessToken).not.toBe(tokens.accessToken);
    expect(renewed.refreshToken).not.toBe(tokens.refreshToken);
    expect(keeper.token()).toBe(renewed.accessToken);
    keeper.dispose();
    // The old refresh token was used up; to use it again ends the whole grant.
    await new Promise((resolve) => setTimeout(resolve, 2_500 + 5_000));
    await expect(TokenKeeper.open({ collector: collectorUrl, tokens, log })).rejects.toThrow(
      'the sign-in has ended; sign in again',
    );
  });

  it('opens with an expired access token where the refresh token is good, also after the provider started again', async () => {
    const tokens = await signInWith();
    await provider.stop();
    provider = await startProvider(provider.port, 2);
    await new Promise((resolve) => setTimeout(resolve, 7_500));
    const keeper = await TokenKeeper.open({ collector: collectorUrl, tokens, log });
    expect(keeper.isExpired).toBe(false);
    expect(keeper.identity.email).toBe(dev.email);
    keeper.dispose();
  });

  it('says that it is over when the tokens cannot be renewed, and gives out none', async () => {
    const { refreshToken: _none, ...tokens } = await signInWith();
    const keeper = await TokenKeeper.open({ collector: collectorUrl, tokens, log });
    await new Promise<void>((resolve) => keeper.onExpired(resolve));
    expect(keeper.isExpired).toBe(true);
    expect(() => keeper.token()).toThrow('has expired; sign in again');
    keeper.dispose();
  });
});
