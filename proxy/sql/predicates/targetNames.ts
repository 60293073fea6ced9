/** Which column names of an UPDATE, DELETE or MERGE mean the target's own columns, also by way of a self join. */
import type { RelationName } from '../facts.ts';
import { asList, asText, entryOf, isNode, namesOf, rangeVarFields, relationOf } from '../tree.ts';

export interface TargetNames {
  /** True where the statement has no other relation: every unqualified column is the target's. */
  readonly isAlone: boolean;
  /** True for the target by the name of its relation. */
  isTarget(relation: RelationName): boolean;
  /** True where both qualifiers stand for the same relation. */
  areSame(qualifier: string, other: string): boolean;
  /** True for a qualifier that stands for another item of FROM or USING. */
  isOther(qualifier: string): boolean;
  /** Where given, the target's columns are taken for not null, and those that were are noted here. */
  readonly ifNotNull?: Set<string>;
  /** The same names with those of a subquery's FROM. */
  within(fromClause: unknown): TargetNames;
}

/** @param others items of FROM or USING. */
export function targetNames(target: unknown, others: unknown): TargetNames {
  const own = relationOf(target);
  const rest = asList(others).filter((item) => item !== undefined);
  const names = new Map<string, RelationName | undefined>();
  for (const item of rest) {
    addNames(names, item);
  }
  const otherNames = new Set(names.keys());
  addNames(names, target);
  for (const name of aliasesOf(target)) {
    otherNames.delete(name);
  }
  return {
    isAlone: rest.length === 0,
    isTarget: (relation) => isSame(relation, own),
    areSame: (qualifier, other) => isSame(names.get(qualifier), names.get(other)),
    isOther: (qualifier) => otherNames.has(qualifier),
    within: (fromClause) => targetNames(target, [...rest, ...asList(fromClause)]),
  };
}

function addNames(names: Map<string, RelationName | undefined>, item: unknown): void {
  const [tag, fields] = entryOf(item);
  if (tag === 'JoinExpr') {
    addNames(names, fields['larg']);
    addNames(names, fields['rarg']);
  }
  for (const name of aliasesOf(item)) {
    names.set(name, relationOf(item));
  }
}

/** The name by which columns of an item of FROM are qualified. */
function aliasesOf(item: unknown): string[] {
  const [tag, inner] = entryOf(item);
  const fields = /^[A-Z]/.test(tag) ? inner : rangeVarFields(item);
  const alias = isNode(fields['alias']) ? asText(fields['alias']['aliasname']) : undefined;
  const name = alias ?? relationOf(item)?.name;
  return name === undefined ? [] : [name];
}

/** A schema left out may be any: that errs to the safe side, and whoever means two tables can name both schemas. */
function isSame(a: RelationName | undefined, b: RelationName | undefined): boolean {
  if (a === undefined || b === undefined || a.name !== b.name) {
    return false;
  }
  return a.schema === undefined || b.schema === undefined || a.schema === b.schema;
}

/**
 * True where a column that may be the target's is named anywhere in `value`, subqueries included: one without a qualifier,
 * or with one that is not known to stand for something else.
 */
export function mentionsTarget(value: unknown, names: TargetNames): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => mentionsTarget(item, names));
  }
  if (!isNode(value)) {
    return false;
  }
  for (const key in value) {
    const child = value[key];
    if (key === 'CurrentOfExpr') {
      return true;
    }
    if (key === 'ColumnRef') {
      const qualifier = columnOf(value)?.qualifier;
      if (qualifier === undefined || !names.isOther(qualifier)) {
        return true;
      }
    } else if (typeof child === 'object' && mentionsTarget(child, names)) {
      return true;
    }
  }
  return false;
}

/** Last name and qualifier of a ColumnRef; undefined for anything else. */
export function columnOf(value: unknown): { name: string; qualifier: string | undefined } | undefined {
  const [tag, fields] = entryOf(value);
  if (tag !== 'ColumnRef') {
    return undefined;
  }
  const names = namesOf(fields['fields']);
  const name = names.at(-1);
  return name === undefined || names.length !== asList(fields['fields']).length
    ? undefined
    : { name, qualifier: names.at(-2) };
}
