/** Names in sight of an expression: the FROM items of each query level, and what a reference resolves to. */

import type { CatalogRelation } from '../../schema/catalog.ts';
import { readByCall } from './code/body.ts';
import type { UseContext } from './context.ts';
import { systemColumns } from './queries/systemRelations.ts';
import type { Fields } from './tree.ts';
import { isProtected, lose, nothing, ofSize, type Source, unite, uniteAll, type Value } from './value.ts';

/** A column of a FROM item or of a query's output. */
export interface Column {
  /** Undefined where the name is not known: it may answer to any. */
  readonly name: string | undefined;
  readonly value: Value;
  /** False where only some of the relations that the item may be have it. */
  readonly isCertain: boolean;
}

/** A row type as far as it is known. `isOpaque`: it may have more columns; `isOrdered`: positions are known. */
export interface Shape {
  readonly columns: readonly Column[];
  readonly isOrdered: boolean;
  readonly isOpaque: boolean;
}

/** A FROM item that can be named: `alias.column`, or `alias` for the whole row. */
export interface Item extends Shape {
  readonly name: string | undefined;
  /** True where the name is an alias, which hides the schema. */
  readonly isAlias: boolean;
  readonly schema: string | undefined;
}

/** A WITH query: judged when first referred to, with a provisional shape while it refers to itself. */
export interface Cte {
  readonly fields: Fields;
  readonly isRecursive: boolean;
  state: 'waiting' | 'running' | 'done';
  isSelfReferenced: boolean;
  shape: Shape;
}

/** One query level. `columns` is what an unqualified name or a star sees, join columns merged. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly items: Item[];
  columns: Column[];
  isOpaque: boolean;
  isOrdered: boolean;
  readonly ctes: Map<string, Cte>;
}

export const emptyShape: Shape = { columns: [], isOrdered: true, isOpaque: false };
export const opaqueShape: Shape = { columns: [], isOrdered: false, isOpaque: true };

export function openScope(parent: Scope | undefined): Scope {
  return { parent, items: [], columns: [], isOpaque: false, isOrdered: true, ctes: new Map() };
}

export function findCte(scope: Scope | undefined, name: string): { cte: Cte; scope: Scope } | undefined {
  for (let level = scope; level !== undefined; level = level.parent) {
    const cte = level.ctes.get(name);
    if (cte !== undefined) return { cte, scope: level };
  }
  return undefined;
}

/**
 * What a column reference carries (manual 4.2.1). Follows parse_expr.c: columns of the innermost level that has the name,
 * then an item of that name as a whole row; `item.name` without such a column is the function `name(item)`.
 * Where more than one reading is possible, all count.
 */
export function resolveReference(
  context: UseContext,
  scope: Scope,
  names: readonly string[],
  location: number | undefined,
): Value {
  const column = names.at(-1) ?? '';
  const qualifier = names.at(-2);
  const value =
    qualifier === undefined
      ? resolveBare(context, scope, column)
      : resolveQualified(context, scope, names.at(-3), qualifier, column);
  return isProtected(value) ? { ...value, location } : value;
}

/** The FROM items that `name` or `schema.name` may mean: those of the innermost level that has any. */
export function findItems(scope: Scope | undefined, name: string, schema?: string): readonly Item[] {
  for (let level = scope; level !== undefined; level = level.parent) {
    const items = level.items.filter(
      (item) =>
        item.name === name &&
        (schema === undefined || (!item.isAlias && (item.schema === undefined || item.schema === schema))),
    );
    if (items.length > 0) return items;
  }
  return [];
}

/** A row as one value: everything in it counts. */
export function readWholeRow(shape: Shape): Value {
  const value = uniteAll(shape.columns.map((column) => column.value));
  return isProtected(value) ? { ...lose(value, 'used as a whole row'), isWholeRow: true } : nothing;
}

export function findColumns(columns: readonly Column[], name: string): readonly Column[] {
  return columns.filter(
    (column) => column.name === name || (column.name === undefined && isProtected(column.value)),
  );
}

