/** Writes lines to the current segment, knows which of them are on disk, and moves on to the next segment. */

import type { JournalTree, TreeHead } from './journalTree.ts';
import type { RecoveredJournal } from './recoverJournal.ts';
import { type JournalDisk, SegmentFile } from './segmentFile.ts';

/** Lines written and not yet on disk that are kept in memory; a disk that falls further behind takes no more. */
const unsyncedLimit = 64 * 2 ** 20;

export class JournalWriter {
  /** What was written since the last fdatasync that succeeded, to be written again where one fails. */
  private readonly unsynced = new UnsyncedBytes();
  private failure: unknown;

  private constructor(
    private readonly folder: string,
    private segment: SegmentFile,
    private readonly segmentBytes: number,
    private readonly disk: JournalDisk,
    private readonly tree: JournalTree,
  ) {}

  /** @param tree over all lines that are there: goes on with what is written from now on */
  static open(
    folder: string,
    at: RecoveredJournal,
    tree: JournalTree,
    segmentBytes: number,
    disk: JournalDisk,
  ): JournalWriter {
    const goesOn = at.segment > 0 && at.size < segmentBytes;
    const segment = goesOn
      ? SegmentFile.open(folder, at.segment, at.size, disk)
      : SegmentFile.create(folder, at.segment + 1, disk);
    return new JournalWriter(folder, segment, segmentBytes, disk, tree);
  }

  /** Whether something was written that no commit has begun to bring to disk. */
  isDirty = false;

  /** Whether the current segment could not be brought to disk: the next commit replaces it. */
  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /** @throws the system's error where the current segment takes no more lines */
  requireUsable(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.unsynced.length > unsyncedLimit) throw new Error('the disk does not keep up');
  }

  /** Hands whole lines to the kernel. @throws the system's error; then none of them is in the file */
  write(text: string): void {
    const { unsynced } = this;
    const length = unsynced.encode(text);
    this.segment.append(unsynced.bytes, unsynced.length, length);
    unsynced.length += length;
    this.isDirty = true;
  }

  /**
   * Brings everything written so far to the disk; begins the next segment where this one is full. A segment whose
   * fdatasync fails is left for good: what it had not brought to disk is written to the next one and synced there.
   * @param onFailure told of the failed fdatasync even where the next segment takes everything
   * @throws the system's error where that fails too; lines stay in memory and the next commit tries again
   */
  async commit(onFailure: (error: unknown) => void): Promise<void> {
    if (this.failure === undefined) {
      const { length } = this.unsynced;
      this.isDirty = false;
      try {
        const isSynced = this.segment.sync();
        // While the disk works: hashing costs nothing that anybody waits for.
        this.unsynced.hashInto(this.tree);
        await isSynced;
        this.unsynced.forget(length);
        if (this.segment.size >= this.segmentBytes) this.rotate();
        return;
      } catch (error) {
        this.failure = error;
        onFailure(error);
      }
    }
    await this.replaceSegment();
  }

  /** Bytes written that no commitment covers yet, as far as they were brought to the disk. */
  get uncommittedBytes(): number {
    return this.tree.openBytes;
  }

  /** The head over all lines written. The line that is written next must be the event that carries it. */
  closeTree(): TreeHead {
    this.unsynced.hashInto(this.tree);
    return this.tree.close();
  }

  close(): void {
    this.segment.close();
  }

  /** All at once, so that no line can go to the old segment after its last sync; once per segment, some milliseconds. */
  private rotate(): void {
    if (this.isDirty) this.segment.syncNow();
    this.isDirty = false;
    this.unsynced.hashInto(this.tree);
    this.unsynced.forget(this.unsynced.length);
    try {
      const next = SegmentFile.create(this.folder, this.segment.number + 1, this.disk);
      this.segment.close();
      this.segment = next;
    } catch {
      // The old segment goes on, longer than it should be; what stands in the way will show where it does harm.
    }
  }

  private async replaceSegment(): Promise<void> {
    const failed = this.segment;
    // A segment with nothing on disk is replaced under its own number: numbers have no gaps.
    const number = failed.syncedSize === 0 ? failed.number : failed.number + 1;
    // Nothing is written while `failure` is set: the bytes stay as they are until the new segment holds them.
    const lines = this.unsynced.bytes.subarray(0, this.unsynced.length);
    this.unsynced.hashInto(this.tree);
    this.segment = await SegmentFile.createWith(this.folder, number, lines, this.disk);
    this.unsynced.forget(this.unsynced.length);
    this.isDirty = false;
    this.failure = undefined;
    try {
      failed.dropUnsynced();
    } catch {
      // Readers know that the next segment repeats these lines.
    }
    failed.close();
  }
}

const usualCapacity = 1 << 18;

/** Bytes in order, in one buffer that is written from: kept as strings they would cost the garbage collector more than the write. */
class UnsyncedBytes {
  bytes = Buffer.allocUnsafeSlow(usualCapacity);
  /** How many of the bytes count. */
  length = 0;
  /** How many of them are in the tree. */
  private hashed = 0;

  /** Puts UTF-8 behind the bytes that count, without counting it yet. Answers its length. */
  encode(text: string): number {
    // UTF-8 takes at most 3 bytes per UTF-16 unit; the exact count is only worth its time where that does not fit.
    if (this.length + text.length * 3 > this.bytes.length)
      this.reserve(this.length + Buffer.byteLength(text));
    return this.bytes.write(text, this.length, 'utf8');
  }

  /** Adds what counts and is not yet in it to the tree: in one piece for everything that came since the last time. */
  hashInto(tree: JournalTree): void {
    if (this.hashed === this.length) return;
    tree.add(this.bytes.subarray(this.hashed, this.length));
    this.hashed = this.length;
  }

  /** Drops the first `count` bytes, which are in the tree. */
  forget(count: number): void {
    this.hashed -= count;
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
    if (this.bytes.length > 16 * usualCapacity && this.length <= usualCapacity) this.resize(usualCapacity);
  }

  private reserve(needed: number): void {
    if (needed > this.bytes.length) this.resize(Math.max(needed, this.bytes.length * 2));
  }

  private resize(capacity: number): void {
    const bytes = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(bytes, 0, 0, this.length);
    this.bytes = bytes;
  }
}
