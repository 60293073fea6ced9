/** What the catalog knows of the relations that effects are on, and the text alone does not tell. */
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { Effect, RelationName, StatementFacts } from '../../sql/facts.ts';

/** Effects whose relation is a table, view or foreign table, which the catalog knows all of. */
const onRows: ReadonlySet<Effect['kind']> = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'copyIn',
  'truncate',
]);

/** Tables and sequences that one session has made for itself. */
export class TemporaryNames {
  readonly #names = new Set<string>();

  /** Notes those that the statement makes, whether or not it comes to run: see `has`. */
  note({ effects }: Pick<StatementFacts, 'effects'>): void {
    for (const { kind, relation, temporary } of effects) {
      if (kind === 'create' && temporary === true && relation !== undefined) this.#names.add(relation.name);
    }
  }

  /** True where a name may be that of a temporary relation. */
  mayName({ schema, name }: RelationName): boolean {
    return schema === undefined ? this.#names.has(name) : schema.startsWith('pg_temp');
  }

  /**
   * True where `effect` can only reach a temporary table: it names no schema, and no lasting relation has the name. Without
   * a fresh catalog nobody knows.
   */
  has({ kind, relation, temporary, object }: Effect, catalog: Catalog): boolean {
    if (relation === undefined || temporary === true) return false;
    // The schema of that name is the session's own, whatever is in it (manual, 20.11.1).
    if (relation.schema !== undefined) return kind === 'sequence' && relation.schema === 'pg_temp';
    if (kind === 'sequence' || (kind === 'drop' && object === 'sequence')) {
      return this.#namesSequence(relation.name) && !catalog.sequences.has(relation.name);
    }
    const isOfTable =
      onRows.has(kind) ||
      ((kind === 'drop' || kind === 'maintenance') && object === 'table') ||
      (kind === 'create' && object === 'index') ||
      (kind === 'alterAdditive' && object === 'column');
    return isOfTable && this.#names.has(relation.name) && catalog.named(relation.name).every(isTemporary);
  }

  /** One that was made as such, or comes with a serial or identity column (manual, 8.1.4): table_column_seq. */
  #namesSequence(name: string): boolean {
    if (this.#names.has(name)) return true;
    if (!name.endsWith('_seq')) return false;
    for (const table of this.#names) if (name.startsWith(`${table}_`)) return true;
    return false;
  }
}

function isTemporary({ schema }: CatalogRelation): boolean {
  return schema.startsWith('pg_temp_');
}

/** The facts with effects on temporary tables marked, and predicates judged by what is never null. */
export function groundEffects(
  facts: StatementFacts,
  catalog: Catalog,
  names: TemporaryNames,
): StatementFacts {
  let isChanged = false;
  const effects = facts.effects.map((effect): Effect => {
    let grounded = effect;
    if (names.has(effect, catalog)) grounded = { ...grounded, temporary: true };
    if (isNeverNull(effect, catalog)) grounded = { ...grounded, predicate: 'alwaysTrue' };
    isChanged ||= grounded !== effect;
    return grounded;
  });
  return isChanged ? { ...facts, effects } : facts;
}

/** The name may mean any relation of that name: one that it holds for is enough. */
function isNeverNull({ relation, ifNotNull }: Effect, catalog: Catalog): boolean {
  if (relation === undefined || ifNotNull === undefined) return false;
  return catalog
    .named(relation.name)
    .filter(({ schema }) => relation.schema === undefined || schema === relation.schema)
    .some(({ columns }) =>
      ifNotNull.every((name) => columns.some((column) => column.name === name && column.notNull)),
    );
}
