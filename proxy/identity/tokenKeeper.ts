/** Holds one person's tokens while the proxy runs: verifies them, renews them in time, says when that is over. */
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';
import type { Tokens } from '../control/messages.ts';
import type { Log } from '../kit/log.ts';
import type { Identity } from './identity.ts';
import { openProvider, toTokens } from './providerClient.ts';
import { type CollectorDiscovery, fetchCollectorDiscovery } from './providerMetadata.ts';
import {
  makeTokenVerifier,
  ProviderUnreachable,
  TokenRefused,
  type TokenVerifier,
  type VerifiedToken,
} from './tokenVerifier.ts';

export interface TokenKeeperOptions {
  readonly collector: string;
  readonly tokens: Tokens;
  readonly log: Log;
}

/** Renewed when this share of its life is over. */
const renewAt = 0.8;
const retryMs = { first: 2_000, longest: 60_000 };
/** Timers stand still while the machine sleeps: the clock on the wall is asked at least this often. */
const longestNapMs = 15_000;
/** How many of its own earlier access tokens a keeper knows again. */
const maxEarlierTokens = 50;
/** Error codes of a provider that can do nothing now (RFC 6749, sections 4.1.2.1 and 5.2; RFC 8628, section 3.5). */
const passingErrors = ['temporarily_unavailable', 'server_error', 'slow_down'];

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
  /** Given by the provider, not yet verified: the refresh token before it is used up. */
  #unverified: Tokens | undefined;
  #isExpiryTold = false;
  readonly #earlier = new Set<string>();
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

  /**
   * Takes the tokens of a newer sign-in of the same person; false where they are somebody else's.
   * @throws ProviderUnreachable where that cannot be told now
   */
  async adopt(tokens: Tokens): Promise<boolean> {
    if (tokens.accessToken === this.#tokens.accessToken) return !this.isExpired;
    if (this.#earlier.has(tokens.accessToken)) {
      // Whoever brings them missed the renewal; their refresh token is used up, and must not be tried.
      setImmediate(() => this.#tellTokens());
      return !this.isExpired;
    }
    const verified = await this.#verifier.verify(tokens.accessToken).catch((error: unknown) => {
      if (error instanceof TokenRefused) return undefined;
      throw error;
    });
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
    this.#earlier.add(this.#tokens.accessToken);
    const [oldest] = this.#earlier;
    if (this.#earlier.size > maxEarlierTokens && oldest !== undefined) this.#earlier.delete(oldest);
    this.#tokens = tokens;
    this.#verified = verified;
    this.#unverified = undefined;
    this.#isOver = false;
    this.#isExpiryTold = false;
    this.#retryMs = retryMs.first;
    this.#schedule();
  }

  #schedule(): void {
    const now = Date.now();
    const left = this.#verified.expiresAt.getTime() - now;
    this.#wakeAt(now + (this.#tokens.refreshToken === undefined ? left : left * renewAt));
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    const wake = () => {
      if (Date.now() < time) this.#wakeAt(time);
      else void this.#onTime();
    };
    this.#timer = setTimeout(wake, Math.min(Math.max(time - Date.now(), 0), longestNapMs));
    this.#timer.unref();
  }

  async #onTime(): Promise<void> {
    const canRenew = this.#tokens.refreshToken !== undefined && !this.#isOver;
    if (canRenew) await this.#renew();
    if (this.#isDisposed) return;
    if (this.isExpired) this.#tellExpired();
    else if (this.#isOver || !canRenew) this.#wakeAt(this.#verified.expiresAt.getTime());
  }

  /** Leaves the timer set, unless only a new sign-in helps. */
  async #renew(): Promise<void> {
    const before = this.#tokens;
    try {
      const tokens = this.#unverified ?? (await renew(this.#discovery, before));
      if (this.#isDisposed || this.#tokens !== before) return;
      this.#unverified = tokens;
      const verified = await this.#verifier.verify(tokens.accessToken);
      if (this.#isDisposed || this.#tokens !== before) return;
      if (verified.identity.subject !== this.identity.subject)
        throw new TokenRefused('the provider renewed another person’s sign-in');
      this.#use(tokens, verified);
      this.#tellTokens();
    } catch (error) {
      if (this.#isDisposed || this.#tokens !== before) return;
      this.#log.warn('the sign-in could not be renewed', error);
      if (error instanceof TokenRefused) this.#isOver = true;
      else this.#retryLater();
    }
  }

  #retryLater(): void {
    const retryAt = Date.now() + this.#retryMs * (0.5 + Math.random() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.longest);
    // The end of the old token is told when it comes, not at the try after it.
    this.#wakeAt(this.isExpired ? retryAt : Math.min(retryAt, this.#verified.expiresAt.getTime()));
  }

  #tellTokens(): void {
    if (this.#isDisposed) return;
    for (const listener of this.#tokenListeners) listener(this.#tokens);
  }

  /** Once for each token: tries that come after it have nothing new to say. */
  #tellExpired(): void {
    if (this.#isExpiryTold) return;
    this.#isExpiryTold = true;
    for (const listener of this.#expiryListeners) listener();
  }
}

/** @throws TokenRefused where the provider says no, ProviderUnreachable where it cannot be asked */
async function renew(discovery: CollectorDiscovery, tokens: Tokens): Promise<Tokens> {
  const { refreshToken } = tokens;
  if (refreshToken === undefined) throw new TokenRefused('the sign-in has expired; sign in again');
  // A refresh token goes to whom it came from, whatever the collector says today.
  if (readIssuer(tokens.accessToken) !== discovery.issuer) {
    throw new TokenRefused(
      'the collector names another identity provider than the one of this sign-in; sign in again',
    );
  }
  try {
    const provider = await openProvider(discovery);
    const grant = await oidc.refreshTokenGrant(provider, refreshToken, { resource: discovery.audience });
    // A provider that does not rotate gives none: the old one goes on.
    return { refreshToken, ...toTokens(grant) };
  } catch (error) {
    if (isRefusal(error)) throw new TokenRefused('the sign-in has ended; sign in again', error);
    throw new ProviderUnreachable(discovery.issuer, error);
  }
}

function readIssuer(accessToken: string): string | undefined {
  try {
    return decodeJwt(accessToken).iss;
  } catch {
    return undefined;
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof oidc.WWWAuthenticateChallengeError) return true;
  if (!(error instanceof oidc.ResponseBodyError)) return false;
  return error.status < 500 && error.status !== 429 && !passingErrors.includes(error.error);
}
