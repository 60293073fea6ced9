/** How far the WHERE of an UPDATE, DELETE or MERGE narrows it: not at all, apparently, or really. Errs to `alwaysTrue`. */

import type { Predicate } from '../facts.ts';
import { asList, asNode, asText, entryOf, fieldsOf, type Node, namesOf, relationOf } from '../tree.ts';
import { hasComplementaryArms, sameOperands } from './comparison.ts';
import { columnOf, mentionsTarget, type TargetNames, targetNames } from './targetNames.ts';
import { isSystemColumn, judgeTautology } from './tautologies.ts';

/**
 * What a condition is worth for one row of the target: the same for every row (`true`, `false`; `constant` where only
 * running it would tell which), or different from row to row.
 */
type Verdict = 'true' | 'false' | 'constant' | 'varies';

/** `ifNotNull`: where these columns of the target are never null, the predicate is always true. */
export interface JudgedPredicate {
  readonly predicate: Predicate;
  readonly ifNotNull?: readonly string[];
}

/**
 * The predicate of an UPDATE or DELETE.
 * @param others FROM or USING, whose relations may be the target once more.
 */
export function predicateOf(statement: Node, others: unknown): JudgedPredicate {
  const where = statement['whereClause'];
  if (where === undefined) {
    return { predicate: 'absent' };
  }
  const names = targetNames(statement['relation'], others);
  const predicate = fromVerdict(judge(where, names));
  if (predicate !== 'real') {
    return { predicate };
  }
  const ifNotNull = new Set<string>();
  const assumed = fromVerdict(judge(where, { ...names, ifNotNull }));
  return assumed === 'real' ? { predicate } : { predicate, ifNotNull: [...ifNotNull] };
}

/** The predicate of one WHEN clause of a MERGE: join condition and the clause's own AND. */
export function mergePredicate(merge: Node, clause: Node): Predicate {
  const names = targetNames(merge['relation'], [merge['sourceRelation']]);
  const join = judge(merge['joinCondition'], names);
  const condition = clause['condition'];
  const own = condition === undefined ? 'true' : judge(condition, names);
  if (own === 'varies' || own === 'false') {
    return 'real';
  }
  // NOT MATCHED BY SOURCE takes the rows that do not join: all of them where the join is false.
  const isBySource = clause['matchKind'] === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE';
  const narrows = join === 'varies' || join === (isBySource ? 'true' : 'false');
  return narrows ? 'real' : condition === undefined && join === 'true' ? 'absent' : 'alwaysTrue';
}

function fromVerdict(verdict: Verdict): Predicate {
  return verdict === 'true' || verdict === 'constant' ? 'alwaysTrue' : 'real';
}

function judge(condition: unknown, names: TargetNames): Verdict {
  const [tag, fields] = entryOf(condition);
  switch (tag) {
    case 'A_Const':
      return judgeConstant(fields);
    case 'TypeCast':
      return judge(fields['arg'], names);
    case 'BoolExpr':
      return judgeBoolean(fields, names);
    case 'A_Expr':
      return judgeComparison(fields, condition, names);
    case 'BooleanTest':
      return judgeBooleanTest(fields, names);
    case 'NullTest':
      return judgeNullTest(fields, names);
    case 'SubLink':
      return judgeSubquery(fields, names);
    case 'CaseExpr':
      return judgeCase(fields, names);
    case 'CoalesceExpr':
      return judgeCoalesce(fields, names);
    case 'CurrentOfExpr':
      return 'varies';
    default:
      return mentionsTarget(condition, names) ? 'varies' : 'constant';
  }
}

function judgeConstant(fields: Node): Verdict {
  if (fields['isnull'] === true) {
    return 'false';
  }
  if (fields['boolval'] !== undefined) {
    return asNode(fields['boolval'])['boolval'] === true ? 'true' : 'false';
  }
  const text = asText(asNode(fields['sval'])['sval'])?.trim().toLowerCase();
  if (text !== undefined && text !== '') {
    // The spellings that boolin accepts (manual 8.6).
    const isTrue = ['true', 'yes', 'on', '1'].some((word) => word.startsWith(text) && text !== 'o');
    const isFalse = ['false', 'no', 'off', '0'].some((word) => word.startsWith(text) && text !== 'o');
    return isTrue ? 'true' : isFalse ? 'false' : 'constant';
  }
  return 'constant';
}

