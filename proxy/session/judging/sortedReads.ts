/** Reads whose rows may come in the order of protected values, because the session has had a say in how the server finds them. */
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications } from '../../masking/classification.ts';
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { EffectKind, StatementFacts } from '../../sql/facts.ts';
import { asList, asNode, entryOf, fieldsOf, isNode, namesOf } from '../../sql/tree.ts';
import { steersPlans } from './plannerSettings.ts';

/** Those that find rows by a plan, and return or store them in its order. */
const planned: ReadonlySet<EffectKind> = new Set<EffectKind>(['read', 'update', 'delete', 'merge']);

/** What comes out the same in whichever order the rows go in. */
const orderless: ReadonlySet<string> = new Set(['count', 'min', 'max', 'bool_and', 'bool_or', 'every']);

/** Parts of a query that may put the order of their rows into a value. */
const orderedParts: ReadonlySet<string> = new Set([
  'RangeSubselect',
  'RangeFunction',
  'SubLink',
  'WindowDef',
]);

/**
 * Why a statement may not run while `setting` is not as the server has it. A column need not be named for its order to show: an
 * index over several is walked for the sake of any of them, and a view may group by what it does not return.
 */
export function refuseSortedRead(
  { effects, tree }: Pick<StatementFacts, 'effects' | 'tree'>,
  catalog: Catalog,
  classifications: Classifications,
  setting: string | undefined,
): PortcullisError | undefined {
  const stored = findStoredSetting(effects);
  if (stored !== undefined) return refuseStored(stored, catalog, classifications);
  if (setting === undefined || isPlanOnly(tree)) return undefined;
  for (const { kind, relation, why } of effects) {
    if (!planned.has(kind) || relation === undefined) continue;
    const { schema, name } = relation;
    for (const found of catalog.named(name)) {
      if (schema !== undefined && found.schema !== schema) continue;
      const column = findUnsortable(found, classifications);
      if (column === undefined || (why === undefined && isOrderless(tree))) continue;
      return new PortcullisError('PLAN_WOULD_SORT', { setting, column: `${name}.${column}` });
    }
  }
  return undefined;
}

/** ALTER ROLE … SET and ALTER DATABASE … SET: the sessions that start with it may be there before that is known. */
function findStoredSetting(effects: StatementFacts['effects']): string | undefined {
  return effects.find(
    ({ kind, setting, value }) =>
      kind === 'privilege' && setting !== undefined && value !== undefined && steersPlans(setting, value),
  )?.setting;
}

function refuseStored(
  setting: string,
  catalog: Catalog,
  classifications: Classifications,
): PortcullisError | undefined {
  for (const relation of catalog.relations.values()) {
    const column = findUnsortable(relation, classifications);
    if (column === undefined) continue;
    return new PortcullisError('PLAN_WOULD_SORT', { setting, column: `${relation.name}.${column}` });
  }
  return undefined;
}

/** A protected column of a table that may not be sorted by. */
function findUnsortable(relation: CatalogRelation, classifications: Classifications): string | undefined {
  if (relation.schema === 'pg_catalog' || relation.schema === 'information_schema') return undefined;
  return relation.columns.find(({ number }) => {
    const use = classifications.of(relation.oid, number)?.use;
    return use === 'none' || use === 'equality';
  })?.name;
}

/** EXPLAIN without ANALYZE runs nothing. */
function isPlanOnly(tree: unknown): boolean {
  const explain = fieldsOf(tree, 'ExplainStmt');
  if (explain === undefined) return false;
  return !asList(explain['options']).some((option) => fieldsOf(option, 'DefElem')?.['defname'] === 'analyze');
}

/** One row of counts and the like, made of tables and joins alone. */
function isOrderless(tree: unknown): boolean {
  const [tag, query] = entryOf(tree);
  const isPlain = ['groupClause', 'withClause', 'intoClause', 'larg'].every(
    (key) => query[key] === undefined,
  );
  return (
    tag === 'SelectStmt' &&
    isPlain &&
    !holdsOrder(tree) &&
    asList(query['targetList']).every((target) => {
      const call = asNode(fieldsOf(asNode(asNode(target)['ResTarget'])['val'], 'FuncCall'));
      const [name, ...schema] = namesOf(call['funcname']).reverse();
      return orderless.has(name ?? '') && (schema.length === 0 || schema[0] === 'pg_catalog');
    })
  );
}

function holdsOrder(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(holdsOrder);
  if (!isNode(node)) return false;
  return Object.entries(node).some(
    ([key, value]) => orderedParts.has(key) || key === 'over' || holdsOrder(value),
  );
}
