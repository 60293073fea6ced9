/** The proxy process from the bundle, and windows that talk to it over its socket, without an editor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  createMessageConnection,
  type MessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import type {
  ControlMethod,
  ControlNotifications,
  ControlRequests,
  ProxyStatus,
  Tokens,
} from '../../../proxy/control/messages.ts';

const bundle = join(import.meta.dirname, '..', '..', '..', 'dist', 'proxy.cjs');
const running = new Set<ProxyProcess>();
const sockets = new Set<Socket>();

export interface ProxyProcess {
  readonly folder: string;
  readonly socket: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What it wrote to standard error. */
  complaints(): string;
}

export function launchProxy(folder: string, ...more: readonly string[]): ProxyProcess {
  const socket = join(folder, 'run', 'control.sock');
  const args = ['--socket', socket, '--data', join(folder, 'data'), ...more];
  const child = spawn(process.execPath, [bundle, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const proxy = { folder, socket, child, ended, complaints: () => complaints };
  running.add(proxy);
  return proxy;
}

/** Rejects with what it said where it does not come to listen. In a folder of its own unless told. */
export async function startProxyProcess(folder = makeFolder(), ...more: string[]): Promise<ProxyProcess> {
  const proxy = launchProxy(folder, ...more);
  await new Promise<void>((resolve, reject) => {
    proxy.child.stdout?.once('data', () => resolve());
    void proxy.ended.then((code) => reject(new Error(`it ended with ${code}: ${proxy.complaints()}`)));
  });
  return proxy;
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'control-'));
}

/** For `afterEach`: ends proxies and windows, and removes their folders. */
export async function endProxies(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const proxy of running) {
    proxy.child.kill('SIGKILL');
    await proxy.ended;
    rmSync(proxy.folder, { recursive: true, force: true });
  }
  running.clear();
}

/** A bare connection, for bytes that are no messages. */
export function openSocket(path: string): Socket {
  const socket = connect(path);
  sockets.add(socket);
  socket.on('error', () => undefined);
  return socket;
}

/** A connection that has not said hello. */
export function openChannel(path: string): MessageConnection {
  const socket = openSocket(path);
  const channel = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  channel.onError(() => undefined);
  channel.listen();
  return channel;
}

/** A window that has said hello. */
export class Window {
  readonly channel: MessageConnection;
  /** The newest status. */
  status: ProxyStatus;
  /** Every status told, oldest first. */
  readonly told: ProxyStatus[] = [];
  readonly tokens: Tokens[] = [];

  private constructor(channel: MessageConnection, status: ProxyStatus) {
    this.channel = channel;
    this.status = status;
    channel.onNotification('statusChanged', (told: ControlNotifications['statusChanged']) => {
      this.status = told;
      this.told.push(told);
    });
    channel.onNotification('tokensChanged', ({ tokens }: ControlNotifications['tokensChanged']) => {
      this.tokens.push(tokens);
    });
  }

  static async open({ socket }: Pick<ProxyProcess, 'socket'>): Promise<Window> {
    const channel = openChannel(socket);
    return new Window(channel, await channel.sendRequest('hello', { version: 1, client: 'test' }));
  }

  ask<M extends ControlMethod>(
    method: M,
    params: ControlRequests[M]['params'],
  ): Promise<ControlRequests[M]['result']> {
    return this.channel.sendRequest(method, params);
  }

  /** Resolves with the first status, from now on, of which that holds. */
  async until(holds: (status: ProxyStatus) => boolean, patienceMs = 15_000): Promise<ProxyStatus> {
    for (const deadline = Date.now() + patienceMs; !holds(this.status); await wait(20)) {
      if (Date.now() < deadline) continue;
      throw new Error(`waited in vain for ${holds}; it is ${JSON.stringify(this.status)}`);
    }
    return this.status;
  }

  close(): void {
    this.channel.end();
  }
}
