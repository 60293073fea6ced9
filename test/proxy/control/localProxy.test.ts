/** A real proxy process between a window, a provider, a collector and a database: how it starts, waits, and ends. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tokens } from '../../../proxy/control/messages.ts';
import { type Company, connectClient, startCompany } from './company.ts';
import { endProxies, type ProxyProcess, startProxyProcess, Window } from './proxyProcess.ts';

let company: Company;

beforeAll(async () => {
  company = await startCompany();
});
afterEach(endProxies);
afterAll(() => company?.stop());

const start = async (...args: Parameters<typeof startProxyProcess>) => {
  const proxy = await startProxyProcess(...args);
  return { proxy, window: await Window.open(proxy) };
};

/** What the editor kept of a sign-in. */
const tokensOf = async (): Promise<Tokens> => ({
  accessToken: await company.provider.tokenFor('dev@example.com'),
  expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
});

/** Ends with its windows, its folder kept. */
async function end({ child, ended }: ProxyProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}

describe('the proxy of a person', () => {
  it('says who they are and where clients connect, once they have signed in', async () => {
    const { proxy, window } = await start();
    const other = await Window.open(proxy);
    const status = await company.signIn(window);
    expect(status).toMatchObject({
      collector: company.url,
      identity: { email: 'dev@example.com', groups: ['developers'] },
      connections: [{ name: 'shop', environment: 'production', state: 'ready' }],
    });
    expect(status.problem).toBeUndefined();
    expect(window.told.map(({ state }) => state)).toEqual(expect.arrayContaining(['starting', 'running']));
    await other.until(({ state }) => state === 'running');
    for (const path of [status.access?.passwordFile, status.access?.serviceFile]) {
      expect(statSync(path ?? '').mode & 0o777).toBe(0o600);
    }
    const client = await connectClient(status);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('lets nobody connect any more after they have signed out', async () => {
    const { window } = await start();
    const status = await company.signIn(window);
    const client = await connectClient(status);
    const over = new Promise((resolve) => client.once('end', resolve));
    const after = await window.ask('signOut', {});
    expect(after).toMatchObject({ state: 'signedOut', connections: [] });
    expect(after.access).toBeUndefined();
    await over;
    await expect(connectClient(status)).rejects.toThrow(/ECONNREFUSED/);
    await expect(window.ask('listRequests', {})).rejects.toThrow(/nobody is signed in/);
  });

  it('keeps its port and password over a restart, and takes and tells another where the port is taken', async () => {
    const first = await start();
    const before = (await first.window.ask('resume', { collector: company.url, tokens: await tokensOf() }))
      .access;
    await end(first.proxy);
    const second = await start(first.proxy.folder);
    const same = await second.window.ask('resume', { collector: company.url, tokens: await tokensOf() });
    expect(same.access).toEqual(before);
    await end(second.proxy);
    const squatter = await occupy(before?.port ?? 0);
    const third = await start(first.proxy.folder);
    const moved = await third.window.ask('resume', { collector: company.url, tokens: await tokensOf() });
    expect(moved.access?.port).not.toBe(before?.port);
    expect(moved.access?.password).toBe(before?.password);
    expect(readFileSync(moved.access?.passwordFile ?? '', 'utf8')).toContain(`:${moved.access?.port}:`);
    expect(readFileSync(moved.access?.serviceFile ?? '', 'utf8')).toContain(`port=${moved.access?.port}\n`);
    await (await connectClient(moved)).end();
    squatter.close();
  });
});

describe('what is away when the proxy starts', () => {
  afterEach(async () => {
    await company.startCollector();
    await company.startProvider();
  });

  it('is named, where it is the collector, and the proxy comes up by itself when it is back', async () => {
    const tokens = await tokensOf();
    await company.stopCollector();
    const { window } = await start();
    await expect(window.ask('resume', { collector: company.url, tokens })).rejects.toThrow(
      /cannot be reached/,
    );
    const status = await window.until(({ problem }) => problem !== undefined);
    expect(status).toMatchObject({ state: 'starting', collector: company.url });
    expect(status.problem?.message).toContain(`the collector at ${company.url} cannot be reached`);
    expect(status.problem?.hint).toContain('tried again by itself');
    await company.startCollector();
    const running = await window.until(({ state }) => state === 'running');
    expect(running.problem).toBeUndefined();
    await (await connectClient(running)).end();
  });

  it('is named, where it is the identity provider, and the proxy comes up by itself when it is back', async () => {
    const tokens = await tokensOf();
    await company.stopProvider();
    const { window } = await start();
    await expect(window.ask('resume', { collector: company.url, tokens })).rejects.toThrow();
    const status = await window.until(({ problem }) => problem !== undefined);
    expect(status.state).toBe('starting');
    expect(status.problem?.message).toContain(company.provider.issuer);
    expect(status.problem?.hint).toContain('tried again by itself');
    await company.startProvider();
    await window.until(({ state }) => state === 'running');
  });

  it('does not cost the tokens of a sign-in during which the collector goes away', async () => {
    const { window } = await start();
    const { id, url } = await window.ask('beginSignIn', { collector: company.url });
    const finished = window.ask('finishSignIn', { id });
    await company.stopCollector();
    await company.playBrowser(url);
    expect((await finished).tokens.refreshToken).toBeDefined();
    expect(window.status).toMatchObject({ state: 'starting', problem: expect.anything() });
    await company.startCollector();
    await window.until(({ state }) => state === 'running');
  });

  it('does not keep a person from signing out, nor the proxy from ending', async () => {
    const tokens = await tokensOf();
    await company.stopCollector();
    const { proxy, window } = await start();
    await expect(window.ask('resume', { collector: company.url, tokens })).rejects.toThrow();
    expect(await window.ask('signOut', {})).toMatchObject({ state: 'signedOut' });
    await company.startCollector();
    await wait(2_500); // it would have tried again after 2 s
    expect(window.status.state).toBe('signedOut');
    await company.stopCollector();
    await expect(window.ask('resume', { collector: company.url, tokens })).rejects.toThrow();
    await end(proxy);
  });
});

describe('an unused proxy', () => {
  it('ends once the last window and the last client are gone, and not before', async () => {
    const { proxy, window } = await start(undefined, '--idle', '1');
    const client = await connectClient(await company.signIn(window));
    await wait(2_500); // a window alone keeps it
    window.close();
    await wait(3_000); // and so does a client alone
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    expect(await proxy.ended).toBe(0);
    expect(existsSync(proxy.socket)).toBe(false);
  });

  it('is there still for a window that reloads', async () => {
    const { proxy, window } = await start(undefined, '--idle', '3');
    const before = await company.signIn(window);
    window.close();
    await wait(1_500);
    const reloaded = await Window.open(proxy);
    expect(reloaded.status).toMatchObject({ state: 'running', access: before.access });
    await wait(3_000);
    expect(proxy.child.exitCode).toBeNull();
  });
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
