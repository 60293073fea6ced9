/** Whether two expressions of a condition are the same, so that comparing them narrows nothing. */

import { asNode, asText, entryOf, fieldsOf, isNode, namesOf } from '../tree.ts';
import { columnOf, type TargetNames } from './targetNames.ts';

/**
 * True where both sides have the same value in every row: the same column, the same expression, or the same column
 * reached through a self join. Functions count as the same too: calling one twice differs only where it is volatile.
 * @param depth `lastName`: qualifiers are not compared (the caller knows that both relations are the same).
 */
export function sameOperands(
  left: unknown,
  right: unknown,
  names: TargetNames,
  depth: 'whole' | 'lastName' = 'whole',
): boolean {
  const a = withoutNoise(left);
  const b = withoutNoise(right);
  const columnA = columnOf(a);
  const columnB = columnOf(b);
  if (columnA === undefined || columnB === undefined) {
    return hasColumn(a) && JSON.stringify(a, withoutLocation) === JSON.stringify(b, withoutLocation);
  }
  if (columnA.name !== columnB.name) {
    return false;
  }
  if (depth === 'lastName' || columnA.qualifier === columnB.qualifier) {
    return true;
  }
  if (columnA.qualifier === undefined || columnB.qualifier === undefined) {
    return names.isAlone;
  }
  return names.areSame(columnA.qualifier, columnB.qualifier);
}

const negations: Readonly<Record<string, string>> = {
  '=': '<>',
  '<>': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
  '~~': '!~~',
  '!~~': '~~',
};

/** `a = 1 OR a <> 1`, `a IS NULL OR a IS NOT NULL`, `p OR NOT p`, and pairs that overlap such as `a >= 1 OR a <= 1`. */
export function hasComplementaryArms(arms: readonly unknown[], names: TargetNames): boolean {
  return arms.some((arm, index) =>
    arms.slice(index + 1).some((other) => areComplementary(arm, other, names)),
  );
}

function areComplementary(left: unknown, right: unknown, names: TargetNames): boolean {
  const [tagA, a] = entryOf(left);
  const [tagB, b] = entryOf(right);
  if (tagA === 'BoolExpr' && a['boolop'] === 'NOT_EXPR') {
    return sameText(asNode(a)['args'], [right]);
  }
  if (tagB === 'BoolExpr' && b['boolop'] === 'NOT_EXPR') {
    return sameText(asNode(b)['args'], [left]);
  }
  if (tagA === 'NullTest' && tagB === 'NullTest') {
    return a['nulltesttype'] !== b['nulltesttype'] && sameOperands(a['arg'], b['arg'], names);
  }
  if (tagA !== 'A_Expr' || tagB !== 'A_Expr' || !sameOperands(a['lexpr'], b['lexpr'], names)) {
    return false;
  }
  const operator = namesOf(a['name']).at(-1) ?? '';
  const other = namesOf(b['name']).at(-1) ?? '';
  if (sameText(a['rexpr'], b['rexpr'])) {
    const areHalfLines = /^[<>]=?$/.test(operator) && /^[<>]=?$/.test(other) && operator[0] !== other[0];
    const meet = operator.endsWith('=') || other.endsWith('=');
    return negations[operator] === other || (areHalfLines && meet);
  }
  return coversAll(operator, numberOf(a['rexpr']), other, numberOf(b['rexpr']));
}

/** `a > 0 OR a < 5`: two half lines that overlap. */
function coversAll(operator: string, x: number | undefined, other: string, y: number | undefined): boolean {
  if (x === undefined || y === undefined) {
    return false;
  }
  if (operator.startsWith('>') && other.startsWith('<')) {
    return x < y;
  }
  return operator.startsWith('<') && other.startsWith('>') && y < x;
}

export function numberOf(value: unknown): number | undefined {
  const constant = fieldsOf(value, 'A_Const');
  if (constant?.['ival'] !== undefined) {
    return Number(asNode(constant['ival'])['ival'] ?? 0);
  }
  const float = asText(asNode(constant?.['fval'])['fval']);
  return float === undefined ? undefined : Number(float);
}

/** `+x`, `x + 0`, `x || ''` and casts of a column compare like the column. */
function withoutNoise(value: unknown): unknown {
  const [tag, fields] = entryOf(value);
  if (tag === 'TypeCast') {
    return withoutNoise(fields['arg']);
  }
  if (tag !== 'A_Expr' || fields['kind'] !== 'AEXPR_OP') {
    return value;
  }
  const operator = namesOf(fields['name']).at(-1);
  if (operator === '+' && fields['lexpr'] === undefined) {
    return withoutNoise(fields['rexpr']);
  }
  const negated =
    operator === '-' && fields['lexpr'] === undefined ? fieldsOf(fields['rexpr'], 'A_Expr') : undefined;
  if (negated !== undefined && negated['lexpr'] === undefined && namesOf(negated['name']).at(-1) === '-') {
    return withoutNoise(negated['rexpr']);
  }
  if ((operator === '+' || operator === '-') && numberOf(fields['rexpr']) === 0) {
    return withoutNoise(fields['lexpr']);
  }
  if (operator === '*' && numberOf(fields['rexpr']) === 1) {
    return withoutNoise(fields['lexpr']);
  }
  const text = asNode(fieldsOf(fields['rexpr'], 'A_Const')?.['sval']);
  const isEmptyText =
    fieldsOf(fields['rexpr'], 'A_Const')?.['sval'] !== undefined && (text['sval'] ?? '') === '';
  return operator === '||' && isEmptyText ? withoutNoise(fields['lexpr']) : value;
}

function hasColumn(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.some(hasColumn);
  }
  return (
    isNode(value) && Object.entries(value).some(([key, child]) => key === 'ColumnRef' || hasColumn(child))
  );
}

function sameText(left: unknown, right: unknown): boolean {
  return JSON.stringify(left, withoutLocation) === JSON.stringify(right, withoutLocation);
}

function withoutLocation(key: string, value: unknown): unknown {
  return /location$|_start$|_end$/.test(key) ? undefined : value;
}
