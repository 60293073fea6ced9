/** Where in the tiles the hashes lie from which the root of a range of leaves is made. */
import { rootOfPeaks, tileHeight } from './growTree.ts';
import { type LeafRange, peaksOf } from './leafRanges.ts';
import { type Hash, rootOf } from './merkleTree.ts';

/** Hashes `start` to `end` of a level of tiles, counted over all its tiles; never across the border of one. */
export interface TileSpan extends LeafRange {
  readonly level: number;
}

/**
 * One span for each of the complete subtrees that the range is made of, from left to right.
 * @param range one of those in leafRanges.ts: it begins at a multiple of the power of two that holds it
 */
export function spansOf({ start, end }: LeafRange): TileSpan[] {
  return peaksOf(end - start).map((peak) => {
    const level = Math.floor(Math.log2(peak.end - peak.start) / tileHeight);
    const leaves = 2 ** (tileHeight * level);
    return { level, start: (start + peak.start) / leaves, end: (start + peak.end) / leaves };
  });
}

/** @param hashes of the spans of one range, in their order */
export function rootOfSpans(hashes: readonly (readonly Hash[])[]): Hash {
  return rootOfPeaks(hashes.map(rootOf));
}
