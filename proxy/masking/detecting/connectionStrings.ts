/** URLs with a password in them (RFC 3986, 3.2.1), and secrets behind their names: `password=…`, `"api_key": "…"`. */
import { alphanumeric, hasAt, isOf, letters } from './bytes.ts';
import { type Finding, makeFinding } from './finding.ts';

const longestScheme = 24;
const longestUserInfo = 320;
const colon = 0x3a;
const slash = 0x2f;
const backslash = 0x5c;
const atSign = 0x40;

/** What ends a URL in text: white space, quotes, brackets; and bytes that mean something in arrays and composites. */
const endsUrl = new Uint8Array(256);
for (let byte = 0; byte <= 0x20; byte++) endsUrl[byte] = 1;
for (const character of '"<>`\\{}|^') endsUrl[character.charCodeAt(0)] = 1;

const jdbc = Buffer.from('jdbc:');

/** Words and signs that stand where a password will be. */
const placeholder =
  /^(?:[*•.xX_-]+|\$\{?\w*\}?|<[^>]*>|\{\{.*\}\}|\{.*\}|\[.*\]|%s|:?(?:your|my)?[-_]?(?:password|passwd|pwd|pass|pw|secret|token|user|username|key|api[-_]?key)(?:[-_]?here)?|changeme|redacted|hidden|null|none|true|false|undefined|required|optional|string)$/i;

/** A URL whose scheme ends with the colon at `at`. */
export function findUrlPassword(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  let next = at + 1;
  for (let slashes = 0; slashes < 2; slashes++) {
    if (bytes[next] === backslash) next++; // `:\/\/`, as some write JSON
    if (next >= end || bytes[next] !== slash) return undefined;
    next++;
  }
  const limit = Math.min(end, next + longestUserInfo);
  let password = -1;
  let host = next;
  for (; host < limit && bytes[host] !== atSign; host++) {
    const byte = bytes[host] as number;
    if (byte === slash || byte === 0x3f || byte === 0x23 || endsUrl[byte] === 1) {
      // Placeholders in braces and angles are none; nor is what has no at sign.
      return undefined;
    }
    if (byte === colon && password < 0) password = host + 1;
  }
  if (host >= limit || password < 0 || password === host) return undefined;
  if (placeholder.test(readText(bytes, password, host))) return undefined;
  let first = at;
  while (first > start && at - first < longestScheme && isSchemeByte(bytes[first - 1] as number)) first--;
  while (first < at && !isOf(bytes[first], letters)) first++;
  if (first - jdbc.length >= start && hasAt(bytes, first - jdbc.length, end, jdbc)) first -= jdbc.length;
  if (at - first < 2) return undefined;
  let urlEnd = host + 1;
  while (urlEnd < end && !endsUrlAt(bytes, urlEnd, end)) urlEnd++;
  while (urlEnd > host + 1 && ').;'.includes(String.fromCharCode(bytes[urlEnd - 1] as number))) urlEnd--;
  if (urlEnd === host + 1) return undefined;
  return makeFinding('connection string', first, urlEnd);
}

/** A comma and an apostrophe end it too; the backslash of `\\/` does not. */
function endsUrlAt(bytes: Uint8Array, at: number, end: number): boolean {
  const byte = bytes[at] as number;
  if (byte === backslash) return at + 1 >= end || bytes[at + 1] !== slash;
  return endsUrl[byte] === 1 || byte === 0x2c || byte === 0x27;
}

function isSchemeByte(byte: number): boolean {
  return isOf(byte, alphanumeric) || byte === 0x2b || byte === 0x2d || byte === 0x2e;
}

function readText(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
}

/** Names of passwords and of keys at the end of a text, with what may stand between name and value. */
const passwordName =
  /(?:^|[^a-z])(?:password|passwd|pwd|passphrase|passwort|kennwort|contrase(?:ñ|n)a|senha|mot_de_passe|wachtwoord)$/i;
const keyName =
  /(?:^|[^a-z])(?:(?:aws_)?secret(?:_access)?(?:_?key)?|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|client[_-]?secret|shared[_-]?secret|webhook[_-]?secret|(?:access|auth|refresh|bearer|session|api)[_-]?token|authorization)$/i;
const longestName = 24;
const leastPassword = 6;
const leastKey = 16;
const longestValue = 512;

