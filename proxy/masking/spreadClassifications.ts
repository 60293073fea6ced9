/** Carries classifications to the columns that hold the same values: partitions, foreign keys, views. */
import type { Client } from 'pg';
import type { Catalog, CatalogRelation } from '../schema/catalog.ts';
import type { Classification } from './classification.ts';
import type { ClassificationDraft } from './classificationDraft.ts';
import type { TypeFamily } from './columnNames.ts';
import { deriveViewColumns, type ViewSource } from './viewColumns.ts';

/** What of the database's structure carries values from column to column. */
export interface ValuePaths {
  readonly references: readonly ReferenceRow[];
  /** OIDs of the relations that a view reads. */
  readonly viewSources: ReadonlyMap<number, readonly number[]>;
}

interface ReferenceRow {
  readonly relation: number;
  readonly columns: readonly number[];
  readonly target: number;
  readonly target_columns: readonly number[];
}

/** Foreign keys, and what views read (their rules' dependencies; manual, 52.18). Rejects with the server's error. */
export async function readValuePaths(client: Client): Promise<ValuePaths> {
  const references = await client.query<ReferenceRow>(
    `SELECT conrelid AS relation, conkey AS columns, confrelid AS target, confkey AS target_columns
     FROM pg_catalog.pg_constraint WHERE contype = 'f'`,
  );
  const reads = await client.query<{ view: number; source: number }>(
    `SELECT DISTINCT r.ev_class AS view, d.refobjid AS source
     FROM pg_catalog.pg_rewrite r
     JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
     WHERE r.ev_type = '1' ORDER BY 1, 2`,
  );
  const viewSources = new Map<number, number[]>();
  for (const { view, source } of reads.rows) {
    viewSources.set(view, [...(viewSources.get(view) ?? []), source]);
  }
  return { references: references.rows, viewSources };
}

/** Repeats all ways until nothing is new: views read views, partitions have partitions. */
export function spreadClassifications(
  draft: ClassificationDraft,
  catalog: Catalog,
  paths: ValuePaths,
  familyOf: (type: number) => TypeFamily,
): void {
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const relation of catalog.relations.values()) {
      if (spreadToFamily(draft, catalog, relation)) isNews = true;
      if (relation.definition !== undefined && spreadToView(draft, catalog, relation, paths, familyOf))
        isNews = true;
    }
    for (const reference of paths.references) {
      if (spreadToReference(draft, catalog, reference)) isNews = true;
    }
  }
}

/** Parents' rows are their children's: by name, both ways. */
function spreadToFamily(draft: ClassificationDraft, catalog: Catalog, child: CatalogRelation): boolean {
  let isNews = false;
  for (const oid of child.parents) {
    const parent = catalog.relations.get(oid);
    if (parent === undefined) continue;
    for (const [from, to] of [
      [parent, child],
      [child, parent],
    ] as const) {
      for (const [name, classification] of classifiedNames(draft, from)) {
        const copied = copyFrom(classification, from, name);
        const number = to.columns.find((column) => column.name === name)?.number;
        if (number !== undefined && draft.add(to.oid, number, copied)) isNews = true;
      }
    }
  }
  return isNews;
}

function spreadToReference(draft: ClassificationDraft, catalog: Catalog, reference: ReferenceRow): boolean {
  let isNews = false;
  const target = catalog.relations.get(reference.target);
  reference.columns.forEach((column, index) => {
    const targetColumn = reference.target_columns[index];
    if (target === undefined || targetColumn === undefined) return;
    const classification = draft.of(target.oid, targetColumn);
    if (classification === undefined) return;
    const name = target.columns.find(({ number }) => number === targetColumn)?.name ?? '';
    if (draft.add(reference.relation, column, copyFrom(classification, target, name))) isNews = true;
  });
  return isNews;
}

function spreadToView(
  draft: ClassificationDraft,
  catalog: Catalog,
  view: CatalogRelation,
  paths: ValuePaths,
  familyOf: (type: number) => TypeFamily,
): boolean {
  const sources = (paths.viewSources.get(view.oid) ?? [])
    .map((oid) => catalog.relations.get(oid))
    .filter((relation) => relation !== undefined)
    .map(
      (relation): ViewSource => ({
        relation,
        classified: new Map(
          [...classifiedNames(draft, relation)].map(([name, found]) => [
            name,
            copyFrom(found, relation, name),
          ]),
        ),
      }),
    );
  const derived = deriveViewColumns(view.definition ?? '', sources);
  let isNews = false;
  for (const column of view.columns) {
    const classification = derived.get(column.name);
    if (classification === undefined || !canHold(column.typeName, familyOf(column.typeOid), classification))
      continue;
    if (draft.add(view.oid, column.number, classification)) isNews = true;
  }
  return isNews;
}

/** A boolean or, but for what is a number itself, a number computed from a value does not show it. */
function canHold(typeName: string, family: TypeFamily, classification: Classification): boolean {
  if (typeName === 'boolean') return false;
  return (
    family !== 'number' ||
    /salary|location|paymentCard|bankAccount|nationalId|birthDate|phone/.test(classification.kind)
  );
}

function* classifiedNames(
  draft: ClassificationDraft,
  relation: CatalogRelation,
): Generator<[string, Classification]> {
  for (const column of relation.columns) {
    const classification = draft.of(relation.oid, column.number);
    if (classification !== undefined) yield [column.name, classification];
  }
}

function copyFrom(classification: Classification, from: CatalogRelation, column: string): Classification {
  return { ...classification, why: `it shows values of ${from.schema}.${from.name}.${column}` };
}
