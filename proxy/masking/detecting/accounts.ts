/** International bank account numbers (ISO 13616): solid, or printed in groups of four. */
import { Bytes, continuesBefore, continuesBehind, isDigit, isOf } from './bytes.ts';
import { passesMod97 } from './checkDigits.ts';
import { type Finding, makeFinding } from './finding.ts';

/** Lengths by country (SWIFT, IBAN Registry). */
const lengths = new Map<string, number>(
  `AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18
  FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25
  MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24
  SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30`
    .split(/\s+/)
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const space = 0x20;

/** An account whose country code ends before the check digits at `at`. */
export function findIban(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  const first = at - 2;
  if (first < start || !isOf(bytes[first], Bytes.upper) || !isOf(bytes[first + 1], Bytes.upper)) {
    return undefined;
  }
  const length = lengths.get(String.fromCharCode(bytes[first] as number, bytes[first + 1] as number));
  if (length === undefined || continuesBefore(bytes, first, start) || !isDigit(bytes[at + 1]))
    return undefined;
  let account = '';
  let next = first;
  for (; next < end && account.length < length; next++) {
    const byte = bytes[next] as number;
    if (isOf(byte, Bytes.upper | Bytes.digit)) account += String.fromCharCode(byte);
    else if (byte !== space || account.length % 4 !== 0) return undefined;
  }
  // 97 less a remainder, plus 1: check digits are 02 to 98.
  const check = Number(account.slice(2, 4));
  if (check < 2 || check > 98) return undefined;
  if (account.length < length || continuesBehind(bytes, next, end) || !passesMod97(account)) return undefined;
  return makeFinding('IBAN', first, next);
}
