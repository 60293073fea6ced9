/**
 * What the rows of a view tell: a view of `WHERE email < 'm'` says of each row that its address is, whatever it returns of it. Its
 * conditions and its order are under the rule of use (columnUse.ts), as those of a query are; what it returns is masked.
 */
import type { Classifications } from '../masking/classification.ts';
import type { Catalog, CatalogRelation } from '../schema/catalog.ts';
import { judgeColumnUse, type UseViolation } from './columnUse.ts';
import type { RelationName } from './facts.ts';
import { asList, asNode, asNumber, fieldsOf, isNode, type Node, relationOf } from './tree.ts';

/** What a view does with a protected column that a query may not do; `view` is the one that does, however deep below. */
export interface ViewViolation extends Pick<UseViolation, 'relation' | 'column' | 'how'> {
  readonly view: string;
}

/** Gives the tree of a query; undefined where it cannot be read. */
export type ReadTree = (text: string) => Node | undefined;

type Found = ViewViolation | undefined;

/** By classifications, which change with everything that a judgement rests on but the catalog, and by view. */
const known = new WeakMap<Classifications, WeakMap<CatalogRelation, { readonly found: Found }>>();

/** The first such violation of one of the views, or of those that they read; undefined where there is none. */
export function findViewViolation(
  views: readonly CatalogRelation[],
  catalog: Catalog,
  classifications: Classifications,
  readTree: ReadTree,
): ViewViolation | undefined {
  const seen = new Set<number>();
  const visit = (view: CatalogRelation): Found => {
    if (view.definition === undefined || seen.has(view.oid)) return undefined;
    seen.add(view.oid);
    if (isReleased(view, classifications)) return undefined;
    const tree = readTree(view.definition);
    const own = judgeView(view, tree, catalog, classifications);
    if (own !== undefined || tree === undefined) return own;
    for (const { schema, name } of listRelations(tree)) {
      for (const found of catalog.named(name)) {
        if (schema !== undefined && found.schema !== schema) continue;
        const below = visit(found);
        if (below !== undefined) return below;
      }
    }
    return undefined;
  };
  for (const view of views) {
    const found = visit(view);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** masking.yaml says of what it returns unmasked, under the view's own name, that there is nothing to protect. */
function isReleased({ oid, columns }: CatalogRelation, classifications: Classifications): boolean {
  const plain = columns.filter(({ number }) => classifications.of(oid, number) === undefined);
  return (
    plain.length > 0 &&
    plain.every(({ number }) => classifications.exemptedBy?.(oid, number)?.pattern?.table !== undefined)
  );
}

function judgeView(
  view: CatalogRelation,
  tree: Node | undefined,
  catalog: Catalog,
  classifications: Classifications,
): Found {
  const ofAll = known.get(classifications) ?? new WeakMap<CatalogRelation, { readonly found: Found }>();
  known.set(classifications, ofAll);
  const judged = ofAll.get(view);
  if (judged !== undefined) return judged.found;
  const found = judgeTree(view, tree, catalog, classifications);
  ofAll.set(view, { found });
  return found;
}

function judgeTree(
  { name, definition, columns }: CatalogRelation,
  tree: Node | undefined,
  catalog: Catalog,
  classifications: Classifications,
): Found {
  if (tree === undefined || definition === undefined) return undefined;
  const statement = { tree, text: definition, offset: 0 };
  const { violations } = judgeColumnUse(statement, catalog, classifications, { isReloaded: true });
  const returned = listReturned(tree, columns);
  const violation = violations.find(({ location }) => location === undefined || !returned.has(location));
  if (violation === undefined) return undefined;
  const { relation, column, how } = violation;
  return { view: name, relation, column, how };
}

/** Parts of an expression that decide by what rows or in what order it is computed, rather than what comes out. */
const deciding: ReadonlySet<string> = new Set(['SubLink', 'over', 'agg_filter', 'agg_order']);

/**
 * Where columns are named in what the view returns, and only there: lineage masks all that is made of them, but for what is true or
 * false. Where the query goes on to sort, group or compare what it returns, nothing is.
 */
function listReturned(tree: Node, columns: CatalogRelation['columns']): ReadonlySet<number> {
  const query = fieldsOf(tree, 'SelectStmt') ?? {};
  const found = new Set<number>();
  const isPlain = (['sortClause', 'distinctClause', 'groupClause', 'windowClause'] as const).every(
    (clause) => asList(query[clause]).length === 0,
  );
  const isOne = query['op'] === undefined || query['op'] === 'SETOP_NONE';
  if (!isPlain || !isOne) return found;
  const types = [...columns].sort((a, b) => a.number - b.number).map(({ typeName }) => typeName);
  for (const [index, target] of asList(query['targetList']).entries()) {
    if (types[index] !== 'boolean') collect(target, found);
  }
  const hasConditions = query['whereClause'] !== undefined || query['havingClause'] !== undefined;
  // A function in FROM over a protected value: what it gives is as protected, and no condition reads it.
  if (!hasConditions) {
    for (const item of asList(query['fromClause'])) collect(fieldsOf(item, 'RangeFunction'), found);
  }
  return found;
}

function collect(node: unknown, found: Set<number>): void {
  if (Array.isArray(node)) {
    for (const child of node) collect(child, found);
    return;
  }
  if (!isNode(node)) return;
  const location = asNumber(asNode(node['ColumnRef'])['location']);
  if (node['ColumnRef'] !== undefined) found.add(location ?? 0);
  for (const key in node) if (!deciding.has(key)) collect(node[key], found);
}

/** All relations that are named anywhere in it. */
function listRelations(node: unknown): RelationName[] {
  if (Array.isArray(node)) return node.flatMap(listRelations);
  if (!isNode(node)) return [];
  const own = typeof node['relname'] === 'string' ? relationOf(node) : undefined;
  return [...(own === undefined ? [] : [own]), ...Object.values(node).flatMap(listRelations)];
}
