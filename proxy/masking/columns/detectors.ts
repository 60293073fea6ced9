/** What values of a column look like: the detectors of streamed text, and forms that only many values together tell. */
import { isIPv6 } from 'node:net';
import type { ClassificationKind } from '../classification.ts';
import { type Finding, findSensitive, type SensitiveForm } from '../detecting/findSensitive.ts';

/** What was seen in one value. */
export interface Look {
  /** What the whole value is. */
  readonly whole: ClassificationKind | undefined;
  /** What stands in it, as certain as one value can be. */
  readonly holds: readonly ClassificationKind[];
  /** Forms in it that a check digit alone tells. */
  readonly chances: readonly SensitiveForm[];
}

/** North America without its country code (ITU-T E.164, NANP): area code and exchange begin with 2 to 9. */
const nanpPhone = /^(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}$/;
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|(?:\/\d{1,2})?$)){4}$/;
/** 13 to 19 digits (ISO/IEC 7812-1), single spaces or dashes between groups. */
const cardLike = /(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])/g;

/** Forms that pass a check digit by chance, one number in ten. */
const chancy: ReadonlySet<SensitiveForm> = new Set(['payment card', 'Aadhaar number']);

/** @param value without white space around it, and not empty */
export function lookAtValue(value: string, column: string): Look {
  const bytes = Buffer.from(value);
  const found: Finding[] = [];
  for (let from = 0; ; ) {
    const finding = findSensitive(bytes, 0, bytes.length, { from, column });
    if (finding === undefined) break;
    found.push(finding);
    from = finding.end;
  }
  const [first] = found;
  const isWhole = first !== undefined && first.start === 0 && first.end === bytes.length;
  const isByMany = first === undefined;
  return {
    whole: isWhole ? first.kind : isByMany ? lookByMany(value) : undefined,
    holds: found.filter(({ form }) => !chancy.has(form)).map(({ kind }) => kind),
    chances: found.map(({ form }) => form).filter((form) => chancy.has(form)),
  };
}

/** What a single value cannot tell: local telephone numbers, and addresses of the network that could be versions. */
function lookByMany(value: string): ClassificationKind | undefined {
  if (nanpPhone.test(value)) return 'pii.phone';
  return isAddressLike(value) ? 'pii.ipAddress' : undefined;
}

/** How many runs of digits in a text are as long as card numbers. */
export function countCardLike(text: string): number {
  return text.match(cardLike)?.length ?? 0;
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

/** The elements of an array as the server writes it (manual, 8.15.6), without NULLs; of several dimensions, all. */
export function splitArray(text: string): string[] {
  const elements: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|([^{},"]+)/g)) {
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/g, '$1'));
    else if (plain !== undefined && plain !== 'NULL') elements.push(plain);
  }
  return elements;
}