function judgeBoolean(fields: Node, names: TargetNames): Verdict {
  const args = asList(fields['args']);
  const verdicts = args.map((arg) => judge(arg, names));
  if (fields['boolop'] === 'NOT_EXPR') {
    const inner = verdicts[0] ?? 'constant';
    return inner === 'true' ? 'false' : inner === 'false' ? 'true' : inner;
  }
  if (fields['boolop'] === 'OR_EXPR') {
    if (verdicts.includes('true') || hasComplementaryArms(args, names)) {
      return 'true';
    }
    // A constant arm (`$1 OR id = 2`) opens everything when it holds.
    return verdicts.includes('constant') ? 'constant' : verdicts.includes('varies') ? 'varies' : 'false';
  }
  if (verdicts.includes('false')) {
    return 'false';
  }
  return verdicts.includes('varies') ? 'varies' : verdicts.includes('constant') ? 'constant' : 'true';
}

/** A row is not null where none of its fields is (manual 9.2). */
function judgeNullTest(fields: Node, names: TargetNames): Verdict {
  const { arg } = fields;
  const holds = fields['nulltesttype'] === 'IS_NOT_NULL' ? 'true' : 'false';
  const row = fieldsOf(arg, 'RowExpr');
  if (row !== undefined && holds === 'true') {
    const tests = asList(row['args']).map((item) => ({ NullTest: { ...fields, arg: item } }));
    return judgeBoolean({ boolop: 'AND_EXPR', args: tests }, names);
  }
  if (isSystemColumn(arg)) {
    return holds;
  }
  const column = columnOf(arg);
  if (names.ifNotNull !== undefined && column !== undefined && !names.isOther(column.qualifier ?? '')) {
    names.ifNotNull.add(column.name);
    return holds;
  }
  return mentionsTarget(arg, names) ? 'varies' : 'constant';
}

/** Results of `x op x` for a column that is not null. */
const reflexive: Readonly<Record<string, Verdict>> = {
  '=': 'true',
  '>=': 'true',
  '<=': 'true',
  '~~': 'true',
  '~~*': 'true',
  '~': 'true',
  '~*': 'true',
  '@>': 'true',
  '<@': 'true',
  '<>': 'false',
  '!=': 'false',
  '<': 'false',
  '>': 'false',
};

function judgeComparison(fields: Node, whole: unknown, names: TargetNames): Verdict {
  const { lexpr, rexpr } = fields;
  const kind = asText(fields['kind']) ?? '';
  const operator = namesOf(fields['name']).at(-1) ?? '';
  const known = judgeTautology(fields);
  if (known !== undefined) {
    return known;
  }
  if (kind === 'AEXPR_DISTINCT' || kind === 'AEXPR_NOT_DISTINCT') {
    if (sameOperands(lexpr, rexpr, names)) {
      return kind === 'AEXPR_DISTINCT' ? 'false' : 'true';
    }
  } else if (kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY') {
    if (operator === '=' && elementsOf(rexpr).some((item) => sameOperands(lexpr, item, names))) {
      return 'true';
    }
    const array = fieldsOf(rexpr, 'SubLink');
    if (operator === '=' && array?.['subLinkType'] === 'ARRAY_SUBLINK') {
      return judgeSubquery({ ...array, subLinkType: 'ANY_SUBLINK', testexpr: lexpr }, names);
    }
  } else if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_BETWEEN_SYM') {
    if (elementsOf(rexpr).every((item) => sameOperands(lexpr, item, names))) {
      return 'true';
    }
  } else if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') {
    if (/^~~\*?$/.test(operator) && /^%+$/.test(textConstant(rexpr) ?? '')) {
      return 'true';
    }
  }
  if (kind === 'AEXPR_OP' || kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') {
    const verdict = reflexive[operator];
    if (verdict !== undefined && sameOperands(lexpr, rexpr, names)) {
      return verdict;
    }
    if (/^~\*?$/.test(operator) && ['', '.*', '^', '$', '^.*$', '.'].includes(textConstant(rexpr) ?? 'x')) {
      return 'true';
    }
    const compared = compareConstants(operator, lexpr, rexpr);
    if (compared !== undefined) {
      return compared;
    }
  }
  return mentionsTarget(whole, names) ? 'varies' : 'constant';
}

/** Elements of `IN (…)`, `BETWEEN … AND …` and `ANY (ARRAY[…])`. */
function elementsOf(value: unknown): readonly unknown[] {
  const [tag, fields] = entryOf(value);
  if (tag === 'List') {
    return asList(fields['items']);
  }
  return tag === 'A_ArrayExpr' ? asList(fields['elements']) : [];
}

function textConstant(value: unknown): string | undefined {
  const constant = fieldsOf(value, 'A_Const')?.['sval'];
  return constant === undefined ? undefined : (asText(asNode(constant)['sval']) ?? '');
}

