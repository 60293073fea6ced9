/** Sensitive numbers at a run of digits: which ones its length can begin, and whether one does. */
import { findIban } from './accounts.ts';
import { Bytes, continuesBefore, continuesBehind, isDigit, isOf, skipSet } from './bytes.ts';
import { findCardGroups, findSolidCard } from './cards.ts';
import { beginsNumber, dash, dot, space } from './digitGroups.ts';
import { type Finding, makeFinding } from './finding.ts';
import { findAadhaarGroups, findCpf, findNino, findSolidId, findSsn } from './nationalIds.ts';
import { findZerosNumber } from './phoneNumbers.ts';
import type { Place } from './surroundings.ts';

const zero = 0x30;

/**
 * Whether a run of digits, bytes[at, runEnd), has the length and the neighbours of anything that {@link findNumber} knows.
 * Dates, times, counts and identifiers go no further than here.
 */
export function mayBeginNumber(
  bytes: Uint8Array,
  at: number,
  runEnd: number,
  start: number,
  end: number,
): boolean {
  const length = runEnd - at;
  if (length < 2) return false;
  if (at - 2 >= start && isUpper(bytes[at - 2] as number)) return true; // GB82, AB 12
  if (length < 9) {
    if (bytes[at] === 0x30 && bytes[at + 1] === 0x30) return true;
    if (length !== 3 && length !== 4) return false;
    if (runEnd + 6 > end) return false;
    const separator = bytes[runEnd] as number;
    if (separator !== dash && separator !== space && separator !== dot) return false;
    // 123-45-6789, 123.456.789-09; 4242 4242 4242 4242, 3782 822463 10005
    if (!isDigit(bytes[runEnd + 1]) || !isDigit(bytes[runEnd + 2])) return false;
    if (length === 3) return bytes[runEnd + 3] === separator || bytes[runEnd + 4] === separator;
    return isDigit(bytes[runEnd + 3]) && isDigit(bytes[runEnd + 4]);
  }
  return true;
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/** @param at the first digit of a run that ends before `runEnd`, and of which {@link mayBeginNumber} is true */
export function findNumber(place: Place, at: number, runEnd: number): Finding | undefined {
  const { bytes, start, end } = place;
  const length = runEnd - at;
  const before = at > start ? bytes[at - 1] : undefined;
  if (isOf(before, Bytes.upper)) {
    const account = findIban(bytes, at, start, end);
    return account ?? (length === 6 ? findNino(place, at) : undefined);
  }
  if (length === 2 && before === space && at - 2 >= start && isOf(bytes[at - 2], Bytes.upper)) {
    return findNino(place, at);
  }
  if (length < 3 || !beginsNumber(bytes, at, start)) return undefined;
  const found = findByLength(place, at, length);
  if (found !== undefined || bytes[at] !== zero || bytes[at + 1] !== zero) return found;
  return findZerosNumber(place, at);
}

function findByLength(place: Place, at: number, length: number): Finding | undefined {
  switch (length) {
    case 3:
      return findSsn(place, at) ?? findCpf(place, at);
    case 4:
      return findCardGroups(place, at) ?? findAadhaarGroups(place, at);
    case 9:
      return findSolidId(place, at, 'SSN');
    case 11:
      return findSolidId(place, at, 'CPF');
    case 12:
      return findSolidId(place, at, 'Aadhaar number');
    default:
      return length >= 14 && length <= 19 ? findSolidCard(place, at, length) : undefined;
  }
}

/** PostgreSQL's md5 verifier at its first digit, behind the letters: `md5` and 32 hexadecimal digits. */
export function findMd5Verifier(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  if (bytes[at] !== 0x35 || at - 2 < start || bytes[at - 1] !== 0x64 || bytes[at - 2] !== 0x6d)
    return undefined;
  if (continuesBefore(bytes, at - 2, start)) return undefined;
  const hashEnd = skipSet(bytes, at + 1, end, Bytes.hex);
  if (hashEnd - at !== 33 || continuesBehind(bytes, hashEnd, end)) return undefined;
  return makeFinding('password hash', at - 2, hashEnd);
}
