/** Numbers that states give to people: form, ranges, check digits, and names before those whose digits alone say little. */
import { Bytes, continuesBefore, continuesBehind, isDigit, isOf } from './bytes.ts';
import { passesCpf, passesVerhoeff } from './checkDigits.ts';
import { dash, digits, dot, endsNumber, isPartOfMore, readGroups, space } from './digitGroups.ts';
import { type Finding, makeFinding } from './finding.ts';
import { type NumberName, type Place, readName } from './surroundings.ts';

/**
 * Ranges that the Social Security Administration issues (POMS RM 10201.035): no 000, 666 or 9xx area (those of 9xx are
 * the tax office's, in ranges of their own), no 00 group, no 0000 serial.
 */
function isSsn(): boolean {
  const area = (digits[0] as number) * 100 + (digits[1] as number) * 10 + (digits[2] as number);
  if (area === 0 || area === 666 || area >= 900) return false;
  if (digits[3] === 0 && digits[4] === 0) return false;
  return !digits.subarray(5, 9).every((digit) => digit === 0);
}

export function findSsn(place: Place, at: number): Finding | undefined {
  const { bytes, end } = place;
  const numberEnd = readGroups(bytes, at, end, [3, 2, 4], [dash, space]);
  if (numberEnd < 0 || !isSsn()) return undefined;
  const name = readName(place, at, 'ssn');
  if (name === 'other' || (bytes[at + 3] === space && name === undefined)) return undefined;
  return makeFinding('SSN', at, numberEnd, name === 'named');
}

/** `123.456.789-09`: its last separator is another than those before. */
export function findCpf({ bytes, end }: Place, at: number): Finding | undefined {
  const numberEnd = at + 14;
  if (numberEnd > end || bytes[at + 3] !== dot || bytes[at + 7] !== dot || bytes[at + 11] !== dash)
    return undefined;
  for (let i = 0, count = 0; i < 14; i++) {
    if (i === 3 || i === 7 || i === 11) continue;
    if (!isDigit(bytes[at + i])) return undefined;
    digits[count++] = (bytes[at + i] as number) - 0x30;
  }
  if (!endsNumber(bytes, numberEnd, end) || !passesCpf(digits)) return undefined;
  return makeFinding('CPF', at, numberEnd);
}

/** The Unique Identification Authority of India prints twelve digits in groups of four. */
export function findAadhaarGroups(place: Place, at: number): Finding | undefined {
  const { bytes, start, end } = place;
  const numberEnd = readGroups(bytes, at, end, [4, 4, 4], [space, dash]);
  if (numberEnd < 0 || !isAadhaar() || isPartOfMore(bytes, at, numberEnd, start, end)) return undefined;
  const name = readName(place, at, 'aadhaar');
  return name === 'other' ? undefined : makeFinding('Aadhaar number', at, numberEnd, name === 'named');
}

/** None begins with 0 or 1; the last digit is Verhoeff's. */
function isAadhaar(): boolean {
  return (digits[0] as number) >= 2 && passesVerhoeff(digits, 12);
}

const solid = {
  SSN: { count: 9, isValid: isSsn, name: 'ssn' },
  CPF: { count: 11, isValid: () => passesCpf(digits), name: 'cpf' },
  'Aadhaar number': { count: 12, isValid: isAadhaar, name: 'aadhaar' },
} as const satisfies Record<string, { count: number; isValid: () => boolean; name: NumberName }>;

/** Digits alone, which anything could be: where they are called by their name. */
export function findSolidId(place: Place, at: number, form: keyof typeof solid): Finding | undefined {
  const { count, isValid, name } = solid[form];
  if (readGroups(place.bytes, at, place.end, [count], []) < 0 || !isValid()) return undefined;
  return readName(place, at, name) === 'named' ? makeFinding(form, at, at + count) : undefined;
}

/** Prefixes that are never given (HMRC, NIM39110). */
const refusedPrefixes: ReadonlySet<string> = new Set(['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ']);

/**
 * A British national insurance number by its digits at `at`: `AB123456C` or `AB 12 34 56 C`. The last letter may be
 * missing where the number is named.
 */
export function findNino(place: Place, at: number): Finding | undefined {
  const { bytes, start, end } = place;
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
  const name = readName(place, first, 'nino');
  if (name === 'other') return undefined;
  return makeFinding('NINO', first, next + 1, isSpaced || name === 'named');
}

function isPrefix(first = 0, second = 0): boolean {
  if (!isOf(first, Bytes.upper) || !isOf(second, Bytes.upper)) return false;
  const prefix = String.fromCharCode(first, second);
  return !/^[DFIQUV]|[DFIOQUV]$/.test(prefix) && !refusedPrefixes.has(prefix);
}
