/** Calls: what they do with their arguments, with FILTER, OVER and ORDER BY. */
import { readByCall } from '../code/body.ts';
import { requireUse, type UseContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readNames } from '../tree.ts';
import { isProtected, nothing, unite, uniteAll, type Value } from '../value.ts';
import { judgeCondition, judgeExpression, judgeUse } from './expression.ts';
import { isBuiltIn, judgeTotalCall, mayChange } from './totalCalls.ts';
import { judgeWindow } from './window.ts';

/** A function, an aggregate or a window function. */
export function judgeCall(context: UseContext, fields: Fields, scope: Scope): Value {
  const names = readNames(fields['funcname']);
  const name = names.at(-1) ?? '';
  if (fields['agg_filter'] !== undefined) judgeCondition(context, fields['agg_filter'], scope);
  if (isFields(fields['over'])) judgeWindow(context, fields['over'], scope);
  const isWithin = fields['agg_within_group'] === true;
  for (const node of readList(fields['agg_order'])) {
    // WITHIN GROUP hands the sorted values to the aggregate; ORDER BY inside one only sorts by them.
    const sort = fieldsOf(node, 'SortBy') ?? {};
    const need = isWithin || sort['useOp'] !== undefined ? 'content' : 'order';
    judgeUse(context, sort['node'], scope, need, isWithin ? `passed to ${name}()` : 'used in ORDER BY');
  }
  const args = readList(fields['args']).map((node) => ({
    node,
    value: judgeExpression(context, node, scope),
  }));
  if (isCount(context, names)) {
    const value = uniteAll(args.map((arg) => arg.value));
    requireUse(
      context,
      value,
      fields['agg_distinct'] === true ? 'equality' : 'presence',
      'counted by DISTINCT',
    );
    return nothing;
  }
  const made = judgeRowMaker(context, names, args) ?? judgeTotalCall(context, names, fields, args);
  const read = readByCall(context, names);
  return isProtected(read) ? unite(made, read) : made;
}

/** unnest(ARRAY[a, b]) makes as many rows as the text has elements. */
function judgeRowMaker(
  context: UseContext,
  names: readonly string[],
  args: readonly { node: unknown; value: Value }[],
): Value | undefined {
  const [array] = args;
  if (names.at(-1) !== 'unnest' || args.length !== 1 || array === undefined) return undefined;
  const isListed = fieldsOf(array.node, 'A_ArrayExpr') !== undefined;
  if (!isListed || !isProtected(array.value) || !isBuiltIn(context, names)) return undefined;
  return mayChange(context, array.value) ? { ...array.value, typeName: undefined } : undefined;
}

/** PostgreSQL's own count(); somebody's function of that name would be preferred for an exact argument type. */
function isCount(context: UseContext, names: readonly string[]): boolean {
  if (names.at(-1) !== 'count') return false;
  if (names.length > 1) return names[0] === 'pg_catalog';
  return context.isCodeKnown && !context.catalog.userFunctions.has('count');
}
