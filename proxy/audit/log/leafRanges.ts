/**
 * Which ranges of leaves a proof of RFC 6962 is made of. Whoever holds leaves, tiles or a database finds the ranges here,
 * and makes their roots as it can.
 */

/** Leaves `start` to `end`, the last one not among them. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The ranges whose roots are PATH(m, D[n]), in its order. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isCount(index) || !isCount(size) || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`);
  }
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    ranges.push(index < middle ? { start: middle, end } : { start, end: middle });
    if (index < middle) end = middle;
    else start = middle;
  }
  return ranges.reverse();
}

/** The ranges whose roots are PROOF(m, D[n]), in its order. */
export function consistencyRanges(size1: number, size2: number): LeafRange[] {
  if (!isCount(size1) || !isCount(size2) || size1 > size2) {
    throw new RangeError(`a tree of ${size2} leaves is no later one of ${size1}`);
  }
  if (size1 === 0 || size1 === size2) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size2;
  while (end !== size1) {
    const middle = start + splitOf(end - start);
    if (size1 <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // SUBPROOF's last step: whoever checks knows the root of the older tree, and only that.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The largest complete subtrees of which a tree of this size is made, from left to right. */
export function peaksOf(size: number): LeafRange[] {
  const peaks: LeafRange[] = [];
  for (let start = 0; start < size; ) {
    const width = 2 ** Math.floor(Math.log2(size - start));
    peaks.push({ start, end: start + width });
    start += width;
  }
  return peaks;
}

/** The largest power of two below `count`, which is 2 or more: where RFC 6962 splits a tree. */
export function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
