/**
 * JSON documents keep their shape: objects, arrays and names of members stay, every text becomes "•••", and every number,
 * true and false becomes null, so that nothing in it passes for data. One pass over the bytes; no document is built.
 */
import type { Mask } from '../maskValue.ts';

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const redacted = Buffer.from('"•••"');
const nothing = Buffer.from('null');
/** A name that a programmer gave. Others may be data: addresses and numbers serve as names of members too. */
const plainName = /^"[A-Za-z_$][\w$.-]{0,63}"$/;
const longNumber = /\d{4}/;
/** jsonb in binary begins with its version, 1. */
const jsonbVersion = 1;

/** The document at source[start, end), or `"•••"` where it is none. */
export function maskJsonText(source: Buffer, start: number, end: number): Buffer {
  const parts: Buffer[] = [];
  let hidden = 0;
  let at = start;
  while (at < end) {
    const byte = source[at] as number; // within bounds
    if (byte === quote) {
      const close = endOfText(source, at, end);
      if (close < 0) return redacted;
      if (!isName(source, close, end)) parts.push(redacted);
      else {
        const name = source.toString('latin1', at, close);
        // Numbered, for two members of one name would be one to whoever reads them.
        parts.push(
          plainName.test(name) && !longNumber.test(name)
            ? source.subarray(at, close)
            : Buffer.from(`"•••${++hidden}"`),
        );
      }
      at = close;
    } else if (isShape(byte)) {
      const from = at;
      while (at < end && isShape(source[at] as number)) at++;
      parts.push(source.subarray(from, at));
    } else {
      while (at < end && !isShape(source[at] as number) && source[at] !== quote) at++;
      parts.push(nothing);
    }
  }
  return parts.length === 0 ? redacted : Buffer.concat(parts);
}

export function maskJson(isBinaryJsonb: boolean): Mask {
  if (!isBinaryJsonb) return maskJsonText;
  return (source, start, end) => {
    const version = Buffer.from([jsonbVersion]);
    const isKnown = end > start && source[start] === jsonbVersion;
    return Buffer.concat([version, isKnown ? maskJsonText(source, start + 1, end) : redacted]);
  };
}

/** One past the closing quotation mark; -1 where there is none. */
function endOfText(source: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (source[at] === backslash) at++;
    else if (source[at] === quote) return at + 1;
  }
  return -1;
}

/** Whether a text that ends here is the name of a member. */
function isName(source: Buffer, from: number, end: number): boolean {
  let at = from;
  while (at < end && isSpace(source[at] as number)) at++;
  return at < end && source[at] === colon;
}

/** Brackets, braces, comma, colon and white space (RFC 8259, section 2). */
function isShape(byte: number): boolean {
  return (
    byte === 0x7b ||
    byte === 0x7d ||
    byte === 0x5b ||
    byte === 0x5d ||
    byte === 0x2c ||
    byte === colon ||
    isSpace(byte)
  );
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
