/**
 * How many rows of each relation a statement may show or change: what the server's books say of the table, less where a
 * unique key is met by constants, or LIMIT says so. An estimate from above, made without asking the server.
 */
import type { Effect, EffectKind, RelationName, StatementFacts } from '../facts.ts';
import { asList, asNode, asNumber, entryOf, fieldsOf, isNode, type Node, relationOf } from '../tree.ts';
import { meetsOfConditions } from './metColumns.ts';

/** What is known of the tables of a database. */
export interface TableNumbers {
  /** With the rows of partitions and children; undefined where that is not known. */
  rowsOf(relation: RelationName): number | undefined;
  /** Names of the columns by which a row is told from all others, for each unique key. */
  keysOf(relation: RelationName): readonly (readonly string[])[];
}

/** As large as Cedar's Long and JSON's numbers both hold. */
const most = Number.MAX_SAFE_INTEGER;
type Rows = number | undefined;

/** The facts with `estimatedRows` where that can be told, also of what a PREPARE prepares. */
export function estimateRows(facts: StatementFacts, numbers: TableNumbers): StatementFacts {
  const { role } = facts;
  const estimated = { ...facts, effects: estimateEffects(facts, numbers) };
  if (role.kind !== 'prepare') return estimated;
  const inner = { ...role.inner, effects: estimateEffects(role.inner, numbers) };
  return { ...estimated, role: { ...role, inner } };
}

function estimateEffects({ effects, tree }: StatementFacts, numbers: TableNumbers): readonly Effect[] {
  if (!effects.some(({ relation }) => relation !== undefined)) return effects;
  const survey = new Survey(numbers);
  survey.visit(tree, new Map());
  return effects.map((effect): Effect => {
    const rows = survey.rowsOf(effect);
    return rows === undefined ? effect : { ...effect, estimatedRows: Math.min(most, rows) };
  });
}

type CommonTables = ReadonlyMap<string, Rows>;

class Survey {
  readonly #numbers: TableNumbers;
  /** By kind of effect and relation: facts tell the same effect on the same relation once, however often it is there. */
  readonly #found = new Map<string, Rows>();

  constructor(numbers: TableNumbers) {
    this.#numbers = numbers;
  }

  rowsOf({ kind, relation }: Effect): Rows {
    if (relation === undefined) return undefined;
    const key = keyOf(kind, relation);
    const found = this.#found.get(key);
    if (kind === 'insert' || kind === 'merge') return found;
    // What is emptied or dropped is gone in whole; and no more rows are read than there are.
    const all = this.#numbers.rowsOf(relation);
    if (kind === 'truncate' || kind === 'drop') return all;
    if (!this.#found.has(key)) return kind === 'read' ? all : undefined;
    return found === undefined ? all : Math.min(found, all ?? found);
  }

  #note(kind: EffectKind, relation: RelationName, rows: Rows): void {
    const key = keyOf(kind, relation);
    this.#found.set(key, this.#found.has(key) ? add(this.#found.get(key), rows) : rows);
  }

  /** Looks at every query in the tree. */
  visit(tree: unknown, common: CommonTables): void {
    if (Array.isArray(tree)) {
      for (const item of tree) this.visit(item, common);
      return;
    }
    if (!isNode(tree)) return;
    const [tag, fields] = entryOf(tree);
    if (tag === 'SelectStmt') this.#select(fields, common);
    else if (tag === 'InsertStmt') this.#insert(fields, common);
    else if (tag === 'UpdateStmt') this.#change('update', fields, 'fromClause', common);
    else if (tag === 'DeleteStmt') this.#change('delete', fields, 'usingClause', common);
    else if (tag === 'MergeStmt') this.#merge(fields, common);
    else if (tag === 'RangeVar') this.#table(fields, [], false, undefined, common);
    else for (const key in tree) this.visit(tree[key], common);
  }

