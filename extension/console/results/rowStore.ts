/**
 * Keeps the rows of a result outside the JavaScript heap, as text, in one piece of memory that grows where it lies. What is
 * forgotten is given back to the system at once: the process that hosts all extensions does not wait for a collection.
 */

export type StoredRow = readonly (string | null)[];

/** Memory is taken in such steps. */
const growBytes = 1024 * 1024;
/** One row of so many has its place written down; the others are found by passing over those before. */
const rowsPerMark = 32;
/** Lengths are written like this so that NULL, which is not the empty text, can be told. */
const nullLength = 0;

export class RowStore {
  readonly limit: number;
  /** Reserves addresses for all that may come; memory only for what is there. */
  #memory: ArrayBuffer | undefined;
  /** All of the memory there is now. */
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;
  #rows = 0;
  /** Where rows 0, 32, 64, … begin. */
  #marks: number[] = [];
  /** Of the cells of the row that is being added: a list for each would be garbage a million times over. */
  readonly #lengths: number[] = [];

  /** @param limit bytes of rows, with a byte or more for each row and each cell. */
  constructor(limit = 200 * 1024 * 1024) {
    this.limit = limit;
  }

  get rowCount(): number {
    return this.#rows;
  }

  get byteCount(): number {
    return this.#used;
  }

  /** Returns false, and keeps nothing of the row, where it would pass the limit. */
  append(row: StoredRow): boolean {
    const lengths = this.#lengths;
    let size = sizeOfNumber(row.length);
    let index = 0;
    for (const cell of row) {
      const length = cell === null ? nullLength : Buffer.byteLength(cell) + 1;
      lengths[index++] = length;
      size += sizeOfNumber(length) + Math.max(0, length - 1);
    }
    if (!this.#reserve(size)) return false;
    const bytes = this.#bytes;
    let at = writeNumber(bytes, row.length, this.#used);
    index = 0;
    for (const cell of row) {
      at = writeNumber(bytes, lengths[index++] ?? nullLength, at);
      if (cell !== null) at += bytes.write(cell, at);
    }
    this.#endRow(at);
    return true;
  }

  /**
   * The same for the body of a DataRow (manual 54.7): the number of cells in 2 bytes, then for each its length in 4 bytes,
   * -1 for NULL, and its text. No row is longer here than there.
   */
  appendDataRow(row: Buffer, start: number, end: number): boolean {
    if (!this.#reserve(end - start)) return false;
    const bytes = this.#bytes;
    let at = writeNumber(bytes, row.readInt16BE(start), this.#used);
    for (let from = start + 2; from < end; ) {
      const length = row.readInt32BE(from);
      from += 4;
      at = writeNumber(bytes, length < 0 ? nullLength : length + 1, at);
      if (length > 0) {
        row.copy(bytes, at, from, from + length);
        at += length;
        from += length;
      }
    }
    this.#endRow(at);
    return true;
  }

  /** Rows from an offset on, as many as there are. */
  window(offset: number, count: number): StoredRow[] {
    const first = Math.max(0, offset);
    const end = Math.min(this.#rows, offset + count);
    if (first >= end) return [];
    const reader = new RowReader(this.#bytes, this.#marks[Math.floor(first / rowsPerMark)] ?? 0);
    for (let passed = first % rowsPerMark; passed > 0; passed--) reader.passRow();
    return Array.from({ length: end - first }, () => reader.readRow());
  }

  /** Forgets all rows. */
  clear(): void {
    this.#memory?.resize(0);
    this.#bytes = Buffer.alloc(0);
    this.#marks = [];
    this.#used = 0;
    this.#rows = 0;
  }

  /** Returns false where the limit leaves no room. */
  #reserve(size: number): boolean {
    const needed = this.#used + size;
    if (needed > this.limit) return false;
    if (needed <= this.#bytes.length) return true;
    this.#memory ??= new ArrayBuffer(0, { maxByteLength: this.limit });
    this.#memory.resize(Math.min(this.limit, Math.ceil(needed / growBytes) * growBytes));
    this.#bytes = Buffer.from(this.#memory);
    return true;
  }

  #endRow(end: number): void {
    if (this.#rows % rowsPerMark === 0) this.#marks.push(this.#used);
    this.#used = end;
    this.#rows += 1;
  }
}

/** Reads what `append` wrote: the number of cells, then for each its length in bytes plus 1 (0 for NULL) and its text. */
class RowReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  readRow(): StoredRow {
    return Array.from({ length: this.#readNumber() }, () => this.#readCell());
  }

  passRow(): void {
    for (let cells = this.#readNumber(); cells > 0; cells--) {
      const length = this.#readNumber();
      this.#at += Math.max(0, length - 1);
    }
  }

  #readCell(): string | null {
    const length = this.#readNumber();
    if (length === nullLength) return null;
    const start = this.#at;
    this.#at += length - 1;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** Seven bits a byte, the lowest first; the highest bit says that more follow. */
  #readNumber(): number {
    let value = 0;
    for (let weight = 1; ; weight *= 0x80) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
  }
}

function sizeOfNumber(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** Returns the place behind it. */
function writeNumber(bytes: Buffer, value: number, start: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}