function compareConstants(operator: string, left: unknown, right: unknown): Verdict | undefined {
  const a = plainConstant(left);
  const b = plainConstant(right);
  if (a === undefined || b === undefined) {
    return undefined;
  }
  const [x, y] = [Number(a), Number(b)];
  const areNumbers = a !== '' && b !== '' && !Number.isNaN(x) && !Number.isNaN(y);
  const isEqual = areNumbers ? x === y : a === b;
  switch (operator) {
    case '=':
      return isEqual ? 'true' : 'false';
    case '<>':
      return isEqual ? 'false' : 'true';
    case '<':
      return areNumbers ? (x < y ? 'true' : 'false') : undefined;
    case '>':
      return areNumbers ? (x > y ? 'true' : 'false') : undefined;
    case '<=':
      return areNumbers ? (x <= y ? 'true' : 'false') : undefined;
    case '>=':
      return areNumbers ? (x >= y ? 'true' : 'false') : undefined;
    default:
      return undefined;
  }
}

function plainConstant(value: unknown): string | undefined {
  const constant = fieldsOf(value, 'A_Const');
  if (constant === undefined || constant['isnull'] === true) {
    return undefined;
  }
  if (constant['ival'] !== undefined) {
    return String(asNode(constant['ival'])['ival'] ?? 0);
  }
  return textConstant(value) ?? asText(asNode(constant['fval'])['fval']);
}

function judgeBooleanTest(fields: Node, names: TargetNames): Verdict {
  const inner = judge(fields['arg'], names);
  switch (fields['booltesttype']) {
    case 'IS_TRUE':
    case 'IS_NOT_FALSE':
      return inner;
    case 'IS_FALSE':
    case 'IS_NOT_TRUE':
      return inner === 'true' ? 'false' : inner === 'false' ? 'true' : inner;
    default:
      return inner === 'varies' ? 'varies' : 'constant';
  }
}

/** `EXISTS (SELECT … without WHERE)`, and `id IN (SELECT id FROM the same table)`. */
function judgeSubquery(fields: Node, names: TargetNames): Verdict {
  const select = asNode(asNode(fields['subselect'])['SelectStmt']);
  const from = asList(select['fromClause']);
  const isOfRows = fields['subLinkType'] !== 'EXPR_SUBLINK' && fields['subLinkType'] !== 'ARRAY_SUBLINK';
  if (
    isOfRows &&
    select['whereClause'] !== undefined &&
    judge(select['whereClause'], names.within(from)) === 'false'
  ) {
    // It has no rows, or the one of an aggregate: the same for every row of the target.
    return 'constant';
  }
  if (fields['subLinkType'] === 'EXISTS_SUBLINK') {
    // Without a tie to the target's row it holds for all rows or for none.
    return narrowsRows(select, names.within(from)) ? 'varies' : 'constant';
  }
  const target = asNode(asNode(asList(select['targetList'])[0])['ResTarget'])['val'];
  const relation = from.length === 1 ? relationOf(fieldsOf(from[0], 'RangeVar')) : undefined;
  const isSame = relation !== undefined && names.isTarget(relation);
  if (fields['subLinkType'] === 'ANY_SUBLINK' && isSame && !narrowsRows(select, targetNames(from[0], []))) {
    return sameOperands(fields['testexpr'], target, names, 'lastName') ? 'true' : 'varies';
  }
  const parts = { testexpr: fields['testexpr'], where: select['whereClause'] };
  return mentionsTarget(parts, names) ? 'varies' : 'constant';
}

function narrowsRows(select: Node, names: TargetNames): boolean {
  const where = select['whereClause'];
  const isNarrowed = ['limitCount', 'limitOffset', 'havingClause', 'larg', 'valuesLists', 'withClause'].some(
    (key) => select[key] !== undefined,
  );
  const joins = asList(select['fromClause']).some((item) => entryOf(item)[0] !== 'RangeVar');
  const verdict = where === undefined ? 'true' : judge(where, names);
  return isNarrowed || joins || verdict === 'varies' || verdict === 'false';
}

function judgeCase(fields: Node, names: TargetNames): Verdict {
  const results = asList(fields['args']).map((item) => asNode(asNode(item)['CaseWhen'])['result']);
  const verdicts = [...results, fields['defresult']].map((item) =>
    item === undefined ? 'false' : judge(item, names),
  );
  return verdicts.every((verdict) => verdict === verdicts[0])
    ? (verdicts[0] ?? 'constant')
    : mentionsTarget(fields, names)
      ? 'varies'
      : 'constant';
}

/** `coalesce(x = x, true)` */
function judgeCoalesce(fields: Node, names: TargetNames): Verdict {
  const verdicts = asList(fields['args']).map((item) => judge(item, names));
  return verdicts.every((verdict) => verdict === 'true')
    ? 'true'
    : mentionsTarget(fields, names)
      ? 'varies'
      : 'constant';
}
