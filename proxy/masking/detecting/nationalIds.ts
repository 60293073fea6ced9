/** Numbers that states give to people: form, ranges, check digits, and names before those whose digits alone say little. */
import { Bytes, continuesBefore, continuesBehind, isOf } from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';
import { readName } from './surroundings.ts';

/**
 * Ranges that the Social Security Administration issues (POMS RM 10201.035): no 000, 666 or 9xx area (those of 9xx are
 * the tax office's, in ranges of their own), no 00 group, no 0000 serial.
 */
export function isSsn(digits: Uint8Array): boolean {
  const area = (digits[0] as number) * 100 + (digits[1] as number) * 10 + (digits[2] as number);
  if (area === 0 || area === 666 || area >= 900) return false;
  if (digits[3] === 0 && digits[4] === 0) return false;
  return !digits.subarray(5, 9).every((digit) => digit === 0);
}

/** Prefixes that are never given (HMRC, NIM39110). */
const refusedPrefixes: ReadonlySet<string> = new Set(['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ']);

/**
 * A British national insurance number by its digits at `at`: `AB123456C` or `AB 12 34 56 C`. The last letter may be
 * missing where the number is named.
 */
export function findNino(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  const isSpaced = at > start && bytes[at - 1] === 0x20;
  const first = at - (isSpaced ? 3 : 2);
  if (first < start || continuesBefore(bytes, first, start) || !isPrefix(bytes[first], bytes[first + 1])) {
    return undefined;
  }
  let next = at;
  for (let pair = 0; pair < 3; pair++) {
    if (isSpaced && pair > 0 && bytes[next++] !== 0x20) return undefined;
    if (!isOf(bytes[next], Bytes.digit) || !isOf(bytes[next + 1], Bytes.digit)) return undefined;
    next += 2;
  }
  if (isSpaced && bytes[next++] !== 0x20) return undefined;
  const suffix = bytes[next] ?? 0;
  if (next >= end || suffix < 0x41 || suffix > 0x44 || continuesBehind(bytes, next + 1, end))
    return undefined;
  if (bytes[first - 1] === 0x2d && first > start && continuesBefore(bytes, first - 1, start))
    return undefined;
  const name = readName(bytes, first, start, 'nino');
  if (name === 'other') return undefined;
  return makeFinding('NINO', first, next + 1, isSpaced || name === 'named');
}

function isPrefix(first = 0, second = 0): boolean {
  if (!isOf(first, Bytes.upper) || !isOf(second, Bytes.upper)) return false;
  const prefix = String.fromCharCode(first, second);
  return !/^[DFIQUV]|[DFIOQUV]$/.test(prefix) && !refusedPrefixes.has(prefix);
}