/** True where a column of that name is, or may be, in sight. */
export function hasColumn(scope: Scope | undefined, name: string): boolean {
  for (let level = scope; level !== undefined; level = level.parent) {
    if (findColumns(level.columns, name).length > 0) return true;
  }
  return false;
}

function resolveBare(context: UseContext, scope: Scope, name: string): Value {
  let found: Value | undefined;
  let mayBeUnknown = false;
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const hits = findColumns(level.columns, name);
    for (const hit of hits) found = found === undefined ? hit.value : unite(found, hit.value);
    if (hits.some((hit) => hit.isCertain && hit.name === name)) return found ?? nothing;
    mayBeUnknown ||= level.isOpaque;
  }
  const items = findItems(scope, name);
  if (items.length > 0) return unite(found ?? nothing, uniteAll(items.map(readWholeRow)));
  if (found !== undefined) return found;
  if (systemColumns.has(name)) return nothing;
  return mayBeUnknown ? ofSize(Number.POSITIVE_INFINITY) : assumeNamed(context, name);
}

function resolveQualified(
  context: UseContext,
  scope: Scope,
  schema: string | undefined,
  qualifier: string,
  name: string,
): Value {
  const items = findItems(scope, qualifier, schema);
  if (items.length === 0) return assumeNamed(context, name);
  return uniteAll(
    items.map((item) => {
      const hits = findColumns(item.columns, name);
      const value = uniteAll(hits.map((hit) => hit.value));
      const isCertain = hits.some((hit) => hit.isCertain && hit.name === name);
      // `u.row_to_json` is row_to_json(u) where u has no such column (manual 8.16.5).
      if (isCertain || systemColumns.has(name)) return value;
      const row = readWholeRow(item);
      if (isProtected(row)) noteUnknown(context, qualifier, name);
      const read = readByCall(context, [name]);
      return unite(unite(value, isProtected(row) ? { ...row, mayCall: true } : row), read);
    }),
  );
}

/**
 * A name that nothing in sight has: the worst it could be among the relations that the statement names. Where none of
 * them is known to have it, it may be the new name of any protected column: a rename earlier in the same message or
 * transaction is not in the catalog yet.
 */
function assumeNamed(context: UseContext, name: string): Value {
  if (context.protectedRelations.size > 0) noteUnknown(context, undefined, name);
  const values: Value[] = [];
  const everything: Value[] = [];
  for (const relation of context.protectedRelations.values()) {
    const isRow = relation.name === name;
    for (const column of relation.columns) {
      const value = readColumn(context, relation, column.number, column.name, undefined);
      everything.push(value);
      if (!isRow && column.name !== name) continue;
      values.push(
        isRow && isProtected(value) ? { ...value, lost: 'used as a whole row', isWholeRow: true } : value,
      );
    }
  }
  return uniteAll(values.length === 0 ? everything : values);
}

/** A column that somebody may have added since the catalog was loaded. */
function noteUnknown(context: UseContext, schema: string | undefined, name: string): void {
  context.unknownRelations.set(`${schema ?? ''}.${name}`, schema === undefined ? { name } : { schema, name });
}

/** The value of a column of the catalog. */
export function readColumn(
  context: UseContext,
  relation: CatalogRelation,
  attributeNumber: number,
  name: string,
  typeName: string | undefined,
): Value {
  const classification = context.classifications.of(relation.oid, attributeNumber);
  // Anybody may put into a temporary table what they like.
  const size = relation.schema.startsWith('pg_temp') ? Number.POSITIVE_INFINITY : undefined;
  if (classification === undefined || classification.use === 'open') return { sources: [], typeName, size };
  const source: Source = {
    key: `${relation.oid}.${attributeNumber}`,
    oid: relation.oid,
    attribute: attributeNumber,
    relation: relation.name,
    column: name,
    classification,
  };
  return { sources: [source], typeName, size };
}
