/** Rewrites rows by a mask plan, straight from the read buffer into the buffer that leaves. */
import { PortcullisError } from '../kit/errors.ts';
import type { MaskPlan } from './maskPlan.ts';
import type { Mask } from './maskValue.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** Type byte, length word, column count. */
const headBytes = 7;

export class RowMasker {
  readonly #columns: readonly (Mask | undefined)[];

  constructor(plan: MaskPlan) {
    this.#columns = plan.columns;
  }

  /**
   * Appends the rewritten form of one whole DataRow, source[start, end): what lies between masked columns is copied in
   * one piece. Throws PortcullisError PROTOCOL_VIOLATION where the row is not what its description announced.
   */
  maskRow(source: Buffer, start: number, end: number, out: OutputBuffer): void {
    const columns = this.#columns;
    if (source.readInt16BE(start + 5) !== columns.length)
      throw broken('has other columns than its description');
    const rowStart = out.length;
    out.reserve(end - start);
    let copied = start; // up to here the row is written
    let at = start + headBytes;
    for (const mask of columns) {
      if (at + 4 > end) throw broken('ends before its columns do');
      const length = source.readInt32BE(at);
      const valueStart = at + 4;
      const valueEnd = length < 0 ? valueStart : valueStart + length;
      if (valueEnd > end) throw broken('has a column that is longer than itself');
      if (mask !== undefined && length >= 0) {
        copy(source, copied, at, out, end - valueEnd);
        append(mask(source, valueStart, valueEnd), out);
        copied = valueEnd;
      }
      at = valueEnd;
    }
    if (at !== end) throw broken('goes on after its columns');
    copy(source, copied, end, out, 0);
    out.buffer.writeInt32BE(out.length - rowStart - 1, rowStart + 1);
  }
}

/** Copies source[from, to); sees to it that `more` bytes and a mask will fit after it. */
function copy(source: Buffer, from: number, to: number, out: OutputBuffer, more: number): void {
  out.reserve(to - from + more + 64);
  source.copy(out.buffer, out.length, from, to);
  out.length += to - from;
}

/** A value with its length word; NULL is the length -1. */
function append(value: Buffer | undefined, out: OutputBuffer): void {
  if (value === undefined) {
    out.reserve(4);
    out.buffer.writeInt32BE(-1, out.length);
    out.length += 4;
    return;
  }
  out.reserve(4 + value.length);
  out.buffer.writeInt32BE(value.length, out.length);
  value.copy(out.buffer, out.length + 4);
  out.length += 4 + value.length;
}

function broken(how: string): PortcullisError {
  return new PortcullisError('PROTOCOL_VIOLATION', { message: `a row from the server ${how}` });
}
