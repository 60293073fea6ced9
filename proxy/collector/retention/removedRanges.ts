/** Numbers of removed events as ranges, and the events that tell of them. */
import type { EventsRemovedEvent } from '../../audit/events.ts';

type Removed = EventsRemovedEvent['removed'][number];

/** Numbers without a gap between them. */
export interface Island {
  readonly proxy: string;
  readonly from: number;
  readonly through: number;
  readonly events: number;
}

/** So many fit into one event, which has to fit into an entry of the log (64 KiB). */
const maxRanges = 1_500;

/** @param islands by proxy, then number */
export function makeRemovals(islands: readonly Island[]): { events: number; removed: Removed[] }[] {
  const removals: { events: number; removed: Removed[] }[] = [];
  for (let start = 0; start < islands.length; start += maxRanges) {
    const removed = new Map<string, { events: number; ranges: [number, number][] }>();
    let events = 0;
    for (const island of islands.slice(start, start + maxRanges)) {
      const own = removed.get(island.proxy) ?? { events: 0, ranges: [] };
      removed.set(island.proxy, own);
      own.events += island.events;
      own.ranges.push([island.from, island.through]);
      events += island.events;
    }
    removals.push({ events, removed: [...removed].map(([proxy, own]) => ({ proxy, ...own })) });
  }
  return removals;
}

/** @param events a mark for withdrawn statements goes through several numbers */
export function islandsOf(
  events: readonly { readonly proxy: string; readonly seq: number; readonly through: number }[],
): Island[] {
  const sorted = [...events].sort((a, b) => (a.proxy < b.proxy ? -1 : a.proxy > b.proxy ? 1 : a.seq - b.seq));
  const islands: { -readonly [Name in keyof Island]: Island[Name] }[] = [];
  for (const { proxy, seq, through } of sorted) {
    const last = islands.at(-1);
    if (last?.proxy === proxy && last.through + 1 === seq) {
      last.through = through;
      last.events += 1;
    } else {
      islands.push({ proxy, from: seq, through, events: 1 });
    }
  }
  return islands;
}
