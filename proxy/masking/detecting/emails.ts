/** E-mail addresses as people have them: RFC 5321 lengths (64 octets, 255), a dot in the domain, a top-level domain of letters. */
import { alphanumeric, Bytes, isOf, letters, skipSet } from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';

const longestLocal = 64;
const longestDomain = 255;
const dot = 0x2e;

/** Of the local part: letters, digits, and . _ % + - ' and the rest of RFC 5321's atoms that people use. */
const localBytes = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (isOf(byte, alphanumeric | Bytes.high) || "._%+-'&=~#!".includes(String.fromCharCode(byte)))
    localBytes[byte] = 1;
}

/** What stands behind the last dot of file names, packages and units, never of domains. */
const noDomains: ReadonlySet<string> = new Set(
  'png jpg jpeg gif svg webp css scss less js mjs cjs ts tsx jsx json html htm xml yaml yml txt csv pdf jar war whl tgz gz service socket timer mount target slice'.split(
    ' ',
  ),
);

/** An address around the at sign at `at`. */
export function findEmail(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  let first = at;
  const least = Math.max(start, at - longestLocal);
  while (first > least && localBytes[bytes[first - 1] as number] === 1) first--;
  // Quotes and what only joins are no beginning of one; `\n` before it is a line's end.
  while (first < at && !isOf(bytes[first], alphanumeric | Bytes.high | Bytes.underscore)) first++;
  if (first === at || bytes[at - 1] === dot) return undefined;
  if (
    first > start &&
    bytes[first - 1] === 0x5c &&
    /[nrt]/.test(String.fromCharCode(bytes[first] as number))
  ) {
    first++;
    if (first === at) return undefined;
  }
  const domainEnd = readDomain(bytes, at + 1, end);
  if (domainEnd === undefined) return undefined;
  // git@github.com:owner/name is where code is, and //name@host/ is no mailbox.
  if (bytes[domainEnd] === 0x3a && domainEnd + 1 < end && isOf(bytes[domainEnd + 1], letters))
    return undefined;
  if (first - 2 >= start && bytes[first - 1] === 0x2f && bytes[first - 2] === 0x2f) return undefined;
  return makeFinding('e-mail address', first, domainEnd);
}

function readDomain(bytes: Uint8Array, at: number, end: number): number | undefined {
  const limit = Math.min(end, at + longestDomain);
  const labelBytes = alphanumeric | Bytes.dash | Bytes.high;
  let next = at;
  let last = at;
  let labels = 0;
  for (;;) {
    const labelEnd = skipSet(bytes, next, limit, labelBytes);
    if (labelEnd === next || labelEnd - next > 63 || bytes[next] === 0x2d) break;
    labels++;
    last = next;
    next = labelEnd;
    if (next + 1 >= limit || bytes[next] !== dot || !isOf(bytes[next + 1], alphanumeric | Bytes.high)) break;
    next++;
  }
  if (labels < 2) return undefined;
  // The top-level domain: two letters and more, or punycode; a dash or an underscore behind them is the text's.
  const letterEnd = skipSet(bytes, last, limit, letters | Bytes.high);
  const isPuny = bytes[last] === 0x78 && bytes[last + 2] === 0x2d && bytes[last + 3] === 0x2d;
  const domainEnd = isPuny ? next : letterEnd;
  if (
    domainEnd - last < 2 ||
    isOf(domainEnd < end ? bytes[domainEnd] : undefined, Bytes.digit | Bytes.underscore)
  ) {
    return undefined;
  }
  const top = Buffer.from(bytes.buffer, bytes.byteOffset + last, domainEnd - last)
    .toString('latin1')
    .toLowerCase();
  return noDomains.has(top) ? undefined : domainEnd;
}
