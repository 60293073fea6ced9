/** Which columns of a table conditions hold to given values: `id = 7 AND kind IN ('a', 'b')`. */
import { asList, asNode, asText, entryOf, fieldsOf, type Node, namesOf } from '../tree.ts';

/**
 * How many values each column may have, by its name, where all conditions hold together.
 * @param table the name that the table goes by in them
 * @param isAlone no other table is there that a bare name could belong to
 */
export function meetsOfConditions(
  conditions: readonly unknown[],
  table: string,
  isAlone: boolean,
): ReadonlyMap<string, number> {
  const met = new Map<string, number>();
  const visit = (condition: unknown): void => {
    const [tag, fields] = entryOf(condition);
    if (tag === 'BoolExpr' && fields['boolop'] === 'AND_EXPR') {
      for (const part of asList(fields['args'])) visit(part);
    }
    if (tag !== 'A_Expr') return;
    const found = meetOf(fields, table, isAlone);
    if (found !== undefined)
      met.set(found.column, Math.min(found.count, met.get(found.column) ?? found.count));
  };
  for (const condition of conditions) visit(condition);
  return met;
}

interface Meet {
  readonly column: string;
  readonly count: number;
}

function meetOf(fields: Node, table: string, isAlone: boolean): Meet | undefined {
  const { kind, lexpr, rexpr } = fields;
  const operator = namesOf(fields['name']);
  if (operator.length !== 1 || operator[0] !== '=') return undefined;
  const left = columnOf(lexpr, table, isAlone);
  if (kind === 'AEXPR_OP') {
    if (left !== undefined) return isGiven(rexpr) ? { column: left, count: 1 } : undefined;
    const right = columnOf(rexpr, table, isAlone);
    return right !== undefined && isGiven(lexpr) ? { column: right, count: 1 } : undefined;
  }
  if (left === undefined) return undefined;
  const values = listed(kind, rexpr);
  return values?.every(isGiven) ? { column: left, count: values.length } : undefined;
}

function listed(kind: unknown, values: unknown): readonly unknown[] | undefined {
  if (kind === 'AEXPR_IN') return asList(asNode(asNode(values)['List'])['items']);
  const array = kind === 'AEXPR_OP_ANY' ? fieldsOf(values, 'A_ArrayExpr') : undefined;
  const elements = array && asList(array['elements']);
  // ARRAY[ARRAY[1, 2], ARRAY[3, 4]] holds more values than it has elements.
  return elements?.some((element) => fieldsOf(element, 'A_ArrayExpr')) ? undefined : elements;
}

function columnOf(expression: unknown, table: string, isAlone: boolean): string | undefined {
  const fields = fieldsOf(expression, 'ColumnRef');
  if (fields === undefined) return undefined;
  const parts = asList(fields['fields']).map((part) => asText(fieldsOf(part, 'String')?.['sval']));
  const [first, second] = parts;
  if (parts.length === 1) return isAlone ? first : undefined;
  return parts.length === 2 && first === table ? second : undefined;
}

/** A constant or a parameter, cast to whatever: the same for every row. */
function isGiven(expression: unknown): boolean {
  const [tag, fields] = entryOf(expression);
  if (tag === 'TypeCast') return isGiven(fields['arg']);
  return tag === 'A_Const' || tag === 'ParamRef' || tag === 'SQLValueFunction';
}
