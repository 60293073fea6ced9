/** Phone numbers in international form (ITU-T E.164): a plus sign, a calling code in use, a national number that can be. */
import { continuesBefore, continuesBehind, isDigit } from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';
import { type Place, readName } from './surroundings.ts';

/** Digits of national numbers by calling code; codes that are not named have 7 to 12 behind two or three digits. */
const nationalDigits: Readonly<Record<string, readonly [number, number]>> = {
  1: [10, 10],
  7: [10, 10],
  20: [8, 10],
  27: [9, 9],
  30: [10, 10],
  31: [9, 9],
  32: [8, 9],
  33: [9, 9],
  34: [9, 9],
  36: [8, 9],
  39: [8, 11],
  40: [9, 9],
  41: [9, 9],
  43: [7, 13],
  44: [9, 10],
  45: [8, 8],
  46: [7, 10],
  47: [8, 8],
  48: [9, 9],
  49: [7, 12],
  51: [8, 9],
  52: [10, 11],
  54: [10, 11],
  55: [10, 11],
  56: [9, 9],
  57: [8, 10],
  60: [8, 10],
  61: [9, 9],
  62: [8, 12],
  63: [8, 10],
  64: [8, 10],
  65: [8, 8],
  66: [8, 9],
  81: [9, 10],
  82: [8, 11],
  84: [9, 10],
  86: [10, 11],
  90: [10, 10],
  91: [10, 10],
  92: [9, 10],
  94: [9, 9],
  98: [10, 10],
};

/** First digits of calling codes of three digits (E.164, list of country codes). */
const longCodes: ReadonlySet<string> = new Set(
  '21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 85 87 88 96 97 99'.split(' '),
);

const mostDigits = 15;
const openParenthesis = 0x28;

/** A number that begins with the plus sign at `at`. */
export function findPlusNumber(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  if (continuesBefore(bytes, at, start) || (at > start && bytes[at - 1] === 0x2b)) return undefined;
  const numberEnd = readInternational(bytes, at + 1, end);
  return numberEnd === undefined ? undefined : makeFinding('phone number', at, numberEnd);
}

/** A number that begins with two zeros at `at`, the other way to dial abroad: where it is called a phone's. */
export function findZerosNumber(place: Place, at: number): Finding | undefined {
  const numberEnd = readInternational(place.bytes, at + 2, place.end);
  if (numberEnd === undefined || readName(place, at, 'phone') !== 'named') return undefined;
  return makeFinding('phone number', at, numberEnd);
}

/** North America's own form, `(415) 555-0132`, from its parenthesis. Area code and exchange begin with 2 to 9 (NANP). */
export function findNanpNumber(bytes: Uint8Array, at: number, end: number): Finding | undefined {
  let next = at + 1;
  const read = (count: number) => {
    for (let i = 0; i < count; i++) if (!isDigit(bytes[next + i])) return false;
    next += count;
    return true;
  };
  if (at + 13 > end || !isLeading(bytes[next]) || !read(3) || bytes[next] !== 0x29) return undefined;
  next++;
  if (bytes[next] === 0x20) next++;
  if (!isLeading(bytes[next]) || !read(3)) return undefined;
  if (bytes[next] !== 0x2d && bytes[next] !== 0x20 && bytes[next] !== 0x2e) return undefined;
  next++;
  if (next + 4 > end || !read(4) || continuesBehind(bytes, next, end)) return undefined;
  return makeFinding('phone number', at, next);
}

function isLeading(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x32 && byte <= 0x39;
}

/** ISO 6709: latitude and longitude with decimals. */
const coordinates = /^\d{2,6}\.\d+-\d{3,7}\.\d/;

/** Where the number ends whose calling code begins at `at`; undefined where it is none. */
function readInternational(bytes: Uint8Array, at: number, end: number): number | undefined {
  if (at >= end || !isDigit(bytes[at]) || bytes[at] === 0x30) return undefined;
  let digits = '';
  let numberEnd = at;
  let gap = 0;
  for (let next = at; next < end && digits.length <= mostDigits; next++) {
    const byte = bytes[next] as number;
    if (isDigit(byte)) {
      // `+44 (0)20 …`: the zero is dialled at home only.
      const isTrunk = byte === 0x30 && bytes[next - 1] === openParenthesis && bytes[next + 1] === 0x29;
      if (!isTrunk) digits += String.fromCharCode(byte);
      numberEnd = next + 1;
      gap = 0;
    } else if (isSeparator(byte) && gap < 2) gap++;
    else break;
  }
  if (continuesBehind(bytes, numberEnd, end)) return undefined;
  if (!isPossible(digits)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, numberEnd - at).toString('latin1');
  return coordinates.test(text) ? undefined : numberEnd;
}

/** Space, dot, dash, slash, parentheses. */
function isSeparator(byte: number): boolean {
  return byte === 0x20 || byte === 0x2e || byte === 0x2d || byte === 0x2f || byte === 0x28 || byte === 0x29;
}

function isPossible(digits: string): boolean {
  if (digits.length < 9 || digits.length > mostDigits || /(\d)\1{6}/.test(digits)) return false;
  const one = digits.slice(0, 1);
  const codeLength = one === '1' || one === '7' ? 1 : longCodes.has(digits.slice(0, 2)) ? 3 : 2;
  const code = digits.slice(0, codeLength);
  const national = digits.slice(codeLength);
  const [least, most] = nationalDigits[code] ?? [7, 12];
  if (national.length < least || national.length > most) return false;
  if (code === '1') return /^[2-9]\d\d[2-9]/.test(national);
  // Only Italy's numbers keep their zero abroad.
  return code === '39' || !national.startsWith('0');
}
