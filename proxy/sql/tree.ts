/** Reading libpg-query's trees, whose shape no type guarantees: narrow accessors instead of casts. */
import type { RelationName } from './facts.ts';

/** An object of the tree: a tagged node (`{SelectStmt: {…}}`), or the fields of one. */
export type Node = Readonly<Record<string, unknown>>;

const noNode: Node = Object.freeze({});
const noList: readonly unknown[] = Object.freeze([]);

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object itself, or an empty one for anything else. */
export function asNode(value: unknown): Node {
  return isNode(value) ? value : noNode;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : noList;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Tag and fields of a tagged node; `['', {}]` for anything else. */
export function entryOf(value: unknown): readonly [string, Node] {
  const node = asNode(value);
  for (const tag in node) {
    return [tag, asNode(node[tag])];
  }
  return ['', noNode];
}

/** The fields of `value` where it is a node of that tag. */
export function fieldsOf(value: unknown, tag: string): Node | undefined {
  const fields = asNode(value)[tag];
  return isNode(fields) ? fields : undefined;
}

/** Texts of a list of `{String: {sval}}`, as names come: `pg_catalog`, `now`. */
export function namesOf(list: unknown): string[] {
  const names: string[] = [];
  for (const item of asList(list)) {
    const name = fieldsOf(item, 'String')?.['sval'];
    if (typeof name === 'string') {
      names.push(name);
    }
  }
  return names;
}

/** Options `{DefElem: {defname, arg}}` by name; the last one counts where one is given twice. */
export function optionsOf(list: unknown): ReadonlyMap<string, unknown> {
  const options = new Map<string, unknown>();
  for (const item of asList(list)) {
    const option = asNode(asNode(item)['DefElem']);
    options.set(asText(option['defname']) ?? '', option['arg']);
  }
  return options;
}

/** The fields of a RangeVar, tagged or not. */
export function rangeVarFields(value: unknown): Node {
  const node = asNode(value);
  return isNode(node['RangeVar']) ? node['RangeVar'] : node;
}

export function relationOf(rangeVar: unknown): RelationName | undefined {
  const fields = rangeVarFields(rangeVar);
  const name = asText(fields['relname']);
  const schema = asText(fields['schemaname']);
  if (name === undefined) {
    return undefined;
  }
  return schema === undefined ? { name } : { schema, name };
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
