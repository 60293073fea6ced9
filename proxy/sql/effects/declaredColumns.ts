/** Columns that a statement itself names: `v.nextval` in `FROM (VALUES (1)) v(nextval)` is no call of nextval. */
import { asText, isNode, namesOf } from '../tree.ts';

/**
 * True where everything that `qualifier` may stand for, anywhere in `tree`, is an alias with a list of columns that has `name`.
 * Scopes are not told apart: one relation of that name without such a list is enough to make it a possible call.
 */
export function isDeclaredColumn(tree: unknown, qualifier: string, name: string): boolean {
  const found = { declared: 0, other: 0 };
  count(tree, qualifier, name, found);
  return found.declared > 0 && found.other === 0;
}

function count(
  value: unknown,
  qualifier: string,
  name: string,
  found: { declared: number; other: number },
): void {
  if (Array.isArray(value)) {
    for (const item of value) count(item, qualifier, name, found);
    return;
  }
  if (!isNode(value)) return;
  if (asText(value['aliasname']) === qualifier) {
    if (namesOf(value['colnames']).includes(name)) found.declared++;
    else found.other++;
  }
  if (asText(value['relname']) === qualifier && value['alias'] === undefined) found.other++;
  for (const key in value) count(value[key], qualifier, name, found);
}
