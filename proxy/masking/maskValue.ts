/**
 * The masks: each turns the bytes of one value into a form that says what it was and nothing of what it held, in the
 * type and format of the column. Forms have a fixed length wherever they can, so that length tells nothing either.
 */
import type { ChosenMask, ClassificationKind } from './classification.ts';
import { maskDateBinary, maskDateText } from './maskDate.ts';
import { bucketBinary, bucketText } from './maskNumber.ts';
import { maskArrayBinary, maskArrayText } from './methods/maskArray.ts';
import { digitsNumber, digitsText } from './methods/maskDigits.ts';
import { maskJson } from './methods/maskJson.ts';
import { networkBinary, networkText } from './methods/maskNetwork.ts';
import { tokenBytes, tokenText, tokenUuid } from './methods/maskToken.ts';

/** Bytes in place of the value source[start, end); undefined: NULL. Must not throw, whatever the bytes are. */
export type Mask = (source: Buffer, start: number, end: number) => Buffer | undefined;

/** What a mask must know of a column's type. */
export interface MaskedType {
  readonly oid: number;
  /** format_type's text, or '' where it is not known. */
  readonly name: string;
  /** The value is a row of a whole relation. */
  readonly isWholeRow: boolean;
}

const textTypes: ReadonlySet<number> = new Set([18, 19, 25, 1042, 1043, 705]); // char name text bpchar varchar unknown
const numberTypes: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]); // int8 int2 int4 float4 float8 numeric
const dateTypes: ReadonlySet<number> = new Set([1082, 1114, 1184]); // date timestamp timestamptz
const networkTypes: ReadonlySet<number> = new Set([869, 650]); // inet cidr
const jsonOid = 114;
const jsonbOid = 3802;
const byteaOid = 17;
const uuidOid = 2950;
/** Array types and what their elements are (pg_type.dat). */
const elementTypes: ReadonlyMap<number, number> = new Map([
  [1002, 18], // "char"[]
  [1003, 19], // name[]
  [1009, 25], // text[]
  [1014, 1042], // bpchar[]
  [1015, 1043], // varchar[]
  [1005, 21], // int2[]
  [1007, 23], // int4[]
  [1016, 20], // int8[]
  [1021, 700], // float4[]
  [1022, 701], // float8[]
  [1231, 1700], // numeric[]
  [1182, 1082], // date[]
  [1115, 1114], // timestamp[]
  [1185, 1184], // timestamptz[]
  [199, 114], // json[]
  [3807, 3802], // jsonb[]
  [1001, 17], // bytea[]
  [2951, 2950], // uuid[]
  [1041, 869], // inet[]
  [651, 650], // cidr[]
]);

const redacted = Buffer.from('•••');
const redactedJson = Buffer.from('"•••"');
/** jsonb in binary begins with its version, 1. */
const redactedJsonb = Buffer.concat([Buffer.from([1]), redactedJson]);

const toNull: Mask = () => undefined;
const redact: Mask = () => redacted;

/** How a mask is called where people read of it; what is not here redacts. */
const methods = new WeakMap<Mask, string>();

function named(mask: Mask, method: string): Mask {
  methods.set(mask, method);
  return mask;
}

/** The method by its name, where it is told of. */
export function maskMethod(mask: Mask | undefined): string {
  return (mask && methods.get(mask)) ?? 'redact';
}

/**
 * The mask for a classified column: by its type first, for a mask must stay a value of it, then by the method that was
 * chosen for it, if any. Where that does not fit the type, less is shown rather than more. Of what is computed from
 * classified values (`isDerived`) no letter, digit or year is left: an expression could bring any to the front.
 */
export function chooseMask(
  kind: ClassificationKind,
  type: MaskedType,
  format: number,
  isDerived = false,
  chosen?: ChosenMask,
): Mask {
  if (type.isWholeRow || chosen?.method === 'null') return toNull;
  if (textTypes.has(type.oid) || /(^|\.)"?citext"?$/.test(type.name))
    return isDerived ? redact : chooseTextMask(kind, chosen);
  if (type.oid === jsonOid || type.oid === jsonbOid) {
    const isWhole = isDerived || kind.startsWith('secret.') || chosen?.method === 'redact';
    const isBinary = type.oid === jsonbOid && format === 1;
    return isWhole ? wholeJson(isBinary) : named(maskJson(isBinary), 'redact');
  }
  if (isDerived) return toNull;
  const element = elementTypes.get(type.oid);
  if (element !== undefined || type.name.endsWith('citext[]')) {
    const inner = { oid: element ?? 25, name: '', isWholeRow: false };
    const mask = chooseMask(kind, inner, format, false, chosen);
    if (mask === toNull) return toNull;
    return named(format === 0 ? maskArrayText(mask) : maskArrayBinary(mask), maskMethod(mask));
  }
  return chosen === undefined ? chooseByType(kind, type.oid, format) : applyMethod(chosen, type.oid, format);
}

/** Where nothing was chosen. uuid, inet, composites, ranges, bytea, enums and types of extensions become NULL. */
function chooseByType(kind: ClassificationKind, oid: number, format: number): Mask {
  if (kind.startsWith('secret.')) return toNull;
  if (dateTypes.has(oid)) return yearMask(oid, format);
  return numberTypes.has(oid) ? bucketMask(oid, format) : toNull;
}

