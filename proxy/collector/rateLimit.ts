/** A token bucket per subject: bursts pass, a client gone wild does not take the service from the others. */

const burst = 400;
const perSecond = 100;
const keptSubjects = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

export interface RateLimit {
  /** Takes one; 0 where there was one, else after how many whole seconds there will be. */
  take(subject: string): number;
}

/** @param now milliseconds of a clock that does not go back */
export function makeRateLimit(now: () => number = () => performance.now()): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    take: (subject) => {
      const at = now();
      const before = buckets.get(subject) ?? { tokens: burst, at };
      const tokens = Math.min(burst, before.tokens + ((at - before.at) / 1000) * perSecond);
      // Taken out and put back, so that the map's first entry is the one longest unused.
      buckets.delete(subject);
      buckets.set(subject, { tokens: tokens < 1 ? tokens : tokens - 1, at });
      if (buckets.size > keptSubjects) {
        for (const oldest of buckets.keys()) {
          buckets.delete(oldest);
          break;
        }
      }
      return tokens < 1 ? Math.max(1, Math.ceil((1 - tokens) / perSecond)) : 0;
    },
  };
}
