/** What an answer to a POST says about the batch (RFC 9110, section 15). */
import type { HttpAnswer } from './httpPost.ts';
import type { Delivery } from './sink.ts';

/** It says that now is not the time. 408 may be repeated as it is (RFC 9110, section 15.5.9). */
const awayStatuses: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** It is about who asks and where, and every batch would be refused alike: no single event is to blame. */
const notAboutEvents: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 410]);

const longestRetryAfterMs = 60 * 60 * 1000;

/** @param isFinal5xx whether a 5xx that does not speak of load is final, as OTLP has it */
export function deliveryOf({ status, retryAfter }: HttpAnswer, isFinal5xx: boolean): Delivery {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const reason = `it answered ${status}`;
  if (awayStatuses.has(status)) {
    const afterMs = readRetryAfter(retryAfter, Date.now());
    return { kind: 'later', reason, isAway: true, ...(afterMs !== undefined && { afterMs }) };
  }
  if (status >= 500 && !isFinal5xx) return { kind: 'later', reason, isAway: false };
  if (status >= 300 && status < 400) {
    return {
      kind: 'refused',
      reason: `${reason}: redirects are not followed, give its last address`,
      canSplit: false,
    };
  }
  return { kind: 'refused', reason, canSplit: !notAboutEvents.has(status) };
}

/** Nothing is known of the batch but that it may have arrived. */
export function deliveryOfFailure(error: unknown): Delivery {
  return { kind: 'later', reason: `it cannot be reached: ${wordsOf(error)}`, isAway: true };
}

/** An AggregateError (one per address tried) has no message of its own. */
export function wordsOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

/** Milliseconds (RFC 9110, section 10.2.3: seconds, or a date); undefined where it says nothing that is understood. */
export function readRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const millis = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(millis) ? undefined : Math.min(longestRetryAfterMs, Math.max(0, millis));
}
