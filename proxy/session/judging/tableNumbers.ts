/** What estimates of rows go by: the tables that a name may mean, with the server's own numbers. */
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { TableSizes } from '../../schema/tableSizes.ts';
import type { RelationName } from '../../sql/facts.ts';
import type { TableNumbers } from '../../sql/rows/estimateRows.ts';

/** Where a name may mean several tables, the largest of them counts, and only keys that all of them have. */
export function tableNumbers(catalog: Catalog, sizes: TableSizes): TableNumbers {
  const named = ({ schema, name }: RelationName): readonly CatalogRelation[] =>
    catalog.named(name).filter((relation) => schema === undefined || relation.schema === schema);
  const rowsOf = (relation: CatalogRelation): number | undefined => {
    if (relation.kind === 'view' || relation.kind === 'other') return undefined;
    let rows = relation.kind === 'partitioned' ? 0 : sizes.rowsOf(relation.oid);
    for (const oid of catalog.descendantsOf(relation.oid)) {
      if (catalog.relations.get(oid)?.kind === 'partitioned') continue;
      const more = sizes.rowsOf(oid);
      rows = rows === undefined || more === undefined ? undefined : rows + more;
    }
    return rows;
  };
  return {
    rowsOf: (name) => {
      const counts = named(name).map(rowsOf);
      if (counts.length === 0 || counts.includes(undefined)) return undefined;
      return Math.max(...counts.map((count) => count ?? 0));
    },
    keysOf: (name) => {
      const [first, ...others] = named(name).map((relation) => keysOf(relation, catalog, sizes));
      return (first ?? []).filter((key) => others.every((keys) => keys.some((other) => isSame(key, other))));
    },
  };
}

/** A key of a table that others inherit from does not hold for them; that of a partitioned table does (manual, 5.11, 5.12). */
function keysOf(relation: CatalogRelation, catalog: Catalog, sizes: TableSizes): string[][] {
  if (relation.kind !== 'partitioned' && catalog.descendantsOf(relation.oid).length > 0) return [];
  const names = new Map(relation.columns.map(({ number, name }) => [number, name]));
  return sizes.keysOf(relation.oid).map((key) => key.map((number) => names.get(number) ?? ''));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