  #visitRest(fields: Node, handled: readonly string[], common: CommonTables): void {
    for (const key in fields) if (!handled.includes(key)) this.visit(fields[key], common);
  }

  /** Answers how many rows come out. */
  #select(fields: Node, outer: CommonTables): Rows {
    const common = this.#commonTables(fields, outer);
    this.#visitRest(fields, ['withClause', 'fromClause', 'larg', 'rarg', 'intoClause'], common);
    const limit = limitOf(fields);
    const out = this.#unlimited(fields, limit, common);
    if (limit === undefined) return out;
    return out === undefined ? limit : Math.min(out, limit);
  }

  #unlimited(fields: Node, limit: Rows, common: CommonTables): Rows {
    const { op, larg, rarg, valuesLists } = fields;
    if (op !== undefined && op !== 'SETOP_NONE') {
      const left = this.#select(asNode(larg), common);
      const right = this.#select(asNode(rarg), common);
      return op === 'SETOP_UNION' ? add(left, right) : left;
    }
    if (valuesLists !== undefined) return asList(valuesLists).length;
    const calls = hasCall(fields['targetList']);
    // What is grouped is looked at in whole, however little comes out.
    const isGrouped = ['groupClause', 'havingClause', 'distinctClause'].some(
      (key) => fields[key] !== undefined,
    );
    const cap = isGrouped || calls ? undefined : limit;
    const from = asList(fields['fromClause']);
    const out = this.#from(from, fields['whereClause'], cap, common);
    // A function there may make rows out of nothing.
    return calls ? undefined : out;
  }

  /** Answers how many rows the items make together. */
  #from(from: readonly unknown[], where: unknown, cap: Rows, common: CommonTables): Rows {
    const conditions = [where, ...from.flatMap(innerConditions)];
    const isAlone = from.length === 1 && fieldsOf(from[0], 'RangeVar') !== undefined;
    const rows = from.map((item) => this.#item(item, conditions, isAlone, cap, common));
    return join(rows, where !== undefined);
  }

  #item(
    item: unknown,
    conditions: readonly unknown[],
    isAlone: boolean,
    cap: Rows,
    common: CommonTables,
  ): Rows {
    const [tag, fields] = entryOf(item);
    if (tag === 'RangeVar') return this.#table(fields, conditions, isAlone, cap, common);
    if (tag === 'JoinExpr') {
      this.visit(fields['quals'], common);
      const sides = [fields['larg'], fields['rarg']].map((side) =>
        this.#item(side, conditions, false, cap, common),
      );
      const isJoined = ['quals', 'usingClause', 'isNatural'].some((key) => fields[key] !== undefined);
      return join(sides, isJoined);
    }
    if (tag === 'RangeSubselect') {
      return this.#select(asNode(asNode(fields['subquery'])['SelectStmt']), common);
    }
    this.visit(item, common);
    return undefined;
  }

  #table(
    fields: Node,
    conditions: readonly unknown[],
    isAlone: boolean,
    cap: Rows,
    common: CommonTables,
  ): Rows {
    const relation = relationOf(fields);
    if (relation === undefined) return undefined;
    if (relation.schema === undefined && common.has(relation.name)) return common.get(relation.name);
    const found = this.#narrowed(relation, fields, conditions, isAlone);
    const shown = cap === undefined ? found : Math.min(found ?? cap, cap);
    this.#note('read', relation, shown);
    return found;
  }

  /** Rows that the conditions leave: as many as there are values for a unique key, else all. */
  #narrowed(relation: RelationName, fields: Node, conditions: readonly unknown[], isAlone: boolean): Rows {
    const alias = asNode(fields['alias']);
    const all = this.#numbers.rowsOf(relation);
    if (alias['colnames'] !== undefined) return all;
    const name = typeof alias['aliasname'] === 'string' ? alias['aliasname'] : relation.name;
    const met = meetsOfConditions(conditions, name, isAlone);
    let least = all;
    for (const key of this.#numbers.keysOf(relation)) {
      let count: Rows = 1;
      for (const column of key) count = multiply(count, met.get(column));
      if (count !== undefined) least = Math.min(least ?? count, count);
    }
    return least;
  }

  #insert(fields: Node, outer: CommonTables): void {
    const common = this.#commonTables(fields, outer);
    const source = asNode(asNode(fields['selectStmt'])['SelectStmt']);
    const rows = fields['selectStmt'] === undefined ? 1 : this.#select(source, common);
    this.#visitRest(fields, ['withClause', 'relation', 'selectStmt'], common);
    this.#noteTarget(['insert', 'update'], fields, rows);
  }

  #change(kind: 'update' | 'delete', fields: Node, othersKey: string, outer: CommonTables): void {
    const common = this.#commonTables(fields, outer);
    const { whereClause } = fields;
    this.#visitRest(fields, ['withClause', 'relation', othersKey], common);
    const items = asList(fields[othersKey]);
    const conditions = [whereClause, ...items.flatMap(innerConditions)];
    for (const item of items) this.#item(item, conditions, false, undefined, common);
    const target = asNode(fields['relation']);
    const relation = relationOf(target);
    if (relation === undefined) return;
    this.#note(kind, relation, this.#narrowed(relation, target, [whereClause], items.length === 0));
  }

  /** A row of the source changes one row at most, or adds one; rows without one may all be meant (manual, MERGE). */
  #merge(fields: Node, outer: CommonTables): void {
    const common = this.#commonTables(fields, outer);
    this.#visitRest(fields, ['withClause', 'relation', 'sourceRelation'], common);
    const source = this.#item(fields['sourceRelation'], [], false, undefined, common);
    const clauses = asList(fields['mergeWhenClauses']).map((item) => asNode(asNode(item)['MergeWhenClause']));
    const takesOthers = clauses.some(({ matchKind }) => matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE');
    const relation = relationOf(fields['relation']);
    const others = takesOthers && relation !== undefined ? this.#numbers.rowsOf(relation) : 0;
    this.#noteTarget(['merge', 'update', 'delete'], fields, add(source, others));
  }

  #noteTarget(kinds: readonly EffectKind[], fields: Node, rows: Rows): void {
    const relation = relationOf(fields['relation']);
    if (relation !== undefined) for (const kind of kinds) this.#note(kind, relation, rows);
  }

  #commonTables(fields: Node, outer: CommonTables): CommonTables {
    const clause = fieldsOf(fields['withClause'], 'WithClause') ?? asNode(fields['withClause']);
    const items = asList(clause['ctes']).map((item) => asNode(asNode(item)['CommonTableExpr']));
    if (items.length === 0) return outer;
    const common = new Map(outer);
    // In a recursive one each may name the others, and nobody knows how often it goes round.
    if (clause['recursive'] === true) for (const { ctename } of items) common.set(String(ctename), undefined);
    for (const { ctename, ctequery } of items) {
      const query = fieldsOf(ctequery, 'SelectStmt');
      const rows = query === undefined ? undefined : this.#select(query, common);
      if (query === undefined) this.visit(ctequery, common);
      common.set(String(ctename), clause['recursive'] === true ? undefined : rows);
    }
    return common;
  }
}

