/** A sign-in over the control channel of a real proxy process: broken off, renewed, ended, and begun again. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc/node';
import { type Company, connectClient, startCompany } from './company.ts';
import { endProxies, type ProxyProcess, startProxyProcess, Window } from './proxyProcess.ts';

let company: Company;
let proxy: ProxyProcess;
let window: Window;

beforeAll(async () => {
  company = await startCompany();
});
beforeEach(async () => {
  proxy = await startProxyProcess();
  window = await Window.open(proxy);
});
afterEach(endProxies);
afterAll(() => company?.stop());

/** Of sign-ins from now on. */
const shortenTokens = (accessTokenSeconds: number) => company.startProvider({ accessTokenSeconds });

/** The answer of a browser at the loopback page, in place of the provider. */
async function comeBack(signInUrl: string, answer: Record<string, string>): Promise<Response> {
  const asked = new URL(signInUrl).searchParams;
  const callback = new URL(asked.get('redirect_uri') ?? '');
  callback.search = new URLSearchParams({ state: asked.get('state') ?? '', ...answer }).toString();
  return fetch(callback);
}

describe('a sign-in that is broken off', () => {
  it('by the person in the editor ends at once, in words, and another works', async () => {
    const { id, url } = await window.ask('beginSignIn', { collector: company.url });
    const source = new CancellationTokenSource();
    const finished = window.channel.sendRequest('finishSignIn', { id }, source.token);
    finished.catch(() => undefined);
    await wait(100);
    source.cancel();
    await expect(finished).rejects.toThrow('the sign-in was cancelled');
    await expect(comeBack(url, { code: 'late' })).rejects.toThrow('fetch failed');
    expect(window.status.state).toBe('signedOut');
    await company.signIn(window);
  });

  it('by nobody finishing it in the browser does not stand in the way of another', async () => {
    const { id } = await window.ask('beginSignIn', { collector: company.url });
    const left = window.ask('finishSignIn', { id });
    left.catch(() => undefined);
    await company.signIn(window);
  });

  it('at the provider says that it was declined, and another works', async () => {
    const { id, url } = await window.ask('beginSignIn', { collector: company.url });
    const finished = window.ask('finishSignIn', { id });
    finished.catch(() => undefined);
    const page = await comeBack(url, { error: 'access_denied', iss: company.provider.issuer });
    expect(await page.text()).toContain('declined at the identity provider');
    await expect(finished).rejects.toThrow('declined at the identity provider');
    expect(window.status.state).toBe('signedOut');
    await expect(window.ask('finishSignIn', { id })).rejects.toThrow('start a new one');
    await company.signIn(window);
  });

  it('by an answer with another state goes on waiting for the right one', async () => {
    const { id, url } = await window.ask('beginSignIn', { collector: company.url });
    const finished = window.ask('finishSignIn', { id });
    finished.catch(() => undefined);
    const page = await comeBack(url, { state: 'forged', code: 'forged' });
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('belongs to another sign-in');
    expect(window.status.state).toBe('signedOut');
    await comeBack(url, { error: 'access_denied', iss: company.provider.issuer });
    await expect(finished).rejects.toThrow('declined');
  });

  it('by the window closing frees the port that the browser would come back to', async () => {
    const { id, url } = await window.ask('beginSignIn', { collector: company.url });
    window.ask('finishSignIn', { id }).catch(() => undefined);
    await wait(100);
    window.close();
    await wait(200);
    await expect(comeBack(url, { code: 'late' })).rejects.toThrow('fetch failed');
    await company.signIn(await Window.open(proxy));
  });
});

describe('tokens that come to their end', () => {
  afterEach(async () => {
    company.setGroups(['developers']);
    await company.startProvider();
  });

  it('are renewed, and neither the status nor a client notices', async () => {
    await shortenTokens(3);
    const client = await connectClient(await company.signIn(window));
    window.told.length = 0;
    for (const deadline = Date.now() + 7_500; Date.now() < deadline; await wait(100)) {
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    }
    expect(window.tokens.length).toBeGreaterThan(2);
    expect(window.told.filter(({ state }) => state !== 'running')).toEqual([]);
    await client.end();
  });

  it('and are refused another life stop statements, in words, until the next sign-in', async () => {
    await shortenTokens(4);
    const client = await connectClient(await company.signIn(window));
    await company.startProvider({ forgets: true });
    await window.until(({ state }) => state === 'expired');
    const refusal = await client.query('SELECT 1').catch((error) => error);
    expect(refusal).toMatchObject({
      code: '28000',
      message: expect.stringContaining('the sign-in of dev@example.com has expired'),
      hint: expect.stringContaining('Sign in again'),
    });
    const late = await Window.open(proxy);
    expect(late.status.state).toBe('expired');
    await company.signIn(window);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await late.until(({ state }) => state === 'running');
    await client.end();
  });

  it('and were kept too long are not taken at the start, in words, and a sign-in works', async () => {
    await shortenTokens(1);
    await company.signIn(window);
    const [tokens] = window.tokens;
    if (tokens === undefined) throw new Error('the sign-in gave no tokens');
    await window.ask('signOut', {});
    await company.startProvider({ forgets: true });
    await wait(6_500); // clocks may differ by five seconds
    const resumed = window.ask('resume', { collector: company.url, tokens });
    await expect(resumed).rejects.toThrow(/the sign-in has ended; sign in again/);
    expect(window.status.state).toBe('signedOut');
    expect(window.status.problem?.message).toContain('sign in again');
    expect((await company.signIn(window)).problem).toBeUndefined();
  });

  it('bring new groups, and what the policy answers follows them', async () => {
    await shortenTokens(4);
    const before = await company.signIn(window);
    const client = await connectClient(before);
    await client.query('SELECT 1');
    const over = new Promise((resolve) => client.once('end', resolve));
    company.setGroups(['reviewers']);
    await over; // what it holds open was allowed to who they were
    const after = await window.until(
      ({ state, identity }) => state === 'running' && identity?.groups[0] === 'reviewers',
    );
    expect(after.access).toEqual(before.access);
    const reviewer = await connectClient(after);
    await expect(reviewer.query('SELECT 1')).rejects.toMatchObject({
      code: '42501',
      detail: expect.stringContaining('Reviewers review.'),
    });
    await reviewer.end();
  });

  it('bring no group that may have a lease: clients are sent away, and the status says why', async () => {
    await shortenTokens(4);
    const client = await connectClient(await company.signIn(window));
    const over = new Promise((resolve) => client.once('end', resolve));
    company.setGroups(['visitors']);
    await over;
    const { state, problem } = await window.until((status) => status.problem !== undefined);
    expect(state).toBe('signedOut');
    expect(problem?.message).toContain('dev@example.com is in visitors');
    company.setGroups(['developers']);
    await company.signIn(window);
  });
});
