/** Runs of digits in a text: where a number can begin and end, and its digits in groups. */
import { alphanumeric, Bytes, continuesBefore, continuesBehind, isDigit, isOf } from './bytes.ts';

export const space = 0x20;
export const dash = 0x2d;
export const dot = 0x2e;
const plus = 0x2b;
const slash = 0x2f;
const hash = 0x23;
const comma = 0x2c;
const zero = 0x30;

/** Digits that were read last, as numbers. */
export const digits = new Uint8Array(24);

/** Not inside of a word, a decimal, a path, an order number such as `ORD-4242…` or `#4242…`. */
export function beginsNumber(bytes: Uint8Array, at: number, start: number): boolean {
  if (at <= start) return true;
  if (continuesBefore(bytes, at, start)) return false;
  const before = bytes[at - 1];
  if (before === plus || before === slash || before === hash) return false;
  if ((before !== dash && before !== dot) || at - 2 < start) return true;
  const second = bytes[at - 2];
  return before === dash ? !isOf(second, alphanumeric | Bytes.underscore | Bytes.dash) : !isDigit(second);
}

/** `0,4242…` is a decimal in many countries, where `10,4242…` is two elements of an array. */
export function isDecimal(bytes: Uint8Array, at: number, start: number): boolean {
  if (at - 2 < start || bytes[at - 1] !== comma || bytes[at - 2] !== zero) return false;
  return at - 3 < start || !isDigit(bytes[at - 3]);
}

/** Not followed by more of the same: letters, a dash or a dot and digits. */
export function endsNumber(bytes: Uint8Array, at: number, end: number): boolean {
  if (continuesBehind(bytes, at, end)) return false;
  const next = at < end ? bytes[at] : undefined;
  const second = at + 1 < end ? bytes[at + 1] : undefined;
  if (next === dash || next === slash) return !isOf(second, alphanumeric);
  return next !== dot || !isDigit(second);
}

/** Reads groups of digits with one separator, the same between all, into {@link digits}. Answers where they end, or -1. */
export function readGroups(
  bytes: Uint8Array,
  at: number,
  end: number,
  sizes: readonly number[],
  separators: readonly number[],
): number {
  let next = at;
  let count = 0;
  let separator = 0;
  for (let index = 0; index < sizes.length; index++) {
    const size = sizes[index] as number;
    if (next + size + (index > 0 ? 1 : 0) > end) return -1;
    if (index > 0) {
      const byte = bytes[next++] as number;
      if (separator === 0 ? !separators.includes(byte) : byte !== separator) return -1;
      separator = byte;
    }
    for (let i = 0; i < size; i++) {
      if (!isDigit(bytes[next])) return -1;
      digits[count++] = (bytes[next++] as number) - zero;
    }
    if (next < end && isDigit(bytes[next])) return -1;
  }
  return endsNumber(bytes, next, end) ? next : -1;
}

/** Whether a number in groups, bytes[at, numberEnd), is part of a longer one: four more digits stand before it or behind it. */
export function isPartOfMore(
  bytes: Uint8Array,
  at: number,
  numberEnd: number,
  start: number,
  end: number,
): boolean {
  const separator = bytes[at + 4];
  return (
    (bytes[at - 1] === separator && at - 5 >= start && hasFour(bytes, at - 5, alphanumeric)) ||
    (bytes[numberEnd] === separator && numberEnd + 5 <= end && hasFour(bytes, numberEnd + 1, Bytes.digit))
  );
}

/** Four digits; or as an IBAN begins (`set` has letters too): the last two are digits in any case. */
function hasFour(bytes: Uint8Array, at: number, set: number): boolean {
  for (let i = 0; i < 4; i++) if (!isOf(bytes[at + i], i < 2 ? set : Bytes.digit)) return false;
  return true;
}
