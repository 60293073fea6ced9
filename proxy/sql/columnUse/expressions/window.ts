/** Windows: PARTITION BY and ORDER BY sort, frames count. */
import { requireUse, type UseContext } from '../context.ts';
import type { Scope } from '../scope.ts';
import { type Fields, fieldsOf, readList } from '../tree.ts';
import type { Value } from '../value.ts';
import { judgeOpaque, judgeUse } from './expression.ts';

/**
 * Partitions are found by sorting (nodeWindowAgg.c), and rows come out in that order: it tells which value is greater.
 * Judges a WindowDef, in OVER (…) or in the WINDOW clause (manual 7.2.5).
 */
export function judgeWindow(context: UseContext, fields: Fields, scope: Scope): void {
  for (const node of readList(fields['partitionClause'])) {
    judgeUse(context, node, scope, 'order', 'used in PARTITION BY');
  }
  for (const node of readList(fields['orderClause'])) {
    const sort = fieldsOf(node, 'SortBy') ?? {};
    judgeUse(context, sort['node'], scope, readSortNeed(sort), 'used in ORDER BY');
  }
  judgeOpaque(context, [fields['startOffset'], fields['endOffset']], scope, 'used in a window frame');
}

/** Judges a value that ORDER BY sorts by. */
export function requireSort(context: UseContext, value: Value, sort: Fields): void {
  requireUse(context, value, readSortNeed(sort), 'used in ORDER BY');
}

/** `USING operator` may name anybody's operator. */
function readSortNeed(sort: Fields): 'order' | 'content' {
  return sort['useOp'] === undefined ? 'order' : 'content';
}
