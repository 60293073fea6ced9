/**
 * Functions of PostgreSQL's own that give a value of every value and have no other effect: what they make of a protected
 * one may be returned masked.
 *
 * Reviewed one by one against the manual (chapter 9) and the sources of 13 to 18: none fails, waits, returns NULL or
 * returns more or fewer rows because of what the protected value holds. Whether it is NULL may show, as it does
 * everywhere (DESIGN.md §4). What may fail by its other arguments (a field of split_part that is 0) fails on every value.
 * What is not here is refused.
 */
import { fieldsOf, isFields, readText } from '../tree.ts';
import { isProtected, type Value } from '../value.ts';

/** An argument of a call, judged. */
export interface Argument {
  readonly node: unknown;
  readonly value: Value;
}

export interface TotalFunction {
  /** True where it is total with these arguments. */
  readonly accepts: (args: readonly Argument[]) => boolean;
  /** `aggregate` takes many rows, `window` needs OVER. */
  readonly kind: 'scalar' | 'aggregate' | 'window';
  /** format_type's text of what it gives; `same`: that of its first protected argument. */
  readonly gives: string;
  /** How long the result is tells what is in the value, not only how long that is. */
  readonly isTelling?: boolean;
  /** The result is longer than each argument. */
  readonly isGrowing?: boolean;
}

type Accepts = TotalFunction['accepts'];

const any: Accepts = () => true;
const one: Accepts = (args) => args.length === 1;
/** Only the first argument is protected. */
const first: Accepts = (args) => args.slice(1).every(({ value }) => !isProtected(value));
/** Only the first argument is protected, and the others are short constants. */
const constants: Accepts = (args) => args.slice(1).every(({ node }) => isShortConstant(node));
const plain: Accepts = (args) => args.every(({ value }) => !isProtected(value) || isScalar(value.typeName));
const numbers: Accepts = (args) => isExactNumber(args[0]?.value.typeName) && constants(args);

/** The smallest integer has no absolute value. */
const decimals: Accepts = (args) => numbers(args) && isDecimal(args[0]?.value.typeName);

/** substring(text from 'pattern') gives NULL where the pattern is not found: only positions are let through. */
const positions: Accepts = (args) =>
  args.length > 1 && args.slice(1).every(({ node }) => readInteger(node) !== undefined);

const fieldNumber: Accepts = (args) =>
  args.length === 3 && constants(args) && (readInteger(args[2]?.node) ?? 0) !== 0;

/** `%s`, `%2$s`, `%L` and `%%`: a width may be taken from anywhere, and `%I` fails on NULL. */
const formatText: Accepts = (args) => {
  const text = readConstantText(args[0]?.node);
  return text !== undefined && text.length <= shortLength && /^([^%]|%(\d{1,3}\$)?[sL]|%%)*$/.test(text);
};

const field: Accepts = (args) => args.length === 2 && readConstantText(args[0]?.node) !== undefined;
/**
 * Of infinity, and of days beyond the year 294276, parts of a date are NULL or an error: as much as `= 'infinity'` tells, so
 * it needs the right to compare for equality.
 */
const comparable: Accepts = (args) =>
  args.every(({ value }) => value.sources.every(({ classification }) => classification.use !== 'none'));
const timeField: Accepts = (args) => field(args) && comparable(args);
const picture: Accepts = (args) => separator(args) && comparable(args);

const separator: Accepts = (args) => args.length === 2 && isShortConstant(args[1]?.node);

const scalar = (accepts: Accepts, gives: string, more: Partial<TotalFunction> = {}): TotalFunction => ({
  accepts,
  kind: 'scalar',
  gives,
  ...more,
});
const aggregate = (accepts: Accepts, gives: string, more: Partial<TotalFunction> = {}): TotalFunction => ({
  accepts,
  kind: 'aggregate',
  gives,
  ...more,
});
const window: TotalFunction = { accepts: any, kind: 'window', gives: 'same' };
const telling = { isTelling: true };
const growing = { isGrowing: true };

