/** What values look like: detectors that check structure and check digits, in time linear in the length of the value. */
import { isIPv6 } from 'node:net';
import type { ClassificationKind } from '../classification.ts';

/** E-mail as people have it: RFC 5321 lengths (64 octets, 255), a dot in the domain, a top-level domain of letters. */
const email =
  /(?<![\w.%+-])[\w.%+-]{1,64}@(?:[\p{L}\d](?:[\p{L}\d-]{0,62})\.){1,8}\p{L}{2,24}(?![\p{L}\d-])/u;
/** ITU-T E.164 with its plus sign: 8 to 15 digits; spaces, dots, dashes, slashes and parentheses between them. */
const phone = /(?<![\w+])\+[1-9](?:[ ().\-/]{0,2}\d){7,14}(?!\d)/;
/** North America without its country code (ITU-T E.164, NANP): area code and exchange begin with 2 to 9. */
const nanpPhone = /^(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}$/;
/** 13 to 19 digits (ISO/IEC 7812-1), single spaces or dashes between groups. */
const card = /(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])/g;
/** ISO 13616: country, two check digits, up to 30 characters; printed in groups of four. */
const iban = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/;
const ssn = /(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/;
/** RFC 7519: header, payload and signature in base64url; both JSON objects begin with `{"`. */
const jwt = /(?<![\w-])(eyJ[\w-]{6,2000})\.(eyJ[\w-]{2,8000})\.[\w-]{8,2000}/;
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|(?:\/\d{1,2})?$)){4}$/;
const pem = /-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY-----/;
/** Prefixes that vendors gave their keys so that they can be found. */
const vendorKey =
  /(?<![\w-])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22}|glpat-[\w-]{20}|xox[abeprs]-[\w-]{10}|AIza[\w-]{35}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16}|hf_[A-Za-z0-9]{30}|npm_[A-Za-z0-9]{36}|SG\.[\w-]{16,32}\.[\w-]{16}|dop_v1_[a-f0-9]{64}|sk-(?:(?:ant|proj|live|svcacct)-[\w-]{16}|[A-Za-z0-9]{20}))/;
/** A URL with a password in it (RFC 3986, 3.2.1). */
const urlPassword = /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{1,64}:[^\s/@]{1,256}@[\w.[\]-]/;
/** bcrypt, Argon2, scrypt and SHA-crypt in crypt(3) form, PBKDF2 of web frameworks, PostgreSQL's SCRAM verifier. */
const passwordHash =
  /^(?:\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$|\$[56]\$|\$scrypt\$|\$pbkdf2|pbkdf2_sha\d+\$|SCRAM-SHA-256\$)/;

/** Lengths of card numbers by their first digits, of the networks in use. */
const cardNetworks: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(6011|64[4-9]|65|62|81)/, [16, 17, 18, 19]],
  [/^(30[0-5]|36|38|39)/, [14, 15, 16, 17, 18, 19]],
  [/^35(2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^(50|5[6-9]|6[0-9])/, [13, 14, 15, 16, 17, 18, 19]],
];

interface Detector {
  readonly kind: ClassificationKind;
  /** The share of a column's values that must be it. */
  readonly share: number;
  readonly isWhole: (value: string) => boolean;
}

/** In order of preference, for values that are nothing else. */
export const valueDetectors: readonly Detector[] = [
  { kind: 'secret.password', share: 0.5, isWhole: (value) => passwordHash.test(value) },
  { kind: 'secret.token', share: 0.5, isWhole: holdsSecret },
  { kind: 'pii.email', share: 0.5, isWhole: (value) => isWhole(email, value) },
  { kind: 'pii.bankAccount', share: 0.5, isWhole: (value) => isIban(value) },
  { kind: 'pii.nationalId', share: 0.5, isWhole: (value) => isSsn(value) },
  { kind: 'pii.phone', share: 0.5, isWhole: (value) => isWhole(phone, value) || nanpPhone.test(value) },
  // One number in ten passes Luhn's check by chance.
  { kind: 'pii.paymentCard', share: 0.8, isWhole: (value) => isCardNumber(value) },
  { kind: 'pii.ipAddress', share: 0.5, isWhole: isAddressLike },
];

/** Whether the text names a card: 13 to 19 digits, a network in use, Luhn's check digit (ISO/IEC 7812-1, annex B). */
export function isCardNumber(text: string): boolean {
  if (!/^\d(?:[ -]?\d){12,18}$/.test(text)) return false;
  const digits = text.replace(/[ -]/g, '');
  const isOfNetwork = cardNetworks.some(
    ([prefix, lengths]) => prefix.test(digits) && lengths.includes(digits.length),
  );
  if (!isOfNetwork || /^(\d)\1+$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** ISO 13616: the characters, moved by four and as numbers, are 1 modulo 97. */
export function isIban(text: string): boolean {
  const match = iban.exec(text);
  if (match === null || match[0].length !== text.length) return false;
  const account = text.replaceAll(' ', '');
  if (account.length < 15 || account.length > 34) return false;
  let remainder = 0;
  for (const character of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** US social security number with dashes, in the ranges that may be issued (SSA, POMS RM 10201.035). */
export function isSsn(text: string): boolean {
  return /^(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}$/.test(text);
}

/** Whether a secret stands in the text: a key with a vendor's prefix, a JSON Web Token, a private key, a URL with a password. */
export function holdsSecret(text: string): boolean {
  return vendorKey.test(text) || pem.test(text) || urlPassword.test(text) || holdsJwt(text);
}

/** What is in a longer text: the kind of the first find, or undefined. Card numbers are {@link countCards}' business. */
export function findInText(text: string): ClassificationKind | undefined {
  if (holdsSecret(text)) return 'secret.token';
  if (email.test(text)) return 'pii.email';
  if (phone.test(text)) return 'pii.phone';
  const account = iban.exec(text);
  if (account !== null && isIban(account[0])) return 'pii.bankAccount';
  const number = ssn.exec(text);
  if (number !== null && isSsn(number[0])) return 'pii.nationalId';
  return undefined;
}

/** How many runs of digits in a text are as long as card numbers, and how many of them are card numbers. */
export function countCards(text: string): { candidates: number; cards: number } {
  const candidates = text.match(card) ?? [];
  return { candidates: candidates.length, cards: candidates.filter((digits) => isCardNumber(digits)).length };
}

function isWhole(pattern: RegExp, value: string): boolean {
  return pattern.exec(value)?.[0].length === value.length;
}

/** An IPv6 address, or an IPv4 address that is no version number: those hardly have parts of 64 and more. */
function isAddressLike(value: string): boolean {
  if (value.length <= 50 && isIPv6(value.replace(/\/\d{1,3}$/, ''))) return true;
  if (!ipv4.test(value)) return false;
  return value
    .split(/[./]/)
    .slice(0, 4)
    .some((part) => Number(part) >= 64);
}

function holdsJwt(text: string): boolean {
  const header = jwt.exec(text)?.[1];
  if (header === undefined) return false;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && 'alg' in value;
  } catch {
    return false; // base64 of something else
  }
}
