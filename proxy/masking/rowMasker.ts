/** Rewrites rows by a mask plan, straight from the read buffer into the buffer that leaves. */
import { PortcullisError } from '../kit/errors.ts';
import { type CleanedValue, cleanValue, findInValue } from './detecting/cleanValue.ts';
import type { ScannedColumn } from './detecting/scanPlan.ts';
import type { MaskPlan } from './maskPlan.ts';
import type { Mask } from './maskValue.ts';
import type { OutputBuffer } from './outputBuffer.ts';

/** Type byte, length word, column count. */
const headBytes = 7;

/** Is told of each value in which something was found. */
export type NoteFound = (column: ScannedColumn, value: CleanedValue) => void;

export class RowMasker {
  readonly #columns: readonly (Mask | undefined)[];
  readonly #scans: readonly (ScannedColumn | undefined)[];
  readonly #count: number;
  readonly #hasMasks: boolean;
  readonly #noteFound: NoteFound | undefined;

  constructor(plan: MaskPlan, noteFound?: NoteFound) {
    this.#columns = plan.columns;
    this.#scans = plan.scans ?? [];
    this.#count = Math.max(plan.columns.length, this.#scans.length);
    this.#hasMasks = plan.columns.some((mask) => mask !== undefined);
    this.#noteFound = noteFound;
  }

  /**
   * Whether one whole DataRow, source[start, end), must be rewritten; where not, it may leave in the buffer that it came in.
   * Throws PortcullisError PROTOCOL_VIOLATION as {@link maskRow} does.
   */
  mustRewrite(source: Buffer, start: number, end: number): boolean {
    if (this.#hasMasks) return true;
    checkHead(source, start, end, this.#count);
    const scans = this.#scans;
    let at = start + headBytes;
    for (let i = 0; i < this.#count; i++) {
      const valueEnd = readValueEnd(source, at, end);
      const scan = scans[i];
      if (scan !== undefined && findInValue(scan, source, at + 4, valueEnd) !== undefined) return true;
      at = valueEnd;
    }
    if (at !== end) throw broken('goes on after its columns');
    return false;
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
    checkHead(source, start, end, this.#count);
    let copied = start; // up to here the row is written
    let at = start + headBytes;
    for (let i = 0; i < this.#count; i++) {
      const valueStart = at + 4;
      const valueEnd = readValueEnd(source, at, end);
      const mask = this.#columns[i];
      const isNull = source.readInt32BE(at) < 0;
      if (mask !== undefined && !isNull) {
        copy(source, copied, at, out);
        append(mask(source, valueStart, valueEnd), out);
        copied = valueEnd;
      } else if (mask === undefined && !isNull) {
        const cleaned = this.#clean(i, source, valueStart, valueEnd);
        if (cleaned !== undefined) {
          copy(source, copied, at, out);
          append(cleaned.bytes, out);
          copied = valueEnd;
        }
      }
      at = valueEnd;
    }
    if (at !== end) throw broken('goes on after its columns');
    copy(source, copied, end, out);
  }

  #clean(column: number, source: Buffer, start: number, end: number): CleanedValue | undefined {
    const scan = this.#scans[column];
    const cleaned = scan && cleanValue(scan, source, start, end);
    if (scan !== undefined && cleaned !== undefined) this.#noteFound?.(scan, cleaned);
    return cleaned;
  }
}

function checkHead(source: Buffer, start: number, end: number, count: number): void {
  if (end - start < headBytes) throw broken('ends before its columns do');
  if (source.readInt16BE(start + 5) !== count) throw broken('has other columns than its description');
}

/** Where the value ends whose length word is at `at`; NULL has no bytes. */
function readValueEnd(source: Buffer, at: number, end: number): number {
  if (at + 4 > end) throw broken('ends before its columns do');
  // Shifts, for this runs for every value that streams by: readInt32BE checks what has been checked.
  const length =
    ((source[at] as number) << 24) |
    ((source[at + 1] as number) << 16) |
    ((source[at + 2] as number) << 8) |
    (source[at + 3] as number);
  if (length < -1) throw broken('has a column of a negative length');
  const valueEnd = length < 0 ? at + 4 : at + 4 + length;
  if (valueEnd > end) throw broken('has a column that is longer than itself');
  return valueEnd;
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
