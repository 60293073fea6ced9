/** Digits become other digits, as many, in the same places: by a permutation, so that different values stay different. */
import type { Mask } from '../maskValue.ts';
import { fewestDigits, mostDigits } from './formatPreserving.ts';
import type { KindTokens } from './tokens.ts';

const int4Oid = 23;
const int8Oid = 20;
const numericOid = 1700;
const largest: Readonly<Record<number, bigint>> = { [int4Oid]: 2n ** 31n - 1n, [int8Oid]: 2n ** 63n - 1n };

/** Separators that stay. A letter would be a part of the value: what holds one is redacted. */
const form = /^[-0-9 +./()#:]*$/;
const longestText = 200;

/** `123-45-6789` → `804-11-2930`; what has letters, too few digits or too many becomes `instead`. */
export function digitsText(tokens: KindTokens, instead: Buffer): Mask {
  return (source, start, end) => {
    if (end - start > longestText) return instead;
    return tokens.remember('digits ', source, start, end, (value) => {
      const text = value.toString('latin1');
      const digits = text.replace(/[^0-9]/g, '');
      const isFit = form.test(text) && digits.length >= fewestDigits && digits.length <= mostDigits;
      if (!isFit) return instead;
      const others = tokens.digits.encrypt(digits);
      let at = 0;
      return Buffer.from(
        text.replace(/[0-9]/g, () => others[at++] ?? '0'),
        'latin1',
      );
    });
  };
}

/** Of integers: int4, int8, and numeric without a fraction in text. Anything else becomes NULL. */
export function digitsNumber(tokens: KindTokens, oid: number, format: number): Mask | undefined {
  if (oid === numericOid && format === 0) return integerText(tokens, oid);
  if (oid !== int4Oid && oid !== int8Oid) return undefined;
  if (format === 0) return integerText(tokens, oid);
  const size = oid === int4Oid ? 4 : 8;
  return (source, start, end) => {
    if (end - start !== size) return undefined;
    return tokens.remember(`digits ${oid} `, source, start, end, (value) => {
      const number = size === 4 ? BigInt(value.readInt32BE(0)) : value.readBigInt64BE(0);
      const bytes = Buffer.allocUnsafe(size);
      const other = permute(tokens, number, oid);
      if (other === undefined) return undefined;
      if (size === 4) bytes.writeInt32BE(Number(other), 0);
      else bytes.writeBigInt64BE(other, 0);
      return bytes;
    });
  };
}

function integerText(tokens: KindTokens, oid: number): Mask {
  return (source, start, end) => {
    if (end - start > mostDigits) return undefined;
    return tokens.remember(`digits ${oid} text `, source, start, end, (value) => {
      const text = value.toString('latin1');
      const other = /^-?[0-9]+$/.test(text) ? permute(tokens, BigInt(text), oid) : undefined;
      return other === undefined ? undefined : Buffer.from(other.toString(), 'latin1');
    });
  };
}

/**
 * Among the numbers of as many digits (all up to six are one set) that the type holds: what falls outside is permuted
 * again, which always ends inside ("cycle walking").
 */
function permute(tokens: KindTokens, number: bigint, oid: number): bigint | undefined {
  const limit = largest[oid];
  const size = number < 0n ? -number : number;
  if (limit !== undefined && size > limit) return undefined; // the smallest of the type, which has no opposite
  let digits = size.toString().padStart(fewestDigits, '0');
  if (digits.length > mostDigits) return undefined;
  const isSmall = digits.length === fewestDigits;
  for (;;) {
    digits = tokens.digits.encrypt(digits);
    const other = BigInt(digits);
    if ((isSmall || digits[0] !== '0') && (limit === undefined || other <= limit)) {
      return number < 0n ? -other : other;
    }
  }
}
