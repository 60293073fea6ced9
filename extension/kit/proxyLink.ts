/** What the features of the extension know of the proxy: its state, requests to it, and what it tells by itself. */
import type { CancellationToken, Disposable, Event } from 'vscode';
import type {
  ControlMethod,
  ControlNotifications,
  ControlRequests,
  LocalAccess,
  ProxyStatus,
} from '../../proxy/control/messages.ts';

export interface ProxyLink {
  /** As the proxy last told it; undefined while there is no proxy. */
  readonly status: ProxyStatus | undefined;
  /** Fires with every change of the above, undefined included. */
  readonly onStatus: Event<ProxyStatus | undefined>;
  /**
   * Asks the proxy. Rejects with a {@link ProxyProblem} where it refuses, or where there is none to ask.
   * @param token cancels the request at the proxy too.
   */
  request<Method extends ControlMethod>(
    method: Method,
    params: ControlRequests[Method]['params'],
    token?: CancellationToken,
  ): Promise<ControlRequests[Method]['result']>;
  onNotification<Name extends keyof ControlNotifications>(
    name: Name,
    listener: (params: ControlNotifications[Name]) => void,
  ): Disposable;
}

/** What the proxy refuses, in words for a person. */
export class ProxyProblem extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'ProxyProblem';
    this.hint = hint;
  }

  static is(error: unknown): error is ProxyProblem {
    return error instanceof ProxyProblem;
  }
}

/** Message and hint of anything that was thrown, for showing. */
export function describeProblem(error: unknown): string {
  if (ProxyProblem.is(error)) return inSentences(error.message, error.hint);
  return inSentences(error instanceof Error ? error.message : String(error));
}

/** Errors of the proxy begin small and end without a full stop, as PostgreSQL's do: here they stand among sentences. */
export function inSentences(...parts: readonly (string | undefined)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== '')
    .map((part = '') => part.replace(/^[a-z](?=[a-z']* )/, (first) => first.toUpperCase()))
    .map((part) => (/[.!?…:"”]$/.test(part) ? part : `${part}.`))
    .join(' ');
}

/** Where to connect; undefined while the proxy does not run. */
export function accessOf(link: ProxyLink): LocalAccess | undefined {
  return link.status?.state === 'running' ? link.status.access : undefined;
}
