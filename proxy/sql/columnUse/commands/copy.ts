/**
 * Protected values that a statement writes into another column (INSERT … SELECT, UPDATE, MERGE): what is protected there as it is
 * where it comes from may be copied, and into a column that nothing protects, which then becomes as protected as that; where it
 * would be protected less, or where writing it tells something, it may not.
 */
import type { Classification, ColumnUseRight } from '../../../masking/classification.ts';
import type { CatalogRelation } from '../../../schema/catalog.ts';
import { requireUse, type UseContext } from '../context.ts';
import { findCandidates } from '../queries/relation.ts';
import { isProtected, type Source, type Value } from '../value.ts';

/** Where a value is written to, as the statement names it. */
export interface CopyTarget {
  readonly schema: string | undefined;
  readonly relation: string;
  readonly column: string;
  /** True where the column may become protected by it: nothing reads it again before that is known. */
  readonly mayCarry?: boolean;
}

/** Requires that the value may be written there. True where it is protected, and may. */
export function requireCopy(context: UseContext, value: Value, target: CopyTarget): boolean {
  if (!isProtected(value)) return false;
  if (mayCopy(context, value, target) || carry(context, value, target)) return true;
  requireUse(context, value, 'content', `copied into ${target.relation}.${target.column}`);
  return false;
}

function isWhole({ changed, mayCall, isWholeRow, isFlagged }: Value): boolean {
  return changed === undefined && mayCall !== true && isWholeRow !== true && isFlagged !== true;
}

/** Notes a column that becomes protected as what is written to it: one kind, masked as that kind is by itself. */
function carry(
  context: UseContext,
  value: Value,
  { schema, relation, column, mayCarry }: CopyTarget,
): boolean {
  if (mayCarry !== true || !context.mayCopy || !isWhole(value)) return false;
  const [found, other] = findCandidates(context, schema, relation);
  const target = found?.columns.find(({ name }) => name === column);
  if (found === undefined || other !== undefined || target === undefined) return false;
  const kinds = new Set(value.sources.map(({ classification }) => classification.kind));
  const isPlain =
    kinds.size === 1 && value.sources.every(({ classification }) => classification.mask === undefined);
  const isFree = context.classifications.of(found.oid, target.number) === undefined;
  if (!isPlain || !isFree || !fits(value.typeName, target.typeName)) return false;
  if (!keepsToItself(context, found, column)) return false;
  context.carries.push({
    relation: found.oid,
    column: target.number,
    table: found.name,
    sources: value.sources,
  });
  return true;
}

function mayCopy(context: UseContext, value: Value, { schema, relation, column }: CopyTarget): boolean {
  if (!context.mayCopy || !isWhole(value)) return false;
  const candidates = findCandidates(context, schema, relation);
  return (
    candidates.length > 0 &&
    candidates.every((found) => {
      const target = found.columns.find(({ name }) => name === column);
      const classification = target && context.classifications.of(found.oid, target.number);
      return (
        classification !== undefined &&
        value.sources.every((source) => protectsAsMuch(classification, source)) &&
        fits(value.typeName, target?.typeName) &&
        keepsToItself(context, found, column)
      );
    })
  );
}

/** From what may be done least to what may be done most. */
const rights: readonly ColumnUseRight[] = ['none', 'equality', 'order', 'open'];

/** The same kind, which policies tell columns by; no more may be done with it, and its mask shows no more. */
function protectsAsMuch(target: Classification, { classification: source }: Source): boolean {
  const method = target.mask?.method;
  return (
    target.kind === source.kind &&
    rights.indexOf(target.use) <= rights.indexOf(source.use) &&
    (target.isDerived === true || source.isDerived !== true) &&
    (method === source.mask?.method || method === 'redact' || method === 'null')
  );
}

const unlimitedTexts: ReadonlySet<string> = new Set(['text', 'character varying']);

/**
 * Nothing is converted or cut on the way: whether that fails would tell of the value, and masks go by types. The type of what is
 * not a value by itself (a row, what a collation was given to) is not known.
 */
function fits(source: string | undefined, target: string | undefined): boolean {
  if (source === undefined || target === undefined) return false;
  if (source === target) return true;
  return unlimitedTexts.has(target) && (source === 'text' || source.startsWith('character varying'));
}

/**
 * True for a plain table where nothing but the column itself gets the value: no trigger or rule sees it, it does not choose a
 * partition, no foreign key passes it on, and no constraint, policy, index or generated column computes with it.
 */
function keepsToItself({ catalog }: UseContext, relation: CatalogRelation, column: string): boolean {
  const { code } = catalog;
  const { oid, kind, parents } = relation;
  return (
    kind === 'table' &&
    parents.length === 0 &&
    catalog.descendantsOf(oid).length === 0 &&
    code.rulesOn(oid).length === 0 &&
    !code.triggersOn(oid).some(({ events }) => events.includes('insert') || events.includes('update')) &&
    !code.actionsOf(oid).some(({ onUpdate }) => onUpdate === 'update') &&
    !code
      .expressionsOn(oid)
      .some(({ text }) => mentions(text, column) || mentions(text, `${relation.name}.*`))
  );
}

/** Whether the text may name the column: bare, or in quotes, which are doubled within. */
function mentions(text: string, name: string): boolean {
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return (
    text.includes(`"${name.replaceAll('"', '""')}"`) ||
    new RegExp(`(?<![\\w$])${pattern}(?![\\w$])`).test(text)
  );
}
