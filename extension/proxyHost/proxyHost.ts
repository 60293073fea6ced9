/** The window's link to the proxy process, for every feature: status, requests, notifications. */
import { homedir, tmpdir, userInfo } from 'node:os';
import { type CancellationToken, Disposable, EventEmitter, type ExtensionContext, version } from 'vscode';
import type {
  ControlMethod,
  ControlNotifications,
  ControlRequests,
  ProxyStatus,
} from '../../proxy/control/messages.ts';
import type { Log } from '../kit/log.ts';
import type { HostState, KeptSignIn, ProxyControl } from '../kit/proxyControl.ts';
import { BackOff } from './backOff.ts';
import type { ControlClient } from './controlClientTypes.ts';
import { type Machine, preparePaths, proxyPaths } from './paths.ts';
import { ProxySupervisor } from './proxySupervisor.ts';

const startPatience = 20_000;
const helloPatience = 10_000;

export class ProxyHost implements ProxyControl, Disposable {
  readonly #hostState = new EventEmitter<HostState>();
  readonly #status = new EventEmitter<ProxyStatus | undefined>();
  readonly #notification = new EventEmitter<{ readonly name: string; readonly params: unknown }>();
  readonly #supervisor: ProxySupervisor;
  readonly onHostState = this.#hostState.event;
  readonly onStatus = this.#status.event;

  /** @param script path of dist/proxy.cjs. */
  constructor(script: string, log: Log) {
    this.#supervisor = new ProxySupervisor({
      attach: () => attach(script, log),
      client: `vscode ${version}`,
      log,
      backOff: new BackOff(),
      helloPatience,
      onHostState: (state) => this.#hostState.fire(state),
      onStatus: (status) => this.#status.fire(status),
      onNotification: (name, params) => this.#notification.fire({ name, params }),
    });
  }

  get hostState(): HostState {
    return this.#supervisor.hostState;
  }

  get status(): ProxyStatus | undefined {
    return this.#supervisor.status;
  }

  ensure(): Promise<void> {
    return this.#supervisor.ensure();
  }

  restart(): Promise<void> {
    return this.#supervisor.restart();
  }

  resumeWith(read: () => Promise<KeptSignIn | undefined>): void {
    this.#supervisor.resumeWith(read);
  }

  request<Method extends ControlMethod>(
    method: Method,
    params: ControlRequests[Method]['params'],
    token?: CancellationToken,
  ): Promise<ControlRequests[Method]['result']> {
    return this.#supervisor.request(method, params, token);
  }

  onNotification<Name extends keyof ControlNotifications>(
    name: Name,
    listener: (params: ControlNotifications[Name]) => void,
  ): Disposable {
    return this.#notification.event((heard) => {
      if (heard.name === name) listener(heard.params as ControlNotifications[Name]);
    });
  }

  dispose(): void {
    this.#supervisor.dispose();
    Disposable.from(this.#hostState, this.#status, this.#notification).dispose();
  }
}

/** Loads what it needs when it is needed: activation pays for none of it. */
async function attach(script: string, log: Log): Promise<ControlClient> {
  const machine: Machine = {
    platform: process.platform,
    env: process.env,
    home: homedir(),
    temporary: tmpdir(),
    user: userInfo().username,
    uid: process.getuid?.(),
  };
  const paths = proxyPaths(machine);
  preparePaths(paths, machine);
  const { attachOrStart } = await import('./proxyProcess.ts');
  return attachOrStart({ script, paths, log, patience: startPatience });
}

export function registerProxyHost(context: ExtensionContext, log: Log): ProxyHost {
  const host = new ProxyHost(context.asAbsolutePath('dist/proxy.cjs'), log);
  context.subscriptions.push(host);
  return host;
}
