/** SQL/JSON's constructors (manual 9.16.2): documents made of values. */
import type { UseContext } from '../context.ts';
import { judgeQuery } from '../queries/query.ts';
import type { Scope } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readTag } from '../tree.ts';
import { nothing, uniteAll, type Value } from '../value.ts';
import { judgeCondition, judgeExpression, judgeUse } from './expression.ts';
import { buildDocument, refuse } from './totalCalls.ts';
import { judgeWindow } from './window.ts';

/** SQL/JSON's constructors and their aggregates. What is collected may be of any number of rows. */
export function judgeDocument(how: string): (context: UseContext, fields: Fields, scope: Scope) => Value {
  return (context, fields, scope) => {
    const of = fields['constructor'];
    const clauses = isFields(of) ? of : {};
    if (clauses['agg_filter'] !== undefined) judgeCondition(context, clauses['agg_filter'], scope);
    if (isFields(clauses['over'])) judgeWindow(context, clauses['over'], scope);
    for (const node of readList(clauses['agg_order'])) {
      const sort = fieldsOf(node, 'SortBy') ?? {};
      judgeUse(
        context,
        sort['node'],
        scope,
        sort['useOp'] === undefined ? 'order' : 'content',
        'used in ORDER BY',
      );
    }
    const { constructor: _constructor, output: _output, ...parts } = fields;
    const isAggregated = Object.hasOwn(fields, 'constructor');
    const value = judgeParts(context, parts, scope);
    if (isAggregated && value.isTelling === true) return refuse(context, value, how);
    const all = { ...fields, output: fields['output'] ?? clauses['output'] };
    return buildDocument(context, all, [value], how, isAggregated);
  };
}

/** What SQL/JSON's nodes hold, down to their expressions. */
function judgeParts(context: UseContext, node: unknown, scope: Scope): Value {
  if (Array.isArray(node)) return uniteAll(node.map((item) => judgeParts(context, item, scope)));
  if (!isFields(node)) return nothing;
  const tagged = readTag(node);
  if (tagged === undefined) {
    return uniteAll(Object.values(node).map((child) => judgeParts(context, child, scope)));
  }
  if (tagged.tag === 'JsonKeyValue' || tagged.tag === 'JsonValueExpr') {
    return judgeParts(context, { ...tagged.fields }, scope);
  }
  if (tagged.tag === 'SelectStmt') {
    return uniteAll(judgeQuery(context, tagged.fields, scope).columns.map((column) => column.value));
  }
  return judgeExpression(context, node, scope);
}
