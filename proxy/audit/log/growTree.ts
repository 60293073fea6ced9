/** Adds leaves to a Merkle tree of which only the peaks are known: the roots of its largest complete subtrees. */
import { peaksOf } from './leafRanges.ts';
import { emptyRoot, type Hash, nodeHash } from './merkleTree.ts';

/** All that is needed to go on: a hash for each 1 in the binary form of `size`, the largest subtree first. */
export interface TreePeaks {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

/** A hash of a tile above level 0 (C2SP tlog-tiles): over 256 of the level below. */
export interface TileNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Hash;
}

export interface Growth extends TreePeaks {
  /** Those that the new leaves have completed. */
  readonly nodes: readonly TileNode[];
}

/** Levels of the tree from one level of tiles to the next. */
export const tileHeight = 8;

/** @throws RangeError where the peaks are not those of a tree of that size */
export function growTree({ size, peaks }: TreePeaks, leafHashes: readonly Hash[]): Growth {
  const ranges = peaksOf(size);
  if (ranges.length !== peaks.length) {
    throw new RangeError(`a tree of ${size} leaves has ${ranges.length} peaks, not ${peaks.length}`);
  }
  const stack = ranges.map(({ start, end }, i) => ({ width: end - start, hash: peaks[i] as Hash }));
  const nodes: TileNode[] = [];
  let count = size;
  for (const leaf of leafHashes) {
    count += 1;
    let top = { width: 1, hash: leaf };
    for (let last = stack.at(-1); last?.width === top.width; last = stack.at(-1)) {
      stack.pop();
      top = { width: top.width * 2, hash: nodeHash(last.hash, top.hash) };
      const level = Math.log2(top.width) / tileHeight;
      if (Number.isInteger(level)) nodes.push({ level, index: count / top.width - 1, hash: top.hash });
    }
    stack.push(top);
  }
  return { size: count, peaks: stack.map(({ hash }) => hash), nodes };
}

/** The root of the tree that has these peaks. */
export function rootOfPeaks(peaks: readonly Hash[]): Hash {
  if (peaks.length === 0) return emptyRoot;
  return peaks.reduceRight((right, left) => nodeHash(left, right));
}
