/** Secrets with a structure of their own: JSON Web Tokens, private keys, password hashes. */
import {
  alphanumeric,
  Bytes,
  continuesBefore,
  continuesBehind,
  hasAt,
  isOf,
  keyBytes,
  skipSet,
} from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';

const longestHeader = 4_000;
const dot = 0x2e;

/** RFC 7515: `{"` in base64url is `eyJ`; a header that names its algorithm, a payload, a signature. From the J at `at`. */
export function findJwt(bytes: Uint8Array, at: number, start: number, end: number): Finding | undefined {
  const first = at - 2;
  if (first < start || bytes[first] !== 0x65 || bytes[first + 1] !== 0x79) return undefined;
  if (continuesBefore(bytes, first, start) || (first > start && bytes[first - 1] === 0x2d)) return undefined;
  const headerEnd = skipSet(bytes, first, Math.min(end, first + longestHeader), keyBytes);
  if (headerEnd - first < 12 || bytes[headerEnd] !== dot || headerEnd >= end) return undefined;
  const payloadEnd = skipSet(bytes, headerEnd + 1, end, keyBytes);
  if (payloadEnd - headerEnd < 5 || !hasAlgorithm(bytes, first, headerEnd)) return undefined;
  const tokenEnd =
    bytes[payloadEnd] === dot && payloadEnd < end
      ? skipSet(bytes, payloadEnd + 1, end, keyBytes)
      : payloadEnd;
  return makeFinding('JSON Web Token', first, tokenEnd);
}

function hasAlgorithm(bytes: Uint8Array, from: number, to: number): boolean {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
    const header: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null && 'alg' in header;
  } catch {
    return false; // base64 of something else
  }
}

const dashes = 5;
const begin = Buffer.from('-----BEGIN ');
const endMark = Buffer.from('-----END ');
const privateKey = Buffer.from('PRIVATE KEY');

/**
 * RFC 7468 (and OpenSSH's and PGP's forms): its BEGIN follows the dash at `at`. Without its end it goes as far as the value.
 */
export function findPrivateKey(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  const first = at + 1 - dashes;
  if (bytes[at + 1] !== 0x42 || first < start || !hasAt(bytes, first, end, begin)) return undefined;
  let label = first + begin.length;
  for (let words = 0; words < 3 && !hasAt(bytes, label, end, privateKey); words++) {
    const wordEnd = skipSet(bytes, label, Math.min(end, label + 12), Bytes.upper);
    if (wordEnd === label || bytes[wordEnd] !== 0x20) return undefined;
    label = wordEnd + 1;
  }
  if (!hasAt(bytes, label, end, privateKey)) return undefined;
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  const closing = value.indexOf(endMark, label);
  if (closing < 0) return makeFinding('private key', first, end);
  const last = value.indexOf('-----', closing + endMark.length);
  return makeFinding('private key', first, last < 0 ? end : last + dashes);
}

/** Of crypt(3) hashes and their relatives, behind their scheme. */
const hashBytes = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (isOf(byte, keyBytes) || './+=,$:'.includes(String.fromCharCode(byte))) hashBytes[byte] = 1;
}

/** Schemes, with the `$` at which they are recognized (their last), and how many bytes follow at least. */
const schemes: readonly (readonly [RegExp, number])[] = [
  [/\$2[abxy]\$\d\d\$$/, 53],
  [/\$argon2(?:id|i|d)\$$/, 30],
  [/\$(?:5|6)\$$/, 43],
  [/\$1\$$/, 22],
  [/\$(?:y|gy|7)\$$/, 43],
  [/\$scrypt\$$/, 30],
  [/\$pbkdf2(?:-sha\d+)?\$$/, 30],
  [/\$P\$$/, 31],
  [/(?<!\w)pbkdf2_sha\d+\$$/, 30],
  [/(?<!\w)(?:scrypt|pbkdf2):[\w:]{1,30}\$$/, 40],
  [/(?<!\w)argon2\$$/, 30],
  [/(?<!\w)bcrypt(?:_sha256)?\$$/, 50],
  [/(?<!\w)SCRAM-SHA-256\$$/, 60],
];
const longestScheme = 40;
const longestHash = 2_000;
const scheme = new RegExp(schemes.map(([pattern]) => pattern.source).join('|'));

/** A password hash whose scheme ends with the dollar sign at `at`. */
export function findPasswordHash(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  if (
    at === start ||
    at + 1 >= end ||
    !isOf(bytes[at - 1], alphanumeric) ||
    hashBytes[bytes[at + 1] as number] === 0
  ) {
    return undefined;
  }
  const from = Math.max(start, at - longestScheme);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + from, at + 1 - from).toString('latin1');
  const match = scheme.exec(head);
  if (match === null) return undefined;
  let hashEnd = at + 1;
  while (hashEnd < end && hashEnd - at < longestHash && hashBytes[bytes[hashEnd] as number] === 1) hashEnd++;
  const first = from + match.index;
  const least = schemes.find(([pattern]) => pattern.test(match[0]))?.[1] ?? 0;
  if (
    hashEnd - at - 1 < least ||
    continuesBefore(bytes, first, start) ||
    continuesBehind(bytes, hashEnd, end)
  )
    return undefined;
  return makeFinding('password hash', first, hashEnd);
}
