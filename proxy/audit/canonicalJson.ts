/** The one byte form of a JSON value: JSON Canonicalization Scheme, RFC 8785. */

/**
 * Renders `value` as RFC 8785 says: no white space, keys sorted by UTF-16 code units (section 3.2.3), numbers and
 * strings as ECMAScript writes them (3.2.2). Properties that are undefined are left out, as JSON.stringify does.
 * @throws TypeError for what JSON cannot carry: NaN, infinities, bigint, undefined in an array, lone surrogates,
 *   objects that are not plain, cycles.
 */
export function canonicalJson(value: unknown): string {
  return render(value, []);
}

/** @param parents what `value` stands in, outermost first; as before when this returns */
function render(value: unknown, parents: object[]): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON has no form for ${value}`);
    return JSON.stringify(value); // also turns -0 into 0
  }
  if (typeof value !== 'object') throw new TypeError(`canonical JSON has no form for a ${typeof value}`);
  if (parents.includes(value)) throw new TypeError('canonical JSON has no form for a cycle');
  parents.push(value);
  const text = Array.isArray(value)
    ? `[${Array.from(value, (item) => render(item, parents)).join(',')}]`
    : renderObject(value, parents);
  parents.pop();
  return text;
}

function renderObject(value: object, inside: object[]): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('canonical JSON has no form for an object that is not plain');
  }
  const parts: string[] = [];
  const properties = value as Readonly<Record<string, unknown>>;
  // Array.prototype.sort without a comparison sorts strings by UTF-16 code units.
  for (const key of Object.keys(properties).sort()) {
    const property = properties[key];
    if (property !== undefined) parts.push(`${quoteJson(key)}:${render(property, inside)}`);
  }
  return `{${parts.join(',')}}`;
}

/**
 * A string in canonical JSON: RFC 8785 section 3.2.2.2 is what JSON.stringify does for text that is well formed.
 * @throws TypeError for lone surrogates, which have no UTF-8 form
 */
export function quoteJson(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('canonical JSON has no form for a lone surrogate');
  return JSON.stringify(text);
}
