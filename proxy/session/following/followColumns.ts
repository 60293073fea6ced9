/** What the columns of a new table are, by where its rows come from: a copy is protected as what it was copied from. */
import type { Classification, Classifications } from '../../masking/classification.ts';
import type { FoundClassification } from '../../masking/classifyCatalog.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { Carry } from '../../sql/columnUse.ts';
import type { LineageSource, OutputLineage } from '../../sql/lineage/outputLineage.ts';

/** Where the lineage does not have the table's columns in their order, each may hold what any does. */
export function followColumns(
  table: CatalogRelation,
  { columns, isOrdered }: OutputLineage,
  classifications: Classifications,
): FoundClassification[] {
  const isAligned = isOrdered && columns.length === table.columns.length;
  const any = columns.flatMap(({ sources }) => sources);
  return table.columns.flatMap(({ number }, index): FoundClassification[] => {
    const column = isAligned ? columns[index] : { sources: any, how: 'transformed' };
    if (column === undefined) return [];
    const source = pickStrictest(column.sources, classifications);
    if (source === undefined) return [];
    const { classification, from } = source;
    const copied = column.how === 'copied';
    return [
      {
        relation: table.oid,
        column: number,
        classification: copied
          ? { ...classification, why: `it was copied from ${from}` }
          : { ...classification, use: 'none', isDerived: true, why: `it was computed from ${from}` },
      },
    ];
  });
}

/** What columns become by what a statement copies into them. */
export function followCarries(
  carries: readonly Carry[],
  classifications: Classifications,
): FoundClassification[] {
  return carries.flatMap(({ relation, column, sources }) => {
    const source = pickStrictest(sources, classifications);
    if (source === undefined) return [];
    const why = `it was copied from ${source.from}`;
    return [{ relation, column, classification: { ...source.classification, why } }];
  });
}

/** Of several: what may be used least. */
function pickStrictest(
  sources: readonly LineageSource[],
  classifications: Classifications,
): { classification: Classification; from: string } | undefined {
  const found = sources.flatMap(({ oid, attribute, relation, column }) => {
    const classification = classifications.of(oid, attribute);
    if (classification === undefined) return [];
    const { kind, use, confidence, isDerived } = classification;
    const origin = classification.origin ?? { relation: oid, column: attribute };
    const plain = { kind, use, confidence, why: '', origin, ...(isDerived && { isDerived }) };
    return [{ classification: plain, from: `${relation}.${column}` }];
  });
  return found.find(({ classification: { isDerived, use } }) => isDerived || use === 'none') ?? found[0];
}
