/** Which columns the columns of a view show, from the query that the server keeps for it. */
import { isNode, listOf, readNodeTree, type TreeNode, type TreeValue } from './nodeTree.ts';

/** A column by relation OID and number; number 0 is the whole row. */
export interface ColumnSource {
  readonly relation: number;
  readonly column: number;
}

/** What the values of one column come from. */
export interface ColumnLineage {
  readonly sources: readonly ColumnSource[];
  /** The value is that of its source as it is; false where anything is computed. */
  readonly isPlain: boolean;
  /** OIDs of all functions that it is computed with. */
  readonly functions: readonly number[];
}

/** What has been found so far; `sources` by `relation.column`. */
interface Trace {
  readonly sources: Map<string, ColumnSource>;
  readonly functions: Set<number>;
  isPlain: boolean;
}

/** What pg_rewrite's ev_action holds of entries of a range table (nodes/parsenodes.h, RTEKind). */
const rteKinds: Readonly<Record<string, keyof typeof tracers>> = {
  0: 'relation',
  1: 'subquery',
  2: 'join',
  3: 'function',
  4: 'tableFunction',
  5: 'values',
  6: 'cte',
  7: 'nothing', // a trigger's transition table
  8: 'nothing', // no FROM at all
  9: 'group', // from 18 on
};

/** count(*) and count(any): how many there are does not show what they are (pg_proc.dat). */
const countFunctions: ReadonlySet<string> = new Set(['2803', '2147']);
/** Give the value of their argument as it is. */
const wrappers: ReadonlySet<string> = new Set(['RELABELTYPE', 'COLLATEEXPR', 'COERCETODOMAIN']);
/** What the view's text says itself, whether there is a value, and which columns are grouped by. */
const harmless: ReadonlySet<string> = new Set(['CONST', 'NULLTEST', 'GROUPINGFUNC']);
const existsLink = '0';
/** Fields that hold the OID of a function that computes the node's value. */
const functionFields = ['funcid', 'opfuncid', 'aggfnoid', 'winfnoid'];

/**
 * Lineage of a view's columns by number. Rows that a WHERE, a join or an ORDER BY leaves out or moves do not count.
 *
 * @param action pg_rewrite.ev_action of the view's rule `_RETURN`, as text
 * @throws Error where the query is not understood
 */
export function readViewLineage(action: string): ReadonlyMap<number, ColumnLineage> {
  const query = listOf(readNodeTree(action))[0];
  if (!isNode(query) || query.tag !== 'QUERY') throw new Error('the rule of the view is no query');
  const scope = new Scope(query, undefined);
  return new Map(scope.columnNumbers().map((number) => [number, finish(scope.traceColumn(number))]));
}

/**
 * Lineage of a generated column: the numbers of the columns of its own relation, 0 for all.
 *
 * @param expression pg_attrdef.adbin as text
 * @throws Error where the expression is not understood
 */
export function readExpressionColumns(expression: string): readonly number[] {
  const numbers: number[] = [];
  const visit = (value: TreeValue): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isNode(value)) return;
    if (value.tag === 'VAR') numbers.push(readNumber(value, 'varattno'));
    for (const child of value.fields.values()) visit(child);
  };
  visit(readNodeTree(expression));
  return numbers;
}

/** Relations that the query of a view names, for where it is not understood. */
export function findRelations(action: string): readonly number[] {
  return [...new Set([...action.matchAll(/ :relid (\d+)/g)].map((match) => Number(match[1])))].filter(
    (oid) => oid !== 0,
  );
}

/** One query and the queries around it, in which its variables are looked up (Var.varlevelsup). */
class Scope {
  readonly query: TreeNode;
  readonly outer: Scope | undefined;
  readonly entries: readonly TreeValue[];
  readonly #columns = new Map<number, Trace>();
  readonly #inner = new Map<TreeNode, Scope>();
  readonly #recursive = new Map<TreeNode, Map<number, Trace>>();

