/** Classes of bytes, and where words begin and end. Bytes of longer UTF-8 characters count as letters of no word. */

const digit = 1;
const upper = 2;
const lower = 4;
const underscore = 8;
const hex = 16;
const high = 32;
const dash = 64;

const classes = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte >= 0x30 && byte <= 0x39) classes[byte] = digit | hex;
  else if (byte >= 0x41 && byte <= 0x5a) classes[byte] = upper | (byte <= 0x46 ? hex : 0);
  else if (byte >= 0x61 && byte <= 0x7a) classes[byte] = lower | (byte <= 0x66 ? hex : 0);
  else if (byte === 0x5f) classes[byte] = underscore;
  else if (byte === 0x2d) classes[byte] = dash;
  else if (byte >= 0x80) classes[byte] = high;
}

/** Sets of bytes, to be or-ed; for {@link isOf}. */
export const Bytes = { digit, upper, lower, underscore, hex, high, dash } as const;
export const letters = upper | lower;
export const alphanumeric = letters | digit;
/** Of base64url (RFC 4648, 5), and of most keys. */
export const keyBytes = alphanumeric | underscore | dash;

export function isOf(byte: number | undefined, set: number): boolean {
  return byte !== undefined && ((classes[byte] as number) & set) !== 0;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The first position from `at` whose byte is not of the set, at most `end`. */
export function skipSet(bytes: Uint8Array, at: number, end: number, set: number): number {
  let next = at;
  while (next < end && ((classes[bytes[next] as number] as number) & set) !== 0) next++;
  return next;
}

/** Whether a word goes on to the left of `at`: `\n` before it, as JSON writes a line's end, is none. */
export function continuesBefore(bytes: Uint8Array, at: number, start: number): boolean {
  if (at <= start || !isOf(bytes[at - 1], alphanumeric | underscore)) return false;
  return !(at - 2 >= start && bytes[at - 2] === 0x5c && escapes.has(bytes[at - 1] as number));
}

const escapes: ReadonlySet<number> = new Set(Buffer.from('bfnrt'));

export function continuesBehind(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end && isOf(bytes[at], alphanumeric | underscore);
}

/** Whether the text stands at `at`, whole before `end`. */
export function hasAt(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
