/** Target lists: stars expanded, every output column with its name and what it carries. */
import { requireUse, type UseContext } from '../context.ts';
import { judgeExpression } from '../expressions/expression.ts';
import { type Column, findItems, hasColumn, type Scope, type Shape } from '../scope.ts';
import { endsWithStar, type Fields, fieldsOf, readList, readLocation, readNames, readText } from '../tree.ts';
import { flag, isProtected, type Value } from '../value.ts';
import { nameColumn } from './columnName.ts';

/** The columns of a SELECT list or a RETURNING list. */
export function judgeTargets(context: UseContext, list: unknown, scope: Scope): Shape {
  const columns: Column[] = [];
  let isOrdered = true;
  let isOpaque = false;
  for (const node of readList(list)) {
    const target = fieldsOf(node, 'ResTarget') ?? {};
    const star = expandStar(context, target['val'], scope);
    if (star === undefined) {
      const value = judgeExpression(context, target['val'], scope);
      const name = readText(target['name']) ?? nameColumn(target['val']);
      columns.push({ name, value, isCertain: name !== undefined });
    } else {
      columns.push(...star.columns);
      isOrdered &&= star.isOrdered;
      isOpaque ||= star.isOpaque;
    }
  }
  return { columns, isOrdered, isOpaque };
}

/** `*`, `item.*`, `(item).*` and `(expression).*`; undefined where the target is no star. */
function expandStar(context: UseContext, node: unknown, scope: Scope): Shape | undefined {
  const reference = fieldsOf(node, 'ColumnRef');
  if (reference !== undefined) {
    if (!endsWithStar(reference['fields'])) return undefined;
    return expandNames(context, readNames(reference['fields']), node, reference, scope);
  }
  const indirection = fieldsOf(node, 'A_Indirection');
  if (indirection === undefined || !endsWithStar(indirection['indirection'])) return undefined;
  const row = fieldsOf(indirection['arg'], 'ColumnRef');
  const isItem = row !== undefined && readList(indirection['indirection']).length === 1;
  if (isItem) return expandNames(context, readNames(row['fields']), indirection['arg'], row, scope);
  return expandRow(context, indirection['arg'], scope);
}

function expandNames(
  context: UseContext,
  names: readonly string[],
  node: unknown,
  reference: Fields,
  scope: Scope,
): Shape {
  const last = names.at(-1);
  const location = readLocation(reference);
  if (last === undefined) return locate(scope, location);
  const items = findItems(scope, last, names.at(-2));
  const item = items[0];
  // `(c).*` of a column of a composite type takes a value apart; a column goes before an item of the same name.
  const isColumn = names.length === 1 && !endsWithStar(reference['fields']) && hasColumn(scope, last);
  if (item === undefined || items.length > 1 || isColumn) {
    return expandRow(context, node, scope);
  }
  return locate(item, location);
}

/** A row that is not a FROM item's: its fields lose their origin. */
function expandRow(context: UseContext, node: unknown, scope: Scope): Shape {
  const value = judgeExpression(context, node, scope);
  requireUse(context, value, 'content', 'expanded from a row');
  const column: Column = { name: undefined, value: flag(value), isCertain: false };
  return { columns: isProtected(value) ? [column] : [], isOrdered: false, isOpaque: true };
}

function locate(shape: Shape, location: number | undefined): Shape {
  const at = (value: Value): Value => (isProtected(value) ? { ...value, location } : value);
  const columns = shape.columns.map((column) => ({ ...column, value: at(column.value) }));
  return { columns, isOrdered: shape.isOrdered, isOpaque: shape.isOpaque };
}
