/** A relation as a statement names it: which relations it may be, and the columns it gives. */
import type { CatalogRelation } from '../../../schema/catalog.ts';
import { recordViolation, type UseContext } from '../context.ts';
import {
  type Column,
  findCte,
  type Item,
  opaqueShape,
  readColumn,
  type Scope,
  type Shape,
} from '../scope.ts';
import { type Fields, isFields, readLocation, readNames, readText } from '../tree.ts';
import { isProtected, nothing, unite, uniteAll } from '../value.ts';
import { judgeCteReference } from './cte.ts';
import { isSystemRelation, isSystemSchema, isToastSchema } from './systemRelations.ts';

/** A RangeVar as an item of FROM or as the target of a write (`isTarget`: then no WITH query can be meant). */
export function readRelation(
  context: UseContext,
  rangeVar: Fields,
  scope: Scope | undefined,
  isTarget = false,
): Item {
  const name = readText(rangeVar['relname']) ?? '';
  const schema = readText(rangeVar['schemaname']);
  const alias = rangeVar['alias'];
  const found = schema === undefined && !isTarget ? findCte(scope, name) : undefined;
  const shape =
    found === undefined
      ? readCandidates(context, rangeVar, schema, name)
      : renameColumns(judgeCteReference(context, found.cte, found.scope), readAliasColumns(alias));
  const aliasName = isFields(alias) ? readText(alias['aliasname']) : undefined;
  return { ...shape, name: aliasName ?? name, isAlias: aliasName !== undefined, schema };
}

/** All relations of the catalog that a name may mean: of every schema, where search_path does not tell. */
export function findCandidates(
  { catalog, meant }: Pick<UseContext, 'catalog' | 'meant'>,
  schema: string | undefined,
  name: string,
): readonly CatalogRelation[] {
  const named = catalog.named(name);
  if (schema === undefined) {
    const found = meant.get(name);
    return found === undefined ? named : [found];
  }
  return named.filter(
    (relation) =>
      relation.schema === schema || (schema === 'pg_temp' && relation.schema.startsWith('pg_temp_')),
  );
}

/** The new column names of an alias: `t AS x(a, b)`. */
export function readAliasColumns(alias: unknown): readonly string[] {
  return isFields(alias) ? readNames(alias['colnames']) : [];
}

/** The shape under an alias with column names, which go by position. */
export function renameColumns(shape: Shape, names: readonly string[]): Shape {
  if (names.length === 0) return shape;
  if (!shape.isOrdered) {
    // Which column gets which name is not known: each may be any.
    const any = uniteAll(shape.columns.map((column) => column.value));
    const renamed = names.map((name) => ({ name, value: any, isCertain: true }));
    return { ...shape, columns: [...renamed, ...shape.columns] };
  }
  const columns = shape.columns.map((column, index) => {
    const name = names[index];
    return name === undefined ? column : { ...column, name };
  });
  const missing = names.slice(columns.length).map((name) => ({ name, value: nothing, isCertain: true }));
  return { ...shape, columns: [...columns, ...missing] };
}

function readCandidates(
  context: UseContext,
  rangeVar: Fields,
  schema: string | undefined,
  name: string,
): Shape {
  const aliasColumns = readAliasColumns(rangeVar['alias']);
  if (isToastSchema(schema)) refuseToast(context, name, readLocation(rangeVar));
  const candidates = findCandidates(context, schema, name);
  const shapes = candidates.map((relation) => renameColumns(readShape(context, relation), aliasColumns));
  const first = shapes[0];
  if (first === undefined) {
    if (!isSystemRelation(schema, name)) {
      context.unknownRelations.set(
        `${schema ?? ''}.${name}`,
        schema === undefined ? { name } : { schema, name },
      );
    }
    return renameColumns(opaqueShape, aliasColumns);
  }
  return shapes.length === 1 ? first : overlayShapes(shapes);
}

function readShape(context: UseContext, relation: CatalogRelation): Shape {
  const columns = [...relation.columns]
    .sort((a, b) => a.number - b.number)
    .map(
      ({ number, name, typeName }): Column => ({
        name,
        value: readColumn(context, relation, number, name, typeName),
        isCertain: true,
      }),
    );
  const isPartial = isSystemSchema(relation.schema);
  return { columns, isOrdered: !isPartial, isOpaque: isPartial };
}

/** One shape for a name that may mean several relations: a column is certain where all have it. */
function overlayShapes(shapes: readonly Shape[]): Shape {
  const byName = new Map<string | undefined, { column: Column; count: number }>();
  for (const column of shapes.flatMap((shape) => shape.columns)) {
    const known = byName.get(column.name);
    byName.set(column.name, {
      column: known === undefined ? column : { ...column, value: unite(known.column.value, column.value) },
      count: (known?.count ?? 0) + 1,
    });
  }
  const [first, ...others] = shapes.map((shape) => shape.columns.map((column) => column.name).join('\0'));
  return {
    columns: [...byName.values()].map(({ column, count }) => ({
      ...column,
      isCertain: count >= shapes.length,
    })),
    isOrdered: others.every((names) => names === first) && shapes.every((shape) => shape.isOrdered),
    isOpaque: shapes.some((shape) => shape.isOpaque),
  };
}

/** TOAST tables hold raw pieces of every other table's long values, so nothing of them can be masked. */
function refuseToast(context: UseContext, name: string, location: number | undefined): void {
  const classification = {
    kind: 'pii.freeText',
    use: 'none',
    why: 'it holds pieces of the long values of another table',
    confidence: 1,
  } as const;
  const source = {
    key: `toast.${name}`,
    oid: 0,
    attribute: 0,
    relation: name,
    column: 'chunk_data',
    classification,
  };
  recordViolation(context, source, 'read from out-of-line storage', location);
}

/** The protected columns of a relation named as a whole, for COPY. */
export function listProtected(item: Item, names: readonly string[]): readonly Column[] {
  const chosen =
    names.length === 0
      ? item.columns
      : item.columns.filter((column) => column.name === undefined || names.includes(column.name));
  return chosen.filter((column) => isProtected(column.value));
}
