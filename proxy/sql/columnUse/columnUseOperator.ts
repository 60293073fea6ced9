/** Operators (A_Expr): which comparisons leave a protected column protected. */
import { requireUse, type UseContext } from './columnUseContext.ts';
import { judgeExpression, readComparison } from './columnUseExpression.ts';
import type { Scope } from './columnUseScope.ts';
import { type Fields, fieldsOf, isFields, readNames, readText } from './columnUseTree.ts';
import { flag, isProtected, nothing, unite, type Value } from './columnUseValue.ts';

/** Judges an operator. Comparisons that the columns' rights cover give a boolean that carries nothing. */
export function judgeOperator(context: UseContext, fields: Fields, scope: Scope): Value {
  const left = fields['lexpr'] === undefined ? nothing : judgeExpression(context, fields['lexpr'], scope);
  const right = fields['rexpr'] === undefined ? nothing : judgeExpression(context, fields['rexpr'], scope);
  const both = unite(left, right);
  if (!isProtected(both)) return nothing;
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
      const { need, how } = readComparison(readNames(fields['name']));
      if (need === 'content') return refuse(how);
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
    case 'AEXPR_NULLIF':
      return refuse('passed to nullif()');
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
