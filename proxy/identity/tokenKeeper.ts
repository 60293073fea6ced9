/** Holds one person's tokens while the proxy runs: verifies them, renews them in time, says when that is over. */
import * as oidc from 'openid-client';
import type { Tokens } from '../control/messages.ts';
import type { Log } from '../kit/log.ts';
import type { Identity } from './identity.ts';
import { openProvider, toTokens } from './providerClient.ts';
import { type CollectorDiscovery, fetchCollectorDiscovery } from './providerMetadata.ts';
import { makeTokenVerifier, TokenRefused, type TokenVerifier, type VerifiedToken } from './tokenVerifier.ts';

export interface TokenKeeperOptions {
  readonly collector: string;
  readonly tokens: Tokens;
  readonly log: Log;
}

/** Renewed when this share of its life is over. */
const renewAt = 0.8;
const retryMs = { first: 2_000, longest: 60_000 };
/** Longest delay that a timer takes. */
const maxTimerMs = 2 ** 31 - 1;

export class TokenKeeper {
  readonly issuer: string;
  readonly #discovery: CollectorDiscovery;
  readonly #verifier: TokenVerifier;
  readonly #log: Log;
  #tokens: Tokens;
  #verified: VerifiedToken;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = retryMs.first;
  /** The provider has refused to renew: only a new sign-in helps. */
  #isOver = false;
  #isDisposed = false;
  readonly #tokenListeners = new Set<(tokens: Tokens) => void>();
  readonly #expiryListeners = new Set<() => void>();

  private constructor(
    options: TokenKeeperOptions,
    discovery: CollectorDiscovery,
    verifier: TokenVerifier,
    verified: VerifiedToken,
  ) {
    this.issuer = discovery.issuer;
    this.#discovery = discovery;
    this.#verifier = verifier;
    this.#log = options.log;
    this.#tokens = options.tokens;
    this.#verified = verified;
    this.#schedule();
  }

  /** An access token that has expired is renewed first. @throws TokenRefused, or Error in words */
  static async open(options: TokenKeeperOptions): Promise<TokenKeeper> {
    const discovery = await fetchCollectorDiscovery(options.collector);
    const verifier = makeTokenVerifier(discovery);
    try {
      const verified = await verifier.verify(options.tokens.accessToken);
      return new TokenKeeper(options, discovery, verifier, verified);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      const tokens = await renew(discovery, options.tokens);
      const keeper = new TokenKeeper(
        { ...options, tokens },
        discovery,
        verifier,
        await verifier.verify(tokens.accessToken),
      );
      // Whoever opens it listens by then.
      setImmediate(() => keeper.#tellTokens());
      return keeper;
    }
  }

  get identity(): Identity {
    return this.#verified.identity;
  }

  get isExpired(): boolean {
    return this.#verified.expiresAt.getTime() <= Date.now();
  }

  /** An access token that is still good. @throws TokenRefused in words where there is none */
  token(): string {
    if (this.isExpired)
      throw new TokenRefused(`the sign-in of ${this.identity.email} has expired; sign in again`);
    return this.#tokens.accessToken;
  }

  /** Takes the tokens of a newer sign-in of the same person; false where they are somebody else's. */
  async adopt(tokens: Tokens): Promise<boolean> {
    if (tokens.accessToken === this.#tokens.accessToken) return !this.isExpired;
    const verified = await this.#verifier.verify(tokens.accessToken).catch(() => undefined);
    if (verified === undefined) return false;
    const isSame =
      verified.identity.subject === this.identity.subject &&
      verified.identity.email === this.identity.email &&
      JSON.stringify(verified.identity.groups) === JSON.stringify(this.identity.groups);
    if (!isSame) return false;
    if (verified.expiresAt >= this.#verified.expiresAt) this.#use(tokens, verified);
    return !this.isExpired;
  }

  onTokens(listener: (tokens: Tokens) => void): void {
    this.#tokenListeners.add(listener);
  }

  /** The access token is no longer good, and no other could be had. */
  onExpired(listener: () => void): void {
    this.#expiryListeners.add(listener);
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  #use(tokens: Tokens, verified: VerifiedToken): void {
    this.#tokens = tokens;
    this.#verified = verified;
    this.#isOver = false;
    this.#retryMs = retryMs.first;
    this.#schedule();
  }

  #schedule(): void {
    const left = this.#verified.expiresAt.getTime() - Date.now();
    this.#wakeIn(this.#tokens.refreshToken === undefined ? left : left * renewAt);
  }

  #wakeIn(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    this.#timer = setTimeout(() => void this.#onTime(), Math.min(Math.max(delayMs, 0), maxTimerMs));
    this.#timer.unref();
  }

  async #onTime(): Promise<void> {
    if (this.#tokens.refreshToken !== undefined && !this.#isOver) await this.#renew();
    if (this.#isDisposed) return;
    if (!this.isExpired) {
      if (this.#isOver) this.#wakeIn(this.#verified.expiresAt.getTime() - Date.now() + 1);
      return;
    }
    for (const listener of this.#expiryListeners) listener();
  }

  async #renew(): Promise<void> {
    const before = this.#tokens;
    try {
      const tokens = await renew(this.#discovery, before);
      const verified = await this.#verifier.verify(tokens.accessToken);
      if (this.#isDisposed || this.#tokens !== before) return;
      if (verified.identity.subject !== this.identity.subject)
        throw new TokenRefused('the provider renewed another person’s sign-in');
      this.#use(tokens, verified);
      this.#tellTokens();
    } catch (error) {
      this.#log.warn('the sign-in could not be renewed', error);
      if (error instanceof TokenRefused) this.#isOver = true;
      else {
        this.#wakeIn(this.#retryMs * (0.5 + Math.random() / 2));
        this.#retryMs = Math.min(this.#retryMs * 2, retryMs.longest);
      }
    }
  }

  #tellTokens(): void {
    for (const listener of this.#tokenListeners) listener(this.#tokens);
  }
}

/** @throws TokenRefused where the provider says no, Error where it cannot be asked */
async function renew(discovery: CollectorDiscovery, { refreshToken }: Tokens): Promise<Tokens> {
  if (refreshToken === undefined) throw new TokenRefused('the sign-in has expired; sign in again');
  const provider = await openProvider(discovery);
  try {
    const grant = await oidc.refreshTokenGrant(provider, refreshToken, { resource: discovery.audience });
    // A provider that does not rotate gives none: the old one goes on.
    return { refreshToken, ...toTokens(grant) };
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError)
      throw new TokenRefused('the sign-in has ended; sign in again', error);
    throw error;
  }
}
