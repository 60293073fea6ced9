/** Reads an evidence bundle's file piece by piece: its members where their heads say, and the bytes between them. */
import { type FileHandle, open } from 'node:fs/promises';
import { directoryOf, type Entry, fileHead, fileSignature, headBytes } from '../evidence/archive.ts';

/** Somewhere that bytes are read from: a file, mostly. */
export interface BundleSource {
  readonly size: number;
  /** Fewer bytes than asked for only where it ends. */
  read(from: number, length: number): Promise<Buffer>;
}

/** Where a member's bytes are. */
export interface Member extends Entry {
  readonly begin: number;
}

export interface Members {
  readonly members: readonly Member[];
  /** The first byte that belongs to none of them. */
  readonly end: number;
  /** Set where the file ends in the middle of this member. */
  readonly cutOff?: string;
}

/** Small enough that whoever does something else meanwhile waits for milliseconds only. */
const pieceBytes = 64 * 1024;
/** No event is this large; what is, is not kept in memory. */
const maxLineBytes = 16 * 2 ** 20;
/** The parts that are read as a whole. */
const maxTextBytes = 64 * 2 ** 20;
/** Of 8 MiB each, these are 800 GiB. */
const maxMembers = 100_000;
const maxNameBytes = 200;

/** @throws Error where it cannot be read */
export async function withBundleFile<Answer>(
  path: string,
  work: (source: BundleSource) => Promise<Answer>,
): Promise<Answer> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return await work({ size, read: (from, length) => readFully(handle, from, length) });
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** The members, as the heads in front of them tell, up to the first byte that is no such head. */
export async function readMembers(source: BundleSource): Promise<Members> {
  const members: Member[] = [];
  let offset = 0;
  while (members.length < maxMembers) {
    const head = await source.read(offset, 30 + maxNameBytes);
    if (head.length < 30 || head.readUInt32LE(0) !== fileSignature) break;
    const nameLength = head.readUInt16LE(26);
    if (nameLength > maxNameBytes) break;
    const name = head.toString('latin1', 30, 30 + nameLength);
    const size = head.readUInt32LE(18);
    const begin = offset + headBytes(name);
    if (head.length < 30 + nameLength || begin + size > source.size)
      return { members, end: offset, cutOff: name };
    members.push({ name, size, crc: head.readUInt32LE(14), offset, begin });
    offset = begin + size;
  }
  return { members, end: offset };
}

/** The bytes from `begin` on, up to `end`. */
export async function* readPieces(source: BundleSource, begin: number, end: number): AsyncGenerator<Buffer> {
  for (let at = begin; at < end; ) {
    const piece = await source.read(at, Math.min(pieceBytes, end - at));
    if (piece.length === 0) return;
    yield piece;
    at += piece.length;
  }
}

/** Undefined where it is larger than any such part is. */
export async function readText(source: BundleSource, { begin, size }: Member): Promise<string | undefined> {
  return size > maxTextBytes ? undefined : (await source.read(begin, size)).toString('utf8');
}

export interface BundleLine {
  readonly bytes: Buffer;
  /** Where in the member it begins. */
  readonly byte: number;
  /** Whether a line feed ends it. */
  readonly isWhole: boolean;
}

/** Lines longer than {@link maxLineBytes} come without their bytes. */
export async function* readBundleLines(source: BundleSource, member: Member): AsyncGenerator<BundleLine> {
  let parts: Buffer[] = [];
  let held = 0;
  let byte = 0;
  const take = (last: Buffer): Buffer => {
    const isTooLong = held + last.length > maxLineBytes;
    const bytes = isTooLong ? Buffer.alloc(0) : parts.length === 0 ? last : Buffer.concat([...parts, last]);
    byte += held + last.length + 1;
    parts = [];
    held = 0;
    return bytes;
  };
  for await (const piece of readPieces(source, member.begin, member.begin + member.size)) {
    let from = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
      const start = byte;
      yield { bytes: take(piece.subarray(from, end)), byte: start, isWhole: true };
      from = end + 1;
    }
    if (from === piece.length) continue;
    if (held <= maxLineBytes) parts.push(piece.subarray(from));
    held += piece.length - from;
  }
  if (held > 0) yield { bytes: take(Buffer.alloc(0)), byte, isWhole: false };
}

/**
 * The first byte that is not as the members' names and contents say, in what stands around them: there is one form.
 * @param crcs of the contents, in the order of the members
 */
export async function findStrayByte(
  source: BundleSource,
  { members, end }: Members,
  crcs: readonly number[],
): Promise<number | undefined> {
  const entries = members.map((member, i) => ({ ...member, crc: crcs[i] ?? 0 }));
  for (const entry of entries) {
    const stray = await compare(source, entry.offset, fileHead(entry));
    if (stray !== undefined) return stray;
  }
  let at = end;
  for (const expected of directoryOf(entries, end)) {
    const stray = await compare(source, at, expected);
    if (stray !== undefined) return stray;
    at += expected.length;
  }
  return at === source.size ? undefined : at;
}

async function compare(source: BundleSource, at: number, expected: Buffer): Promise<number | undefined> {
  const found = await source.read(at, expected.length);
  if (found.equals(expected)) return undefined;
  let same = 0;
  while (same < found.length && found[same] === expected[same]) same += 1;
  return at + same;
}