export const totalFunctions: ReadonlyMap<string, TotalFunction> = new Map(
  Object.entries({
    // Strings (9.4)
    lower: scalar(one, 'same'),
    upper: scalar(one, 'same'),
    initcap: scalar(one, 'text'),
    reverse: scalar(one, 'same'),
    md5: scalar(one, 'text'),
    btrim: scalar(constants, 'text', telling),
    ltrim: scalar(constants, 'text', telling),
    rtrim: scalar(constants, 'text', telling),
    replace: scalar(constants, 'text', telling),
    translate: scalar(constants, 'text', telling),
    split_part: scalar(fieldNumber, 'text', telling),
    left: scalar(first, 'text'),
    right: scalar(first, 'text'),
    substr: scalar(first, 'text'),
    substring: scalar(positions, 'text'),
    length: scalar(one, 'integer'),
    char_length: scalar(one, 'integer'),
    character_length: scalar(one, 'integer'),
    octet_length: scalar(one, 'integer'),
    bit_length: scalar(one, 'integer'),
    strpos: scalar(any, 'integer'),
    position: scalar(any, 'integer'),
    concat: scalar(any, 'text', growing),
    concat_ws: scalar(any, 'text', growing),
    format: scalar(formatText, 'text', growing),
    array_to_string: scalar(separator, 'text', growing),
    // Numbers and times (9.3, 9.8, 9.9); to_char never fails on a value, it shows # where the picture is too short.
    round: scalar(numbers, 'numeric'),
    trunc: scalar(numbers, 'numeric'),
    ceil: scalar(numbers, 'numeric'),
    ceiling: scalar(numbers, 'numeric'),
    floor: scalar(numbers, 'numeric'),
    abs: scalar(decimals, 'numeric'),
    to_char: scalar(picture, 'text'),
    extract: scalar(timeField, 'numeric'),
    date_part: scalar(timeField, 'double precision'),
    date_trunc: scalar(timeField, 'same'),
    age: scalar(comparable, 'interval'),
    // JSON (9.16)
    to_json: scalar(one, 'json'),
    to_jsonb: scalar(one, 'jsonb'),
    row_to_json: scalar(any, 'json'),
    json_build_object: scalar(any, 'json', growing),
    json_build_array: scalar(any, 'json', growing),
    jsonb_build_object: scalar(any, 'jsonb', growing),
    jsonb_build_array: scalar(any, 'jsonb', growing),
    // Aggregates (9.21); array_agg fails on arrays of different lengths.
    string_agg: aggregate(first, 'text', growing),
    array_agg: aggregate(plain, 'anyarray[]', growing),
    json_agg: aggregate(any, 'json', growing),
    jsonb_agg: aggregate(any, 'jsonb', growing),
    json_object_agg: aggregate(any, 'json', growing),
    jsonb_object_agg: aggregate(any, 'jsonb', growing),
    min: aggregate(one, 'same', telling),
    max: aggregate(one, 'same', telling),
    any_value: aggregate(one, 'same'),
    sum: aggregate(numbers, 'numeric'),
    avg: aggregate(numbers, 'numeric'),
    bool_and: aggregate(one, 'boolean'),
    bool_or: aggregate(one, 'boolean'),
    every: aggregate(one, 'boolean'),
    // Windows (9.22)
    lag: window,
    lead: window,
    first_value: window,
    last_value: window,
    nth_value: window,
  }),
);

/** What gives something short, whatever it is given, besides those above (clear values; what is not here may be long). */
export const shortFunctions: ReadonlySet<string> = new Set(
  `count now current_date clock_timestamp row_number rank dense_rank ntile percent_rank cume_dist to_date to_timestamp
  make_date gen_random_uuid ascii chr mod sign pg_backend_pid random sqrt power current_user session_user version
  justify_days generate_series stddev variance date timezone to_number isfinite grouping`.split(/\s+/),
);

const shortLength = 1000;

/** A string of at most 1,000 characters, a number, true, false or NULL, as the text has it. */
export function isShortConstant(node: unknown): boolean {
  const constant = fieldsOf(node, 'A_Const');
  if (constant === undefined) return false;
  return (readConstantText(node) ?? '').length <= shortLength;
}

export function readConstantText(node: unknown): string | undefined {
  const sval = fieldsOf(node, 'A_Const')?.['sval'];
  return isFields(sval) ? (readText(sval['sval']) ?? '') : undefined;
}

/** The integer that a constant is; a zero is left out of the tree. */
export function readInteger(node: unknown): number | undefined {
  const ival = fieldsOf(node, 'A_Const')?.['ival'];
  return isFields(ival) ? Number(ival['ival'] ?? 0) : undefined;
}

/** A number of at most seven digits that is not zero, which exact numbers may be multiplied with or divided by. */
export function isSmallFactor(node: unknown): boolean {
  const fval = fieldsOf(node, 'A_Const')?.['fval'];
  const text = isFields(fval) ? (readText(fval['fval']) ?? '') : String(readInteger(node) ?? '');
  return /^-?\d{1,7}(\.\d{1,7})?$/.test(text) && Number(text) !== 0;
}

/** Numbers whose sums and products cannot overflow (9.3): numeric; sums of integers are wider than they are. */
export function isExactNumber(typeName: string | undefined): boolean {
  return typeName !== undefined && /^(numeric(\(.*\))?|smallint|integer|bigint)$/.test(typeName);
}

export function isDecimal(typeName: string | undefined): boolean {
  return typeName !== undefined && /^numeric\b/.test(typeName);
}

/** A type of PostgreSQL's own (or citext) that is no array, no row and no document: put together, its values cannot clash. */
export function isScalar(typeName: string | undefined): boolean {
  return (
    typeName !== undefined &&
    /^(text|character|character varying|bpchar|name|uuid|boolean|smallint|integer|bigint|numeric|real|double precision|date|time|timestamp|interval|inet|cidr|macaddr|money|(?:\w+\.)?citext)\b[^[]*$/.test(
      typeName,
    )
  );
}

export function isString(typeName: string | undefined): boolean {
  return (
    typeName !== undefined &&
    /^(text|character|character varying|bpchar|name|(?:\w+\.)?citext)\b[^[]*$/.test(typeName)
  );
}