  constructor(query: TreeNode, outer: Scope | undefined) {
    this.query = query;
    this.outer = outer;
    this.entries = listOf(query.fields.get('rtable'));
  }

  above(levels: number): Scope {
    if (levels === 0) return this;
    if (this.outer === undefined) throw new Error('a variable points out of its query');
    return this.outer.above(levels - 1);
  }

  inner(query: TreeValue): Scope {
    if (!isNode(query)) throw new Error('a subquery is missing');
    const known = this.#inner.get(query);
    if (known !== undefined) return known;
    const scope = new Scope(query, this);
    this.#inner.set(query, scope);
    return scope;
  }

  targets(): TreeNode[] {
    return listOf(this.query.fields.get('targetList'))
      .filter(isNode)
      .filter((target) => target.fields.get('resjunk') !== 'true');
  }

  columnNumbers(): number[] {
    return this.targets().map((target) => readNumber(target, 'resno'));
  }

  traceAll(): Trace {
    return uniteAll(this.columnNumbers().map((number) => this.traceColumn(number)));
  }

  traceColumn(number: number): Trace {
    const known = this.#columns.get(number);
    if (known !== undefined) return known;
    const trace = isNode(this.query.fields.get('setOperations'))
      ? this.#traceArms(number)
      : traceExpression(this, this.#target(number).fields.get('expr'));
    this.#columns.set(number, trace);
    return trace;
  }

  #target(number: number): TreeNode {
    const target = this.targets().find((candidate) => readNumber(candidate, 'resno') === number);
    if (target === undefined) throw new Error(`a query has no column ${number}`);
    return target;
  }

  /** UNION and its kin: the range table holds nothing but the arms. */
  #traceArms(number: number): Trace {
    const arms = this.entries.filter(isNode).filter((entry) => isNode(entry.fields.get('subquery')));
    const traces = arms.map((arm) => this.inner(arm.fields.get('subquery')).traceColumn(number));
    return { ...uniteAll(traces), isPlain: traces.every(({ isPlain }) => isPlain) };
  }

  traceCteColumn(name: TreeValue, number: number): Trace {
    const cte = listOf(this.query.fields.get('cteList'))
      .filter(isNode)
      .find(({ fields }) => fields.get('ctename') === name);
    const query = cte?.fields.get('ctequery');
    if (cte === undefined || !isNode(query)) throw new Error('a WITH query is missing');
    if (cte.fields.get('cterecursive') !== 'true') return pick(this.inner(query), number);
    const columns = this.#recursive.get(query) ?? this.#traceRecursive(query);
    // What SEARCH and CYCLE add is made of the other columns.
    return columns.get(number) ?? compute(uniteAll([...columns.values()]));
  }

  /** A recursive query shows what it shows itself: goes round until nothing is added. */
  #traceRecursive(query: TreeNode): Map<number, Trace> {
    const numbers = new Scope(query, this).columnNumbers();
    const columns = new Map(numbers.map((number) => [number, nothing()]));
    this.#recursive.set(query, columns);
    for (let before = -1, size = 0; size !== before; ) {
      before = size;
      size = 0;
      const scope = new Scope(query, this);
      for (const number of numbers) {
        const trace = unite(columns.get(number) ?? nothing(), scope.traceColumn(number));
        columns.set(number, trace);
        size += trace.sources.size + trace.functions.size;
      }
    }
    return columns;
  }
}

