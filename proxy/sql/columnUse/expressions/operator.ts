/** Operators (A_Expr): which comparisons leave a protected column protected. */
import { readByOperator } from '../code/body.ts';
import { requireUse, type UseContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readNames, readText } from '../tree.ts';
import { change, flag, isProtected, nothing, ofSize, sizeOf, unite, type Value } from '../value.ts';
import { judgeExpression, readComparison } from './expression.ts';
import { noteLookup } from './lookup.ts';
import { chooseTotal, concatenate, isBuiltInOperator, mayChange } from './totalCalls.ts';
import { isDecimal, isExactNumber, isSmallFactor, readInteger } from './totalFunctions.ts';

/** Operators that make a value of two, and compare nothing. */
const arithmetic = /^(?:\|\||[-+*/%^])$/;

/** Judges an operator. Comparisons that the columns' rights cover give a boolean that carries nothing. */
export function judgeOperator(context: UseContext, fields: Fields, scope: Scope): Value {
  const left = fields['lexpr'] === undefined ? nothing : judgeExpression(context, fields['lexpr'], scope);
  const right = fields['rexpr'] === undefined ? nothing : judgeExpression(context, fields['rexpr'], scope);
  const both = unite(left, right);
  const symbol = readNames(fields['name']).at(-1);
  const read = readByOperator(context, symbol);
  if (isProtected(read)) {
    requireUse(context, both, 'content', `used with the operator ${symbol}`);
    return unite(flag(both), read);
  }
  if (!isProtected(both)) return symbol === '||' ? ofSize(sizeOf(left) + sizeOf(right)) : nothing;
  if (symbol === undefined || !arithmetic.test(symbol)) {
    noteLookup(context, left, right, [fields['lexpr'], fields['rexpr']]);
  }
  const refuse = (how: string): Value => {
    requireUse(context, left, 'content', how);
    requireUse(context, right, 'content', how);
    return flag(both);
  };
  switch (fields['kind']) {
    case 'AEXPR_OP':
    case 'AEXPR_IN':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT': {
      const names = readNames(fields['name']);
      const { need, how } = readComparison(names);
      if (need === 'content') {
        return isPlainName(names) ? (judgeTotal(context, fields, left, right) ?? refuse(how)) : refuse(how);
      }
      requireUse(context, left, need, how);
      requireUse(context, right, need, how);
      return nothing;
    }
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL': {
      const { need, how } = readComparison(readNames(fields['name']));
      requireUse(context, right, 'content', 'searched as an array');
      requireUse(context, left, need, how);
      return need === 'content' ? flag(both) : nothing;
    }
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      requireUse(context, left, 'order', 'compared with BETWEEN');
      requireUse(context, right, 'order', 'compared with BETWEEN');
      return nothing;
    case 'AEXPR_LIKE':
      return judgeLike(context, fields, left, right, 'compared with LIKE');
    case 'AEXPR_ILIKE':
      return judgeLike(context, fields, left, right, 'compared with ILIKE');
    case 'AEXPR_SIMILAR':
      return refuse('compared with SIMILAR TO');
    case 'AEXPR_NULLIF': {
      // It compares for equality, and gives the first or NULL.
      requireUse(context, left, 'equality', 'passed to nullif()');
      requireUse(context, right, 'equality', 'passed to nullif()');
      return isProtected(left) ? chooseTotal(context, [left], 'passed to nullif()') : nothing;
    }
    default:
      return refuse('used with an operator');
  }
}

/** LIKE asks for the order right when its pattern is a constant prefix (`'An%'`), and is refused otherwise. */
function judgeLike(context: UseContext, fields: Fields, left: Value, right: Value, how: string): Value {
  requireUse(context, right, 'content', how);
  requireUse(context, left, isPrefixPattern(fields['rexpr']) ? 'order' : 'content', how);
  return nothing;
}

/** True for a string constant with no wildcard but a `%` at its end. */
function isPrefixPattern(node: unknown): boolean {
  const sval = fieldsOf(node, 'A_Const')?.['sval'];
  const pattern = isFields(sval) ? (readText(sval['sval']) ?? '') : undefined;
  return pattern !== undefined && /^[^%_\\]*%?$/.test(pattern);
}

function isPlainName(names: readonly string[]): boolean {
  return names.length === 1 || names[0] === 'pg_catalog';
}

/** Operators that cannot fail: `||`, and exact numbers with a small constant (which integers can be divided by only). */
function judgeTotal(context: UseContext, fields: Fields, left: Value, right: Value): Value | undefined {
  const symbol = readNames(fields['name']).at(-1) ?? '';
  if (symbol === '||') return concatenate(context, left, right);
  if (fields['lexpr'] === undefined || !isBuiltInOperator(context, symbol)) return undefined;
  const isLeft = isProtected(left);
  if (isLeft === isProtected(right)) return undefined;
  const value = isLeft ? left : right;
  if (!isSmallFactor(isLeft ? fields['rexpr'] : fields['lexpr']) || !mayChange(context, value))
    return undefined;
  const isNumeric = isDecimal(value.typeName);
  // The smallest integer divided by -1 is none.
  if (!isNumeric && readInteger(fields['rexpr']) === -1) return undefined;
  const isTotal = isNumeric ? /^[-+*]$/.test(symbol) || (symbol === '/' && isLeft) : symbol === '/' && isLeft;
  if (!isTotal || !isExactNumber(value.typeName) || sizeOf(value) > mostFactors) return undefined;
  const typeName = isNumeric ? 'numeric' : value.typeName;
  return change(value, { how: `used with the operator ${symbol}`, typeName, size: sizeOf(value) + 1 });
}

/** A number has 131,072 digits at most, and each factor brings up to seven. */
const mostFactors = 1000;
