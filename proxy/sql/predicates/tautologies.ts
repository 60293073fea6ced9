/** Conditions that hold for every row by what their operators and functions mean, whatever the row has in it. */

import { asList, asNode, asText, entryOf, fieldsOf, type Node, namesOf } from '../tree.ts';
import { numberOf } from './comparison.ts';
import { columnOf } from './targetNames.ts';

/** Every row has these (manual 5.6). */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

export function isSystemColumn(value: unknown): boolean {
  return systemColumns.has(columnOf(value)?.name ?? '');
}

/** Functions that answer no number below 0. */
const nonNegative: ReadonlySet<string> = new Set([
  'abs',
  'length',
  'char_length',
  'character_length',
  'octet_length',
  'bit_length',
  'cardinality',
]);

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '<>': '<>' };

/**
 * `true` for a comparison that holds wherever its operands are not null, `constant` for one that is the same for all rows;
 * undefined where the operands decide.
 * @param fields of an A_Expr.
 */
export function judgeTautology(fields: Node): 'true' | 'constant' | undefined {
  const { lexpr, rexpr } = fields;
  const operator = namesOf(fields['name']).at(-1) ?? '';
  switch (fields['kind']) {
    case 'AEXPR_OP':
      return (
        judgeBound(lexpr, operator, numberOf(rexpr)) ??
        judgeBound(rexpr, mirrored[operator] ?? '', numberOf(lexpr))
      );
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL':
      return isEmptyArray(rexpr) ? 'constant' : undefined;
    case 'AEXPR_IN':
      return operator === '=' && hasBothBooleans(asList(fieldsOf(rexpr, 'List')?.['items']))
        ? 'true'
        : undefined;
    default:
      return undefined;
  }
}

function judgeBound(
  value: unknown,
  operator: string,
  bound: number | undefined,
): 'true' | 'constant' | undefined {
  if (bound === undefined) {
    return undefined;
  }
  if (columnOf(value)?.name === 'tableoid' && operator !== '=') {
    return 'constant';
  }
  const isLow = operator === '>=' ? bound <= 0 : (operator === '>' || operator === '<>') && bound < 0;
  return isLow && nonNegative.has(namesOf(fieldsOf(value, 'FuncCall')?.['funcname']).at(-1) ?? '')
    ? 'true'
    : undefined;
}

/** `ARRAY[]::int[]` and `'{}'` */
function isEmptyArray(value: unknown): boolean {
  const [tag, fields] = entryOf(value);
  if (tag === 'TypeCast') {
    return isEmptyArray(fields['arg']);
  }
  const text = asText(asNode(fields['sval'])['sval']);
  return tag === 'A_ArrayExpr' ? asList(fields['elements']).length === 0 : text?.trim() === '{}';
}

function hasBothBooleans(items: readonly unknown[]): boolean {
  const values = items.flatMap((item) => {
    const constant = fieldsOf(item, 'A_Const')?.['boolval'];
    return constant === undefined ? [] : [asNode(constant)['boolval'] === true];
  });
  return values.includes(true) && values.includes(false);
}
