/** Signs what the log has come to: checkpoints for whoever asks, receipts for whoever sends. */
import { formatCheckpoint, signCheckpoint, type TreeHead } from '../audit/log/checkpoint.ts';
import type { Hash } from '../audit/log/merkleTree.ts';
import type { Log } from '../kit/log.ts';
import { type LogHead, readHead } from './store/log.ts';
import { readNewestCosigned } from './store/logCheckpoints.ts';
import type { LogIdentity } from './store/logKeys.ts';
import { LogDamaged, proveConsistency } from './store/logTiles.ts';
import type { Queries } from './store/store.ts';
import type { Taken } from './store/takeEvents.ts';

/** What whoever sent a batch can check: that it is in the log, and that the log is the one they knew. Hashes are base64. */
export interface Receipt {
  /** A signed note (C2SP tlog-checkpoint); after a batch that was new, of the tree that ends with it. */
  readonly checkpoint: string;
  /** Index of the leaf of the first event that was new; the others follow it up to the checkpoint's size. */
  readonly first?: number;
  /** The peaks of the tree before that leaf: with the new leaves they give the checkpoint's root. */
  readonly before?: readonly string[];
  /** From the size that the sender knew (RFC 6962, section 2.1.2); absent where the log is not that large. */
  readonly consistency?: readonly string[];
}

/** A cosigned checkpoint is shown before a larger one that no witness has seen yet, for this long. */
const freshSeconds = 60;

export class Checkpoints {
  readonly identity: LogIdentity;
  readonly #store: Queries;
  readonly #log: Log;
  #last: { readonly text: string; readonly note: string } | undefined;

  constructor(identity: LogIdentity, store: Queries, log: Log) {
    this.identity = identity;
    this.#store = store;
    this.#log = log;
  }

  /** @param head as it was committed: what a rollback may still undo is never signed */
  sign({ size, root }: TreeHead): string {
    const { origin, signers } = this.identity;
    const checkpoint = { origin, size, root };
    const text = formatCheckpoint(checkpoint);
    if (this.#last?.text !== text) this.#last = { text, note: signCheckpoint(checkpoint, signers) };
    return this.#last.note;
  }

  /** With the witnesses' lines where they keep up. */
  async newest(): Promise<string> {
    const cosigned = await readNewestCosigned(this.#store);
    // Read after it, so that it is never the smaller one.
    const head = await readHead(this.#store);
    const isFresh =
      cosigned !== undefined && (cosigned.size === head.size || cosigned.ageSeconds < freshSeconds);
    return isFresh ? cosigned.note : this.sign(head);
  }

  /** @param knownSize of the checkpoint that the sender kept */
  async receiptFor({ appended }: Taken, knownSize: number | undefined): Promise<Receipt> {
    const head: LogHead = appended?.after ?? (await readHead(this.#store));
    const consistency = knownSize === undefined ? undefined : await this.#prove(knownSize, head.size);
    return {
      checkpoint: this.sign(head),
      ...(appended && { first: appended.before.size, before: appended.before.peaks.map(toBase64) }),
      ...(consistency && { consistency: consistency.map(toBase64) }),
    };
  }

  /** Undefined where it cannot be proved: whoever asked knows what that means. */
  async #prove(knownSize: number, size: number): Promise<Hash[] | undefined> {
    if (knownSize > size) return undefined;
    try {
      return await proveConsistency(this.#store, knownSize, size);
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error;
      this.#log.error(`nothing can be proved of the log: ${error.message}`);
      return undefined;
    }
  }
}

function toBase64(hash: Hash): string {
  return Buffer.from(hash).toString('base64');
}
