/** WITH queries: each judged once when first referred to, recursive ones until nothing new flows round. */
import { PortcullisError } from '../../../kit/errors.ts';
import { judgeStatement } from '../commands/statement.ts';
import { countStep, requireUse, type UseContext } from '../context.ts';
import { type Cte, opaqueShape, openScope, type Scope, type Shape } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readNames, readTag, readText } from '../tree.ts';
import { flag, isProtected, lose, unite, uniteAll } from '../value.ts';
import { judgeQuery } from './query.ts';
import { renameColumns } from './relation.ts';

/**
 * Opens the scope that a query's WITH clause makes (manual 7.8) and judges all its queries, also those that nothing
 * refers to: they run when they modify data. Without RECURSIVE a query sees those before it, with it all.
 */
export function openWith(context: UseContext, withClause: unknown, outer: Scope | undefined): Scope {
  const scope = openScope(outer);
  if (!isFields(withClause)) return scope;
  const isRecursive = withClause['recursive'] === true;
  const waiting: [string, Cte][] = [];
  for (const node of readList(withClause['ctes'])) {
    const fields = fieldsOf(node, 'CommonTableExpr') ?? {};
    waiting.push([
      readText(fields['ctename']) ?? '',
      { fields, isRecursive, state: 'waiting', isSelfReferenced: false, shape: opaqueShape },
    ]);
  }
  if (isRecursive) for (const [name, cte] of waiting) scope.ctes.set(name, cte);
  for (const [name, cte] of waiting) {
    judgeCteReference(context, cte, scope);
    scope.ctes.set(name, cte);
  }
  return scope;
}

/** Each round moves something protected by at least one column, and PostgreSQL has at most 1,664 of them. */
const maxRounds = 2000;

/** The shape of a WITH query where FROM names it. Within itself it is what has flowed into it so far. */
export function judgeCteReference(context: UseContext, cte: Cte, scope: Scope): Shape {
  countStep(context);
  if (cte.state === 'running') {
    cte.isSelfReferenced = true;
    return cte.shape;
  }
  if (cte.state === 'waiting') {
    cte.state = 'running';
    cte.shape = judgeCte(context, cte, scope);
    cte.state = 'done';
  }
  return cte.shape;
}

function judgeCte(context: UseContext, cte: Cte, scope: Scope): Shape {
  const names = readNames(cte.fields['aliascolnames']);
  const body = readTag(cte.fields['ctequery']);
  if (body === undefined) return opaqueShape;
  if (cte.isRecursive) {
    const start = judgeStart(context, body.fields, scope);
    if (start !== undefined) cte.shape = loseShape(renameColumns(start, names));
  }
  for (let round = 0; round < maxRounds; round += 1) {
    const shape = renameColumns(judgeStatement(context, body, scope), names);
    if (!cte.isSelfReferenced) return addSearchColumns(context, cte, shape);
    const next = loseShape(uniteShapes(cte.shape, shape));
    const isStable = describeFlow(next) === describeFlow(cte.shape);
    cte.shape = next;
    if (isStable) return addSearchColumns(context, cte, next);
  }
  throw new PortcullisError('STATEMENT_TOO_COMPLEX', { message: 'its recursive query has too many columns' });
}

/** The non-recursive term, which gives a recursive query its column names. */
function judgeStart(context: UseContext, query: Fields, scope: Scope): Shape | undefined {
  const left = query['larg'];
  if (!isFields(left)) return undefined;
  return judgeQuery(context, left, openWith(context, query['withClause'], scope));
}

/** RowDescription gives no origin for what a recursive query returns. */
function loseShape(shape: Shape): Shape {
  const columns = shape.columns.map((column) => ({
    ...column,
    // Each round may make it longer.
    value: {
      ...lose(column.value, 'returned by a recursive query'),
      typeName: column.value.typeName,
      size: Number.POSITIVE_INFINITY,
    },
  }));
  return { ...shape, columns };
}

function uniteShapes(a: Shape, b: Shape): Shape {
  const isAligned = a.isOrdered && b.isOrdered && a.columns.length === b.columns.length;
  if (!isAligned) return mixShapes(a, b);
  const columns = b.columns.map((column, index) => {
    const known = a.columns[index];
    return known === undefined ? column : { ...column, value: unite(known.value, column.value) };
  });
  return { columns, isOrdered: true, isOpaque: b.isOpaque };
}

/** Where positions are not known, everything may have flowed into every column. */
function mixShapes(a: Shape, b: Shape): Shape {
  const any = uniteAll([...a.columns, ...b.columns].map((column) => column.value));
  const names = new Set([...a.columns, ...b.columns].map((column) => column.name));
  const columns = [...names].map((name) => ({ name, value: any, isCertain: name !== undefined }));
  return { columns, isOrdered: false, isOpaque: a.isOpaque || b.isOpaque };
}

/** What has flowed where, to see when a further round brings nothing new. */
function describeFlow(shape: Shape): string {
  return shape.columns
    .map(({ value }) =>
      [
        ...value.sources.map((source) => source.key).sort(),
        value.changed !== undefined,
        value.isTelling,
      ].join(','),
    )
    .join(';');
}

/** SEARCH and CYCLE collect the rows' values in columns of their own (manual 7.8.2). */
function addSearchColumns(context: UseContext, cte: Cte, shape: Shape): Shape {
  const search = cte.fields['search_clause'];
  const cycle = cte.fields['cycle_clause'];
  const added: string[] = [];
  const collected = new Set<string>();
  if (isFields(search)) {
    added.push(readText(search['search_seq_column']) ?? '');
    for (const name of readNames(search['search_col_list'])) collected.add(name);
  }
  if (isFields(cycle)) {
    added.push(readText(cycle['cycle_mark_column']) ?? '', readText(cycle['cycle_path_column']) ?? '');
    for (const name of readNames(cycle['cycle_col_list'])) collected.add(name);
  }
  if (added.length === 0) return shape;
  const values = shape.columns.filter(({ name }) => name === undefined || collected.has(name));
  const value = uniteAll(values.map((column) => column.value));
  if (isProtected(value)) requireUse(context, value, 'content', 'collected by SEARCH or CYCLE');
  const columns = added.map((name) => ({ name, value: flag(value), isCertain: true }));
  return { ...shape, columns: [...shape.columns, ...columns] };
}
