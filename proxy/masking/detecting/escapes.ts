/** Text that stands behind a backslash: `\u0040` of JSON (RFC 8259, 7) for `@`, and bytea in hex, wherever it is written out. */
import { findInHex, type Look } from './binaryText.ts';
import type { Finding } from './finding.ts';
import type { Search } from './findSensitive.ts';

const backslash = 0x5c;
const letterU = 0x75;
const letterX = 0x78;
const slash = 0x2f;
const colon = 0x3a;

/** Hex digits behind `\x` from which on they are bytea rather than one character of something else. */
const leastDigits = 12;
/** Bytes before and behind an escape that are read with it: as much as most values have. */
const before = 128;
const behind = 384;
/** Up to there a window serves the escapes in it: those further on get one of their own. */
const served = 256;

export interface Escaped {
  readonly finding: Finding | undefined;
  /** Up to here all escapes have been looked at. */
  readonly end: number;
}

/** What the backslash at `at` begins; undefined where it begins nothing that hides text. */
export function findEscaped(
  bytes: Buffer,
  at: number,
  start: number,
  end: number,
  search: Search,
  look: Look,
): Escaped | undefined {
  const next = at + 1 < end ? bytes[at + 1] : undefined;
  if (next === letterX) return findHex(bytes, at, end, search, look);
  const hides =
    next === letterU ? readEscape(bytes, at, end) !== undefined : next === slash && bytes[at - 1] === colon;
  return hides ? findInWindow(bytes, at, start, end, search, look) : undefined;
}

function findHex(bytes: Buffer, at: number, end: number, search: Search, look: Look): Escaped | undefined {
  let digitEnd = at + 2;
  while (digitEnd < end && isHex(bytes[digitEnd] as number)) digitEnd++;
  if (digitEnd - at - 2 < leastDigits) return undefined;
  const found = findInHex(bytes, at + 2, digitEnd, { column: search.column ?? '' }, look);
  return { finding: found && { ...found, start: at, end: digitEnd }, end: digitEnd };
}

/** Reads what the escapes around `at` stand for, and gives the first finding that one of them is part of. */
function findInWindow(
  bytes: Buffer,
  at: number,
  start: number,
  end: number,
  search: Search,
  look: Look,
): Escaped {
  const from = Math.max(start, at - before);
  const to = Math.min(end, at + behind);
  const text = Buffer.allocUnsafe(to - from);
  /** Where each byte of the text stands; one more for its end. */
  const places: number[] = [];
  let length = 0;
  let begin = 0;
  for (let next = from; next < to; ) {
    // What was found before is not looked for again.
    if (next < (search.from ?? start)) begin = length + 1;
    const character = bytes[next] === backslash ? readEscape(bytes, next, to) : undefined;
    text[length++] = character ?? (bytes[next] as number);
    places.push(next);
    next += character === undefined ? 1 : bytes[next + 1] === letterU ? 6 : 2;
  }
  places.push(to);
  for (let after = begin; ; ) {
    const found = look(text, 0, length, { ...search, from: after });
    if (found === undefined) return { finding: undefined, end: Math.min(to, at + served) };
    after = Math.max(found.end, after + 1);
    const [first = from, last = to] = [places[found.start], places[found.end]];
    // Others are found as they stand; what the window cuts may be part of something else.
    const isCut = (found.start === 0 && from > start) || (found.end === length && to < end);
    if (last - first > found.end - found.start && last > at && !isCut)
      return { finding: { ...found, start: first, end: last }, end: last };
  }
}

/** The character that `\u00XX` or `\/` at the backslash `at` stands for, where it is one of ASCII: nobody hides what follows in others. */
function readEscape(bytes: Buffer, at: number, end: number): number | undefined {
  if (bytes[at + 1] === slash) return at + 2 <= end ? slash : undefined;
  if (bytes[at + 1] !== letterU || at + 6 > end || bytes[at + 2] !== 0x30 || bytes[at + 3] !== 0x30)
    return undefined;
  if (!isHex(bytes[at + 4] as number) || !isHex(bytes[at + 5] as number)) return undefined;
  const code = Number.parseInt(bytes.toString('latin1', at + 4, at + 6), 16);
  return code >= 0x20 && code < 0x7f ? code : undefined;
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}
