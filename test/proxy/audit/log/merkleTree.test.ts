/** The tree as RFC 6962 defines it, written down a second time in the plainest form, against the one that is used. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { growTree, rootOfPeaks, type TileNode } from '../../../../proxy/audit/log/growTree.ts';
import { consistencyRanges, inclusionRanges } from '../../../../proxy/audit/log/leafRanges.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../../../proxy/audit/log/merkleTree.ts';
import { rootOfSpans, spansOf } from '../../../../proxy/audit/log/tileSpans.ts';

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962, section 2.1: MTH. */
function mth(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), entries[0] as Buffer);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), mth(entries.slice(0, k)), mth(entries.slice(k)));
}

const entries = Array.from({ length: 1100 }, (_, i) => Buffer.from(`entry ${i}`));
const leaves = entries.map((entry) => leafHash(entry));

/** Every hash of every level of tiles, as grown leaf by leaf. */
function tilesOf(count: number): { peaks: readonly Uint8Array[]; levels: Uint8Array[][] } {
  const levels: Uint8Array[][] = [leaves.slice(0, count)];
  const { peaks, nodes } = growTree({ size: 0, peaks: [] }, leaves.slice(0, count));
  for (const { level, index, hash } of nodes) {
    const hashes = levels[level] ?? [];
    hashes[index] = hash;
    levels[level] = hashes;
  }
  return { peaks, levels };
}

describe('the Merkle tree', () => {
  it('has the roots of the reference implementations', () => {
    // Published with RFC 6962's first implementations: the empty tree, one empty leaf, and eight leaves.
    const known = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
    const inputs = [...known, '606162636465666768696a6b6c6d6e6f'].map((hex) => Buffer.from(hex, 'hex'));
    expect(Buffer.from(rootOf([])).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(Buffer.from(rootOf(inputs.slice(0, 1).map(leafHash))).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(Buffer.from(rootOf(inputs.map(leafHash))).toString('hex')).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    );
  });

  it('has the root that the definition gives, however it grew', () => {
    for (const size of [0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 511, 513, 1024, 1100]) {
      const expected = mth(entries.slice(0, size));
      expect(Buffer.from(rootOf(leaves.slice(0, size))).equals(expected)).toBe(true);
      for (const first of [0, 1, Math.floor(size / 3), size]) {
        const before = growTree({ size: 0, peaks: [] }, leaves.slice(0, Math.min(first, size)));
        const after = growTree(before, leaves.slice(before.size, size));
        expect(after.size).toBe(size);
        expect(Buffer.from(rootOfPeaks(after.peaks)).equals(expected)).toBe(true);
      }
    }
  });

  it('gives the hashes of higher tiles once, where 256 below are complete', () => {
    const nodes: TileNode[] = [];
    let tree = growTree({ size: 0, peaks: [] }, []);
    for (let at = 0; at < 1100; at += 37) {
      const grown = growTree(tree, leaves.slice(at, at + 37));
      nodes.push(...grown.nodes);
      tree = grown;
    }
    expect(nodes.map(({ level, index }) => [level, index])).toEqual([0, 1, 2, 3].map((i) => [1, i]));
    for (const { index, hash } of nodes) {
      expect(Buffer.from(hash).equals(mth(entries.slice(index * 256, (index + 1) * 256)))).toBe(true);
    }
  });

  it('refuses to grow from peaks of another size', () => {
    expect(() => growTree({ size: 3, peaks: [leaves[0] as Buffer] }, [])).toThrow('2 peaks');
  });

  it('proves every leaf of every small tree, and no other', () => {
    for (let size = 1; size <= 33; size += 1) {
      const root = rootOf(leaves.slice(0, size));
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(leaves, index, size);
        expect(verifyInclusion(leaves[index] as Buffer, index, size, proof, root)).toBe(true);
        expect(verifyInclusion(leaves[index + 1] as Buffer, index, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaves[index] as Buffer, index + 1, size, proof, root)).toBe(false);
        expect(verifyInclusion(leaves[index] as Buffer, index, size, [...proof, root], root)).toBe(false);
        if (proof.length > 0) {
          expect(verifyInclusion(leaves[index] as Buffer, index, size, proof.slice(1), root)).toBe(false);
        }
      }
    }
  });

  it('proves that every small tree has grown from every smaller one, and from no other', () => {
    for (let size2 = 1; size2 <= 33; size2 += 1) {
      const root2 = rootOf(leaves.slice(0, size2));
      for (let size1 = 1; size1 <= size2; size1 += 1) {
        const root1 = rootOf(leaves.slice(0, size1));
        const proof = consistencyProof(leaves, size1, size2);
        expect(verifyConsistency(size1, root1, size2, root2, proof)).toBe(true);
        expect(verifyConsistency(size1, leaves[40] as Buffer, size2, root2, proof)).toBe(false);
        expect(verifyConsistency(size1, root1, size2, leaves[40] as Buffer, proof)).toBe(false);
        expect(verifyConsistency(size1, root1, size2, root2, [...proof, root1])).toBe(false);
        if (size1 < size2) expect(verifyConsistency(size2, root2, size1, root1, proof)).toBe(false);
      }
    }
  });

  it('says nothing of a tree that was empty, for everything grows from that', () => {
    expect(verifyConsistency(0, rootOf([]), 1, rootOf(leaves.slice(0, 1)), [])).toBe(false);
    expect(consistencyProof(leaves, 0, 9)).toEqual([]);
  });

  it('refuses to prove what cannot be', () => {
    expect(() => inclusionProof(leaves, 5, 5)).toThrow(RangeError);
    expect(() => inclusionProof(leaves, 0, 2000)).toThrow(RangeError);
    expect(() => consistencyProof(leaves, 6, 5)).toThrow(RangeError);
  });

  it('finds the hashes of every proof in the tiles', () => {
    for (const size of [1, 255, 256, 257, 700, 1024, 1100]) {
      const { levels } = tilesOf(size);
      const root = (range: { start: number; end: number }) =>
        rootOfSpans(
          spansOf(range).map(({ level, start, end }) => {
            expect(Math.floor(start / 256)).toBe(Math.floor((end - 1) / 256));
            const hashes = levels[level]?.slice(start, end) ?? [];
            expect(hashes.length).toBe(end - start);
            return hashes;
          }),
        );
      for (const index of [0, 1, 254, 255, 256, 600, 1023, size - 1].filter((i) => i < size)) {
        expect(inclusionRanges(index, size).map(root)).toEqual(inclusionProof(leaves, index, size));
        expect(consistencyRanges(index, size).map(root)).toEqual(consistencyProof(leaves, index, size));
      }
    }
  });

  it('counts beyond what 32 bits hold', () => {
    const size = 2 ** 40 + 3;
    const ranges = inclusionRanges(2 ** 40, size);
    expect(ranges.at(-1)).toEqual({ start: 0, end: 2 ** 40 });
    expect(spansOf({ start: 0, end: 2 ** 40 })).toEqual([{ level: 5, start: 0, end: 1 }]);
    expect(consistencyRanges(2 ** 33, size)[0]).toEqual({ start: 2 ** 33, end: 2 ** 34 });
  });
});
