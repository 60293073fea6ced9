/** Numbers keep their order of magnitude and first digit: 52,340.17 becomes 50,000. */
import type { Mask } from './maskValue.ts';

const int8Oid = 20;
const int2Oid = 21;
const int4Oid = 23;
const float4Oid = 700;
const float8Oid = 701;

/** `-52340.17`, and of floats `5.234e+20` (manual, 8.1.3). */
const plainNumber = /^(-?)(\d+)(?:\.(\d+))?$/;
const floatNumber = /^(-?)(\d)(?:\.\d+)?e([+-])(\d+)$/;
/** Beyond what any type but numeric writes. */
const longestText = 1_000;

/** NaN and Infinity become NULL. */
export const bucketText: Mask = (source, start, end) => {
  if (end - start > longestText) return undefined;
  const text = source.toString('latin1', start, end);
  const parts = plainNumber.exec(text);
  if (parts === null) return bucketExponent(text);
  const [, sign = '', whole = '', fraction = ''] = parts;
  const digits = bucketDigits(whole);
  const zeros = fraction === '' ? '' : `.${'0'.repeat(fraction.length)}`;
  return Buffer.from(`${digits === '0' ? '' : sign}${digits}${zeros}`, 'latin1');
};

function bucketExponent(text: string): Buffer | undefined {
  const parts = floatNumber.exec(text);
  if (parts === null) return undefined;
  const [, sign = '', first = '', direction, exponent = ''] = parts;
  return Buffer.from(direction === '-' ? '0' : `${sign}${first}e+${exponent}`, 'latin1');
}

/** `0052` → `0050`, `7` → `0`: below ten only zero is left, for a single digit would be the value itself. */
function bucketDigits(whole: string): string {
  const first = whole.search(/[1-9]/);
  if (first < 0 || first === whole.length - 1) return '0';
  return (whole[first] ?? '0') + '0'.repeat(whole.length - first - 1);
}

export function bucketBinary(oid: number): Mask {
  switch (oid) {
    case int2Oid:
      return fixed(2, (source, at) =>
        write(2, (bytes) => bytes.writeInt16BE(bucket(source.readInt16BE(at)))),
      );
    case int4Oid:
      return fixed(4, (source, at) =>
        write(4, (bytes) => bytes.writeInt32BE(bucket(source.readInt32BE(at)))),
      );
    case int8Oid:
      return fixed(8, (source, at) =>
        write(8, (bytes) => bytes.writeBigInt64BE(bucketBig(source.readBigInt64BE(at)))),
      );
    case float4Oid:
      return fixed(4, (source, at) => {
        // Seven digits are what the type holds: as a double, 3e30 is 2.9999999e30.
        const value = Number(source.readFloatBE(at).toPrecision(7));
        return Number.isFinite(value) ? write(4, (bytes) => bytes.writeFloatBE(bucket(value))) : undefined;
      });
    case float8Oid:
      return fixed(8, (source, at) => {
        const value = source.readDoubleBE(at);
        return Number.isFinite(value) ? write(8, (bytes) => bytes.writeDoubleBE(bucket(value))) : undefined;
      });
    default:
      return bucketNumeric;
  }
}

function fixed(size: number, mask: (source: Buffer, at: number) => Buffer | undefined): Mask {
  return (source, start, end) => (end - start === size ? mask(source, start) : undefined);
}

function write(size: number, put: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  put(bytes);
  return bytes;
}

/** Of a finite number. By its digits: logarithms of large floats are not exact. */
function bucket(value: number): number {
  if (Math.abs(value) < 10) return 0;
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return Number(`${digits.replace(/\..*/, '')}e${exponent}`);
}

function bucketBig(value: bigint): bigint {
  const digits = bucketDigits((value < 0n ? -value : value).toString());
  return BigInt(digits) * (value < 0n ? -1n : 1n);
}

/**
 * numeric in binary: int16 count of base-10000 digits, weight of the first, sign, display scale, then the digits
 * (numeric_recv in the server's numeric.c).
 */
const bucketNumeric: Mask = (source, start, end) => {
  if (end - start < 8) return undefined;
  const count = source.readUInt16BE(start);
  const weight = source.readInt16BE(start + 2);
  const sign = source.readUInt16BE(start + 4);
  if (end - start !== 8 + 2 * count || (sign !== 0 && sign !== 0x4000)) return undefined; // NaN, infinity
  const scale = source.readUInt16BE(start + 6);
  const digit = count === 0 || weight < 0 ? 0 : source.readUInt16BE(start + 8);
  const kept = weight === 0 ? bucket(digit) : bucket(digit * 10) / 10;
  const bytes = Buffer.alloc(kept === 0 ? 8 : 10);
  bytes.writeUInt16BE(kept === 0 ? 0 : 1, 0);
  bytes.writeInt16BE(kept === 0 ? 0 : weight, 2);
  bytes.writeUInt16BE(kept === 0 ? 0 : sign, 4);
  bytes.writeUInt16BE(scale, 6);
  if (kept !== 0) bytes.writeUInt16BE(kept, 8);
  return bytes;
};
