/** Reading libpg-query's parse trees: tagged nodes, lists, names. */

/** The fields of one node. Zero, false and empty values are left out by libpg-query. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Tagged {
  readonly tag: string;
  readonly fields: Fields;
}

/** The node behind `{Tag: {…}}`; undefined for lists, scalars and fields of a fixed type, which carry no tag. */
export function readTag(node: unknown): Tagged | undefined {
  if (!isFields(node)) return undefined;
  for (const tag in node) {
    const fields = node[tag];
    return isUpperCase(tag) && isFields(fields) ? { tag, fields } : undefined;
  }
  return undefined;
}

/** The fields of `{[tag]: {…}}`, where the node has that tag. */
export function fieldsOf(node: unknown, tag: string): Fields | undefined {
  if (!isFields(node)) return undefined;
  const fields = node[tag];
  return isFields(fields) ? fields : undefined;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The strings of a list of String nodes; other members (a star) are left out. */
export function readNames(value: unknown): string[] {
  const names: string[] = [];
  for (const node of readList(value)) {
    const name = readText(fieldsOf(node, 'String')?.['sval']);
    if (name !== undefined) names.push(name);
  }
  return names;
}

/** Byte offset of a node; absent means 0 in libpg-query's JSON, and -1 means that the grammar does not tell. */
export function readLocation(fields: Fields): number | undefined {
  const location = fields['location'] ?? 0;
  return typeof location === 'number' && location >= 0 ? location : undefined;
}

/** True for `*` as the last part of a column reference or of an indirection. */
export function endsWithStar(list: unknown): boolean {
  return fieldsOf(readList(list).at(-1), 'A_Star') !== undefined;
}

/** The value of an integer constant, as ORDER BY 1 uses it. */
export function readOrdinal(node: unknown): number | undefined {
  const ival = fieldsOf(node, 'A_Const')?.['ival'];
  return isFields(ival) ? Number(ival['ival'] ?? 0) : undefined;
}

function isUpperCase(tag: string): boolean {
  const first = tag.charCodeAt(0);
  return first >= 65 && first <= 90;
}
