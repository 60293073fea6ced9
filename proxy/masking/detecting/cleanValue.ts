/** Values with what was found in them replaced, still values of their type. */

import { findInBytes, findInHex } from './binaryText.ts';
import type { Finding } from './finding.ts';
import { findSensitive } from './findSensitive.ts';
import type { ScannedColumn } from './scanPlan.ts';

export interface CleanedValue {
  /** Undefined: NULL. */
  readonly bytes: Buffer | undefined;
  /** All that was found, in order. */
  readonly findings: readonly [Finding, ...Finding[]];
  /** The value is nothing but the first find. */
  readonly isWhole: boolean;
}

const hidden = Buffer.from('•••');
const hiddenJson = Buffer.from('"•••"');
const quote = 0x22;
const backslash = 0x5c;

type Scan = Pick<ScannedColumn, 'shape' | 'column'>;

/** The first finding in the value source[start, end) of a column. */
export function findInValue(scan: Scan, source: Buffer, start: number, end: number): Finding | undefined {
  if (scan.shape === 'bytes') return findInBytes(source, start, end, { column: scan.column }, findSensitive);
  if (scan.shape === 'writtenBytes') return findInWrittenBytes(scan, source, start, end);
  return findSensitive(source, start, end, scan);
}

/** `\x` and digits, or with bytea_output = escape, printable bytes as they are and others in octal (manual, 8.4). */
function findInWrittenBytes(
  { column }: Scan,
  source: Buffer,
  start: number,
  end: number,
): Finding | undefined {
  if (source[start] === backslash && source[start + 1] === 0x78)
    return findInHex(source, start + 2, end, { column }, findSensitive);
  const found = findSensitive(source, start, end, { column });
  return found && { ...found, isCertain: false };
}

/** What stands in place of the value source[start, end); undefined where nothing is found in it. */
export function cleanValue(scan: Scan, source: Buffer, start: number, end: number): CleanedValue | undefined {
  const { shape, column } = scan;
  const first = findInValue(scan, source, start, end);
  if (first === undefined) return undefined;
  const findings: [Finding, ...Finding[]] = [first];
  if (shape === 'whole' || shape === 'bytes' || shape === 'writtenBytes')
    return { bytes: undefined, findings, isWhole: false };
  for (;;) {
    const next = findSensitive(source, start, end, { from: (findings.at(-1) ?? first).end, column });
    if (next === undefined) break;
    findings.push(next);
  }
  if (shape === 'text' && !isJsonDocument(source, start, end)) {
    const isWhole = isBlank(source, start, first.start) && isBlank(source, first.end, end);
    return {
      bytes: replace(
        source,
        start,
        end,
        findings.map((finding) => ({ ...finding, by: hidden })),
      ),
      findings,
      isWhole,
    };
  }
  const from = shape === 'jsonb' ? start + 1 : start;
  return {
    bytes: replace(source, start, end, placeInJson(source, from, end, findings)),
    findings,
    isWhole: false,
  };
}

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly by: Buffer;
}

function replace(source: Buffer, start: number, end: number, replacements: readonly Replacement[]): Buffer {
  const parts: Buffer[] = [];
  let at = start;
  for (const { start: from, end: to, by } of replacements) {
    if (to <= at) continue; // within what has been replaced
    parts.push(source.subarray(at, Math.max(at, from)), by);
    at = to;
  }
  parts.push(source.subarray(at, end));
  return Buffer.concat(parts);
}

function isBlank(source: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((source[at] as number) > 0x20) return false;
  return true;
}

/** Texts that programs read as JSON must stay JSON. */
function isJsonDocument(source: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (source[at] as number) <= 0x20) at++;
  if (source[at] !== 0x7b && source[at] !== 0x5b) return false; // { [
  try {
    JSON.parse(source.toString('utf8', at, end));
    return true;
  } catch {
    return false;
  }
}

/** Within a string, its bytes are replaced, never across its end; a number is replaced as a whole, by a string. */
function placeInJson(
  source: Buffer,
  start: number,
  end: number,
  findings: readonly Finding[],
): readonly Replacement[] {
  const replacements: Replacement[] = [];
  let at = start;
  for (const finding of findings) {
    if (finding.start < at) continue;
    // From token to token, up to the one that the find begins in.
    for (;;) {
      const tokenEnd = skipToken(source, at, end);
      if (tokenEnd > finding.start) {
        replacements.push(
          source[at] === quote
            ? placeInString(source, at, tokenEnd, finding)
            : { start: at, end: tokenEnd, by: hiddenJson },
        );
        at = tokenEnd;
        break;
      }
      at = tokenEnd;
    }
  }
  return replacements;
}

/** The string from its quote at `start`; what else is found in it goes with the first find. */
function placeInString(source: Buffer, start: number, end: number, finding: Finding): Replacement {
  let from = finding.start;
  // Of an escape (`\u00e9`) its backslash goes too.
  let slashes = 0;
  while (source[from - 1 - slashes] === backslash) slashes++;
  if (slashes % 2 === 1) from--;
  return finding.end < end && !holdsMore(source, finding.end, end)
    ? { start: from, end: finding.end, by: hidden }
    : { start: start + 1, end: end - 1, by: hidden };
}

function holdsMore(source: Buffer, from: number, to: number): boolean {
  return findSensitive(source, from, to - 1) !== undefined;
}

/** Where the token that begins at `at` ends: a string, a number or word, or one other byte. */
function skipToken(source: Buffer, at: number, end: number): number {
  let next = at;
  if (source[next] === quote) {
    for (next++; next < end && source[next] !== quote; next++) if (source[next] === backslash) next++;
    return Math.min(end, next + 1);
  }
  while (next < end && isPlain(source[next] as number)) next++;
  return next > at ? next : at + 1;
}

/** Of numbers and of true, false, null. */
function isPlain(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45
  );
}
