/**
 * Looks for sensitive values anywhere in the bytes of a value: one pass, one table look-up a byte, and a closer look
 * only where a byte can be part of something. What a closer look reads is bounded, so time is linear in the length.
 */
import { findNamedSecret, findUrlPassword } from './connectionStrings.ts';
import { findEmail } from './emails.ts';
import { findEscaped } from './escapes.ts';
import type { Finding } from './finding.ts';
import { findKey, keyPairs, keyPivots } from './keyPrefixes.ts';
import { findMd5Verifier, findNumber, mayBeginNumber } from './numbers.ts';
import { findNanpNumber, findPlusNumber } from './phoneNumbers.ts';
import { findJwt, findPasswordHash, findPrivateKey } from './tokens.ts';

export interface Search {
  /** Where to go on behind an earlier finding; what lies before is still read for what it says of what follows. */
  readonly from?: number;
  /** The name of the column that the value is of: numbers of orders and parcels are seldom anything else. */
  readonly column?: string;
}

export type { Finding, SensitiveForm } from './finding.ts';

/** What a byte can be part of. */
const digit = 1;
/** A vendor's key alone. */
const pivot = 2;
const other = 3;
/** What stands behind it is written otherwise. */
const escaping = 4;

const triggers = new Uint8Array(256);
for (const byte of keyPivots) triggers[byte] = pivot;
for (const byte of Buffer.from('0123456789')) triggers[byte] = digit;
for (const byte of Buffer.from('@+($:=J')) triggers[byte] = other;
triggers[0x5c] = escaping;

const dash = 0x2d;
const letterX = 0x78;

/**
 * The first finding in bytes[start, end), which must be text in UTF-8 (or close to it); undefined where there is none.
 */
export function findSensitive(
  bytes: Buffer,
  start: number,
  end: number,
  { from = start, column = '' }: Search = {},
): Finding | undefined {
  return search(bytes, start, end, from, column);
}

function search(
  bytes: Buffer,
  start: number,
  end: number,
  from: number,
  column: string,
): Finding | undefined {
  const flags = triggers;
  let escapesEnd = from;
  for (let at = from; ; at++) {
    // By fours, as long as nothing is there: a check of the end for each byte would cost as much as the look itself.
    while (at + 4 <= end) {
      const first = (flags[bytes[at] as number] as number) | (flags[bytes[at + 1] as number] as number);
      const last = (flags[bytes[at + 2] as number] as number) | (flags[bytes[at + 3] as number] as number);
      if ((first | last) !== 0) break;
      at += 4;
    }
    while (at < end && flags[bytes[at] as number] === 0) at++;
    if (at >= end) return undefined;
    const byte = bytes[at] as number;
    const trigger = flags[byte] as number;
    let finding: Finding | undefined;
    if (trigger === digit) {
      let runEnd = at + 1;
      while (runEnd < end && triggers[bytes[runEnd] as number] === digit) runEnd++;
      if (mayBeginNumber(bytes, at, runEnd, start, end))
        finding = findNumber({ bytes, start, end, column }, at, runEnd);
      if (byte === 0x35) finding ??= findMd5Verifier(bytes, at, start, end);
      at = runEnd - 1;
    } else if (trigger === pivot) {
      if (at - 2 < start) continue;
      const pair = ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number);
      if (keyPairs[pair] !== 0) finding = findKey(bytes, at, start, end);
      if (byte === dash && bytes[at - 1] === dash) finding ??= findPrivateKey(bytes, at, start, end);
    } else if (trigger === escaping) {
      if (at < escapesEnd) continue;
      const escaped = findEscaped(bytes, at, start, end, { column, from }, findSensitive);
      if (escaped === undefined) continue;
      finding = escaped.finding;
      escapesEnd = escaped.end;
      // Digits of bytea are no numbers.
      if (bytes[at + 1] === letterX) at = escapesEnd - 1;
    } else finding = lookAt(byte, bytes, at, start, end);
    if (finding !== undefined) return finding;
  }
}

function lookAt(byte: number, bytes: Buffer, at: number, start: number, end: number): Finding | undefined {
  switch (byte) {
    case 0x40: // @
      return findEmail(bytes, at, start, end);
    case 0x2b: // +
      return findPlusNumber(bytes, at, start, end);
    case 0x28: // (
      return findNanpNumber(bytes, at, end);
    case 0x24: // $
      return findPasswordHash(bytes, at, start, end);
    case 0x3a: // :
      return findUrlPassword(bytes, at, start, end) ?? findNamed(bytes, at, start, end);
    case 0x3d: // =
      return findNamed(bytes, at, start, end);
    default: // J
      return findJwt(bytes, at, start, end);
  }
}

/** A key, a token or a URL behind a name is what it is. */
function findNamed(bytes: Buffer, at: number, start: number, end: number): Finding | undefined {
  const named = findNamedSecret(bytes, at, start, end);
  if (named === undefined) return undefined;
  const limit = Math.min(end, named.start + longestHead);
  for (let inner = named.start + 2; inner < limit; inner++) {
    const finding = findBySecretHead(bytes, inner, named.start, end);
    if (finding?.start === named.start) return finding;
  }
  return named;
}

/** Bytes at the start of a secret that tell its form: a prefix, a scheme, `eyJ`. */
const longestHead = 24;

function findBySecretHead(bytes: Buffer, at: number, start: number, end: number): Finding | undefined {
  const byte = bytes[at];
  if (byte === 0x4a) return findJwt(bytes, at, start, end);
  if (byte === 0x3a) return findUrlPassword(bytes, at, start, end);
  return byte !== undefined && triggers[byte] === pivot ? findKey(bytes, at, start, end) : undefined;
}
