/**
 * Comparisons of protected columns with values that the asker brings: each answers whether somebody's value is that one, and
 * many of them spell the column out (BYPASSES.md, M08). They are allowed, and counted; here, what they are made with.
 */
import type { UseContext } from '../context.ts';
import { isFields } from '../tree.ts';
import { isProtected, type Value } from '../value.ts';

/**
 * `columns`: protected ones with each other only. `values`: with constants and parameters. `rows`: with columns of rows that
 * are not protected, however those were made. Each includes the ones before.
 */
export type Lookups = 'none' | 'columns' | 'values' | 'rows';

const strength: Readonly<Record<Lookups, number>> = { none: 0, columns: 1, values: 2, rows: 3 };

/** Notes that two values are compared. @param nodes the expressions that they are of, in the same order */
export function noteLookup(context: UseContext, one: Value, other: Value, nodes: readonly unknown[]): void {
  if (!isProtected(one) && !isProtected(other)) return;
  const clear = nodes.filter((_, index) => !isProtected(index === 0 ? one : other));
  const kind = clear.length === 0 ? 'columns' : clear.some(readsRows) ? 'rows' : 'values';
  note(context, kind);
}

/** Notes that the columns of two queries or relations are compared, row by row. */
export function noteRowLookup(context: UseContext, one: Value, other: Value): void {
  if (!isProtected(one) && !isProtected(other)) return;
  note(context, isProtected(one) && isProtected(other) ? 'columns' : 'rows');
}

function note(context: UseContext, kind: Lookups): void {
  if (strength[kind] > strength[context.lookups]) context.lookups = kind;
}

/** True where a column, or a query, is in it. */
function readsRows(node: unknown): boolean {
  const waiting: unknown[] = [node];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Array.isArray(next)) waiting.push(...next);
    else if (isFields(next)) {
      for (const [tag, value] of Object.entries(next)) {
        if (tag === 'ColumnRef' || tag === 'SubLink' || tag === 'SelectStmt') return true;
        waiting.push(value);
      }
    }
  }
  return false;
}
