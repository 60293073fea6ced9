/** Carries classifications to the columns that hold the same values: partitions, foreign keys, views, generated columns. */
import type { Catalog, CatalogColumn, CatalogRelation } from '../../schema/catalog.ts';
import type { Classification } from '../classification.ts';
import type { ClassificationDraft } from './classificationDraft.ts';
import type { TypeFamily } from './columnNames.ts';
import type { GeneratedColumn, KnownLineage, Reference, ValuePaths } from './valuePaths.ts';
import type { ColumnSource } from './viewLineage.ts';

type FamilyOf = (type: number) => TypeFamily;

/** Repeats all ways until nothing is new: views read views, partitions have partitions. */
export function spreadClassifications(
  draft: ClassificationDraft,
  catalog: Catalog,
  paths: ValuePaths,
  familyOf: FamilyOf,
): void {
  markOpaqueColumns(draft, catalog, paths, familyOf);
  for (let isNews = true; isNews; ) {
    isNews = false;
    for (const relation of catalog.relations.values()) {
      if (spreadToFamily(draft, catalog, relation)) isNews = true;
      const lineage = paths.views.get(relation.oid);
      if (lineage !== undefined && spreadToView(draft, catalog, relation, lineage)) isNews = true;
    }
    for (const reference of paths.references) {
      if (spreadToReference(draft, catalog, reference)) isNews = true;
    }
    for (const generated of paths.generated) {
      if (spreadToGenerated(draft, catalog, generated)) isNews = true;
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
      const marks = draft.inRelation(from.oid);
      if (marks === undefined) continue;
      for (const column of from.columns) {
        const classification = marks.get(column.number);
        if (classification === undefined) continue;
        const number = to.columns.find(({ name }) => name === column.name)?.number;
        const copied = showFrom(from, column.number, classification);
        if (number !== undefined && draft.add(to.oid, number, copied)) isNews = true;
      }
    }
  }
  return isNews;
}

function spreadToReference(draft: ClassificationDraft, catalog: Catalog, reference: Reference): boolean {
  let isNews = false;
  reference.columns.forEach((column, index) => {
    const source = { relation: reference.target, column: reference.target_columns[index] ?? -1 };
    const found = findSource(draft, catalog, source);
    if (found !== undefined && draft.add(reference.relation, column, found)) isNews = true;
  });
  return isNews;
}

function spreadToGenerated(
  draft: ClassificationDraft,
  catalog: Catalog,
  generated: GeneratedColumn,
): boolean {
  const { relation, column } = generated;
  const target = catalog.relations.get(relation)?.columns.find(({ number }) => number === column);
  if (target === undefined || target.typeName === 'boolean') return false;
  for (const source of generated.sources) {
    const found = findSource(draft, catalog, { relation, column: source });
    if (found !== undefined) return draft.add(relation, column, derive(found));
  }
  return false;
}

function spreadToView(
  draft: ClassificationDraft,
  catalog: Catalog,
  view: CatalogRelation,
  lineage: KnownLineage,
): boolean {
  let isNews = false;
  for (const column of view.columns) {
    const classification = lineage.isUnderstood
      ? findShown(draft, catalog, lineage, column)
      : findAnyOf(draft, catalog, lineage, view.oid);
    if (classification !== undefined && draft.add(view.oid, column.number, classification)) isNews = true;
  }
  return isNews;
}

function findShown(
  draft: ClassificationDraft,
  catalog: Catalog,
  lineage: KnownLineage,
  column: CatalogColumn,
): Classification | undefined {
  const shown = lineage.columns.get(column.number);
  if (shown === undefined) return undefined;
  const found = shown.sources
    .map((source) => findSource(draft, catalog, source))
    .filter((classification) => classification !== undefined);
  // Of a UNION of several: what may be used least.
  const first = found.find(({ isDerived, use }) => isDerived || use === 'none') ?? found[0];
  if (first === undefined || shown.isPlain) return first;
  // A comparison has two outcomes; which it was is seldom a value.
  return column.typeName === 'boolean' ? undefined : derive(first);
}

function findAnyOf(
  draft: ClassificationDraft,
  catalog: Catalog,
  lineage: KnownLineage,
  view: number,
): Classification | undefined {
  for (const relation of lineage.relations) {
    const found = relation === view ? undefined : findSource(draft, catalog, { relation, column: 0 });
    if (found !== undefined) return derive(found);
  }
  return undefined;
}

/** What a column is that others show, as it counts for them. */
function findSource(
  draft: ClassificationDraft,
  catalog: Catalog,
  source: ColumnSource,
): Classification | undefined {
  const relation = catalog.relations.get(source.relation);
  if (relation === undefined) return undefined;
  if (source.column !== 0) {
    const classification = draft.of(relation.oid, source.column);
    return classification && showFrom(relation, source.column, classification);
  }
  const marks = draft.inRelation(relation.oid);
  for (const column of relation.columns) {
    const classification = marks?.get(column.number);
    if (classification !== undefined) {
      const why = `it shows whole rows with ${describe(relation, column.number)}`;
      return { ...showFrom(relation, column.number, classification), why };
    }
  }
  return undefined;
}

function showFrom(from: CatalogRelation, column: number, classification: Classification): Classification {
  const { since: _since, ...shown } = classification;
  const origin = classification.origin ?? { relation: from.oid, column };
  return { ...shown, why: `it shows values of ${describe(from, column)}`, origin };
}

/** Pieces of a value would show it bit by bit, in masks and in comparisons: nothing of it is shown or compared. */
function derive(classification: Classification): Classification {
  const why = classification.why.replace('it shows values of', 'it is computed from');
  return { ...classification, why, use: 'none', isDerived: true };
}

/** Texts and documents of functions whose code is not read: they may show anything (no class of their own is known). */
function markOpaqueColumns(
  draft: ClassificationDraft,
  catalog: Catalog,
  paths: ValuePaths,
  familyOf: FamilyOf,
): void {
  for (const [oid, lineage] of paths.views) {
    const view = catalog.relations.get(oid);
    for (const column of view?.columns ?? []) {
      const functions = lineage.columns.get(column.number)?.functions ?? [];
      const name = functions
        .map((called) => paths.opaqueFunctions.get(called))
        .find((opaque) => opaque !== undefined);
      const family = familyOf(column.typeOid);
      if (name === undefined || (family !== 'text' && family !== 'json' && family !== 'bytes')) continue;
      const why = `it is computed by the function ${name}, and what that reads is not known`;
      draft.add(oid, column.number, {
        kind: 'pii.freeText',
        use: 'none',
        why,
        confidence: 0.5,
        isDerived: true,
      });
    }
  }
}

function describe(relation: CatalogRelation, column: number): string {
  const name = relation.columns.find(({ number }) => number === column)?.name ?? '?';
  return `${relation.schema}.${relation.name}.${name}`;
}
