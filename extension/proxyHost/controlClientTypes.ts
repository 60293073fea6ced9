/** A connection to the proxy as the supervisor sees it: without JSON-RPC, which is loaded when it is needed. */
import type { ControlMethod, ControlRequests } from '../../proxy/control/messages.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';

/** The editor's CancellationToken has this shape. */
export interface Cancellation {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: () => void) => { dispose(): void };
}

export interface ControlClient {
  /** Rejects with a ProxyProblem. */
  request<Method extends ControlMethod>(
    method: Method,
    params: ControlRequests[Method]['params'],
    cancellation?: Cancellation,
  ): Promise<ControlRequests[Method]['result']>;
  onNotification(listener: (name: string, params: unknown) => void): void;
  /** Resolves once the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

export class ConnectionLost extends ProxyProblem {
  constructor() {
    super(
      'The connection to the Portcullis proxy was lost before it answered.',
      'It is restored by itself; try again in a moment.',
    );
  }
}
