/** Reads a journal from any event on, in pieces, while it is being written: for whoever follows it. */
import { isUtf8 } from 'node:buffer';
import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { JournalEvent } from '../events.ts';
import { parseEvent, readFirstSeq, seqAfter } from './readJournal.ts';
import { damaged, listSegments, segmentName, segmentPath } from './segmentFiles.ts';

export interface PieceLimits {
  readonly events: number;
  /** Of the lines together; a single event may be longer. */
  readonly bytes: number;
  /** Number of the last event wanted. */
  readonly through: number;
}

const chunkBytes = 1 << 18;

/**
 * A place in a journal. Memory is bounded by the piece asked for. Where a segment could not be made durable the next one
 * repeats its tail: repeated events are passed over.
 */
export class JournalCursor {
  /** 0 until the place was looked for. */
  #segment = 0;
  #offset = 0;
  #next: number;

  /** Stands before the event that takes place `next`. */
  constructor(
    readonly folder: string,
    next = 1,
  ) {
    this.#next = next;
  }

  /** Number of the event that is read next. */
  get next(): number {
    return this.#next;
  }

  /**
   * The events that follow, in order; fewer than there are where a limit is reached, none where none is whole yet.
   * @throws PortcullisError JOURNAL_DAMAGED where what follows is not the next event
   */
  async read(limits: PieceLimits): Promise<JournalEvent[]> {
    const piece = new Piece(limits);
    while (this.#next <= limits.through && !piece.isFull) {
      if (this.#segment === 0 && !(await this.#locate())) break;
      // Asked first: once the next segment exists, this one gets no more lines.
      const hasNext = existsSync(segmentPath(this.folder, this.#segment + 1));
      await this.#readSegment(piece, hasNext);
      if (!hasNext) break;
      if (piece.isFull || this.#next > limits.through) break;
      this.#segment += 1;
      this.#offset = 0;
    }
    return piece.events;
  }

  async #readSegment(piece: Piece, hasNext: boolean): Promise<void> {
    const file = await open(segmentPath(this.folder, this.#segment), 'r');
    try {
      let wanted = chunkBytes;
      while (!piece.isFull && this.#next <= piece.limits.through) {
        const bytes = await readAt(file, this.#offset, wanted);
        const end = bytes.lastIndexOf(10);
        if (end === -1) {
          if (bytes.length < wanted) return;
          wanted *= 4;
          continue;
        }
        if (!this.#takeLines(bytes.subarray(0, end + 1), piece, hasNext)) return;
      }
    } finally {
      await file.close();
    }
  }

  /** Answers false where this segment has no more to give. */
  #takeLines(bytes: Buffer, piece: Piece, hasNext: boolean): boolean {
    for (let from = 0; from < bytes.length && !piece.isFull && this.#next <= piece.limits.through; ) {
      const end = bytes.indexOf(10, from);
      const line = bytes.subarray(from, end);
      const event = isUtf8(line) ? parseEvent(line.toString('utf8')) : undefined;
      if (event === undefined || event.seq > this.#next) {
        if (hasNext && event === undefined) return false; // what a failed disk left; the next segment repeats it
        throw damaged(segmentName(this.#segment), 1, this.#complaint(event, this.#offset));
      }
      const size = end + 1 - from;
      if (seqAfter(event) > this.#next) {
        if (!piece.take(event, size)) return true;
        this.#next = seqAfter(event);
      }
      this.#offset += size;
      from = end + 1;
    }
    return true;
  }

  #complaint(event: JournalEvent | undefined, offset: number): string {
    if (event === undefined) return `at byte ${offset} is no event`;
    return `event ${this.#next} should stand at byte ${offset}, not ${event.seq}`;
  }

  /** Finds segment and offset of the event at `next`, or a little before it. */
  async #locate(): Promise<boolean> {
    for (const segment of listSegments(this.folder).reverse()) {
      const path = segmentPath(this.folder, segment);
      const first = await readFirstSeq(path);
      // Where the very first event is missing, reading says so.
      if (segment > 1 && (first === undefined || first > this.#next)) continue;
      this.#segment = segment;
      this.#offset = await bisect(path, this.#next);
      return true;
    }
    return false;
  }
}

class Piece {
  readonly events: JournalEvent[] = [];
  isFull = false;
  #bytes = 0;

  constructor(readonly limits: PieceLimits) {}

  /** Answers false where the event does not fit. */
  take(event: JournalEvent, size: number): boolean {
    this.isFull = this.events.length > 0 && this.#bytes + size > this.limits.bytes;
    if (this.isFull) return false;
    this.events.push(event);
    this.#bytes += size;
    this.isFull = this.events.length >= this.limits.events;
    return true;
  }
}

/** Start of a line that is near the event `seq`, and not behind it. */
async function bisect(path: string, seq: number): Promise<number> {
  const file = await open(path, 'r');
  try {
    let low = 0;
    let high = (await file.stat()).size;
    while (high - low > chunkBytes) {
      const middle = low + Math.floor((high - low) / 2);
      const line = await firstLineAfter(file, middle, high);
      const event = line && parseEvent(line.text);
      if (line !== undefined && event !== undefined && event.seq <= seq) low = line.offset;
      else high = middle;
    }
    return low;
  } finally {
    await file.close();
  }
}

async function firstLineAfter(
  file: FileHandle,
  position: number,
  limit: number,
): Promise<{ readonly text: string; readonly offset: number } | undefined> {
  for (let length = 1 << 14; ; length *= 4) {
    const bytes = await readAt(file, position, Math.min(length, limit - position));
    const start = bytes.indexOf(10) + 1;
    const end = start === 0 ? -1 : bytes.indexOf(10, start);
    if (end !== -1) return { text: bytes.toString('utf8', start, end), offset: position + start };
    if (bytes.length < length) return undefined;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}
