/** Rows of a COPY as they come, cut anywhere: whole ones are rewritten, the start of the next waits for its end. */
import { PortcullisError } from '../../kit/errors.ts';
import type { OutputBuffer } from '../outputBuffer.ts';

/** One format's knowledge of rows. */
export interface CopyRowFormat {
  /**
   * Where the row that begins at `start` ends (exclusive), or -1 where source[start, end) is only a part of it. Called again with
   * more bytes of the same row, `from` is where they begin: what lies before has been looked at.
   */
  findRowEnd(source: Buffer, start: number, from: number, end: number): number;
  /** Appends the rewritten row source[start, end). Throws where it is not what was announced. */
  rewriteRow(source: Buffer, start: number, end: number, out: OutputBuffer): void;
  /** What is wrong where the data ends here, between two rows; undefined where nothing is. */
  checkEnd(): string | undefined;
}

const noBytes = Buffer.alloc(0);

/**
 * Holds one row at most: the server sends each in a message of its own (copyto.c, CopySendEndOfRow), the protocol lets it cut them
 * anywhere (manual, 55.2.7).
 */
export class CopyRows {
  readonly #format: CopyRowFormat;
  #rest: Buffer = noBytes;
  #restBytes = 0;

  constructor(format: CopyRowFormat) {
    this.#format = format;
  }

  /** Takes the content of one CopyData, source[start, end); appends the rows that are whole now. */
  write(source: Buffer, start: number, end: number, out: OutputBuffer): void {
    if (this.#restBytes === 0) {
      const at = this.#rewrite(source, start, start, end, out);
      this.#keep(source, at, end);
      return;
    }
    const seen = this.#restBytes;
    this.#keep(source, start, end);
    const rest = this.#rest;
    const at = this.#rewrite(rest, 0, seen, this.#restBytes, out);
    if (at === 0) return;
    const left = this.#restBytes - at;
    this.#restBytes = 0;
    this.#rest = noBytes;
    this.#keep(rest, at, at + left);
  }

  /** The server has sent all. Throws PortcullisError PROTOCOL_VIOLATION where a row is cut off. */
  end(): void {
    const problem = this.#restBytes > 0 ? 'ends within a row' : this.#format.checkEnd();
    if (problem !== undefined) throw brokenCopy(problem);
  }

  /** Returns where the first row begins that is not whole. */
  #rewrite(source: Buffer, start: number, from: number, end: number, out: OutputBuffer): number {
    let at = start;
    let seen = from;
    while (at < end) {
      const next = this.#format.findRowEnd(source, at, seen, end);
      if (next < 0) break;
      this.#format.rewriteRow(source, at, next, out);
      at = next;
      seen = next;
    }
    return at;
  }

  /** Grows by doubling, so that many small pieces cost no more than one large one. */
  #keep(source: Buffer, from: number, to: number): void {
    const wanted = this.#restBytes + to - from;
    if (wanted > this.#rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(256, wanted, this.#rest.length * 2));
      this.#rest.copy(grown, 0, 0, this.#restBytes);
      this.#rest = grown;
    }
    source.copy(this.#rest, this.#restBytes, from, to);
    this.#restBytes = wanted;
  }
}

export function brokenCopy(how: string): PortcullisError {
  return new PortcullisError('PROTOCOL_VIOLATION', { message: `the copied data from the server ${how}` });
}
