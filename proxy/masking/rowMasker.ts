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
    const rowStart = out.length;
    try {
      this.#rewrite(source, start, end, out);
    } catch (error) {
      out.length = rowStart; // nothing of a broken row leaves
      throw error;
    }
    out.buffer.writeInt32BE(out.length - rowStart - 1, rowStart + 1);
  }

  #rewrite(source: Buffer, start: number, end: number, out: OutputBuffer): void {
    const columns = this.#columns;
    if (end - start < headBytes) throw broken('ends before its columns do');
    if (source.readInt16BE(start + 5) !== columns.length)
      throw broken('has other columns than its description');
    let copied = start; // up to here the row is written
    let at = start + headBytes;
    for (const mask of columns) {
      if (at + 4 > end) throw broken('ends before its columns do');
      const length = source.readInt32BE(at);
      if (length < -1) throw broken('has a column of a negative length');
      const valueStart = at + 4;
      const valueEnd = length < 0 ? valueStart : valueStart + length;
      if (valueEnd > end) throw broken('has a column that is longer than itself');
      if (mask !== undefined && length >= 0) {
        copy(source, copied, at, out);
        append(mask(source, valueStart, valueEnd), out);
        copied = valueEnd;
      }
      at = valueEnd;
    }
    if (at !== end) throw broken('goes on after its columns');
    copy(source, copied, end, out);
  }
}

/** Below this, a loop is faster than a call into native code. */
const shortBytes = 48;

function copy(source: Buffer, from: number, to: number, out: OutputBuffer): void {
  const size = to - from;
  out.reserve(size);
  const { buffer, length } = out;
  if (size > shortBytes) source.copy(buffer, length, from, to);
  else for (let i = 0; i < size; i++) buffer[length + i] = source[from + i] as number; // within bounds
  out.length = length + size;
}

/** A value with its length word; NULL is the length -1. */
function append(value: Buffer | undefined, out: OutputBuffer): void {
  const size = value === undefined ? 0 : value.length;
  out.reserve(4 + size);
  out.buffer.writeInt32BE(value === undefined ? -1 : size, out.length);
  out.length += 4;
  if (value !== undefined) copy(value, 0, size, out);
}

function broken(how: string): PortcullisError {
  return new PortcullisError('PROTOCOL_VIOLATION', { message: `a row from the server ${how}` });
}
