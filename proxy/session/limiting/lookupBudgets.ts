/** Different values that each identity has looked up in protected columns within the last hour, by connection. */
import { createHmac, randomBytes } from 'node:crypto';

import type { TakenLookups } from './lookups.ts';

const hourMs = 60 * 60_000;

/** Values are kept as digests under a key that ends with the process: nobody can read them here. */
const key = randomBytes(32);

export class LookupBudgets {
  /** By identity and connection: when each value was last looked up, the oldest first. */
  readonly #seen = new Map<string, Map<string, number>>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * Counts values, unless they are more than are left. What was looked up within the hour already is not counted again.
   *
   * @returns whether they were within the limit
   */
  take(who: string, { values, made }: TakenLookups, limit: number): boolean {
    if (made.some(({ count }) => count > limit)) return false;
    const seen = this.#seen.get(who) ?? new Map<string, number>();
    this.#forget(seen);
    const digests = new Set(values.map((value) => digest(`given ${value}`)));
    for (const { by, count } of made) {
      for (let i = 0; i < count; i++) digests.add(digest(`made ${i} ${by}`));
    }
    let fresh = 0;
    for (const each of digests) if (!seen.has(each)) fresh++;
    if (seen.size + fresh > limit) return false;
    const now = this.#now();
    for (const each of digests) {
      seen.delete(each);
      seen.set(each, now);
    }
    this.#seen.set(who, seen);
    return true;
  }

  #forget(seen: Map<string, number>): void {
    const since = this.#now() - hourMs;
    for (const [each, at] of seen) {
      if (at > since) return;
      seen.delete(each);
    }
  }
}

function digest(text: string): string {
  return createHmac('sha256', key).update(text).digest('base64');
}
