/** Who signs in at the collector: each token once, whichever collector sees it first; what is refused, counted by minute. */
import { createHash, randomUUID } from 'node:crypto';
import type { EventClient } from '../../audit/events.ts';
import { recordedIdentity } from '../../audit/events.ts';
import type { Caller } from '../authentication.ts';
import type { OwnEvents } from './ownEvents.ts';

const keptTokens = 20_000;
/** Anybody can have tokens refused: what is recorded of that is bounded. */
const windowMs = 60_000;
const maxSources = 100;
const maxReason = 300;

interface Refusals {
  readonly client: EventClient;
  readonly message: string;
  attempts: number;
}

export class SignIns {
  readonly #own: OwnEvents;
  /** Tokens whose sign-in is recorded, or being so: the oldest first. */
  readonly #seen = new Set<string>();
  readonly #refusals = new Map<string, Refusals>();
  readonly #windowMs: number;
  #window: NodeJS.Timeout | undefined;

  constructor(own: OwnEvents, options: { readonly windowMs?: number } = {}) {
    this.#own = own;
    this.#windowMs = options.windowMs ?? windowMs;
  }

  /** Answers once it is recorded, or could not be: then it is tried again, and nobody waits for that. */
  async accepted(token: string, caller: Caller, client: EventClient): Promise<void> {
    const key = createHash('sha256').update(token).digest('base64');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    if (this.#seen.size > keptTokens)
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest);
        break;
      }
    const { identity, expiresAt } = caller;
    await this.#own.recordOnce(
      {
        kind: 'signIn',
        status: 'ok',
        attempts: 1,
        client,
        identity: recordedIdentity(identity),
        expiresAt: expiresAt.toISOString(),
      },
      `token:${key}`,
      // No longer accepted then, with some room for clocks that differ.
      new Date(expiresAt.getTime() + 3_600_000),
    );
  }

  /** The first of its kind is recorded at once, what follows within a minute as one. Does not keep anybody waiting. */
  refused(client: EventClient, reason: string): void {
    const address = client.address.replace(/:\d+$/, '');
    const message = reason.slice(0, maxReason).toWellFormed().replaceAll('\0', '');
    const key = `${address}\n${message}`;
    const known = this.#refusals.get(key) ?? this.#refusals.get('');
    if (known !== undefined) {
      known.attempts += 1;
      return;
    }
    const isRoom = this.#refusals.size < maxSources;
    const kept = isRoom ? { ...client, address } : { address: 'several addresses' };
    const words = isRoom ? message : 'refused for several reasons';
    this.#refusals.set(isRoom ? key : '', { client: kept, message: words, attempts: 0 });
    this.#window ??= setTimeout(() => this.#closeWindow(), this.#windowMs).unref();
    void this.#record({ client: kept, message: words, attempts: 1 });
  }

  /** Records what is counted and not recorded yet. */
  async stop(): Promise<void> {
    clearTimeout(this.#window);
    await this.#closeWindow();
  }

  async #closeWindow(): Promise<void> {
    this.#window = undefined;
    const counted = [...this.#refusals.values()].filter(({ attempts }) => attempts > 0);
    this.#refusals.clear();
    await Promise.all(counted.map((refusals) => this.#record(refusals)));
  }

  #record({ client, message, attempts }: Refusals): Promise<void> {
    return this.#own.recordOnce(
      { kind: 'signIn', status: 'refused', attempts, client, reason: { message } },
      randomUUID(),
      new Date(Date.now() + 3_600_000),
    );
  }
}
