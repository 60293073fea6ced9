/** Text inside binary values: the printable runs of their bytes, as they are or as bytea writes them in hex (manual, 8.4). */
import type { Finding } from './finding.ts';
import type { Search } from './findSensitive.ts';

/** Looks through text: what {@link findSensitive} does. */
export type Look = (bytes: Buffer, start: number, end: number, search: Search) => Finding | undefined;

/**
 * Shorter runs of printable bytes are everywhere in compressed data, and some would be addresses by chance: with 12, one in
 * some 500 MB of it is; with 8, one in 20 MB. Values that are no longer than text in bytea often is are read with more care.
 */
const shortestRun = 12;
const shortestRunOfShort = 8;
const shortValue = 1024;

/**
 * What is found in text inside of bytes[start, end). No form is certain in bytes of which nobody knows what they are: one find
 * masks the value, and says little of its column.
 */
export function findInBytes(
  bytes: Buffer,
  start: number,
  end: number,
  search: Search,
  look: Look,
): Finding | undefined {
  return findInRuns(bytes, start, end - start, false, search, look);
}

/** The same for bytes that are written as digits[start, end), two for each. */
export function findInHex(
  digits: Buffer,
  start: number,
  end: number,
  search: Search,
  look: Look,
): Finding | undefined {
  return findInRuns(digits, start, (end - start) >> 1, true, search, look);
}

/** A run that is long enough has a printable byte in every so many: most bytes of what is no text are never read. */
function findInRuns(
  source: Buffer,
  start: number,
  length: number,
  isHex: boolean,
  search: Search,
  look: Look,
): Finding | undefined {
  const least = Math.min(length > shortValue ? shortestRun : shortestRunOfShort, length);
  // Positions count bytes of what is stored.
  const isPrintable = isHex ? isPrintableHex : isPrintableByte;
  for (let at = least - 1; at < length; ) {
    if (!isPrintable(source, start, at)) {
      at += least;
      continue;
    }
    let from = at;
    while (from > 0 && isPrintable(source, start, from - 1)) from--;
    let to = at + 1;
    while (to < length && isPrintable(source, start, to)) to++;
    if (to - from >= least) {
      const finding = isHex
        ? lookAtHex(source, start + 2 * from, start + 2 * to, search, look)
        : look(source, start + from, start + to, search);
      if (finding !== undefined) return { ...finding, isCertain: false };
    }
    at = to + least;
  }
  return undefined;
}

function lookAtHex(
  source: Buffer,
  from: number,
  to: number,
  search: Search,
  look: Look,
): Finding | undefined {
  const bytes = Buffer.from(source.toString('latin1', from, to), 'hex');
  return look(bytes, 0, bytes.length, search);
}

function isPrintableByte(bytes: Buffer, start: number, at: number): boolean {
  const byte = bytes[start + at] as number;
  return byte >= 0x20 && byte < 0x7f;
}

/** By the first of its two digits, 2 to 7. */
function isPrintableHex(digits: Buffer, start: number, at: number): boolean {
  const digit = digits[start + 2 * at] as number;
  return digit >= 0x32 && digit <= 0x37;
}
