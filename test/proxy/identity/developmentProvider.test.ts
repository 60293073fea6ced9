import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeTokenVerifier } from '../../../proxy/identity/tokenVerifier.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import { playSignIn } from '../../kit/browserlessSignIn.ts';

const audience = 'urn:portcullis';
const clientId = 'portcullis';
const dev = { email: 'dev@example.com', groups: ['developers'], password: 'correct horse' };
let folder: string;
let provider: DevelopmentProvider;
/** What was written to the process's own output: `up --json` promises one line there, and it is not this one's. */
let written: unknown[] = [];

const start = (port = 0) =>
  startDevelopmentProvider({
    port,
    people: [dev],
    clientId,
    audience,
    dataDirectory: folder,
    log: createLog('silent'),
  });

const authorize = (change: Record<string, string>) => {
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: 'http://127.0.0.1:5/callback',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    state: 's',
    ...change,
  });
  return `${provider.issuer}/auth?${query}`;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-provider-'));
  for (const method of ['log', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((...words) => void written.push(words));
  provider = await start();
});

afterEach(() => {
  expect(written).toEqual([]);
  written = [];
});

afterAll(async () => {
  await provider.stop();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('the development provider', () => {
  it('gives people and the proxy’s service tokens that hold', async () => {
    const { verify } = makeTokenVerifier({ issuer: provider.issuer, audience });
    expect((await verify(await provider.tokenFor(dev.email))).identity.groups).toEqual(['developers']);
    const service = await verify(await provider.tokenForProxy());
    expect(service.identity).toMatchObject({ email: 'proxy@portcullis.local', groups: ['proxies'] });
    await expect(provider.tokenFor('nobody@example.com')).rejects.toThrow('does not know nobody@example.com');
  });

  it('publishes no private key, and keeps it in a file for its owner alone', async () => {
    const { keys } = (await (await fetch(`${provider.issuer}/jwks`)).json()) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty('d');
    expect(statSync(join(folder, 'provider-keys.json')).mode & 0o777).toBe(0o600);
  });

  it('goes on with its keys after a restart at the same port', async () => {
    const token = await provider.tokenFor(dev.email);
    const { port } = provider;
    await provider.stop();
    provider = await start(port);
    await new Promise((resolve) => setTimeout(resolve, 100)); // until fetch knows that its old sockets are closed
    const { verify } = makeTokenVerifier({ issuer: provider.issuer, audience });
    expect((await verify(token)).identity.email).toBe(dev.email);
  });

  it.each([
    ['another host', { redirect_uri: 'https://evil.example/callback' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:5/other' }],
    ['another client', { client_id: 'other' }],
  ])('sends nobody to %s, and says so on a page that can run nothing', async (_name, change) => {
    const response = await fetch(authorize(change), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toContain('Close this page and start again');
  });

  it.each([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['tokens in the address', { response_type: 'token' }],
    ['tokens for somebody else', { resource: 'https://other.example' }],
  ])('begins no sign-in with %s', async (_name, change) => {
    const response = await fetch(authorize(change), { redirect: 'manual' });
    const location = response.headers.get('location') ?? '';
    expect(`${location} ${response.status}`).toMatch(/error=\w+|400$/);
    expect(location).not.toContain('/interaction/');
  });

  it('shows what was typed as text, never as HTML, and never the password', async () => {
    const page = await playSignIn(authorize({}), '"><script>alert(1)</script>', 'my-wrong-password');
    expect(page).toContain('is wrong');
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('my-wrong-password');
  });

  it('lets no page of another origin read its answers, and has no page for strangers’ interactions', async () => {
    const response = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ client_id: clientId, grant_type: 'refresh_token', refresh_token: 'x' }),
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    const stranger = await fetch(`${provider.issuer}/interaction/none`);
    expect(stranger.status).toBe(400);
    expect(await stranger.text()).toContain('This sign-in is over');
  });
});
