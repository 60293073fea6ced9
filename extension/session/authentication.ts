/** Signing in by the editor's Accounts menu: through the browser at the collector's identity provider. */
import {
  type AuthenticationProvider,
  type AuthenticationProviderAuthenticationSessionsChangeEvent,
  type AuthenticationSession,
  authentication,
  type CancellationToken,
  CancellationTokenSource,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  env,
  ProgressLocation,
  type Uri,
  window,
} from 'vscode';
import type { CollectorChoice } from '../kit/collectorChoice.ts';
import type { Log } from '../kit/log.ts';
import type { KeptSignIn, ProxyControl } from '../kit/proxyControl.ts';
import { describeProblem, ProxyProblem } from '../kit/proxyLink.ts';
import type { SignInStore } from './keptSignIn.ts';

export const providerId = 'portcullis';
const signInPatience = 10 * 60_000;

export class PortcullisAuthentication implements AuthenticationProvider, Disposable {
  readonly #changed = new EventEmitter<AuthenticationProviderAuthenticationSessionsChangeEvent>();
  readonly #collectors: CollectorChoice;
  readonly #proxy: ProxyControl;
  readonly #store: SignInStore;
  readonly #log: Log;
  readonly onDidChangeSessions = this.#changed.event;
  #known: KeptSignIn | undefined;
  #signInUrl: string | undefined;

  constructor(proxy: ProxyControl, collectors: CollectorChoice, store: SignInStore, log: Log) {
    this.#proxy = proxy;
    this.#collectors = collectors;
    this.#store = store;
    this.#log = log;
  }

  async getSessions(): Promise<AuthenticationSession[]> {
    const kept = await this.#store.read();
    this.#known = kept;
    return kept ? [sessionOf(kept)] : [];
  }

  async createSession(): Promise<AuthenticationSession> {
    try {
      const chosen = await this.#collectors.choose();
      if (chosen === undefined) throw new ProxyProblem('The sign-in was cancelled.');
      const before = await this.#store.read();
      const kept = await this.#signInByBrowser(chosen.url).catch(async (error: unknown) => {
        if (before !== undefined) await this.#comeBackTo(before);
        throw error;
      });
      await this.#collectors.keep(chosen);
      await this.#store.keep(kept);
      this.#tell(kept);
      return sessionOf(kept);
    } catch (error) {
      this.#log.warn(`Sign-in: ${describeProblem(error)}`);
      // The editor passes on the message alone.
      throw new Error(describeProblem(error));
    }
  }

  async removeSession(): Promise<void> {
    this.#known ??= await this.#store.read();
    await this.#store.forget();
    this.#tell(undefined);
    if (this.#proxy.status === undefined) return;
    try {
      await this.#proxy.request('signOut', {});
    } catch (error) {
      this.#log.warn(`Sign-out: ${describeProblem(error)}`);
      throw new Error(
        `You are signed out in the editor, but the proxy was not told. ${describeProblem(error)}`,
      );
    }
  }

  /** Follows what another window has kept or forgotten. */
  async follow(): Promise<void> {
    const kept = await this.#store.read();
    if (
      kept?.identity.subject !== this.#known?.identity.subject ||
      kept?.collector !== this.#known?.collector
    )
      this.#tell(kept);
    if (kept !== undefined) await this.#proxy.ensure();
  }

  async copySignInLink(): Promise<void> {
    if (this.#signInUrl !== undefined) await env.clipboard.writeText(this.#signInUrl);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  async #signInByBrowser(collector: string): Promise<KeptSignIn> {
    return window.withProgress(
      // While there is no address yet, there is nothing to copy.
      { location: ProgressLocation.Notification, cancellable: true, title: 'Portcullis' },
      async (progress, cancelled) => {
        const source = new CancellationTokenSource();
        const timer = setTimeout(() => source.cancel(), signInPatience);
        cancelled.onCancellationRequested(() => source.cancel());
        try {
          progress.report({ message: 'Preparing the sign-in…' });
          await unlessCancelled(this.#proxy.ensure(), source.token);
          const { id, url } = await this.#proxy.request('beginSignIn', { collector }, source.token);
          this.#signInUrl = url;
          progress.report({
            message:
              'Waiting for the browser… [Copy link](command:portcullis.copySignInLink "Copy the address to open")',
          });
          // Where the editor cannot open a browser, the link can still be copied.
          // As text, for a Uri takes the encoding of nested addresses apart; the API takes text, its types do not say so.
          void env.openExternal(url as unknown as Uri);
          const { tokens, identity } = await this.#proxy.request('finishSignIn', { id }, source.token);
          return { collector, tokens, identity };
        } catch (error) {
          if (cancelled.isCancellationRequested) throw new ProxyProblem('The sign-in was cancelled.');
          if (source.token.isCancellationRequested)
            throw new ProxyProblem('Nobody came back from the browser for ten minutes.', 'Sign in again.');
          throw error;
        } finally {
          this.#signInUrl = undefined;
          clearTimeout(timer);
          source.dispose();
        }
      },
    );
  }

  /** A sign-in elsewhere that failed at its very end has taken the proxy away from the one that still holds. */
  async #comeBackTo({ collector, tokens }: KeptSignIn): Promise<void> {
    const { status } = this.#proxy;
    if (status === undefined || (status.state === 'running' && status.collector === collector)) return;
    await this.#proxy
      .request('resume', { collector, tokens })
      .catch((error: unknown) => this.#log.warn(`Coming back to ${collector}: ${describeProblem(error)}`));
  }

  #tell(kept: KeptSignIn | undefined): void {
    const before = this.#known;
    this.#known = kept;
    const isSame = kept !== undefined && before?.identity.subject === kept.identity.subject;
    this.#changed.fire({
      added: kept && !isSame ? [sessionOf(kept)] : [],
      removed: before && !isSame ? [sessionOf(before)] : [],
      changed: kept && isSame ? [sessionOf(kept)] : [],
    });
  }
}

function sessionOf({ identity }: KeptSignIn): AuthenticationSession {
  return {
    id: identity.subject,
    // Other extensions may be given this session: what the tokens open is between the proxy and the collector.
    accessToken: '',
    account: { id: identity.subject, label: identity.email },
    scopes: [],
  };
}

function unlessCancelled<Result>(act: Promise<Result>, token: CancellationToken): Promise<Result> {
  return Promise.race([
    act,
    new Promise<never>((_resolve, reject) =>
      token.onCancellationRequested(() => reject(new ProxyProblem('Cancelled.'))),
    ),
  ]);
}

export function registerAuthentication(
  context: ExtensionContext,
  proxy: ProxyControl,
  collectors: CollectorChoice,
  store: SignInStore,
  log: Log,
): PortcullisAuthentication {
  const provider = new PortcullisAuthentication(proxy, collectors, store, log);
  context.subscriptions.push(
    provider,
    authentication.registerAuthenticationProvider(providerId, 'Portcullis', provider, {
      supportsMultipleAccounts: false,
    }),
    store.onChange(() => {
      provider.follow().catch((error: unknown) => log.warn(describeProblem(error)));
    }),
    proxy.onNotification('tokensChanged', async ({ collector, tokens }) => {
      const kept = await store.read();
      if (kept?.collector === collector) await store.keep({ ...kept, tokens });
    }),
  );
  return provider;
}
