/** Functions in FROM that make as many rows of protected values as the statement's text says, whatever the values hold. */
import type { UseContext } from '../context.ts';
import { judgeExpression } from '../expressions/expression.ts';
import { isBuiltIn, mayChange } from '../expressions/totalCalls.ts';
import { type Column, findItems, type Item, type Scope } from '../scope.ts';
import { endsWithStar, type Fields, fieldsOf, readList, readNames } from '../tree.ts';
import { change, isProtected, nothing, type Value } from '../value.ts';
import { readAliasName } from './from.ts';
import { readAliasColumns, renameColumns } from './relation.ts';

/** `jsonb_each(to_jsonb(t))` and its kin: a row for each column of t, whose name is the key (manual 9.16). */
const eachFunctions: ReadonlySet<string> = new Set([
  'json_each',
  'json_each_text',
  'jsonb_each',
  'jsonb_each_text',
]);
const rowDocuments: ReadonlySet<string> = new Set(['to_json', 'to_jsonb', 'row_to_json']);

/** The item that a RangeFunction of one such call makes; undefined where it is another, which is judged as such. */
export function judgeRowSource(context: UseContext, fields: Fields, scope: Scope): Item | undefined {
  const call = readOnlyCall(fields);
  if (call === undefined) return undefined;
  const names = readNames(call['funcname']);
  const name = names.at(-1) ?? '';
  const args = readList(call['args']);
  const isEach = eachFunctions.has(name) && isRowDocument(context, args[0], scope);
  const isList = name === 'unnest' && fieldsOf(args[0], 'A_ArrayExpr') !== undefined;
  if (args.length !== 1 || !(isEach || isList) || !isBuiltIn(context, names)) return undefined;
  const value = judgeExpression(context, args[0], scope);
  if (!isProtected(value) || !mayChange(context, value)) return undefined;
  const made = change(value, { how: `passed to ${name}()` });
  const alias = readAliasName(fields['alias']);
  const columns = isEach ? [named('key', nothing), named('value', made)] : [named(alias ?? name, made)];
  if (fields['ordinality'] === true) columns.push(named('ordinality', nothing));
  const shape = { columns, isOrdered: true, isOpaque: false };
  const renamed = renameColumns(shape, readAliasColumns(fields['alias']));
  return { ...renamed, name: alias ?? name, isAlias: true, schema: undefined };
}

/** The call of `FROM f(…)`, not one of several in ROWS FROM or with a column list. */
function readOnlyCall(fields: Fields): Fields | undefined {
  const functions = readList(fields['functions']);
  if (functions.length !== 1 || fields['coldeflist'] !== undefined) return undefined;
  const items = readList(fieldsOf(functions[0], 'List')?.['items']);
  if (readList(fieldsOf(items[1], 'List')?.['items']).length > 0) return undefined;
  return fieldsOf(items[0], 'FuncCall');
}

/** `to_jsonb(t)` of a FROM item's whole row. */
function isRowDocument(context: UseContext, node: unknown, scope: Scope): boolean {
  const call = fieldsOf(node, 'FuncCall');
  const args = readList(call?.['args']);
  const names = readNames(call?.['funcname']);
  if (!rowDocuments.has(names.at(-1) ?? '') || args.length !== 1 || !isBuiltIn(context, names)) return false;
  const reference = fieldsOf(args[0], 'ColumnRef');
  const row = readNames(reference?.['fields']);
  const name = row.at(-1);
  if (reference === undefined || name === undefined || row.length > 2) return false;
  const value: Value = judgeExpression(context, args[0], scope);
  const isItem = findItems(scope, name, row.at(-2)).length > 0;
  return isItem && (value.isWholeRow === true || (endsWithStar(reference['fields']) && isProtected(value)));
}

function named(name: string, value: Value): Column {
  return { name, value, isCertain: true };
}
