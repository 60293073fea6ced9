/** Dates keep their year: the first of January stands for all days of it. */
import type { Mask } from './maskValue.ts';

const dateOid = 1082;
const microsPerDay = 86_400_000_000n;
const millisPerDay = 86_400_000;
/** Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch. */
const epochDays = 10_957;

/** ISO dates and timestamps (DateStyle ISO); anything else, infinity and BC among them, becomes NULL. */
export const maskDateText: Mask = (source, start, end) => {
  const text = source.toString('latin1', start, end);
  const year = /^(\d{4,6})-\d{2}-\d{2}(?: |$)/.exec(text)?.[1];
  if (year === undefined || text.endsWith('BC')) return undefined;
  const time = text.length > year.length + 6 ? ' 00:00:00' : '';
  const zone = /\d([+-]\d{2}(?::?\d{2})*)$/.exec(text.slice(year.length + 6))?.[1];
  return Buffer.from(`${year}-01-01${time}${time === '' ? '' : (zone ?? '')}`, 'latin1');
};

/** date: days, 4 bytes; timestamp and timestamptz: microseconds, 8 bytes; both from 2000-01-01. */
export function maskDateBinary(oid: number): Mask {
  return oid === dateOid ? maskDays : maskMicros;
}

const maskDays: Mask = (source, start, end) => {
  if (end - start !== 4) return undefined;
  const first = firstDayOfYear(source.readInt32BE(start));
  if (first === undefined) return undefined;
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(first, 0);
  return bytes;
};

const maskMicros: Mask = (source, start, end) => {
  if (end - start !== 8) return undefined;
  const micros = source.readBigInt64BE(start);
  const first = firstDayOfYear(Number(micros / microsPerDay) - (micros < 0n ? 1 : 0));
  if (first === undefined) return undefined;
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(first) * microsPerDay, 0);
  return bytes;
};

/** Undefined before our era, and outside of what JavaScript's calendar knows, infinity among it. */
function firstDayOfYear(days: number): number | undefined {
  const year = new Date((days + epochDays) * millisPerDay).getUTCFullYear();
  if (!(year >= 1)) return undefined;
  const first = new Date(0);
  first.setUTCFullYear(year, 0, 1);
  return Math.round(first.getTime() / millisPerDay) - epochDays;
}
