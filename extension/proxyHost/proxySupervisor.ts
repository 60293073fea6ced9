/** Keeps one window attached to the proxy: starts it, greets it, resumes the sign-in, and comes back when it is lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlMethod, ControlRequests, Problem, ProxyStatus } from '../../proxy/control/messages.ts';
import type { Log } from '../kit/log.ts';
import type { HostState, KeptSignIn } from '../kit/proxyControl.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';
import type { BackOff } from './backOff.ts';
import { type Cancellation, ConnectionLost, type ControlClient } from './controlClientTypes.ts';

export interface Supervised {
  /** Attaches to the running proxy, or starts one. */
  readonly attach: () => Promise<ControlClient>;
  /** Who greets, for the proxy's log. */
  readonly client: string;
  readonly log: Log;
  readonly backOff: BackOff;
  readonly helloPatience: number;
  readonly onHostState: (state: HostState) => void;
  readonly onStatus: (status: ProxyStatus | undefined) => void;
  readonly onNotification: (name: string, params: unknown) => void;
}

interface Greeted {
  readonly client: ControlClient;
  readonly status: ProxyStatus;
}

const version = 1;
/** Longer than an unused proxy lives: a proxy of another version must get the chance to end. */
const otherVersionPause = 45_000;
const endPatience = 5_000;

export class ProxySupervisor {
  readonly #to: Supervised;
  #hostState: HostState = { kind: 'idle' };
  #status: ProxyStatus | undefined;
  #client: ControlClient | undefined;
  #attempt: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #readKept: () => Promise<KeptSignIn | undefined> = async () => undefined;
  #isDisposed = false;

  constructor(to: Supervised) {
    this.#to = to;
  }

  get hostState(): HostState {
    return this.#hostState;
  }

  get status(): ProxyStatus | undefined {
    return this.#status;
  }

  resumeWith(read: () => Promise<KeptSignIn | undefined>): void {
    this.#readKept = read;
  }

