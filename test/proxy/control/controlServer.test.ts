/** The control channel of a real proxy process: who may come in, what it answers, and what it survives. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProxyStatus } from '../../../proxy/control/messages.ts';
import {
  endProxies,
  launchProxy,
  makeFolder,
  openChannel,
  openSocket,
  startProxyProcess,
  Window,
} from './proxyProcess.ts';

afterEach(endProxies);

describe('the control channel', () => {
  it('lets nobody else in', async () => {
    const { socket, folder } = await startProxyProcess();
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
  });

  it('answers hello of any version with the state, and nothing before it', async () => {
    const { socket } = await startProxyProcess();
    const stranger = openChannel(socket);
    await expect(stranger.sendRequest('signOut', {})).rejects.toThrow(/begins with hello/);
    const status: ProxyStatus = await stranger.sendRequest('hello', { version: 99, client: 'test' });
    expect(status).toMatchObject({ version: 1, state: 'signedOut', connections: [] });
    await expect(stranger.sendRequest('signOut', {})).rejects.toThrow(/version/);
    const window = openChannel(socket);
    await window.sendRequest('hello', { version: 1, client: 'test' });
    expect(await window.sendRequest('signOut', {})).toMatchObject({ state: 'signedOut' });
  });

  it('refuses in words what it does not know or cannot do, and goes on', async () => {
    const { socket } = await startProxyProcess();
    const window = openChannel(socket);
    await window.sendRequest('hello', { version: 1, client: 'test' });
    await expect(window.sendRequest('no such method', {})).rejects.toThrow(/no such method/);
    await expect(window.sendRequest('checkText', { connection: 'demo', text: 'SELECT 1' })).rejects.toThrow(
      /nobody is signed in/,
    );
    await expect(window.sendRequest('beginSignIn', { collector: 'javascript:alert(1)' })).rejects.toThrow();
    expect(await window.sendRequest('hello', { version: 1, client: 'test' })).toMatchObject({ version: 1 });
  });

  it('serves on whatever strangers send', async () => {
    const proxy = await startProxyProcess();
    const window = await Window.open(proxy);
    const nonsense = [
      'GET / HTTP/1.1\r\n\r\n',
      'Content-Length: 99999999999999\r\n\r\n{',
      'Content-Length: -5\r\n\r\n{}',
      'Content-Length: 5\r\n\r\n{{{{{',
      Buffer.alloc(1_000_000, 0xff),
      'Content-Length: 30\r\n\r\n{"jsonrpc":"2.0",',
    ];
    for (const bytes of nonsense) {
      const stranger = openSocket(proxy.socket);
      stranger.write(bytes);
      await wait(50);
      stranger.destroy();
    }
    expect(await window.ask('hello', { version: 1, client: 'test' })).toMatchObject({ version: 1 });
    expect(proxy.child.exitCode).toBeNull();
  });

  it('cuts off who sends without end, and keeps nothing of it', async () => {
    const proxy = await startProxyProcess();
    const window = await Window.open(proxy);
    const before = residentMegabytes(proxy.child.pid);
    for (const beginning of ['Content-Length: 99999999999999\r\n\r\n{', 'no message']) {
      const stranger = openSocket(proxy.socket);
      const cut = new Promise<void>((resolve) => stranger.once('close', () => resolve()));
      stranger.write(beginning);
      let isOpen = true;
      void cut.then(() => {
        isOpen = false;
      });
      for (let sent = 0; isOpen && sent < 256; sent++) {
        stranger.write(Buffer.alloc(1_000_000, 0x20));
        await wait(1);
      }
      expect(isOpen).toBe(false);
    }
    expect(residentMegabytes(proxy.child.pid) - before).toBeLessThan(40);
    expect(await window.ask('hello', { version: 1, client: 'test' })).toMatchObject({ version: 1 });
  });

  it('takes a large text of a window that has said hello', async () => {
    const window = await Window.open(await startProxyProcess());
    const text = `// ${'x'.repeat(5_000_000)}\n@id("large")\npermit (principal, action, resource);`;
    const { problems } = await window.ask('checkPolicy', { files: [{ name: 'large.cedar', text }] });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('replaces the socket that a killed proxy left, and yields to one that answers', async () => {
    const first = await startProxyProcess();
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await startProxyProcess(first.folder);
    const third = launchProxy(first.folder);
    expect(await third.ended).toBe(3);
    expect(third.complaints()).toContain('another proxy listens');
    const window = openChannel(second.socket);
    expect(await window.sendRequest('hello', { version: 1, client: 'test' })).toMatchObject({
      pid: second.child.pid,
    });
  });

  it('ends when it is told to, and takes its socket along', async () => {
    const { socket, ended } = await startProxyProcess();
    await openChannel(socket).sendRequest('shutDown', {});
    expect(await ended).toBe(0);
    expect(() => statSync(socket)).toThrow();
  });

  it('says in words why it cannot start', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'run'), 'a file where the folder should be');
    const proxy = launchProxy(folder);
    expect(await proxy.ended).toBe(1);
    expect(proxy.complaints()).toMatch(/^portcullis: /);
  });
});

function residentMegabytes(pid = 0): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
