/** Calls, operators and constructors that are total: what they make of protected values may be returned, masked. */
import { harmlessExtensions } from '../../storedCode/harmlessExtensions.ts';
import { requireUse, type UseContext } from '../context.ts';
import { type Fields, fieldsOf, isFields, readList } from '../tree.ts';
import { change, flag, isProtected, ofSize, sizeOf, uniteAll, type Value } from '../value.ts';
import {
  type Argument,
  isScalar,
  isString,
  shortFunctions,
  type TotalFunction,
  totalFunctions,
} from './totalFunctions.ts';

/** Beyond this, an error about the length of a value could be brought about on purpose (1 GB is the most). */
const mostPieces = 1000;

/** What a call of that name gives, where nothing else was refused of it (FILTER, OVER and ORDER BY are judged before). */
export function judgeTotalCall(
  context: UseContext,
  names: readonly string[],
  fields: Fields,
  args: readonly Argument[],
): Value {
  const name = names.at(-1) ?? '';
  const all = uniteAll(args.map(({ value }) => value));
  const how = `passed to ${name}()`;
  const total = totalFunctions.get(name);
  if (!isProtected(all)) return ofSize(sizeOfClear(context, names, total, args));
  if (
    total === undefined ||
    !isBuiltIn(context, names) ||
    !isPlainCall(fields, total) ||
    !total.accepts(args)
  ) {
    return refuse(context, all, how);
  }
  const isAggregated = total.kind === 'aggregate';
  // As long as many rows together: nobody knows how many.
  if (isAggregated && total.isGrowing && all.isTelling) return refuse(context, all, how);
  if (fields['agg_distinct'] === true) requireUse(context, all, 'equality', 'compared by DISTINCT');
  return makeTotal(context, args, {
    how,
    isAggregated,
    isGrowing: total.isGrowing === true && !isAggregated,
    isTelling: total.isTelling === true,
    typeName: total.gives === 'same' ? typeOfChoice(args.map(({ value }) => value)) : total.gives,
  });
}

/** COALESCE, GREATEST, LEAST, CASE's results and NULLIF give one of their arguments. */
export function chooseTotal(
  context: UseContext,
  values: readonly Value[],
  how: string,
  isTelling = false,
): Value {
  const args = values.map((value) => ({ node: undefined, value }));
  return makeTotal(context, args, { how, isTelling, typeName: typeOfChoice(values) });
}

/** `||` on strings, and on strings and other plain values; on arrays and documents it may fail (9.4, 9.16, 9.19). */
export function concatenate(context: UseContext, left: Value, right: Value): Value {
  const values = [left, right];
  const isText = values.every((value) => !isProtected(value) || isScalar(value.typeName));
  const how = 'used with the operator ||';
  const args = values.map((value) => ({ node: undefined, value }));
  if (!isText || !isBuiltInOperator(context, '||')) return refuse(context, uniteAll(values), how);
  return makeTotal(context, args, { how, isGrowing: true, typeName: 'text' });
}

/** ARRAY[…]: arrays as elements may have different lengths, and then it fails. */
export function buildArray(context: UseContext, values: readonly Value[], how: string): Value {
  const all = uniteAll(values);
  if (!isProtected(all)) return ofSize(addSizes(values));
  if (!values.every((value) => !isProtected(value) || isScalar(value.typeName))) {
    return refuse(context, all, how);
  }
  const args = values.map((value) => ({ node: undefined, value }));
  return makeTotal(context, args, { how, isGrowing: true, typeName: 'anyarray[]' });
}

/** Documents of SQL/JSON's constructors (9.16.2); RETURNING may cast to what a value does not fit into. */
export function buildDocument(
  context: UseContext,
  fields: Fields,
  values: readonly Value[],
  how: string,
  isAggregated: boolean,
): Value {
  const all = uniteAll(values);
  const isPlain = fields['output'] === undefined && fields['unique'] !== true;
  if (!isProtected(all)) return ofSize(addSizes(values));
  if (!isPlain) return refuse(context, all, how);
  const args = values.map((value) => ({ node: undefined, value }));
  return makeTotal(context, args, { how, isGrowing: true, isAggregated, typeName: 'json' });
}

