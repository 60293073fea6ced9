/** What sign-in, status and onboarding know of the proxy beyond requests: whether it is there, and how to start it. */
import type { Event } from 'vscode';
import type { Problem, SignedInIdentity, Tokens } from '../../proxy/control/messages.ts';
import { inSentences, type ProxyLink } from './proxyLink.ts';

/** The window's way to the proxy process. */
export type HostState =
  /** Nothing in this window has needed the proxy yet. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'attaching' }
  | { readonly kind: 'attached' }
  /** It is tried again by itself at `retryAt` (milliseconds since 1970). */
  | { readonly kind: 'waiting'; readonly problem: Problem; readonly retryAt: number };

/** A sign-in that outlives the window: in SecretStorage, nowhere else. */
export interface KeptSignIn {
  readonly collector: string;
  readonly tokens: Tokens;
  readonly identity: SignedInIdentity;
}

export interface ProxyControl extends ProxyLink {
  readonly hostState: HostState;
  readonly onHostState: Event<HostState>;
  /** Attaches to the proxy, starting it where none runs. From then on it is attached to again whenever it is lost. */
  ensure(): Promise<void>;
  /** Ends the running proxy, whoever uses it, and starts one anew. */
  restart(): Promise<void>;
  /** Where each attaching finds the sign-in to resume. */
  resumeWith(read: () => Promise<KeptSignIn | undefined>): void;
}

/** Everything at one glance: also the value of the context key `portcullis.state`. */
export type OverallState = 'signedOut' | 'starting' | 'running' | 'expired' | 'failed';

export function overallState({
  hostState,
  status,
}: Pick<ProxyControl, 'hostState' | 'status'>): OverallState {
  if (hostState.kind === 'idle') return 'signedOut';
  if (hostState.kind === 'waiting') return 'failed';
  if (hostState.kind === 'attaching' || status === undefined) return 'starting';
  return status.state === 'signedOut' && status.problem !== undefined ? 'failed' : status.state;
}

/** Why nothing can be run, in words, and what helps: signing in, or waiting for what is tried by itself. */
export interface Absence {
  readonly why: string;
  readonly help: 'signIn' | 'wait';
}

/** Undefined while statements can be run, as far as the proxy itself is concerned. */
export function absenceOf(proxy: Pick<ProxyControl, 'hostState' | 'status'>): Absence | undefined {
  const { hostState, status } = proxy;
  const problem = hostState.kind === 'waiting' ? hostState.problem : status?.problem;
  const words = problem && inSentences(problem.message, problem.hint);
  switch (overallState(proxy)) {
    case 'running':
      return undefined;
    case 'signedOut':
      return { why: 'Nobody is signed in to Portcullis.', help: 'signIn' };
    case 'expired':
      return { why: 'Your sign-in has ended.', help: 'signIn' };
    case 'starting':
      return { why: words ?? 'The Portcullis proxy is starting.', help: 'wait' };
    case 'failed':
      return {
        why: words ?? 'The Portcullis proxy does not run.',
        help: hostState.kind === 'waiting' ? 'wait' : 'signIn',
      };
  }
}
