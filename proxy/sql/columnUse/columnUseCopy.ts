/**
 * Protected values that a statement writes into another column (INSERT … SELECT, UPDATE, MERGE): what is protected there as it is
 * where it comes from may be copied; where it would be protected less, or where writing it tells something, it may not.
 */
import type { Classification, ColumnUseRight } from '../../masking/classification.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import { requireUse, type UseContext } from './columnUseContext.ts';
import { findCandidates } from './columnUseRelation.ts';
import { isProtected, type Source, type Value } from './columnUseValue.ts';

/** Where a value is written to, as the statement names it. */
export interface CopyTarget {
  readonly schema: string | undefined;
  readonly relation: string;
  readonly column: string;
}

/** Requires that the value may be written there. True where it is protected, and may. */
export function requireCopy(context: UseContext, value: Value, target: CopyTarget): boolean {
  if (!isProtected(value)) return false;
  if (mayCopy(context, value, target)) return true;
  requireUse(context, value, 'content', `copied into ${target.relation}.${target.column}`);
  return false;
}

function mayCopy(context: UseContext, value: Value, { schema, relation, column }: CopyTarget): boolean {
  const isWhole = value.changed === undefined && value.mayCall !== true && value.isWholeRow !== true;
  if (!context.mayCopy || !isWhole || value.isFlagged === true) return false;
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