  ensure(): Promise<void> {
    if (this.#isDisposed) return Promise.reject(new ProxyProblem('This window is closing.'));
    if (this.#hostState.kind === 'attached') return Promise.resolve();
    clearTimeout(this.#retry);
    this.#attempt ??= this.#attach().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async restart(): Promise<void> {
    await this.#attempt?.catch(() => undefined);
    clearTimeout(this.#retry);
    // One of another version is not ours yet, but runs.
    const client = this.#client ?? (await this.#to.attach().catch(() => undefined));
    if (client) await this.#end(client);
    await this.ensure();
  }

  request<Method extends ControlMethod>(
    method: Method,
    params: ControlRequests[Method]['params'],
    cancellation?: Cancellation,
  ): Promise<ControlRequests[Method]['result']> {
    if (this.#client !== undefined) return this.#client.request(method, params, cancellation);
    const why = this.#hostState.kind === 'waiting' ? this.#hostState.problem.message : undefined;
    return Promise.reject(
      new ProxyProblem(
        why ?? 'The Portcullis proxy does not run yet.',
        this.#hostState.kind === 'idle' ? 'Sign in first.' : 'It is tried again by itself in a moment.',
      ),
    );
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#retry);
    this.#client?.close();
  }

  async #attach(): Promise<void> {
    this.#setHostState({ kind: 'attaching' });
    try {
      const { client, status } = await this.#greetOrReplace();
      if (this.#isDisposed) return client.close();
      const since = Date.now();
      this.#client = client;
      client.onNotification((name, params) => this.#hear(name, params));
      client.closed.then(() => this.#lose(client, since));
      const kept = await this.#readKept().catch(() => undefined);
      if (this.#client !== client) throw new ProxyProblem('The proxy ended as soon as it was reached.');
      this.#setHostState({ kind: 'attached' });
      // It may have told a newer status in the meantime.
      this.#welcome(client, this.#status ?? status, kept);
    } catch (error) {
      const problem = toProblem(error);
      this.#to.log.warn(`The proxy cannot be used: ${problem.message}`);
      this.#tryAgain(problem, error instanceof OtherVersion);
      throw error;
    }
  }

  async #greetOrReplace(): Promise<Greeted> {
    const first = await this.#reach();
    if (isOfOurVersion(first.status)) return first;
    // Signed out, it serves nobody.
    if (first.status.state !== 'signedOut') {
      first.client.close();
      throw new OtherVersion();
    }
    await this.#end(first.client);
    const second = await this.#reach();
    if (isOfOurVersion(second.status)) return second;
    second.client.close();
    throw new OtherVersion();
  }

  async #reach(): Promise<Greeted> {
    for (let attempt = 1; ; attempt += 1)
      try {
        return await this.#greet(await this.#to.attach());
      } catch (error) {
        // A proxy that is just ending still takes connections, and drops them.
        if (!(error instanceof ConnectionLost) || attempt === 3) throw error;
        await sleep(100);
      }
  }

  async #greet(client: ControlClient): Promise<Greeted> {
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new TooSlow()), this.#to.helloPatience);
    });
    try {
      const hello = client.request('hello', { version, client: this.#to.client });
      hello.catch(() => undefined);
      return { client, status: await Promise.race([hello, tooSlow]) };
    } catch (error) {
      client.close();
      // Nothing but its version makes a proxy refuse to be greeted.
      throw ProxyProblem.is(error) && !isPassing(error) ? new OtherVersion() : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells the window what it is attached to, and resumes the sign-in where the proxy has none. */
  #welcome(client: ControlClient, status: ProxyStatus, kept: KeptSignIn | undefined): void {
    this.#to.log.info(`Attached to the proxy, process ${status.pid}: ${status.state}`);
    if (kept === undefined || status.state === 'running' || status.state === 'starting') {
      this.#setStatus(status);
      return;
    }
    // Nobody shall take the moment between greeting and resuming for a sign-out.
    const resuming: ProxyStatus = { ...status, state: 'starting', collector: kept.collector };
    this.#setStatus(resuming);
    client.request('resume', { collector: kept.collector, tokens: kept.tokens }).then(
      (resumed) => {
        if (this.#client === client) this.#setStatus(resumed);
      },
      (error: unknown) => {
        const problem = toProblem(error);
        this.#to.log.warn(`The sign-in could not be resumed: ${problem.message}`);
        if (this.#client === client && this.#status === resuming) this.#setStatus({ ...status, problem });
      },
    );
  }

  #hear(name: string, params: unknown): void {
    // The proxy is ours, of our version: its messages have the shapes of messages.ts.
    if (name === 'statusChanged') this.#setStatus(params as ProxyStatus);
    this.#to.onNotification(name, params);
  }

  #lose(client: ControlClient, since: number): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#setStatus(undefined);
    // While attaching, the attempt itself fails and tries again.
    if (this.#isDisposed || this.#hostState.kind !== 'attached') return;
    this.#to.log.warn('The connection to the proxy was lost');
    this.#to.backOff.wasHealthyFor(Date.now() - since);
    this.#tryAgain(
      { message: 'The Portcullis proxy has ended.', hint: 'It is started again by itself.' },
      false,
    );
  }

  #tryAgain(problem: Problem, isOtherVersion: boolean): void {
    if (this.#isDisposed) return;
    const delay = isOtherVersion ? otherVersionPause : this.#to.backOff.next();
    // Pauses that nobody could read about are part of attaching.
    this.#setHostState(
      delay < 1_000 ? { kind: 'attaching' } : { kind: 'waiting', problem, retryAt: Date.now() + delay },
    );
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.ensure().catch(() => undefined), delay);
  }

  /** Asks a proxy to end, and waits until it has. */
  async #end(client: ControlClient): Promise<void> {
    // A proxy of another version may want a greeting before anything else.
    if (client !== this.#client)
      await client.request('hello', { version, client: this.#to.client }).catch(() => undefined);
    client.request('shutDown', {}).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endPatience);
    });
    await Promise.race([client.closed, patience]);
    clearTimeout(timer);
    client.close();
    await client.closed;
  }

  #setHostState(state: HostState): void {
    this.#hostState = state;
    this.#to.onHostState(state);
  }

  #setStatus(status: ProxyStatus | undefined): void {
    if (this.#status === undefined && status === undefined) return;
    this.#status = status;
    this.#to.onStatus(status);
  }
}

class TooSlow extends ProxyProblem {
  constructor() {
    super(
      'The Portcullis proxy runs but does not answer.',
      'It is asked again by itself. If that does not help, run “Portcullis: Restart Proxy”.',
    );
  }
}

function isPassing(error: ProxyProblem): boolean {
  return error instanceof ConnectionLost || error instanceof TooSlow;
}

class OtherVersion extends ProxyProblem {
  constructor() {
    super(
      'A proxy of another version of Portcullis is running and may be in use.',
      'It is replaced once nobody uses it. To replace it now, run “Portcullis: Restart Proxy”: its sessions end.',
    );
  }
}

function isOfOurVersion(status: { readonly version: number }): boolean {
  return status.version === version;
}

function toProblem(error: unknown): Problem {
  if (ProxyProblem.is(error))
    return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  return { message: error instanceof Error ? error.message : String(error) };
}
