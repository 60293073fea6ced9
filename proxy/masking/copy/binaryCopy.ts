/** COPY's binary format: a header, rows of counted values, a trailer (manual, COPY: Binary Format). */
import type { OutputBuffer } from '../outputBuffer.ts';
import { type CopyColumn, replaceValue } from './copyFormat.ts';
import { brokenCopy, type CopyRowFormat } from './copyRows.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, and the length of the header's extension. */
const headerBytes = signature.length + 8;
/** Stands where the next row's count of values would. */
const trailer = -1;

export class BinaryCopy implements CopyRowFormat {
  readonly #columns: readonly CopyColumn[];
  #state: 'header' | 'rows' | 'ended' = 'header';

  constructor(columns: readonly CopyColumn[]) {
    this.#columns = columns;
  }

  /** The header and the trailer count as rows of their own. */
  findRowEnd(source: Buffer, start: number, _from: number, end: number): number {
    if (this.#state === 'ended') throw brokenCopy('goes on after its end');
    if (this.#state === 'header') {
      if (end - start < headerBytes) return -1;
      checkHeader(source, start);
      const length = source.readInt32BE(start + headerBytes - 4);
      if (length < 0) throw brokenCopy('has a broken header');
      return start + headerBytes + length > end ? -1 : start + headerBytes + length;
    }
    if (end - start < 2) return -1;
    const count = source.readInt16BE(start);
    let at = start + 2;
    for (let index = 0; index < count; index++) {
      if (at + 4 > end) return -1;
      const length = source.readInt32BE(at);
      if (length < -1) throw brokenCopy('has a value of a negative length');
      at += 4 + Math.max(length, 0);
    }
    return at > end ? -1 : at;
  }

  rewriteRow(source: Buffer, start: number, end: number, out: OutputBuffer): void {
    if (this.#state === 'header') {
      this.#state = 'rows';
      out.append(source, start, end);
      return;
    }
    const count = source.readInt16BE(start);
    if (count === trailer) {
      this.#state = 'ended';
      out.append(source, start, end);
      return;
    }
    if (count !== this.#columns.length) throw brokenCopy('has a row of other columns');
    let copied = start; // up to here the row is written
    let at = start + 2;
    for (const column of this.#columns) {
      const length = source.readInt32BE(at);
      const valueEnd = at + 4 + Math.max(length, 0);
      const replaced = length < 0 ? undefined : replaceValue(column, source, at + 4, valueEnd);
      if (replaced !== undefined) {
        const { bytes } = replaced;
        out.append(source, copied, at);
        out.appendInt32(bytes === undefined ? -1 : bytes.length);
        if (bytes !== undefined) out.append(bytes, 0, bytes.length);
        copied = valueEnd;
      }
      at = valueEnd;
    }
    out.append(source, copied, end);
  }

  checkEnd(): string | undefined {
    return this.#state === 'ended' ? undefined : 'ends without its trailer';
  }
}

/** No flag is in use: bit 16, OIDs in the rows, went with PostgreSQL 12, and readers must refuse critical ones they do not know. */
function checkHeader(source: Buffer, start: number): void {
  const isSigned = source.compare(signature, 0, signature.length, start, start + signature.length) === 0;
  if (!isSigned || source.readInt32BE(start + signature.length) !== 0)
    throw brokenCopy('has a header that is not known');
}
