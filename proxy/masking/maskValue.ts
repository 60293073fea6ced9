/**
 * The masks: each turns the bytes of one value into a form that says what it was and nothing of what it held, in the
 * type and format of the column. Forms have a fixed length wherever they can, so that length tells nothing either.
 */
import type { ClassificationKind } from './classification.ts';
import { maskDateBinary, maskDateText } from './maskDate.ts';
import { bucketBinary, bucketText } from './maskNumber.ts';

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
const jsonOid = 114;
const jsonbOid = 3802;

const redacted = Buffer.from('•••');
const redactedJson = Buffer.from('"•••"');
/** jsonb in binary begins with its version, 1. */
const redactedJsonb = Buffer.concat([Buffer.from([1]), redactedJson]);

const toNull: Mask = () => undefined;
const redact: Mask = () => redacted;

/** How a mask is called where people read of it; what is not here redacts. */
const methods = new WeakMap<Mask, string>();

function name(mask: Mask, method: string): Mask {
  methods.set(mask, method);
  return mask;
}

/** `partial`, `year`, `bucket`, `null` or `redact`. */
export function maskMethod(mask: Mask | undefined): string {
  return (mask && methods.get(mask)) ?? 'redact';
}

/**
 * The mask for a classified column: by its type first, for a mask must stay a value of it. Of what is computed from
 * classified values (`isDerived`) no letter, digit or year is left: an expression could bring any to the front.
 */
export function chooseMask(
  kind: ClassificationKind,
  type: MaskedType,
  format: number,
  isDerived = false,
): Mask {
  if (type.isWholeRow) return toNull;
  if (textTypes.has(type.oid) || /(^|\.)"?citext"?$/.test(type.name))
    return isDerived ? redact : chooseTextMask(kind);
  if (isDerived || kind.startsWith('secret.'))
    return type.oid === jsonOid || type.oid === jsonbOid ? jsonMask(type.oid, format) : toNull;
  if (dateTypes.has(type.oid)) return name(format === 0 ? maskDateText : maskDateBinary(type.oid), 'year');
  if (numberTypes.has(type.oid)) return name(format === 0 ? bucketText : bucketBinary(type.oid), 'bucket');
  if (type.oid === jsonOid || type.oid === jsonbOid) return jsonMask(type.oid, format);
  return toNull; // arrays, uuid, inet, composites, ranges, bytea, enums, types of extensions
}

function jsonMask(oid: number, format: number): Mask {
  const form = oid === jsonbOid && format === 1 ? redactedJsonb : redactedJson;
  return () => form;
}

function chooseTextMask(kind: ClassificationKind): Mask {
  if (kind === 'pii.email') return maskEmail;
  if (kind === 'pii.name') return maskName;
  return kind === 'pii.phone' ? maskPhone : redact;
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

name(toNull, 'null');
for (const mask of [maskEmail, maskName, maskPhone]) name(mask, 'partial');
