/** Sensitive numbers at a run of digits: which ones its length can begin, and whether one does. */
import { findIban } from './accounts.ts';
import { Bytes, continuesBefore, continuesBehind, isDigit, isOf, skipSet } from './bytes.ts';
import { cardGroups, isCard } from './cards.ts';
import { passesCpf, passesVerhoeff } from './checkDigits.ts';
import { type Finding, makeFinding } from './finding.ts';
import { findNino, isSsn } from './nationalIds.ts';
import { findZerosNumber } from './phoneNumbers.ts';
import { readName } from './surroundings.ts';

const space = 0x20;
const dash = 0x2d;
const dot = 0x2e;
const plus = 0x2b;
const slash = 0x2f;
const hash = 0x23;
const comma = 0x2c;

/** Digits read last, as numbers. */
const digits = new Uint8Array(24);

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
export function findNumber(
  bytes: Uint8Array,
  at: number,
  runEnd: number,
  start: number,
  end: number,
): Finding | undefined {
  const length = runEnd - at;
  const before = at > start ? bytes[at - 1] : undefined;
  if (isOf(before, Bytes.upper)) {
    const account = findIban(bytes, at, start, end);
    if (account !== undefined || length !== 6) return account;
    return findNino(bytes, at, start, end);
  }
  if (length === 2 && before === space && at - 2 >= start && isOf(bytes[at - 2], Bytes.upper)) {
    return findNino(bytes, at, start, end);
  }
  if (length < 3 || !beginsNumber(bytes, at, start)) return undefined;
  switch (length) {
    case 3:
      return findSsn(bytes, at, start, end) ?? findCpf(bytes, at, start, end);
    case 4:
      return (
        findCardGroups(bytes, at, start, end) ??
        findAadhaarGroups(bytes, at, start, end) ??
        findZeros(bytes, at, start, end)
      );
    case 5:
    case 6:
    case 7:
    case 8:
    case 10:
    case 13:
      return findZeros(bytes, at, start, end);
    case 9:
      return findNamed(bytes, at, 9, start, end, 'ssn') ?? findZeros(bytes, at, start, end);
    case 11:
      return findNamed(bytes, at, 11, start, end, 'cpf') ?? findZeros(bytes, at, start, end);
    case 12:
      return findNamed(bytes, at, 12, start, end, 'aadhaar') ?? findZeros(bytes, at, start, end);
    default:
      return findSolidCard(bytes, at, length, start, end) ?? findZeros(bytes, at, start, end);
  }
}

/** Not inside of a word, a decimal, a path, an order number such as `ORD-4242…` or `#4242…`. */
function beginsNumber(bytes: Uint8Array, at: number, start: number): boolean {
  if (at <= start) return true;
  if (continuesBefore(bytes, at, start)) return false;
  const before = bytes[at - 1];
  if (before === plus || before === slash || before === hash) return false;
  if (before === dash)
    return (
      at - 1 > start &&
      !isOf(bytes[at - 2], Bytes.digit | Bytes.upper | Bytes.lower | Bytes.underscore | Bytes.dash)
    );
  if (before === dot || before === comma) return at - 2 < start || !isDigit(bytes[at - 2]);
  return true;
}

/** Not followed by more of the same: letters, a dash or a dot and digits. */
function endsNumber(bytes: Uint8Array, at: number, end: number): boolean {
  if (continuesBehind(bytes, at, end)) return false;
  const next = at < end ? bytes[at] : undefined;
  if (next === dash || next === slash)
    return !isOf(at + 1 < end ? bytes[at + 1] : undefined, Bytes.digit | Bytes.upper | Bytes.lower);
  return next !== dot || !isDigit(at + 1 < end ? bytes[at + 1] : undefined);
}

/**
 * Reads digits in groups with one separator, the same between all, into {@link digits}. Answers where they end, or -1.
 */
function readGroups(
  bytes: Uint8Array,
  at: number,
  end: number,
  sizes: readonly number[],
  separators: readonly number[],
): number {
  let next = at;
  let count = 0;
  let separator = 0;
  for (const [index, size] of sizes.entries()) {
    if (index > 0) {
      const byte = bytes[next] as number;
      if (next >= end || (separator === 0 ? !separators.includes(byte) : byte !== separator)) return -1;
      separator = byte;
      next++;
    }
    if (next + size > end) return -1;
    for (let i = 0; i < size; i++) {
      if (!isDigit(bytes[next])) return -1;
      digits[count++] = (bytes[next++] as number) - 0x30;
    }
    if (isDigit(next < end ? bytes[next] : undefined)) return -1;
  }
  return endsNumber(bytes, next, end) ? next : -1;
}

