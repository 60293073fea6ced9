/** One connection to the proxy's control channel: typed requests, its notifications, and its end. */
import { connect, type Socket } from 'node:net';
import { createMessageConnection, ErrorCodes, ResponseError } from 'vscode-jsonrpc';
import { SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import type { ControlMethod, ControlRequests } from '../../proxy/control/messages.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';
import { type Cancellation, ConnectionLost, type ControlClient } from './controlClientTypes.ts';

/** What vscode-jsonrpc answers itself, because nobody else will. */
const localFailures: readonly number[] = [
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
  ErrorCodes.MessageReadError,
  ErrorCodes.MessageWriteError,
];

/** Undefined where nothing listens there. */
export async function connectControl(path: string): Promise<ControlClient | undefined> {
  const socket = await open(path);
  return socket && new SocketControlClient(socket);
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // No socket, or one that a killed proxy has left behind.
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else
        reject(
          new ProxyProblem(
            `The proxy at ${path} cannot be reached: ${error.message}.`,
            'Check who owns that file, and remove it if it is not in use.',
          ),
        );
    });
  });
}

class SocketControlClient implements ControlClient {
  readonly #connection: ReturnType<typeof createMessageConnection>;
  readonly #socket: Socket;
  readonly closed: Promise<void>;
  #isClosed = false;
  #listener: (name: string, params: unknown) => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        // Disposing is what makes requests under way reject.
        this.#connection.dispose();
        resolve();
      });
    });
    socket.on('error', () => socket.destroy());
    // What is not JSON-RPC is not our proxy: nothing after it can be trusted.
    this.#connection.onError(() => socket.destroy());
    this.#connection.onNotification((name, params) => this.#listener(name, params));
    this.#connection.listen();
  }

  onNotification(listener: (name: string, params: unknown) => void): void {
    this.#listener = listener;
  }

  async request<Method extends ControlMethod>(
    method: Method,
    params: ControlRequests[Method]['params'],
    cancellation?: Cancellation,
  ): Promise<ControlRequests[Method]['result']> {
    if (this.#isClosed) throw new ConnectionLost();
    if (cancellation?.isCancellationRequested) throw cancelled();
    const answer = this.#connection.sendRequest<ControlRequests[Method]['result']>(
      method,
      params,
      ...(cancellation ? [cancellation] : []),
    );
    try {
      return await (cancellation ? Promise.race([answer, whenCancelled(cancellation)]) : answer);
    } catch (error) {
      // The race may have left the answer behind.
      answer.catch(() => undefined);
      throw inWords(error);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A proxy that does not heed cancelling must not keep a person waiting. */
function whenCancelled(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancellationRequested(() => reject(cancelled())));
}

function inWords(error: unknown): ProxyProblem {
  if (ProxyProblem.is(error)) return error;
  if (!(error instanceof ResponseError) || localFailures.includes(error.code)) return new ConnectionLost();
  const data: unknown = error.data;
  if (typeof data !== 'object' || data === null || !('message' in data) || typeof data.message !== 'string')
    return new ProxyProblem(error.message);
  return new ProxyProblem(
    data.message,
    'hint' in data && typeof data.hint === 'string' ? data.hint : undefined,
  );
}

function cancelled(): ProxyProblem {
  return new ProxyProblem('Cancelled.');
}
