/** COPY's CSV format: values in quotes where they hold what would end them, newlines and all (manual, COPY: CSV Format). */
import type { OutputBuffer } from '../outputBuffer.ts';
import { type CopyColumn, type CopyFormat, isChecked, replaceValue } from './copyFormat.ts';
import { brokenCopy, type CopyRowFormat } from './copyRows.ts';
import { equals } from './textCopy.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;

export class CsvCopy implements CopyRowFormat {
  readonly #columns: readonly (CopyColumn & { readonly isQuoted: boolean })[];
  readonly #format: CopyFormat;
  readonly #nullText: Buffer;
  #isHeader: boolean;
  /** Where the search for the end of a row stopped: within quotes, and behind an escape. */
  #isInQuotes = false;
  #isEscaped = false;

  constructor(columns: readonly CopyColumn[], format: CopyFormat) {
    const { forceQuote } = format;
    this.#columns = columns.map((column) => ({
      ...column,
      isQuoted: forceQuote === 'all' || forceQuote.includes(column.name),
    }));
    this.#format = format;
    this.#nullText = Buffer.from(format.nullText);
    this.#isHeader = format.hasHeader;
  }

  findRowEnd(source: Buffer, _start: number, from: number, end: number): number {
    const { quote, escapeByte } = this.#format;
    for (let at = from; at < end; at++) {
      const byte = source[at];
      if (this.#isEscaped) this.#isEscaped = false;
      // A doubled quote leaves the quotes and enters them again.
      else if (this.#isInQuotes && byte === escapeByte && escapeByte !== quote) this.#isEscaped = true;
      else if (byte === quote) this.#isInQuotes = !this.#isInQuotes;
      else if (byte === newline && !this.#isInQuotes) return at + 1;
    }
    return -1;
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
      // NULL is the one value without quotes that equals the text for it.
      if (column !== undefined && isChecked(column) && !equals(source, at, fieldEnd, this.#nullText)) {
        const value = this.#unquote(source, at, fieldEnd);
        const replaced = replaceValue(column, value, 0, value.length);
        if (replaced !== undefined) {
          out.append(source, copied, at);
          this.#append(replaced.bytes, column.isQuoted, out);
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
    const { delimiter, quote, escapeByte } = this.#format;
    if (source[start] !== quote || start === lineEnd) {
      let at = start;
      while (at < lineEnd && source[at] !== delimiter) at++;
      return at;
    }
    let at = start + 1;
    for (; at < lineEnd; at++) {
      if (source[at] === escapeByte && (escapeByte !== quote || source[at + 1] === quote)) at++;
      else if (source[at] === quote) break;
    }
    at++;
    if (at > lineEnd || (at < lineEnd && source[at] !== delimiter)) throw brokenCopy('has a broken value');
    return at;
  }

  #unquote(source: Buffer, start: number, end: number): Buffer {
    const { quote, escapeByte } = this.#format;
    if (source[start] !== quote || start === end) return source.subarray(start, end);
    const bytes = Buffer.allocUnsafe(end - start);
    let length = 0;
    for (let at = start + 1; at < end - 1; at++) {
      if (source[at] === escapeByte) at++;
      bytes[length++] = source[at] as number; // within the quotes
    }
    return bytes.subarray(0, length);
  }

  /** Quotes by what the mask holds and never by what the value held: that alone would tell of it. */
  #append(value: Buffer | undefined, isQuoted: boolean, out: OutputBuffer): void {
    if (value === undefined) {
      out.append(this.#nullText, 0, this.#nullText.length);
      return;
    }
    const { quote, escapeByte } = this.#format;
    if (!isQuoted && !this.#needsQuotes(value)) {
      out.append(value, 0, value.length);
      return;
    }
    out.appendByte(quote);
    for (const byte of value) {
      if (byte === quote || byte === escapeByte) out.appendByte(escapeByte);
      out.appendByte(byte);
    }
    out.appendByte(quote);
  }

  /** As copyto.c, CopyAttributeOutCSV. */
  #needsQuotes(value: Buffer): boolean {
    if (equals(value, 0, value.length, this.#nullText)) return true;
    if (this.#columns.length === 1 && value.toString('latin1') === '\\.') return true;
    const { delimiter, quote } = this.#format;
    return value.some(
      (byte) => byte === delimiter || byte === quote || byte === newline || byte === carriageReturn,
    );
  }
}