function keyOf(kind: EffectKind, { schema, name }: RelationName): string {
  return JSON.stringify([kind, schema ?? null, name]);
}

/** ON of inner joins restricts like WHERE; of an outer join it does not restrict the side that is kept. */
function innerConditions(item: unknown): unknown[] {
  const fields = fieldsOf(item, 'JoinExpr');
  if (fields === undefined || fields['jointype'] !== 'JOIN_INNER') return [];
  const { larg, rarg, quals } = fields;
  return [quals, ...innerConditions(larg), ...innerConditions(rarg)];
}

function limitOf(fields: Node): Rows {
  if (fields['limitOption'] === 'LIMIT_OPTION_WITH_TIES') return undefined;
  const constant = fieldsOf(fields['limitCount'], 'A_Const');
  if (constant === undefined || constant['isnull'] === true) return undefined;
  // The grammar leaves out a zero.
  return isNode(constant['ival']) ? (asNumber(constant['ival']['ival']) ?? 0) : undefined;
}

function hasCall(tree: unknown): boolean {
  if (Array.isArray(tree)) return tree.some(hasCall);
  if (!isNode(tree)) return false;
  for (const key in tree) if (key === 'FuncCall' || hasCall(tree[key])) return true;
  return false;
}

/** Tables that are joined by a condition make some as many rows as the largest has; without one, each row with each. */
function join(rows: readonly Rows[], hasCondition: boolean): Rows {
  return rows.reduce<Rows>(
    (all, one) => {
      if (all === undefined || one === undefined) return undefined;
      return hasCondition ? Math.max(all, one) : multiply(all, one);
    },
    hasCondition && rows.length > 0 ? 0 : 1,
  );
}

function add(one: Rows, other: Rows): Rows {
  return one === undefined || other === undefined ? undefined : Math.min(most, one + other);
}

function multiply(one: Rows, other: Rows): Rows {
  return one === undefined || other === undefined ? undefined : Math.min(most, one * other);
}
