/** What expressions can do by themselves: call functions, by any notation, and use operators. */

import { readAttributeCall, readFunctionCall, readUnknownCall } from '../functions/functionCalls.ts';
import { isKnownOperator } from '../functions/functionManifest.ts';
import { asList, asNumber, fieldsOf, type Node, namesOf } from '../tree.ts';
import { isDeclaredColumn } from './declaredColumns.ts';
import type { EffectWalk } from './effectWalk.ts';
import type { NodeReaders } from './nodeReaders.ts';

export const expressionReaders: NodeReaders = {
  FuncCall(fields, walk) {
    readFunctionCall(fields, walk);
    return ['funcname'];
  },

  A_Expr(fields, walk) {
    const kind = fields['kind'];
    walk.operators.add(namesOf(fields['name']).at(-1) ?? '');
    // The other kinds (BETWEEN, LIKE, IN, …) name operators of the grammar's own choosing.
    if (kind === 'AEXPR_OP' || kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') {
      readOperator(fields['name'], fields, walk);
    }
    return ['name'];
  },

  SubLink(fields, walk) {
    readOperator(fields['operName'], fields, walk);
    return ['operName'];
  },

  SortBy(fields, walk) {
    readOperator(fields['useOp'], fields, walk);
    return ['useOp'];
  },

  /** `(x).name` calls the function `name` where x has no such field (manual 4.2.4 and 36.5.3). */
  A_Indirection(fields, walk) {
    for (const name of namesOf(fields['indirection'])) {
      readAttributeCall(name, asNumber(fields['location']), walk);
    }
    return [];
  },

  /** `t.name` does the same with the row of t. */
  ColumnRef(fields, walk) {
    const parts = asList(fields['fields']);
    const last = parts.length < 2 ? undefined : fieldsOf(parts.at(-1), 'String')?.['sval'];
    if (typeof last === 'string') {
      const [qualifier = ''] = namesOf(parts);
      const isColumn = () => parts.length === 2 && isDeclaredColumn(walk.root, qualifier, last);
      readAttributeCall(last, asNumber(fields['location']), walk, isColumn);
    }
    return 'all';
  },

  RangeTableSample(fields, walk) {
    const names = namesOf(fields['method']);
    const method = names.at(-1);
    const isBuiltIn = names.length === 1 || names[0] === 'pg_catalog';
    if (!isBuiltIn || (method !== 'system' && method !== 'bernoulli')) {
      readUnknownCall(names, asNumber(fields['location']), walk);
    }
    return ['method'];
  },
};

/** Operators are functions: one that PostgreSQL itself does not bring has effects that are not known. */
function readOperator(name: unknown, fields: Node, walk: EffectWalk): void {
  const names = namesOf(name);
  const symbol = names.at(-1);
  if (symbol !== undefined) walk.operators.add(symbol);
  if (
    symbol === undefined ||
    (isKnownOperator(symbol) && (names.length === 1 || names[0] === 'pg_catalog'))
  ) {
    return;
  }
  walk.add('procedural', {
    functionName: `operator ${names.join('.')}`,
    why: `uses the operator ${names.join('.')}, whose effects are not known`,
    location: asNumber(fields['location']),
    isAssumed: true,
  });
}
