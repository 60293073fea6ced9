/** Dates keep their year: the first of January, midnight in UTC, stands for all days of it. */
import type { Mask } from './maskValue.ts';

const dateOid = 1082;
const microsPerDay = 86_400_000_000n;
const millisPerDay = 86_400_000;
/** Days from 1970-01-01 to 2000-01-01, PostgreSQL's epoch. */
const epochDays = 10_957;

/** `2026-05-06`, `2026-05-06 07:08:09.5` and `2026-05-06 07:08:09.5+05:30` (DateStyle ISO; manual, 8.5.2). */
const isoDate = /^(\d{4,6})-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?([+-]\d{2}(?::\d{2}){0,2})?)?$/;
const longestIso = 40;

/** ISO dates and timestamps; anything else, infinity and BC among them, becomes NULL. */
export const maskDateText: Mask = (source, start, end) => {
  if (end - start > longestIso) return undefined;
  const match = isoDate.exec(source.toString('latin1', start, end));
  const year = match?.[1];
  if (year === undefined) return undefined;
  const time = end - start > year.length + 6 ? ' 00:00:00' : '';
  // Not the value's own offset from UTC: summer time would tell the season.
  const zone = match?.[2] === undefined ? '' : '+00';
  return Buffer.from(`${year}-01-01${time}${zone}`, 'latin1');
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
  // BigInt division cuts towards zero; days are counted downwards.
  const days = micros / microsPerDay - (micros % microsPerDay < 0n ? 1n : 0n);
  const first = firstDayOfYear(Number(days));
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
