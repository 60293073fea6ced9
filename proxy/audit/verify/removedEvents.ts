/** What a retention policy removed, as events of the log tell it: numbers that are missing for a known reason. */
import type { EventsRemovedEvent } from '../events.ts';
import type { Findings } from './verdicts.ts';

interface Removal {
  readonly from: number;
  readonly through: number;
  /** Which event tells of it. */
  readonly told: Told;
}

interface Told {
  readonly event: EventsRemovedEvent;
  readonly words: string;
}

interface Sorted {
  readonly removals: readonly Removal[];
  /** The highest number that a removal or one before it goes through: ascending, so that it can be searched. */
  readonly reach: readonly number[];
}

export interface Gap {
  readonly from: number;
  readonly through: number;
}

export class RemovedEvents {
  /** How many events of the log are gone, by all that tell of it. */
  total = 0;
  readonly #byProxy = new Map<string, Removal[]>();
  readonly #sorted = new Map<string, Sorted>();
  readonly #explained = new Map<Told, number>();

  /** @param writer the collector's own id @param event proven to be in the log */
  take(writer: string, event: EventsRemovedEvent): void {
    const { policy, rule, at } = event;
    const told: Told = {
      event,
      words: `removed by retention policy ${policy.name} (${policy.version.slice(0, 12)}: ${rule}) at ${at}, as event ${event.seq} of ${writer} says`,
    };
    this.total += event.events;
    this.#sorted.clear();
    for (const { proxy, ranges } of event.removed) {
      const own = this.#byProxy.get(proxy) ?? [];
      this.#byProxy.set(proxy, own);
      for (const [from, through] of ranges) own.push({ from, through, told });
    }
  }

  /** What is left of a gap in a proxy's numbers once the removed ones are taken out. */
  explain(proxy: string, gap: Gap): Gap[] {
    const left: Gap[] = [];
    const { removals, reach } = this.#sort(proxy);
    let next = gap.from;
    for (let i = firstReaching(reach, gap.from); i < removals.length; i += 1) {
      const { from, through, told } = removals[i] as Removal; // within bounds
      if (from > gap.through) break;
      if (through < next) continue;
      if (from > next) left.push({ from: next, through: from - 1 });
      const last = Math.min(through, gap.through);
      this.#explained.set(told, (this.#explained.get(told) ?? 0) + last - Math.max(from, next) + 1);
      next = last + 1;
    }
    if (next <= gap.through) left.push({ from: next, through: gap.through });
    return left;
  }

  #sort(proxy: string): Sorted {
    const known = this.#sorted.get(proxy);
    if (known !== undefined) return known;
    const removals = (this.#byProxy.get(proxy) ?? []).toSorted((a, b) => a.from - b.from);
    let furthest = 0;
    const reach = removals.map(({ through }) => {
      furthest = Math.max(furthest, through);
      return furthest;
    });
    const sorted = { removals, reach };
    this.#sorted.set(proxy, sorted);
    return sorted;
  }

  /** One note for each event that told why numbers are missing. */
  note(findings: Findings): void {
    for (const [{ words }, numbers] of this.#explained) {
      findings.note(`${numbers} ${numbers === 1 ? 'event was' : 'events were'} ${words}.`);
    }
  }
}

/** Index of the first that is at least `number`. */
function firstReaching(reach: readonly number[], number: number): number {
  let low = 0;
  let high = reach.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((reach[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