interface Made {
  readonly how: string;
  readonly isAggregated?: boolean;
  readonly isGrowing?: boolean;
  readonly isTelling?: boolean;
  readonly typeName?: string | undefined;
}

function makeTotal(context: UseContext, args: readonly Argument[], made: Made): Value {
  const values = args.map(({ value }) => value);
  const all = uniteAll(values);
  const size = made.isGrowing === true ? addSizes(values) : all.size;
  if (!isProtected(all)) return ofSize(size ?? 1);
  const isTooLong = made.isGrowing === true && all.isTelling === true && (size ?? 1) > mostPieces;
  if (!mayChange(context, all) || isTooLong) return refuse(context, all, made.how);
  const { how, isAggregated, isTelling, typeName } = made;
  return change(all, { how, isAggregated, isTelling, typeName, size });
}

/** True where a value may be handed to code of PostgreSQL's own: nothing of the database's comes in between. */
export function mayChange(context: UseContext, value: Value): boolean {
  return value.mayCall !== true && context.isCodeKnown && !hasCasts(context);
}

/** As every use that is not understood. */
export function refuse(context: UseContext, value: Value, how: string): Value {
  requireUse(context, value, 'content', how);
  return flag(value);
}

/** True where nobody's function of that name may be meant: one would be preferred for an exact type (manual 10.3). */
export function isBuiltIn(context: UseContext, names: readonly string[]): boolean {
  const name = names.at(-1) ?? '';
  if (names.length > 1) return names.length === 2 && names[0] === 'pg_catalog';
  if (!context.catalog.userFunctions.has(name)) return true;
  // citext brings its own min() and max(), which compare without case.
  const own = context.catalog.code.functionsNamed(name);
  return /^(min|max)$/.test(name) && own.length > 0 && own.every(({ extension }) => isHarmless(extension));
}

/** True where that operator is PostgreSQL's own, or one that a harmless extension has for its own types. */
export function isBuiltInOperator(context: UseContext, symbol: string): boolean {
  const { code } = context.catalog;
  return code
    .operatorsNamed(symbol)
    .every(({ oid, schema }) => schema === 'pg_catalog' || isHarmless(code.functionByOid(oid)?.extension));
}

/** A cast that somebody has made may stand between a column of those relations and any function. */
function hasCasts(context: UseContext): boolean {
  const { casts, functionByOid } = context.catalog.code;
  if (casts.length === 0) return false;
  const own = casts.filter(
    ({ calls }) => calls.schema !== 'pg_catalog' && !isHarmless(functionByOid(calls.oid)?.extension),
  );
  if (own.length === 0) return false;
  const types = new Set(own.flatMap((cast) => cast.types));
  for (const relation of context.protectedRelations.values()) {
    if (relation.columns.some(({ typeOid }) => types.has(typeOid))) return true;
  }
  return false;
}

function isHarmless(extension: string | undefined): boolean {
  return extension !== undefined && harmlessExtensions.has(extension);
}

function isPlainCall(fields: Fields, { kind }: TotalFunction): boolean {
  if (fields['agg_within_group'] === true || fields['func_variadic'] === true) return false;
  if (readList(fields['args']).some((node) => fieldsOf(node, 'NamedArgExpr') !== undefined)) return false;
  return kind === 'aggregate' || isFields(fields['over']) === (kind === 'window');
}

/** The type of one of several values: that of the first protected one, for the others must fit it. */
export function typeOfChoice(values: readonly Value[]): string | undefined {
  const typeName = values.find(isProtected)?.typeName;
  return isString(typeName) ? 'text' : typeName;
}

function addSizes(values: readonly Value[]): number {
  return values.reduce((sum, value) => sum + sizeOf(value), 0);
}

function sizeOfClear(
  context: UseContext,
  names: readonly string[],
  total: TotalFunction | undefined,
  args: readonly Argument[],
): number {
  if (!isBuiltIn(context, names)) return Number.POSITIVE_INFINITY;
  if (shortFunctions.has(names.at(-1) ?? '')) return 1;
  const isBounded = total !== undefined && (total.kind !== 'aggregate' || total.isGrowing !== true);
  return isBounded ? addSizes(args.map(({ value }) => value)) : Number.POSITIVE_INFINITY;
}
