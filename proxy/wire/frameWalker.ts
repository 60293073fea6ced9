/**
 * Walks the messages of one direction of a stream without copying them: whole runs of bytes that nobody changes are
 * forwarded as they came. Messages are split anywhere by TCP; only what must be seen whole is gathered.
 */
import { WireError } from './protocol.ts';

/** What becomes of a message: it stays in the run of bytes to forward, it was replaced, or the walk waits. */
export const Verdict = { forward: 0, taken: 1, hold: 2 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

/** How a message is treated that is not whole in the bytes at hand. */
export const Partial = { gather: 0, pass: 1, drop: 2 } as const;
export type Partial = (typeof Partial)[keyof typeof Partial];

export interface FrameSink {
  /**
   * One whole message lies in buffer[start, end), type byte included. To send something before or instead of it, call
   * `walker.cut()` first; a message that is `taken` is not forwarded. `hold` stops the walk before this message; `walker.resume()` shows it again.
   */
  onMessage(type: number, buffer: Buffer, start: number, end: number): Verdict;
  /** Only the head of a message has come. `length` counts its body and length word, as on the wire. */
  onPartial(type: number, length: number): Partial;
  /** Bytes to send on, unchanged. They are valid during the call only. */
  forward(buffer: Buffer, start: number, end: number): void;
  /** Throws WireError where the type is unknown or the length is not possible for it. */
  checkHeader(type: number, length: number): void;
}

const headerBytes = 5;
const noBytes = Buffer.alloc(0);

export class FrameWalker {
  readonly #sink: FrameSink;
  /** Bytes of the message under way that pass, or are dropped, as they come. */
  #passing = 0;
  #dropping = 0;
  /** A message not yet whole. */
  #gathered: Buffer = noBytes;
  #gatheredBytes = 0;
  /** Bytes that wait behind a held message, in order. */
  #held: Buffer[] = [];
  #isHeld = false;
  /** The run under way: its buffer, its start, and where the message that the sink looks at begins. */
  #run: Buffer = this.#gathered;
  #runStart = 0;
  #position = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** True while a message has been forwarded in part: nothing else may be sent in that direction now. */
  get isInsideMessage(): boolean {
    return this.#passing > 0;
  }

  /** Walks bytes[0, end). While held, bytes are kept (a copy) until `resume`. Throws WireError. */
  feed(bytes: Buffer, end: number): void {
    if (this.#isHeld) {
      this.#held.push(Buffer.from(bytes.subarray(0, end)));
      return;
    }
    let position = 0;
    while (position < end && !this.#isHeld) {
      if (this.#passing > 0 || this.#dropping > 0) position = this.#continue(bytes, position, end);
      else if (this.#gatheredBytes > 0) position = this.#gather(bytes, position, end);
      else position = this.#walk(bytes, position, end);
    }
    if (position < end) this.#held.push(Buffer.from(bytes.subarray(position, end)));
  }

  /** Goes on after a hold: the held message is shown again, then what came since. */
  resume(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#gatheredBytes > 0) this.#finishGathered();
    while (!this.#isHeld) {
      const next = this.#held.shift();
      if (next === undefined) return;
      const rest = this.#held;
      this.#held = [];
      this.feed(next, next.length);
      this.#held.push(...rest);
    }
  }

  /** Sends on the run up to the message that the sink is looking at. */
  cut(): void {
    if (this.#position > this.#runStart) this.#sink.forward(this.#run, this.#runStart, this.#position);
    this.#runStart = this.#position;
  }

  #continue(bytes: Buffer, position: number, end: number): number {
    const wanted = this.#passing > 0 ? this.#passing : this.#dropping;
    const stop = Math.min(end, position + wanted);
    if (this.#passing > 0) {
      this.#passing -= stop - position;
      this.#sink.forward(bytes, position, stop);
    } else {
      this.#dropping -= stop - position;
    }
    return stop;
  }

  /** Whole messages of one buffer, as runs. Returns where it stopped: at the end, or at a held message. */
  #walk(bytes: Buffer, from: number, end: number): number {
    const sink = this.#sink;
    let position = from;
    this.#run = bytes;
    this.#runStart = from;
    while (position + headerBytes <= end) {
      // biome-ignore lint/style/noNonNullAssertion: position is below end
      const type = bytes[position]!;
      const length = bytes.readInt32BE(position + 1);
      sink.checkHeader(type, length);
      const next = position + 1 + length;
      if (next > end) break;
      this.#position = position;
      const verdict = sink.onMessage(type, bytes, position, next);
      if (verdict === Verdict.hold) {
        this.#isHeld = true;
        this.#flushRun(position);
        return position;
      }
      if (verdict === Verdict.taken) {
        this.cut();
        this.#runStart = next;
      }
      position = next;
    }
    if (position < end) return this.#startPartial(bytes, position, end);
    this.#flushRun(position);
    return position;
  }

  #flushRun(position: number): void {
    this.#position = position;
    this.cut();
  }

  #startPartial(bytes: Buffer, position: number, end: number): number {
    this.#position = position;
    if (end - position >= headerBytes) {
      // biome-ignore lint/style/noNonNullAssertion: position is below end
      const treatment = this.#sink.onPartial(bytes[position]!, bytes.readInt32BE(position + 1));
      const missing = 1 + bytes.readInt32BE(position + 1) - (end - position);
      if (treatment === Partial.pass) {
        this.#passing = missing;
        this.#flushRun(end);
        return end;
      }
      this.#flushRun(position);
      if (treatment === Partial.drop) {
        this.#dropping = missing;
        return end;
      }
    } else {
      this.#flushRun(position);
    }
    this.#keep(bytes, position, end);
    return end;
  }

  /** Takes as much of a message under way as has come; shows it when it is whole. */
  #gather(bytes: Buffer, from: number, end: number): number {
    let position = from;
    if (this.#gatheredBytes < headerBytes) {
      const stop = Math.min(end, position + headerBytes - this.#gatheredBytes);
      this.#keep(bytes, position, stop);
      position = stop;
      if (this.#gatheredBytes < headerBytes) return position;
      // biome-ignore lint/style/noNonNullAssertion: five bytes are there
      const type = this.#gathered[0]!;
      const length = this.#gathered.readInt32BE(1);
      this.#sink.checkHeader(type, length);
      const isWhole = 1 + length - headerBytes <= end - position;
      const treatment = isWhole ? Partial.gather : this.#sink.onPartial(type, length);
      if (treatment !== Partial.gather) {
        if (treatment === Partial.pass) {
          this.#passing = 1 + length - headerBytes;
          this.#sink.forward(this.#gathered, 0, headerBytes);
        } else {
          this.#dropping = 1 + length - headerBytes;
        }
        this.#releaseGathered();
        return position;
      }
    }
    const stop = Math.min(end, position + 1 + this.#gathered.readInt32BE(1) - this.#gatheredBytes);
    this.#keep(bytes, position, stop);
    if (this.#gatheredBytes === 1 + this.#gathered.readInt32BE(1)) this.#finishGathered();
    return stop;
  }

  #finishGathered(): void {
    const whole = this.#gathered;
    const end = this.#gatheredBytes;
    this.#run = whole;
    this.#runStart = 0;
    this.#position = 0;
    // biome-ignore lint/style/noNonNullAssertion: a whole message is there
    const verdict = this.#sink.onMessage(whole[0]!, whole, 0, end);
    if (verdict === Verdict.hold) {
      this.#isHeld = true;
      return;
    }
    if (verdict === Verdict.taken) this.#runStart = end;
    this.#releaseGathered();
    this.#flushRun(end);
  }

  /** A write of it may still be under way: the next message gets a buffer of its own. */
  #releaseGathered(): void {
    this.#gathered = noBytes;
    this.#gatheredBytes = 0;
  }

  /** Grows by doubling, so that a length that is only claimed costs nothing. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const wanted = this.#gatheredBytes + (to - from);
    if (wanted > this.#gathered.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(256, wanted, this.#gathered.length * 2));
      this.#gathered.copy(grown, 0, 0, this.#gatheredBytes);
      this.#gathered = grown;
    }
    bytes.copy(this.#gathered, this.#gatheredBytes, from, to);
    this.#gatheredBytes = wanted;
  }
}

/** Reads the length word; throws WireError below the protocol's four bytes or above `limit`. */
export function checkLength(type: number, length: number, limit: number): void {
  if (length < 4 || length > limit) {
    throw new WireError(`invalid length ${length} of a message of type "${String.fromCharCode(type)}"`);
  }
}
