/** JSON Schema (2020-12) and the TypeScript type it describes, made by one call: the two cannot drift apart. */

declare const described: unique symbol;

/** A JSON schema of values of type `T`. The type is for the compiler alone; at run time this is the plain schema. */
export interface Schema<T> {
  readonly [keyword: string]: unknown;
  readonly [described]?: T;
}

/** The type that a schema describes. */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

type Fields = Readonly<Record<string, Schema<unknown>>>;

/** Written as mapped types over the fields themselves, so that their comments are shown where a value is used. */
type Required<F extends Fields> = { readonly [Name in keyof F]: TypeOf<F[Name]> };
type Optional<F extends Fields> = { readonly [Name in keyof F]?: TypeOf<F[Name]> };
type Flat<T> = { readonly [Name in keyof T]: T[Name] };

function make<T>(keywords: object, description: string | undefined): Schema<T> {
  return { ...keywords, ...(description !== undefined && { description }) };
}

export const text = (description?: string) => make<string>({ type: 'string' }, description);
export const flag = (description?: string) => make<boolean>({ type: 'boolean' }, description);
/** A whole number that is not negative, and that JSON carries exactly (RFC 8259, section 6). */
export const count = (description?: string) =>
  make<number>({ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }, description);
/** RFC 3339. */
export const time = (description?: string) =>
  make<string>({ type: 'string', format: 'date-time', maxLength: 40 }, description);
/** SHA-256 or an HMAC with it, hex. */
export const hexHash = (description?: string) =>
  make<string>({ type: 'string', pattern: '^[0-9a-f]{64}$' }, description);

export const constant = <const Value extends string>(value: Value) =>
  make<Value>({ const: value }, undefined);

/** Given as a record, so that the compiler sees that no word of the union is forgotten. */
export function words<Word extends string>(all: Readonly<Record<Word, true>>, description?: string) {
  return make<Word>({ type: 'string', enum: Object.keys(all) }, description);
}

export function list<Item>(items: Schema<Item>, description?: string) {
  return make<readonly Item[]>({ type: 'array', items }, description);
}

/** Two whole numbers: from and through. */
export const range = (description?: string) =>
  make<readonly [number, number]>({ type: 'array', items: count(), minItems: 2, maxItems: 2 }, description);

/** Any names, values of one kind. */
export function record<Value>(values: Schema<Value>, description?: string) {
  return make<Readonly<Record<string, Value>>>({ type: 'object', additionalProperties: values }, description);
}

/** An object with these fields and no others. */
export function fields<R extends Fields, O extends Fields = Record<never, never>>(
  required: R,
  optional?: O,
  description?: string,
) {
  return make<Flat<Required<R> & Optional<O>>>(
    {
      type: 'object',
      properties: { ...required, ...optional },
      required: Object.keys(required),
      additionalProperties: false,
    },
    description,
  );
}
