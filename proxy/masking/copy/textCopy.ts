/** COPY's text format: a line a row, backslash sequences for what would end a field or a line (manual, COPY: Text Format). */
import type { OutputBuffer } from '../outputBuffer.ts';
import { type CopyColumn, type CopyFormat, isChecked, replaceValue } from './copyFormat.ts';
import { brokenCopy, type CopyRowFormat } from './copyRows.ts';

const backslash = 0x5c;
const newline = 0x0a;

/** The letters of \b \f \n \r \t \v by the byte that they stand for (copyto.c, CopyAttributeOutText), and back. */
const letters: ReadonlyMap<number, number> = new Map(
  [...'\b\f\n\r\t\v'].map((byte, index) => [byte.charCodeAt(0), 'bfnrtv'.charCodeAt(index)]),
);
const meanings: ReadonlyMap<number, number> = new Map([...letters].map(([byte, letter]) => [letter, byte]));

export class TextCopy implements CopyRowFormat {
  readonly #columns: readonly CopyColumn[];
  readonly #delimiter: number;
  readonly #nullText: Buffer;
  #isHeader: boolean;

  constructor(columns: readonly CopyColumn[], { delimiter, nullText, hasHeader }: CopyFormat) {
    this.#columns = columns;
    this.#delimiter = delimiter;
    this.#nullText = Buffer.from(nullText);
    this.#isHeader = hasHeader;
  }

  /** A newline within a value comes as \n: a bare one ends the row. */
  findRowEnd(source: Buffer, _start: number, from: number, end: number): number {
    const at = source.subarray(from, end).indexOf(newline);
    return at < 0 ? -1 : from + at + 1;
  }

  rewriteRow(source: Buffer, start: number, end: number, out: OutputBuffer): void {
    if (this.#isHeader) {
      this.#isHeader = false;
      out.append(source, start, end);
      return;
    }
    const lineEnd = end - 1;
    const last = this.#columns.length - 1;
    let copied = start; // up to here the row is written
    let at = start;
    for (let index = 0; index <= last; index++) {
      const fieldEnd = this.#findFieldEnd(source, at, lineEnd);
      if (index < last !== fieldEnd < lineEnd) throw brokenCopy('has a row of other columns');
      const column = this.#columns[index];
      if (column !== undefined && isChecked(column) && !equals(source, at, fieldEnd, this.#nullText)) {
        const value = readValue(source, at, fieldEnd);
        const replaced = replaceValue(column, value.bytes, value.start, value.end);
        if (replaced !== undefined) {
          out.append(source, copied, at);
          this.#append(replaced.bytes, out);
          copied = fieldEnd;
        }
      }
      at = fieldEnd + 1;
    }
    out.append(source, copied, end);
  }

  checkEnd(): undefined {
    return undefined;
  }

  #findFieldEnd(source: Buffer, start: number, lineEnd: number): number {
    const delimiter = this.#delimiter;
    let at = start;
    while (at < lineEnd && source[at] !== delimiter) at += source[at] === backslash ? 2 : 1;
    return Math.min(at, lineEnd);
  }

  #append(value: Buffer | undefined, out: OutputBuffer): void {
    if (value === undefined) {
      out.append(this.#nullText, 0, this.#nullText.length);
      return;
    }
    for (const byte of value) {
      const letter = letters.get(byte);
      if (letter !== undefined || byte === backslash || byte === this.#delimiter) out.appendByte(backslash);
      out.appendByte(letter ?? byte);
    }
  }
}

/** The bytes that a field stands for; in place where nothing in it is escaped. */
function readValue(
  source: Buffer,
  start: number,
  end: number,
): { bytes: Buffer; start: number; end: number } {
  let at = start;
  while (at < end && source[at] !== backslash) at++;
  if (at === end) return { bytes: source, start, end };
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (at = start; at < end; at++) {
    let byte = source[at] as number; // within the field
    if (byte === backslash && at + 1 < end) {
      at++;
      const escaped = source[at] as number; // within the field
      byte = meanings.get(escaped) ?? escaped;
    }
    bytes[length++] = byte;
  }
  return { bytes, start: 0, end: length };
}

export function equals(source: Buffer, start: number, end: number, text: Buffer): boolean {
  return end - start === text.length && source.compare(text, 0, text.length, start, end) === 0;
}