/** Other words of a connection string in key=value form, which tell `pwd=` of a database from any other. */
const otherParts =
  /(?:^|[;\s"'&?])(?:host|hostaddr|server|data source|dbname|database|initial catalog|user id|uid|user|username)\s*=/i;

/** The last two bytes of the names above, by both in lower case: what leaves nearly every `=` and `:` untouched. */
const nameEnds = new Uint8Array(65_536);
for (const pair of ['rd', 'wd', 'se', 'rt', 'na', 'ha', 'et', 'ey', 'en', 'on']) {
  nameEnds[(pair.charCodeAt(0) << 8) | pair.charCodeAt(1)] = 1;
}
nameEnds[0xb161] = 1; // ña: its second byte, and a

/** A secret behind its name, which ends before the `=` or `:` at `at`. */
export function findNamedSecret(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
): Finding | undefined {
  let nameEnd = at;
  while (nameEnd > start && at - nameEnd < 4 && isBetween(bytes[nameEnd - 1] as number)) nameEnd--;
  if (nameEnd - 2 < start || !isNameEnd(bytes[nameEnd - 2] as number, bytes[nameEnd - 1] as number))
    return undefined;
  const name = readText(bytes, Math.max(start, nameEnd - longestName), nameEnd);
  const isPassword = passwordName.test(name);
  if (!isPassword && !keyName.test(name)) return undefined;
  let first = at + 1;
  while (first < end && first - at < 6 && isBetween(bytes[first] as number)) first++;
  const isQuoted = bytes[first - 1] === 0x22 || bytes[first - 1] === 0x27;
  first = skipScheme(bytes, first, end);
  let valueEnd = first;
  const limit = Math.min(end, first + longestValue);
  while (valueEnd < limit && !endsValue(bytes[valueEnd] as number, isQuoted)) valueEnd++;
  const value = readText(bytes, first, valueEnd);
  if (placeholder.test(value)) return undefined;
  const isSecret = isPassword
    ? isPasswordLike(value) && (isQuoted || (first === at + 1 && isInConnectionString(bytes, at, start, end)))
    : isKeyLike(value);
  return isSecret ? makeFinding('named secret', first, valueEnd) : undefined;
}

function isNameEnd(first: number, last: number): boolean {
  return nameEnds[((first | 0x20) << 8) | (last | 0x20)] === 1;
}

/** Space, quotes, and what escapes quotes. */
function isBetween(byte: number): boolean {
  return byte === 0x20 || byte === 0x22 || byte === 0x27 || byte === backslash;
}

/** `Authorization: Bearer …` and `Basic …`. */
function skipScheme(bytes: Uint8Array, at: number, end: number): number {
  const match = /^(?:bearer|basic|token) +/i.exec(readText(bytes, at, Math.min(end, at + 12)));
  return at + (match?.[0].length ?? 0);
}

function endsValue(byte: number, isQuoted: boolean): boolean {
  if (byte === 0x22 || byte === 0x27 || byte === backslash || byte < 0x20) return true;
  if (isQuoted) return false;
  return (
    byte === 0x20 ||
    byte === 0x3b ||
    byte === 0x26 ||
    byte === 0x2c ||
    byte === 0x7d ||
    byte === 0x29 ||
    byte === 0x3c
  );
}

/** Beside a password without quotes; with them it is one wherever it stands. */
function isInConnectionString(bytes: Uint8Array, at: number, start: number, end: number): boolean {
  return otherParts.test(readText(bytes, Math.max(start, at - 300), Math.min(end, at + 300)));
}

/** One word with a digit or a sign in it: labels of forms (`"password": "Passwort:"`) and calls of functions have none. */
function isPasswordLike(value: string): boolean {
  if (value.length < leastPassword || value.length > 128) return false;
  return !/[\s()]/.test(value) && /[\d!@#$%^&*+?=~]/.test(value);
}

/** High entropy: letters and digits, no UUID, at least three bits a character (Shannon). */
function isKeyLike(value: string): boolean {
  if (value.length < leastKey || !/^[\w+/=.~-]+$/.test(value) || !/\d/.test(value) || !/[a-z]/i.test(value))
    return false;
  // `settings.api_key_2`, and UUIDs.
  if (/^[a-z]+(?:[._-][a-z\d]+)+$/.test(value) && !/\d[a-z]+\d/.test(value)) return false;
  if (/^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(value)) return false;
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits >= 3;
}
