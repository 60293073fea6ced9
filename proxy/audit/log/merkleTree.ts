/**
 * The Merkle tree of RFC 6962, section 2.1: hashes, roots, proofs and how they are checked. The checks are those of
 * RFC 9162, sections 2.1.3.2 and 2.1.4.2, in the form that draft-ietf-plants-merkle-tree-certs gives them for subtrees: a
 * whole tree is the subtree that begins at 0. They answer false for whatever does not hold, odd input too.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { consistencyRanges, inclusionRanges, isCount, type LeafRange, splitOf } from './leafRanges.ts';

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;

export const hashBytes = 32;

/** Of a tree without leaves: the hash of no bytes. */
export const emptyRoot: Hash = createHash('sha256').digest();

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

export function leafHash(entry: Uint8Array | string): Buffer {
  return createHash('sha256').update(leafPrefix).update(entry).digest();
}

export function nodeHash(left: Hash, right: Hash): Buffer {
  return createHash('sha256').update(nodePrefix).update(left).update(right).digest();
}

/** MTH(D[n]). */
export function rootOf(leafHashes: readonly Hash[]): Hash {
  return rootOfRange(leafHashes, { start: 0, end: leafHashes.length });
}

/** PATH(m, D[n]). @throws RangeError where the tree has no such leaf */
export function inclusionProof(leafHashes: readonly Hash[], index: number, size: number): Hash[] {
  requireSize(leafHashes, size);
  return inclusionRanges(index, size).map((range) => rootOfRange(leafHashes, range));
}

/** PROOF(m, D[n]); empty from a tree without leaves, and from a tree to itself. @throws RangeError where it shrinks */
export function consistencyProof(leafHashes: readonly Hash[], size1: number, size2: number): Hash[] {
  requireSize(leafHashes, size2);
  return consistencyRanges(size1, size2).map((range) => rootOfRange(leafHashes, range));
}

function rootOfRange(leafHashes: readonly Hash[], { start, end }: LeafRange): Hash {
  if (end - start === 0) return emptyRoot;
  if (end - start === 1) return leafHashes[start] as Hash; // within bounds: sizes were checked
  const middle = start + splitOf(end - start);
  return nodeHash(
    rootOfRange(leafHashes, { start, end: middle }),
    rootOfRange(leafHashes, { start: middle, end }),
  );
}

function requireSize(leafHashes: readonly Hash[], size: number): void {
  if (isCount(size) && size <= leafHashes.length) return;
  throw new RangeError(`${leafHashes.length} leaves are not those of a tree of ${size}`);
}

/** Whether the leaf is the one at `index` in the tree of `size` leaves under `root`. */
export function verifyInclusion(
  leafHash: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  return verifySubtreeInclusion(leafHash, index, 0, size, proof, root);
}

/** Whether the tree of `size2` leaves has grown from that of `size1`; never so for one without leaves, of which nothing is known. */
export function verifyConsistency(
  size1: number,
  root1: Hash,
  size2: number,
  root2: Hash,
  proof: readonly Hash[],
): boolean {
  return size1 > 0 && verifySubtreeConsistency(0, size1, root1, size2, root2, proof);
}

/** As {@link verifyInclusion}, in the subtree of the leaves `start` to `end`. */
export function verifySubtreeInclusion(
  leafHash: Hash,
  index: number,
  start: number,
  end: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isCount(index) || !isSubtree(start, end) || index < start || index >= end) return false;
  if (leafHash.length !== hashBytes || !areHashes(proof)) return false;
  let node = index - start;
  let last = end - start - 1;
  let hash = leafHash;
  for (const other of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(other, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, other);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSame(hash, root);
}

/** Whether the subtree of the leaves `start` to `end` under `root1` is one of the tree of `size` leaves under `root2`. */
export function verifySubtreeConsistency(
  start: number,
  end: number,
  root1: Hash,
  size: number,
  root2: Hash,
  proof: readonly Hash[],
): boolean {
  if (!isCount(size) || !isSubtree(start, end) || end > size || !areHashes(proof)) return false;
  if (start === end) return proof.length === 0 && isSame(root1, emptyRoot);
  let first = start;
  let last = end - 1;
  let lastOfAll = size - 1;
  const shift = () => {
    [first, last, lastOfAll] = [half(first), half(last), half(lastOfAll)];
  };
  if (last === lastOfAll) while (first !== last) shift();
  else while (first !== last && isOdd(last)) shift();
  // A complete subtree is itself a node of the tree; of any other the proof gives the node to begin with.
  const rest = [...proof];
  const begin = first === last ? root1 : rest.shift();
  if (begin === undefined) return false;
  let inner = begin;
  let outer = begin;
  for (const other of rest) {
    if (lastOfAll === 0) return false;
    if (isOdd(last) || last === lastOfAll) {
      if (first < last) inner = nodeHash(other, inner);
      outer = nodeHash(other, outer);
      while (!isOdd(last) && last !== 0) shift();
    } else {
      outer = nodeHash(outer, other);
    }
    shift();
  }
  return lastOfAll === 0 && isSame(inner, root1) && isSame(outer, root2);
}

/** Whether leaves `start` to `end` can be a subtree: it begins at a multiple of the power of two that holds it. */
function isSubtree(start: number, end: number): boolean {
  if (!isCount(start) || !isCount(end) || start > end) return false;
  let width = 1;
  while (width < end - start) width *= 2;
  return start % width === 0;
}

function areHashes(proof: readonly Hash[]): boolean {
  // No tree that can be counted is higher than this.
  return proof.length <= 64 && proof.every(({ length }) => length === hashBytes);
}

function isSame(a: Hash, b: Hash): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

// Not the bit operators: those cut numbers to 32 bits.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}
