/** Reads of views whose rows, or their order, tell of protected values what a query may not ask. */
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications } from '../../masking/classification.ts';
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { EffectKind, StatementFacts } from '../../sql/facts.ts';
import { findViewViolation, type ReadTree } from '../../sql/viewUse.ts';

/** Those that evaluate what a view says; what defines, drops or describes one does not. */
const reading: ReadonlySet<EffectKind> = new Set<EffectKind>(['read', 'insert', 'update', 'delete', 'merge']);

export function refuseTellingView(
  { effects }: Pick<StatementFacts, 'effects'>,
  catalog: Catalog,
  classifications: Classifications,
  readTree: ReadTree,
): PortcullisError | undefined {
  const views: CatalogRelation[] = [];
  for (const { kind, relation } of effects) {
    if (relation === undefined || !reading.has(kind)) continue;
    for (const found of catalog.named(relation.name)) {
      if (found.definition === undefined || views.includes(found)) continue;
      if (relation.schema === undefined || found.schema === relation.schema) views.push(found);
    }
  }
  if (views.length === 0) return undefined;
  const found = findViewViolation(views, catalog, classifications, readTree);
  if (found === undefined) return undefined;
  const { view, relation, column, how } = found;
  return new PortcullisError('VIEW_USE_REFUSED', { view, column: `${relation}.${column}`, how });
}
