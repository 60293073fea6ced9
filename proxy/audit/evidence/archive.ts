/**
 * The file that an evidence bundle is: a ZIP archive (PKWARE APPNOTE 6.3.10) that any tool opens, in the one form that we
 * write: members stored as they are, one after the other, no dates, no comments. Because there is only one form, whoever
 * knows the members knows every byte of the archive.
 */

export interface Member {
  /** Printable ASCII without `..`. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Sizes and offsets have four bytes; the archives of larger bundles would need ZIP64. */
const maxArchiveBytes = 0xffff_ffff;

/** @throws RangeError where it would be larger than 4 GiB */
export function makeArchive(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes } of members) {
    const head = fileHead(name, bytes);
    directory.push(directoryEntry(name, bytes, offset));
    parts.push(head, bytes);
    offset += head.length + bytes.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  if (offset + size + 22 > maxArchiveBytes) throw new RangeError('the archive is larger than 4 GiB');
  return Buffer.concat([...parts, ...directory, directoryEnd(members.length, size, offset)]);
}

/** The members, as the heads in front of them tell; undefined from the first byte on that is no such head. */
export function readMembers(archive: Buffer): { readonly members: readonly Member[]; readonly end: number } {
  const members: Member[] = [];
  let at = 0;
  while (at + 30 <= archive.length && archive.readUInt32LE(at) === fileSignature) {
    const size = archive.readUInt32LE(at + 18);
    const nameLength = archive.readUInt16LE(at + 26);
    const begin = at + 30 + nameLength;
    if (begin + size > archive.length) break;
    const name = archive.toString('latin1', at + 30, begin);
    members.push({ name, bytes: archive.subarray(begin, begin + size) });
    at = begin + size;
  }
  return { members, end: at };
}

const fileSignature = 0x04034b50;
const directorySignature = 0x02014b50;
const endSignature = 0x06054b50;
/** 2.0: what tools expect of a plain archive. */
const version = 20;
/** 1980-01-01 00:00, the earliest that the format can say: an archive says nothing about when it was made. */
const dosDate = 0x0021;

/** APPNOTE 4.3.7 */
function fileHead(name: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(fileSignature, 0);
  head.writeUInt16LE(version, 4);
  writeCommon(head, 6, name, bytes);
  return Buffer.concat([head, Buffer.from(name, 'latin1')]);
}

/** APPNOTE 4.3.12 */
function directoryEntry(name: string, bytes: Buffer, offset: number): Buffer {
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(directorySignature, 0);
  entry.writeUInt16LE(version, 4);
  entry.writeUInt16LE(version, 6);
  writeCommon(entry, 8, name, bytes);
  entry.writeUInt32LE(offset, 42);
  return Buffer.concat([entry, Buffer.from(name, 'latin1')]);
}

/** Flags 0, method 0 (stored), date, CRC-32, both sizes, length of the name: the same in both. */
function writeCommon(target: Buffer, at: number, name: string, bytes: Buffer): void {
  target.writeUInt16LE(dosDate, at + 6);
  target.writeUInt32LE(crc32(bytes), at + 8);
  target.writeUInt32LE(bytes.length, at + 12);
  target.writeUInt32LE(bytes.length, at + 16);
  target.writeUInt16LE(name.length, at + 20);
}

/** APPNOTE 4.3.16 */
function directoryEnd(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(endSignature, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** ISO 3309, as APPNOTE 4.4.7 asks for; zlib has it only from Node 20.15 on. */
function crc32(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i += 1) {
    crc = (crcTable[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