/** How a column of each kind of range table entry is traced; number 0 is the whole row. */
const tracers = {
  relation: (_scope: Scope, entry: TreeNode, number: number): Trace => {
    const source = { relation: readNumber(entry, 'relid'), column: number };
    const sources = number < 0 ? new Map() : new Map([[`${source.relation}.${number}`, source]]);
    return { sources, functions: new Set(), isPlain: number > 0 };
  },
  subquery: (scope: Scope, entry: TreeNode, number: number) =>
    pick(scope.inner(entry.fields.get('subquery')), number),
  join: (scope: Scope, entry: TreeNode, number: number) =>
    traceItem(scope, entry.fields.get('joinaliasvars'), number),
  function: (scope: Scope, entry: TreeNode) => compute(traceExpression(scope, entry.fields.get('functions'))),
  tableFunction: (scope: Scope, entry: TreeNode) =>
    compute(traceExpression(scope, entry.fields.get('tablefunc'))),
  values: (scope: Scope, entry: TreeNode, number: number) => {
    const rows = listOf(entry.fields.get('values_lists')).map((row) => traceItem(scope, row, number));
    return { ...uniteAll(rows), isPlain: rows.every(({ isPlain }) => isPlain) };
  },
  cte: (scope: Scope, entry: TreeNode, number: number) =>
    scope.above(readNumber(entry, 'ctelevelsup')).traceCteColumn(entry.fields.get('ctename'), number),
  group: (scope: Scope, entry: TreeNode, number: number) =>
    traceItem(scope, entry.fields.get('groupexprs'), number),
  nothing: () => nothing(),
} as const;

function pick(scope: Scope, number: number): Trace {
  return number === 0 ? compute(scope.traceAll()) : scope.traceColumn(number);
}

function traceItem(scope: Scope, list: TreeValue, number: number): Trace {
  return traceExpression(scope, number === 0 ? list : listOf(list)[number - 1]);
}

function traceExpression(scope: Scope, value: TreeValue): Trace {
  if (Array.isArray(value)) return compute(uniteAll(value.map((item) => traceExpression(scope, item))));
  if (!isNode(value) || harmless.has(value.tag)) return nothing();
  const { tag, fields } = value;
  if (tag === 'VAR') return traceVariable(scope, value);
  if (tag === 'QUERY') return compute(scope.inner(value).traceAll());
  if (tag === 'SUBLINK' && fields.get('subLinkType') === existsLink) return nothing();
  if (wrappers.has(tag)) return traceExpression(scope, fields.get('arg'));
  const functions = functionFields.map((field) => fields.get(field)).filter((oid) => typeof oid === 'string');
  if (functions.some((oid) => countFunctions.has(oid))) return nothing();
  const trace = compute(uniteAll([...fields.values()].map((child) => traceExpression(scope, child))));
  for (const oid of functions) trace.functions.add(Number(oid));
  return trace;
}

function traceVariable(scope: Scope, variable: TreeNode): Trace {
  const owner = scope.above(readNumber(variable, 'varlevelsup'));
  const entry = owner.entries[readNumber(variable, 'varno') - 1];
  const kind = isNode(entry) ? rteKinds[String(entry.fields.get('rtekind'))] : undefined;
  if (!isNode(entry) || kind === undefined) throw new Error('a variable of an unknown kind');
  return tracers[kind](owner, entry, readNumber(variable, 'varattno'));
}

function readNumber(node: TreeNode, field: string): number {
  const number = Number(node.fields.get(field));
  if (!Number.isInteger(number)) throw new Error(`${node.tag} has no ${field}`);
  return number;
}

function nothing(): Trace {
  return { sources: new Map(), functions: new Set(), isPlain: true };
}

function compute(trace: Trace): Trace {
  return { ...trace, isPlain: false };
}

function unite(one: Trace, other: Trace): Trace {
  return {
    sources: new Map([...one.sources, ...other.sources]),
    functions: new Set([...one.functions, ...other.functions]),
    isPlain: one.isPlain && other.isPlain,
  };
}

function uniteAll(traces: readonly Trace[]): Trace {
  return traces.reduce(unite, nothing());
}

function finish(trace: Trace): ColumnLineage {
  return {
    sources: [...trace.sources.values()],
    isPlain: trace.isPlain,
    functions: [...trace.functions],
  };
}
