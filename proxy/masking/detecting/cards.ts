/** Payment card numbers: a network in use, its length, Luhn's check digit, and a form that people write them in. */
import { passesLuhn } from './checkDigits.ts';
import { dash, digits, dot, isDecimal, isPartOfMore, readGroups, space } from './digitGroups.ts';
import { type Finding, makeFinding } from './finding.ts';
import { type Place, readName } from './surroundings.ts';

/** Of a network: first digits from, to (as many as `from` has), and how many digits its numbers have. */
interface Range {
  readonly from: string;
  readonly to?: string;
  readonly lengths: readonly number[];
}

/** Issuer identification numbers (ISO/IEC 7812) of the networks that issue today. */
const ranges: readonly Range[] = [
  { from: '4', lengths: [16, 19] }, // Visa
  { from: '51', to: '55', lengths: [16] }, // Mastercard
  { from: '2221', to: '2720', lengths: [16] },
  { from: '34', lengths: [15] }, // American Express
  { from: '37', lengths: [15] },
  { from: '6011', lengths: [16] }, // Discover
  { from: '644', to: '659', lengths: [16] },
  { from: '300', to: '305', lengths: [14, 16] }, // Diners Club
  { from: '36', lengths: [14, 16] },
  { from: '38', to: '39', lengths: [14, 16] },
  { from: '3528', to: '3589', lengths: [16] }, // JCB
  { from: '62', lengths: [16, 17, 18, 19] }, // UnionPay
  { from: '81', to: '82', lengths: [16] }, // RuPay, UnionPay
  { from: '60', lengths: [16] }, // RuPay, Hipercard
  { from: '508', lengths: [16] },
  { from: '2200', to: '2204', lengths: [16] }, // Mir
  { from: '5018', lengths: [16, 18, 19] }, // Maestro
  { from: '5020', lengths: [16, 18, 19] },
  { from: '5038', lengths: [16, 18, 19] },
  { from: '5893', lengths: [16, 18, 19] },
  { from: '6304', lengths: [16, 18, 19] },
  { from: '6759', lengths: [16, 18, 19] },
  { from: '6761', to: '6763', lengths: [16, 18, 19] },
];

/** By the first four digits: a bit for each length. */
const lengthsByHead = new Uint32Array(10_000);
for (const { from, to = from, lengths } of ranges) {
  const width = 10 ** (4 - from.length);
  const bits = lengths.reduce((sum, length) => sum | (1 << length), 0);
  for (let head = Number(from) * width; head < (Number(to) + 1) * width; head++) {
    lengthsByHead[head] = (lengthsByHead[head] as number) | bits;
  }
}

/** Whether the digits are a card's: a network in use with numbers of that length, and Luhn's check digit. */
export function isCard(digits: Uint8Array, count: number): boolean {
  if (count < 14 || count > 19) return false;
  const head =
    (digits[0] as number) * 1000 +
    (digits[1] as number) * 100 +
    (digits[2] as number) * 10 +
    (digits[3] as number);
  if (((lengthsByHead[head] as number) & (1 << count)) === 0) return false;
  if (digits.subarray(1, count).every((digit) => digit === digits[0])) return false;
  return passesLuhn(digits, count);
}

/** How cards are embossed and typed: sizes of the groups. */
const cardGroups: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
];
const separators = [space, dash, dot];

export function findCardGroups(place: Place, at: number): Finding | undefined {
  const { bytes, start, end } = place;
  for (const sizes of cardGroups) {
    const numberEnd = readGroups(bytes, at, end, sizes, separators);
    if (numberEnd < 0 || isPartOfMore(bytes, at, numberEnd, start, end)) continue;
    const count = sizes.reduce((sum, size) => sum + size, 0);
    if (!isCard(digits, count) || readName(place, at, 'card') === 'other') continue;
    return makeFinding('payment card', at, numberEnd);
  }
  return undefined;
}

/** Lengths that stand for themselves: others are cards only where they are called so. */
const plainLengths: ReadonlySet<number> = new Set([15, 16]);

export function findSolidCard(place: Place, at: number, count: number): Finding | undefined {
  if (isDecimal(place.bytes, at, place.start)) return undefined;
  if (readGroups(place.bytes, at, place.end, [count], separators) < 0 || !isCard(digits, count))
    return undefined;
  const name = readName(place, at, 'card');
  if (name === 'other' || (name === undefined && !plainLengths.has(count))) return undefined;
  return makeFinding('payment card', at, at + count, name === 'named');
}