/** The method on types other than text and JSON; what it cannot make a value of that type becomes NULL. */
function applyMethod({ method, tokens }: ChosenMask, oid: number, format: number): Mask {
  if (dateTypes.has(oid)) return method === 'year' ? yearMask(oid, format) : toNull;
  if (numberTypes.has(oid)) {
    if (method === 'bucket') return bucketMask(oid, format);
    const digits = method === 'token' || method === 'digits' ? digitsNumber(tokens, oid, format) : undefined;
    return digits === undefined ? toNull : named(digits, 'digits');
  }
  if (networkTypes.has(oid) && method === 'partial')
    return named(format === 0 ? networkText : networkBinary, 'partial');
  if (oid === uuidOid && method === 'token') return named(tokenUuid(tokens, format), 'token');
  if (oid === byteaOid && method === 'token') return named(tokenBytes(tokens, format), 'token');
  return toNull;
}

function yearMask(oid: number, format: number): Mask {
  return named(format === 0 ? maskDateText : maskDateBinary(oid), 'year');
}

function bucketMask(oid: number, format: number): Mask {
  return named(format === 0 ? bucketText : bucketBinary(oid), 'bucket');
}

function wholeJson(isBinaryJsonb: boolean): Mask {
  const form = isBinaryJsonb ? redactedJsonb : redactedJson;
  return () => form;
}

function chooseTextMask(kind: ClassificationKind, chosen: ChosenMask | undefined): Mask {
  switch (chosen?.method) {
    case undefined:
    case 'partial':
      return choosePartialMask(kind, chosen !== undefined);
    case 'token':
      return named(tokenText(kind, chosen.tokens), 'token');
    case 'digits':
      return named(digitsText(chosen.tokens, redacted), 'digits');
    default:
      return redact;
  }
}

/** The end of an account or card is shown only where somebody has asked for it. */
function choosePartialMask(kind: ClassificationKind, isAskedFor: boolean): Mask {
  switch (kind) {
    case 'pii.email':
      return maskEmail;
    case 'pii.name':
      return maskName;
    case 'pii.phone':
      return maskPhone;
    case 'pii.paymentCard':
    case 'pii.bankAccount':
      return isAskedFor ? maskAccount : redact;
    default:
      return redact;
  }
}

/** Forms by first letters, made once: there are only so many. */
const emailForms = new Map<number, Buffer>();
const nameForms = new Map<number, Buffer>();
const phoneForms = new Map<number, Buffer>();

/** `jane.doe@example.com` → `j•••@e•••`; what is no address is redacted whole. */
const maskEmail: Mask = (source, start, end) => {
  let at = start;
  while (at < end && source[at] !== 0x40) at++; // indexOf would search the whole buffer behind a value without one
  if (at === start || at + 1 >= end) return redacted;
  const local = source[start] ?? 0;
  const domain = source[at + 1] ?? 0;
  if (!isPlainLetter(local) || !isPlainLetter(domain)) return redacted;
  const key = (local << 8) | domain;
  return emailForms.get(key) ?? keep(emailForms, key, `${letter(local)}•••@${letter(domain)}•••`);
};

/** `Ada King Lovelace` → `A••• L•••`; one word → `A•••`. */
const maskName: Mask = (source, start, end) => {
  const first = source[start] ?? 0;
  let space = end - 1;
  while (space > start && source[space] !== 0x20) space--;
  const last = space > start && space + 1 < end ? (source[space + 1] ?? 0) : 0;
  if (start === end || !isPlainLetter(first) || (last !== 0 && !isPlainLetter(last))) return redacted;
  const key = (first << 8) | last;
  const form = last === 0 ? `${letter(first)}•••` : `${letter(first)}••• ${letter(last)}•••`;
  return nameForms.get(key) ?? keep(nameForms, key, form);
};

/** `+44 20 7946 0142` → `•••42`. */
const maskPhone: Mask = (source, start, end) => {
  const tens = source[end - 2] ?? 0;
  const ones = source[end - 1] ?? 0;
  if (end - start < 6 || !isDigit(tens) || !isDigit(ones)) return redacted;
  const key = (tens << 8) | ones;
  return phoneForms.get(key) ?? keep(phoneForms, key, `•••${letter(tens)}${letter(ones)}`);
};

/** `4242 4242 4242 4242` → `•••4242` (PCI DSS 4.0, 3.4.1, lets the last four be shown). */
const maskAccount: Mask = (source, start, end) => {
  const shown = source.toString('latin1', Math.max(start, end - 4), end);
  return end - start >= 12 && /^[0-9]{4}$/.test(shown) ? Buffer.from(`•••${shown}`) : redacted;
};

function keep(forms: Map<number, Buffer>, key: number, form: string): Buffer {
  const bytes = Buffer.from(form);
  forms.set(key, bytes);
  return bytes;
}

function letter(byte: number): string {
  return String.fromCharCode(byte);
}

/** ASCII letters and digits only: a byte of a longer character alone would not be UTF-8. */
function isPlainLetter(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

named(toNull, 'null');
for (const mask of [maskEmail, maskName, maskPhone, maskAccount]) named(mask, 'partial');
