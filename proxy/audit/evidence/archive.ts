/**
 * The file that an evidence bundle is: a ZIP archive (PKWARE APPNOTE 6.3.10) that any tool opens, in the one form that we
 * write: members stored as they are, one after the other, no dates, no comments; ZIP64 where a number needs more than four
 * bytes, and only there. Because there is only one form, whoever knows the members knows every byte between them.
 */

/** What stands in front of a member's bytes, and again in the list at the end. */
export interface Entry {
  /** Printable ASCII without `..`. */
  readonly name: string;
  /** Bytes, fewer than 4 GiB. */
  readonly size: number;
  readonly crc: number;
  /** Of its head in the archive. */
  readonly offset: number;
}

/** Bytes go on once `write` has taken them, so that whoever reads slowly slows down whoever makes them. */
export type Write = (bytes: Buffer) => Promise<void>;

export class ArchiveWriter {
  readonly #write: Write;
  readonly #entries: Entry[] = [];
  #offset = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  /** @param parts of the member's bytes */
  async add(name: string, parts: readonly Buffer[]): Promise<void> {
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    const crc = parts.reduce((sum, part) => crc32(part, sum), 0);
    const entry = { name, size, crc, offset: this.#offset };
    this.#entries.push(entry);
    await this.#write(fileHead(entry));
    for (const part of parts) await this.#write(part);
    this.#offset += headBytes(name) + size;
  }

  async end(): Promise<void> {
    for (const bytes of directoryOf(this.#entries, this.#offset)) await this.#write(bytes);
  }
}

export const fileSignature = 0x04034b50;
const directorySignature = 0x02014b50;
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;
/** 2.0: what tools expect of a plain archive; 4.5 of one with ZIP64. */
const version = 20;
const version64 = 45;
/** 1980-01-01 00:00, the earliest that the format can say: an archive says nothing about when it was made. */
const dosDate = 0x0021;
/** What a number of two or four bytes says where its value stands elsewhere. */
const elsewhere16 = 0xffff;
const elsewhere32 = 0xffff_ffff;

export function headBytes(name: string): number {
  return 30 + name.length;
}

/** APPNOTE 4.3.7 */
export function fileHead(entry: Entry): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(fileSignature, 0);
  head.writeUInt16LE(version, 4);
  writeCommon(head, 6, entry);
  return Buffer.concat([head, Buffer.from(entry.name, 'latin1')]);
}

/** The list at the end. @param offset where it begins */
export function* directoryOf(entries: readonly Entry[], offset: number): Generator<Buffer> {
  let size = 0;
  for (const entry of entries) {
    const bytes = directoryEntry(entry);
    size += bytes.length;
    yield bytes;
  }
  yield directoryEnd(entries.length, size, offset);
}

/** APPNOTE 4.3.12; 4.5.3 for an offset of eight bytes. */
function directoryEntry(entry: Entry): Buffer {
  const isFar = entry.offset >= elsewhere32;
  const head = Buffer.alloc(46);
  head.writeUInt32LE(directorySignature, 0);
  head.writeUInt16LE(isFar ? version64 : version, 4);
  head.writeUInt16LE(isFar ? version64 : version, 6);
  writeCommon(head, 8, entry);
  head.writeUInt16LE(isFar ? 12 : 0, 30);
  head.writeUInt32LE(isFar ? elsewhere32 : entry.offset, 42);
  const parts = [head, Buffer.from(entry.name, 'latin1')];
  if (isFar) {
    const extra = Buffer.alloc(12);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8, 2);
    extra.writeBigUInt64LE(BigInt(entry.offset), 4);
    parts.push(extra);
  }
  return Buffer.concat(parts);
}

/** Flags 0, method 0 (stored), date, CRC-32, both sizes, length of the name: the same in both. */
function writeCommon(target: Buffer, at: number, { name, size, crc }: Entry): void {
  target.writeUInt16LE(dosDate, at + 6);
  target.writeUInt32LE(crc, at + 8);
  target.writeUInt32LE(size, at + 12);
  target.writeUInt32LE(size, at + 16);
  target.writeUInt16LE(name.length, at + 20);
}

/** APPNOTE 4.3.16; 4.3.14 and 4.3.15 before it where a number does not fit. */
function directoryEnd(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endSignature, 0);
  end.writeUInt16LE(Math.min(count, elsewhere16), 8);
  end.writeUInt16LE(Math.min(count, elsewhere16), 10);
  end.writeUInt32LE(Math.min(size, elsewhere32), 12);
  end.writeUInt32LE(Math.min(offset, elsewhere32), 16);
  if (count < elsewhere16 && size < elsewhere32 && offset < elsewhere32) return end;
  const far = Buffer.alloc(56 + 20);
  far.writeUInt32LE(end64Signature, 0);
  far.writeBigUInt64LE(44n, 4);
  far.writeUInt16LE(version64, 12);
  far.writeUInt16LE(version64, 14);
  far.writeBigUInt64LE(BigInt(count), 24);
  far.writeBigUInt64LE(BigInt(count), 32);
  far.writeBigUInt64LE(BigInt(size), 40);
  far.writeBigUInt64LE(BigInt(offset), 48);
  far.writeUInt32LE(locatorSignature, 56);
  far.writeBigUInt64LE(BigInt(offset + size), 64);
  far.writeUInt32LE(1, 72);
  return Buffer.concat([far, end]);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/**
 * ISO 3309, as APPNOTE 4.4.7 asks for; zlib has it only from Node 20.15 on.
 * @param before that of the bytes before these
 */
export function crc32(bytes: Buffer, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i += 1) {
    crc = (crcTable[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
