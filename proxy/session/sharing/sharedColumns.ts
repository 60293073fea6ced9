/** Classifications of other proxies against this database: which column each is about, and what it counts for here. */
import type { Classification, ColumnId, ColumnUseRight } from '../../masking/classification.ts';
import type { FoundClassification } from '../../masking/classifyCatalog.ts';
import { chooseUse } from '../../masking/columns/classificationDraft.ts';
import type { SharedClassification } from '../../masking/sharedClassification.ts';
import { isClassificationKind } from '../../policy/masking/maskingFile.ts';
import type { Catalog } from '../../schema/catalog.ts';
import { isExactIdentity } from '../../schema/databaseIdentity.ts';
import type { ShownRelation } from '../../schema/shownRelations.ts';
import type { GovernedConnection } from '../governedConnection.ts';

type Ground = Pick<GovernedConnection, 'catalog' | 'database' | 'classifications' | 'isUnclassified'>;

/**
 * What of it this connection does not know yet. In the same database a column is known by OID and number, whatever it is
 * called by now; a table that was dropped and made again is another one. In another (restored from a dump, say) and where
 * identities are not exact, by its names. What masking.yaml has taken out stays out, with all that came from it.
 *
 * @param areNew may be of tables that the catalog does not show yet: they count from when it does
 */
export function findNews(
  connection: Ground,
  shared: Iterable<SharedClassification>,
  areNew: boolean,
): FoundClassification[] {
  const news: FoundClassification[] = [];
  for (const one of shared) {
    const id = findColumn(connection, one, areNew);
    if (id === undefined || connection.isUnclassified(id)) continue;
    const isSame = isSameDatabase(connection, one);
    if (isSame && one.origin !== undefined && connection.isUnclassified(one.origin)) continue;
    const known = connection.classifications.of(id.relation, id.column);
    if (known !== undefined && (known.isDerived || one.isDerived !== true)) continue;
    news.push({ ...id, classification: readClassification(one, isSame) });
  }
  return news;
}

function isSameDatabase({ database }: Ground, one: SharedClassification): boolean {
  return one.database === database && isExactIdentity(database);
}

function findColumn(
  connection: Ground,
  one: SharedClassification,
  mayBeAhead: boolean,
): ColumnId | undefined {
  const { catalog } = connection;
  if (!isSameDatabase(connection, one)) return findByName(catalog, one);
  const { oid } = one.relation;
  const { number } = one.column;
  const relation = catalog.relations.get(oid);
  const isThere =
    relation === undefined ? mayBeAhead : relation.columns.some((column) => column.number === number);
  return isThere ? { relation: oid, column: number } : undefined;
}

function findByName(catalog: Catalog, { relation, column }: SharedClassification): ColumnId | undefined {
  const found = catalog.named(relation.name).find(({ schema }) => schema === relation.schema);
  const number = found?.columns.find(({ name }) => name === column.name)?.number;
  return found === undefined || number === undefined ? undefined : { relation: found.oid, column: number };
}

/** The least first. */
const rights: readonly ColumnUseRight[] = ['none', 'equality', 'order', 'open'];

/** Never with more rights than the kind has by itself: nobody may open a column for others by saying something of it. */
function readClassification(one: SharedClassification, isSame: boolean): Classification {
  const { why, confidence, isDerived, origin, since } = one;
  const isKnown = isClassificationKind(one.kind);
  const kind = isKnown ? one.kind : 'pii.freeText';
  const most = isKnown && isDerived !== true ? chooseUse(kind) : 'none';
  const use = rights.indexOf(one.use) < rights.indexOf(most) ? one.use : most;
  return {
    kind,
    use: rights.includes(use) ? use : 'none',
    why,
    confidence,
    since,
    ...(isDerived === true && { isDerived }),
    ...(isSame && origin !== undefined && { origin }),
  };
}

/** As others are told of it, where the database shows the relation. Temporary tables are for their own session alone. */
export function describeFound(
  all: readonly FoundClassification[],
  relations: ReadonlyMap<number, ShownRelation>,
  database: string,
): SharedClassification[] {
  return all.flatMap((found): SharedClassification[] => {
    const relation = relations.get(found.relation);
    const column = relation?.columns.find(({ number }) => number === found.column);
    if (relation === undefined || column === undefined || relation.schema.startsWith('pg_temp_')) return [];
    const { kind, use, why, confidence, isDerived, origin, since } = found.classification;
    return [
      {
        database,
        relation: { oid: relation.oid, schema: relation.schema, name: relation.name },
        column: { number: column.number, name: column.name },
        kind,
        use,
        why: why.slice(0, maxWhy).toWellFormed(),
        confidence,
        ...(isDerived === true && { isDerived }),
        ...(origin !== undefined && { origin }),
        since: since ?? new Date().toISOString(),
      },
    ];
  });
}

/** As the collector takes it. */
const maxWhy = 500;

/** Of what was received, or read from a file: whether it can be used at all. */
export function isShared(value: unknown): value is SharedClassification {
  if (typeof value !== 'object' || value === null) return false;
  const { database, relation, column, kind, use, why, confidence, since } =
    value as Partial<SharedClassification>;
  return (
    [database, kind, use, why, since, relation?.schema, relation?.name, column?.name].every(
      (text) => typeof text === 'string',
    ) && [relation?.oid, column?.number, confidence].every((number) => typeof number === 'number')
  );
}
