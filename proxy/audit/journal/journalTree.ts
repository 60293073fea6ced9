/**
 * The journal's commitments: a Merkle tree (RFC 6962, section 2.1) over everything that was written.
 *
 * A leaf is a stretch: the bytes of all lines from one commitment (its own line included) to the next. A commitment is an
 * event that carries the head of the tree over all lines before it, so that no byte before it can be changed, moved or
 * removed unseen. Leaves are stretches and not lines because the journal runs beside every statement: one running hash
 * over what is written anyway costs a fifth of a hash per line and its share of the nodes.
 */
import { createHash, type Hash } from 'node:crypto';
import { emptyRoot, nodeHash } from '../log/merkleTree.ts';

/** The head of the tree, as an event carries it. Hashes are SHA-256 in hex. */
export interface TreeHead {
  /** How many stretches. */
  readonly size: number;
  readonly root: string;
  /** Roots of the perfect subtrees that make up the tree, the largest first: all that is needed to go on from here. */
  readonly peaks: readonly string[];
}

export class JournalTree {
  #size: number;
  readonly #peaks: string[];
  #stretch: Hash | undefined;
  #openBytes = 0;

  /** Goes on from a head: what is added next begins the stretch after it. */
  constructor(head: Pick<TreeHead, 'size' | 'peaks'> = { size: 0, peaks: [] }) {
    this.#size = head.size;
    this.#peaks = [...head.peaks];
  }

  /** Bytes that no head covers yet. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Whole lines, with their line feeds, in the order in which they stand in the journal. */
  add(lines: Uint8Array): void {
    this.#stretch ??= createHash('sha256').update(leafPrefix);
    this.#stretch.update(lines);
    this.#openBytes += lines.length;
  }

  /** Ends the stretch and answers the head over everything added so far. The line that carries it begins the next one. */
  close(): TreeHead {
    if (this.#stretch !== undefined) {
      this.#push(this.#stretch.digest('hex'));
      this.#stretch = undefined;
      this.#openBytes = 0;
    }
    return { size: this.#size, root: rootOfPeaks(this.#peaks), peaks: [...this.#peaks] };
  }

  /** As adding one to a binary number: every 1 at the end is a perfect subtree that the new leaf completes. */
  #push(leaf: string): void {
    let node = leaf;
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      node = hashNode(this.#peaks.pop() ?? '', node);
    }
    this.#peaks.push(node);
    this.#size += 1;
  }
}

/** Whether a value read from an event is the head of a tree: its parts have their form and fit together. */
export function isTreeHead(value: unknown): value is TreeHead {
  if (typeof value !== 'object' || value === null) return false;
  const { size, root, peaks, ...more } = value as Readonly<Record<string, unknown>>;
  if (Object.keys(more).length > 0 || !Number.isSafeInteger(size) || (size as number) < 0) return false;
  if (!Array.isArray(peaks) || !peaks.every(isHash)) return false;
  return peaks.length === countOnes(size as number) && root === rootOfPeaks(peaks);
}

const leafPrefix = Buffer.from([0]);

function hashNode(left: string, right: string): string {
  return nodeHash(Buffer.from(left, 'hex'), Buffer.from(right, 'hex')).toString('hex');
}

/** RFC 6962: the hash of an empty tree is that of the empty string; the right subtree is the smaller one. */
function rootOfPeaks(peaks: readonly string[]): string {
  const last = peaks.at(-1);
  if (last === undefined) return Buffer.from(emptyRoot).toString('hex');
  return peaks.slice(0, -1).reduceRight((right, left) => hashNode(left, right), last);
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function countOnes(size: number): number {
  return size.toString(2).replaceAll('0', '').length;
}