const printed = [space, dash, dot];

function findCardGroups(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  for (const sizes of cardGroups) {
    const numberEnd = readGroups(bytes, at, end, sizes, printed);
    if (numberEnd < 0) continue;
    const count = sizes.reduce((sum, size) => sum + size, 0);
    if (!isCard(digits, count) || readName(bytes, at, start, 'card') === 'other') continue;
    return makeFinding('payment card', at, numberEnd);
  }
  return undefined;
}

/** Lengths that stand for themselves: others are cards only where they are called so. */
const plainCardLengths: ReadonlySet<number> = new Set([15, 16]);

function findSolidCard(
  bytes: Uint8Array,
  at: number,
  count: number,
  start: number,
  end: number,
): Finding | undefined {
  if (count < 14 || count > 19) return undefined;
  if (readGroups(bytes, at, end, [count], printed) < 0 || !isCard(digits, count)) return undefined;
  const name = readName(bytes, at, start, 'card');
  if (name === 'other' || (name === undefined && !plainCardLengths.has(count))) return undefined;
  return makeFinding('payment card', at, at + count, name === 'named');
}

function findSsn(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  const numberEnd = readGroups(bytes, at, end, [3, 2, 4], [dash, space]);
  if (numberEnd < 0 || !isSsn(digits)) return undefined;
  const name = readName(bytes, at, start, 'ssn');
  if (name === 'other' || (bytes[at + 3] === space && name === undefined)) return undefined;
  return makeFinding('SSN', at, numberEnd, name === 'named');
}

function findCpf(bytes: Uint8Array, at: number, _start: number, end: number): Finding | undefined {
  // 123.456.789-09: the last separator is another.
  const bodyEnd = at + 11;
  if (bodyEnd + 3 > end || bytes[bodyEnd] !== dash || bytes[at + 3] !== dot || bytes[at + 7] !== dot)
    return undefined;
  for (let i = 0, count = 0; i < 14; i++) {
    if (i === 3 || i === 7 || i === 11) continue;
    if (!isDigit(bytes[at + i])) return undefined;
    digits[count++] = (bytes[at + i] as number) - 0x30;
  }
  if (!endsNumber(bytes, at + 14, end) || !passesCpf(digits)) return undefined;
  return makeFinding('CPF', at, at + 14);
}

/** The Unique Identification Authority prints twelve digits in groups of four; none begins with 0 or 1. */
function findAadhaarGroups(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  const numberEnd = readGroups(bytes, at, end, [4, 4, 4], [space, dash]);
  if (numberEnd < 0 || !isAadhaar()) return undefined;
  // A part of a longer number in groups.
  if (isDigit(bytes[numberEnd + 1]) && numberEnd + 1 < end && bytes[numberEnd] === bytes[at + 4])
    return undefined;
  if (at - 2 >= start && bytes[at - 1] === bytes[at + 4] && isDigit(bytes[at - 2])) return undefined;
  const name = readName(bytes, at, start, 'aadhaar');
  return name === 'other' ? undefined : makeFinding('Aadhaar number', at, numberEnd, name === 'named');
}

function isAadhaar(): boolean {
  return (digits[0] as number) >= 2 && passesVerhoeff(digits, 12);
}

/** Solid digits, which anything could be: where they are called by their name. */
function findNamed(
  bytes: Uint8Array,
  at: number,
  count: number,
  start: number,
  end: number,
  name: 'ssn' | 'cpf' | 'aadhaar',
): Finding | undefined {
  if (readGroups(bytes, at, end, [count], printed) < 0) return undefined;
  const isValid = name === 'ssn' ? isSsn(digits) : name === 'cpf' ? passesCpf(digits) : isAadhaar();
  if (!isValid || readName(bytes, at, start, name) !== 'named') return undefined;
  const form = name === 'ssn' ? 'SSN' : name === 'cpf' ? 'CPF' : 'Aadhaar number';
  return makeFinding(form, at, at + count);
}

function findZeros(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  if (bytes[at] !== 0x30 || bytes[at + 1] !== 0x30) return undefined;
  return findZerosNumber(bytes, at, start, end);
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
