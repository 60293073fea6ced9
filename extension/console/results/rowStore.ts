/** Keeps the rows of a result outside the JavaScript heap: text as it came, in chunks of at most a thousand rows. */

export type StoredRow = readonly (string | null)[];

const rowsPerChunk = 1_000;
/** A chunk of long rows ends early: growing it further would copy too much. */
const bytesPerChunk = 1024 * 1024;
const firstScratch = 64 * 1024;
const nullLength = -1;
const lengthBytes = 4;

/** Rows in the form of DataRow's body: for each cell its length in bytes (-1 for NULL) and its bytes. */
interface Chunk {
  readonly firstRow: number;
  readonly bytes: Buffer;
  /** Where each row begins in the bytes. */
  readonly starts: Uint32Array;
}

export class RowStore {
  readonly limit: number;
  readonly #sealed: Chunk[] = [];
  #sealedRows = 0;
  #sealedBytes = 0;
  #scratch: Buffer = Buffer.alloc(0);
  #used = 0;
  #starts = new Uint32Array(rowsPerChunk);
  #open = 0;

  /** @param limit bytes of rows, lengths included. */
  constructor(limit = 200 * 1024 * 1024) {
    this.limit = limit;
  }

  get rowCount(): number {
    return this.#sealedRows + this.#open;
  }

  get byteCount(): number {
    return this.#sealedBytes + this.#used;
  }

  /** Returns false, and keeps nothing of the row, where it would pass the limit. */
  append(row: StoredRow): boolean {
    const size = this.#sizeOf(row);
    if (this.byteCount + size > this.limit) return false;
    this.#reserve(size);
    this.#starts[this.#open] = this.#used;
    for (const cell of row) {
      const length = cell === null ? nullLength : this.#scratch.write(cell, this.#used + lengthBytes);
      this.#scratch.writeInt32LE(length, this.#used);
      this.#used += lengthBytes + Math.max(0, length);
    }
    this.#open += 1;
    if (this.#open === rowsPerChunk || this.#used >= bytesPerChunk) this.#seal();
    return true;
  }

  /** Rows from an offset on, as many as there are; NULL is null and never the empty text. */
  window(offset: number, count: number): StoredRow[] {
    const rows: StoredRow[] = [];
    const end = Math.min(this.rowCount, offset + count);
    for (let row = Math.max(0, offset); row < end; row++) rows.push(this.#read(row));
    return rows;
  }

  /** Forgets all rows. */
  clear(): void {
    this.#sealed.length = 0;
    this.#sealedRows = 0;
    this.#sealedBytes = 0;
    this.#scratch = Buffer.alloc(0);
    this.#used = 0;
    this.#open = 0;
  }

  #read(row: number): StoredRow {
    const { firstRow, bytes, starts } = this.#chunkOf(row);
    const end = starts[row - firstRow + 1] ?? bytes.length;
    const cells: (string | null)[] = [];
    for (let at = starts[row - firstRow] ?? end; at < end; ) {
      const length = bytes.readInt32LE(at);
      at += lengthBytes;
      if (length === nullLength) {
        cells.push(null);
        continue;
      }
      cells.push(bytes.toString('utf8', at, at + length));
      at += length;
    }
    return cells;
  }

  #chunkOf(row: number): Chunk {
    if (row >= this.#sealedRows)
      return {
        firstRow: this.#sealedRows,
        bytes: this.#scratch.subarray(0, this.#used),
        starts: this.#starts.subarray(0, this.#open),
      };
    let low = 0;
    let high = this.#sealed.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#sealed[middle]?.firstRow ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#sealed[low];
    if (chunk === undefined) throw new RangeError(`Row ${row} is not kept.`);
    return chunk;
  }

  #sizeOf(row: StoredRow): number {
    let size = row.length * lengthBytes;
    for (const cell of row) if (cell !== null) size += Buffer.byteLength(cell);
    return size;
  }

  #reserve(size: number): void {
    if (this.#used + size <= this.#scratch.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(firstScratch, this.#used + size, this.#scratch.length * 2));
    this.#scratch.copy(grown, 0, 0, this.#used);
    this.#scratch = grown;
  }

  #seal(): void {
    // Slow: pieces of the shared pool would keep whole pools alive.
    const bytes = Buffer.allocUnsafeSlow(this.#used);
    this.#scratch.copy(bytes, 0, 0, this.#used);
    this.#sealed.push({ firstRow: this.#sealedRows, bytes, starts: this.#starts.slice(0, this.#open) });
    this.#sealedRows += this.#open;
    this.#sealedBytes += this.#used;
    this.#used = 0;
    this.#open = 0;
    if (this.#scratch.length > bytesPerChunk * 4) this.#scratch = Buffer.alloc(0);
  }
}
