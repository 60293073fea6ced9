/** Which numbers of which proxies a bundle holds, told as its events pass by. */
import type { JournalEvent } from '../events.ts';
import { seqAfter } from '../journal/readJournal.ts';

/** So many ranges are listed in one manifest: a filter leaves gaps between most numbers. */
export const maxRanges = 2_000;

export interface Numbers {
  readonly proxy: string;
  readonly events: number;
  /** From and through, in order. */
  readonly ranges: readonly (readonly [number, number])[];
  /** How many more ranges there are than are listed. */
  readonly further?: number;
}

interface Own {
  events: number;
  readonly ranges: [number, number][];
  further: number;
  /** The number that would go on with the last range, listed or not. */
  next: number;
}

export class NumberRanges {
  readonly #limit: number;
  readonly #byProxy = new Map<string, Own>();
  #listed = 0;

  constructor(limit = maxRanges) {
    this.#limit = limit;
  }

  /** By proxy, then number. */
  take(proxy: string, event: JournalEvent): void {
    const own = this.#byProxy.get(proxy) ?? { events: 0, ranges: [], further: 0, next: 0 };
    this.#byProxy.set(proxy, own);
    const after = seqAfter(event);
    const last = own.ranges.at(-1);
    if (own.next === event.seq && own.events > 0) {
      if (own.further === 0 && last !== undefined) last[1] = after - 1;
    } else if (this.#listed < this.#limit) {
      own.ranges.push([event.seq, after - 1]);
      this.#listed += 1;
    } else {
      own.further += 1;
    }
    own.events += 1;
    own.next = after;
  }

  list(): Numbers[] {
    return [...this.#byProxy].map(([proxy, { events, ranges, further }]) => ({
      proxy,
      events,
      ranges,
      ...(further > 0 && { further }),
    }));
  }
}
