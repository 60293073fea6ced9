/** The control channel's server: windows connect to a local socket, say hello, ask, and are told what changes. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import {
  type CancellationToken,
  CancellationTokenSource,
  createMessageConnection,
  ErrorCodes,
  type MessageConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import type { Log } from '../kit/log.ts';
import { describeProblem } from './describeProblem.ts';
import type { ControlMethod, ControlNotifications, ControlRequests, ControlVersion } from './messages.ts';

export const controlVersion: ControlVersion = 1;

/** One function a method of the channel. What it throws becomes an error whose data is a Problem. */
export type ControlHandlers = {
  readonly [M in ControlMethod]: (
    params: ControlRequests[M]['params'],
    token: CancellationToken,
  ) => Promise<ControlRequests[M]['result']> | ControlRequests[M]['result'];
};

/** Another proxy of the same user listens on the socket: attach to that one. */
export class SocketInUse extends Error {}

/** Sends a notification. */
export type Tell = <Name extends keyof ControlNotifications>(
  name: Name,
  params: ControlNotifications[Name],
) => void;

export interface ControlServerOptions {
  /** Path of a Unix socket in a folder that only its owner enters, or the name of a Windows pipe. */
  readonly socket: string;
  readonly handlers: ControlHandlers;
  readonly log: Log;
  /** Told with every window that comes or goes. */
  readonly onWindows: (count: number) => void;
  /** What a window is told as soon as it has said hello. */
  readonly onWelcome: (tell: Tell) => void;
}

export class ControlServer {
  readonly #options: ControlServerOptions;
  readonly #server: Server;
  readonly #windows = new Set<MessageConnection>();
  readonly #sockets = new Set<Socket>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** @throws SocketInUse, or Error in words where the folder is not ours alone */
  async listen(): Promise<void> {
    const { socket } = this.#options;
    if (!isPipe(socket)) {
      prepareFolder(dirname(socket));
      if (await isAnswering(socket)) throw new SocketInUse(`another proxy listens on ${socket}`);
      rmSync(socket, { force: true }); // left behind by a crash
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'EADDRINUSE' ? new SocketInUse(error.message) : error),
      );
      this.#server.listen(socket, resolve);
    });
    if (!isPipe(socket)) chmodSync(socket, 0o600);
  }

  get windowCount(): number {
    return this.#windows.size;
  }

  /** To all windows that have said hello. */
  notify<Name extends keyof ControlNotifications>(name: Name, params: ControlNotifications[Name]): void {
    for (const window of this.#windows) {
      window.sendNotification(name, params).catch(() => undefined); // it is closing, and is told so by its end
    }
  }

  /** Takes no more windows and closes those that are open. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.end();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, 1_000);
    await closed;
    clearTimeout(timer);
  }

  #welcome(socket: Socket): void {
    const { handlers, log, onWindows, onWelcome } = this.#options;
    this.#sockets.add(socket);
    let unread = 0;
    socket.on('data', (chunk) => {
      unread += chunk.length;
      if (unread > (this.#windows.has(window) ? maxMessageBytes : maxGreetingBytes)) socket.destroy();
    });
    const window = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket), {
      error: (message) => log.debug(message),
      warn: (message) => log.debug(message),
      info: () => undefined,
      log: () => undefined,
    });
    const underWay = new Set<CancellationTokenSource>();
    for (const method of Object.keys(handlers) as ControlMethod[]) {
      window.onRequest(method, async (params: unknown, token: CancellationToken) => {
        unread = 0;
        const request = new CancellationTokenSource();
        underWay.add(request);
        token.onCancellationRequested(() => request.cancel());
        try {
          const isKnown = this.#windows.has(window) || mayComeFirst.has(method);
          if (!isKnown)
            throw new Error('the channel begins with hello, of the version that this proxy speaks');
          const handle = handlers[method] as (params: unknown, token: CancellationToken) => unknown;
          const answer = await handle(params ?? {}, request.token);
          // A window of another version hears the state and may end this proxy; it does not keep it alive.
          const isWelcome = (params as { version?: unknown } | undefined)?.version === controlVersion;
          if (method === 'hello' && isWelcome && !this.#windows.has(window)) {
            this.#windows.add(window);
            onWindows(this.#windows.size);
            setImmediate(() =>
              onWelcome((name, told) => void window.sendNotification(name, told).catch(() => undefined)),
            );
          }
          return answer;
        } catch (error) {
          const problem = describeProblem(error);
          return new ResponseError(ErrorCodes.InternalError, problem.message, problem);
        } finally {
          underWay.delete(request);
        }
      });
    }
    window.onError(([error]) => log.debug(`a window's channel failed: ${error.message}`));
    socket.on('error', () => undefined); // ends in 'close'
    socket.on('close', () => {
      this.#sockets.delete(socket);
      window.dispose();
      // Nobody hears the answers any more: tokens of a sign-in would be lost.
      for (const request of underWay) request.cancel();
      if (this.#windows.delete(window)) onWindows(this.#windows.size);
    });
    window.listen();
  }
}

/** Of what a window sends between two requests: the largest texts that it may want checked, and plenty of room. */
const maxMessageBytes = 32 * 1024 * 1024;
/** Of what anybody sends before hello: that has some hundred bytes. */
const maxGreetingBytes = 64 * 1024;

const mayComeFirst: ReadonlySet<string> = new Set<ControlMethod>(['hello', 'shutDown']);

function isPipe(socket: string): boolean {
  return socket.startsWith('\\\\.\\pipe\\');
}

/** Makes the folder, or checks that it is ours and nobody else may enter. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new Error(`the folder ${folder} belongs to another user; remove it, or set XDG_RUNTIME_DIR`);
  }
  if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
