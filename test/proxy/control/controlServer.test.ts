/** The control channel of a real proxy process: who may come in, what it answers, and what it survives. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import type { ProxyStatus } from '../../../proxy/control/messages.ts';

const bundle = join(import.meta.dirname, '..', '..', '..', 'dist', 'proxy.cjs');
const running: Proxy[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const proxy of running.splice(0)) {
    proxy.child.kill('SIGKILL');
    await proxy.ended;
    rmSync(proxy.folder, { recursive: true, force: true });
  }
});

describe('the control channel', () => {
  it('lets nobody else in', async () => {
    const { socket, folder } = await start();
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
  });

  it('answers hello of any version with the state, and nothing before it', async () => {
    const { socket } = await start();
    const stranger = open(socket);
    await expect(stranger.sendRequest('signOut', {})).rejects.toThrow(/begins with hello/);
    const status: ProxyStatus = await stranger.sendRequest('hello', { version: 99, client: 'test' });
    expect(status).toMatchObject({ version: 1, state: 'signedOut', connections: [] });
    await expect(stranger.sendRequest('signOut', {})).rejects.toThrow(/version/);
    const window = open(socket);
    await window.sendRequest('hello', { version: 1, client: 'test' });
    expect(await window.sendRequest('signOut', {})).toMatchObject({ state: 'signedOut' });
  });

  it('refuses in words what it does not know or cannot do, and goes on', async () => {
    const { socket } = await start();
    const window = open(socket);
    await window.sendRequest('hello', { version: 1, client: 'test' });
    await expect(window.sendRequest('no such method', {})).rejects.toThrow(/no such method/);
    await expect(window.sendRequest('checkText', { connection: 'demo', text: 'SELECT 1' })).rejects.toThrow(
      /nobody is signed in/,
    );
    await expect(window.sendRequest('beginSignIn', { collector: 'javascript:alert(1)' })).rejects.toThrow();
    expect(await window.sendRequest('hello', { version: 1, client: 'test' })).toMatchObject({ version: 1 });
  });

  it('serves on whatever strangers send', async () => {
    const { socket, child } = await start();
    const window = open(socket);
    await window.sendRequest('hello', { version: 1, client: 'test' });
    const nonsense = [
      'GET / HTTP/1.1\r\n\r\n',
      'Content-Length: 99999999999999\r\n\r\n{',
      'Content-Length: -5\r\n\r\n{}',
      'Content-Length: 5\r\n\r\n{{{{{',
      Buffer.alloc(1_000_000, 0xff),
      'Content-Length: 30\r\n\r\n{"jsonrpc":"2.0",',
    ];
    for (const bytes of nonsense) {
      const stranger = connect(socket);
      sockets.push(stranger);
      stranger.on('error', () => undefined);
      stranger.write(bytes);
      await wait(50);
      stranger.destroy();
    }
    expect(await window.sendRequest('hello', { version: 1, client: 'test' })).toMatchObject({ version: 1 });
    expect(child.exitCode).toBeNull();
  });

  it('replaces the socket that a killed proxy left, and yields to one that answers', async () => {
    const first = await start();
    first.child.kill('SIGKILL');
    await first.ended;
    const second = await start(first.folder);
    const third = launch(first.folder);
    expect(await third.ended).toBe(3);
    expect(third.complaints()).toContain('another proxy listens');
    const window = open(second.socket);
    expect(await window.sendRequest('hello', { version: 1, client: 'test' })).toMatchObject({
      pid: second.child.pid,
    });
  });

  it('ends when it is told to, and takes its socket along', async () => {
    const { socket, ended } = await start();
    await open(socket).sendRequest('shutDown', {});
    expect(await ended).toBe(0);
    expect(() => statSync(socket)).toThrow();
  });

  it('says in words why it cannot start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'control-'));
    writeFileSync(join(folder, 'run'), 'a file where the folder should be');
    const proxy = launch(folder);
    expect(await proxy.ended).toBe(1);
    expect(proxy.complaints()).toMatch(/^portcullis: /);
  });
});

interface Proxy {
  readonly folder: string;
  readonly socket: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly complaints: () => string;
}

function launch(folder: string): Proxy {
  const socket = join(folder, 'run', 'control.sock');
  const child = spawn(process.execPath, [bundle, '--socket', socket, '--data', join(folder, 'data')]);
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const proxy = { folder, socket, child, ended, complaints: () => complaints };
  running.push(proxy);
  return proxy;
}

async function start(folder = mkdtempSync(join(tmpdir(), 'control-'))): Promise<Proxy> {
  const proxy = launch(folder);
  await new Promise<void>((resolve, reject) => {
    proxy.child.stdout?.once('data', () => resolve());
    void proxy.ended.then((code) => reject(new Error(`it ended with ${code}: ${proxy.complaints()}`)));
  });
  return proxy;
}

function open(path: string) {
  const socket = connect(path);
  sockets.push(socket);
  const connection = createMessageConnection(
    new SocketMessageReader(socket),
    new SocketMessageWriter(socket),
  );
  connection.onError(() => undefined);
  connection.listen();
  return connection;
}
