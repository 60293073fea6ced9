/** Which relation a statement means by a name without a schema, where the catalog has several of that name. */
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { Effect, RelationName, StatementFacts } from '../../sql/facts.ts';

/** By name: the one relation that it means. Names that are not in it may mean any relation of that name. */
export type MeantRelations = ReadonlyMap<string, CatalogRelation>;

export const noneMeant: MeantRelations = new Map();

/**
 * Statements whose names are looked up when they are analysed, all in one go. Bodies of functions and DO blocks are not
 * among them: theirs are looked up when they run, on a path that may be another by then.
 */
const analysedAtOnce: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CopyStmt',
  'ExplainStmt',
  'DeclareCursorStmt',
  'TruncateStmt',
  'LockStmt',
  'PrepareStmt',
  'CreateTableAsStmt',
  'ViewStmt',
]);

/** Effects on a relation that exists: CREATE makes one where its path begins, whoever else has that name. */
const onExisting: ReadonlySet<Effect['kind']> = new Set([
  'read',
  'insert',
  'update',
  'delete',
  'merge',
  'copyIn',
  'truncate',
  'lock',
]);

/** Names without a schema that the catalog has more than once: what they mean is for the path to say. */
export function readAmbiguousNames(facts: StatementFacts, catalog: Catalog): readonly string[] {
  if (!analysedAtOnce.has(facts.node)) return [];
  const relations = facts.role.kind === 'prepare' ? facts.role.inner.relations : facts.relations;
  return relations
    .filter(({ schema, name }) => schema === undefined && catalog.named(name).length > 1)
    .map(({ name }) => name);
}

/** Schemas whose relations are told as they are written: by the name alone, as people know them, or by names of their own. */
const plainSchemas: ReadonlySet<string> = new Set(['public', 'pg_catalog', 'information_schema', 'pg_toast']);

/** Names without a schema that one schema alone has: a policy about that schema must see them, however they are reached. */
export function findUnique(facts: StatementFacts, catalog: Catalog): MeantRelations {
  const unique = new Map<string, CatalogRelation>();
  if (!analysedAtOnce.has(facts.node)) return unique;
  for (const { schema, name } of facts.relations) {
    const [found, ...others] = schema === undefined ? catalog.named(name) : [];
    if (found === undefined || others.length > 0) continue;
    if (!plainSchemas.has(found.schema) && !found.schema.startsWith('pg_temp')) unique.set(name, found);
  }
  return unique;
}

/**
 * Looks the names up in the schemas, in their order. A name that none of them has is left out, and so is one of a temporary
 * table: for those the strictest meaning holds.
 */
export function findMeant(
  names: readonly string[],
  catalog: Catalog,
  schemas: readonly string[],
): MeantRelations {
  const meant = new Map<string, CatalogRelation>();
  for (const name of names) {
    const found = findOnPath(name, catalog, schemas);
    if (found !== undefined && !found.schema.startsWith('pg_temp')) meant.set(name, found);
  }
  return meant;
}

/** The relation of that name in the first schema that has one. */
export function findOnPath(
  name: string,
  catalog: Catalog,
  schemas: readonly string[],
): CatalogRelation | undefined {
  const named = catalog.named(name);
  for (const schema of schemas) {
    const found = named.find((relation) => relation.schema === schema);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The facts with the schemas of the relations that are meant. */
export function qualifyFacts(facts: StatementFacts, meant: MeantRelations): StatementFacts {
  if (meant.size === 0) return facts;
  const qualify = (relation: RelationName): RelationName => {
    const found = relation.schema === undefined ? meant.get(relation.name) : undefined;
    return found === undefined ? relation : { schema: found.schema, name: relation.name };
  };
  const relations = new Map(
    facts.relations.map(qualify).map((relation) => [`${relation.schema ?? ''}\0${relation.name}`, relation]),
  );
  return {
    ...facts,
    effects: facts.effects.map((effect) =>
      effect.relation !== undefined && onExisting.has(effect.kind)
        ? { ...effect, relation: qualify(effect.relation) }
        : effect,
    ),
    relations: [...relations.values()],
  };
}
