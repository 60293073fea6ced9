/** Why a column is masked, or is not, in a sentence for people: what it holds, how that is known, and since when. */
import type { Catalog } from '../schema/catalog.ts';
import type { ApprovedSight, Classification, Classifications } from './classification.ts';

export interface ColumnReason {
  /** `schema.table.column`; absent where it comes from no one column. */
  readonly source?: string;
  /** Full sentences. */
  readonly why: string;
}

/** Where a value comes from: OIDs and numbers as RowDescription has them, 0 where it is made of others. */
export interface ColumnOrigin {
  readonly relation: number;
  readonly attribute: number;
}

/**
 * @param classification of the value, as it is masked by; undefined where it is not masked
 * @param method see `maskMethod`
 */
export function explainColumn(
  origin: ColumnOrigin,
  classification: Classification | undefined,
  method: string,
  catalog: Catalog,
  classifications: Classifications,
): ColumnReason {
  const source = nameOf(origin, catalog);
  const named = source === undefined ? {} : { source };
  if (classification !== undefined) return { ...named, why: explainMasked(classification, method) };
  const { relation, attribute } = origin;
  const policy = relation === 0 ? undefined : classifications.unmaskedBy?.(relation, attribute);
  const grant = relation === 0 ? undefined : classifications.grantOf?.(relation, attribute);
  if (policy !== undefined && grant !== undefined) return { ...named, why: explainGrant(grant, policy) };
  if (policy !== undefined)
    return { ...named, why: `Not masked: the policy ${policy} lets you see it in clear.` };
  const exempt = relation === 0 ? undefined : classifications.exemptedBy?.(relation, attribute);
  if (exempt !== undefined)
    return { ...named, why: `Not masked: ${exempt.place} says so: ${asSentence(exempt.reason)}` };
  if (source === undefined) return { why: 'Not masked: nothing protected is in it.' };
  return { ...named, why: 'Not masked: nothing says that it is personal or secret.' };
}

/** `Masked (partial) as pii.email: the column is named email (90 % sure, since 2026-05-06).` */
function explainMasked({ kind, why, confidence, since, isDerived }: Classification, method: string): string {
  const sure = `${Math.round(confidence * 100)} % sure`;
  const known = since === undefined ? sure : `${sure}, since ${since.slice(0, 10)}`;
  const made = isDerived === true ? ' What is computed from such values shows nothing of them.' : '';
  return `Masked (${method}) as ${kind}: ${why} (${known}).${made}`;
}

function explainGrant({ reviewers, until, request }: ApprovedSight, policy: string): string {
  const end = `${until.slice(0, 16).replace('T', ' ')} UTC`;
  return `Not masked: ${reviewers.join(' and ')} approved that you see it in clear until ${end} (request ${request}, policy ${policy}).`;
}

function nameOf({ relation, attribute }: ColumnOrigin, catalog: Catalog): string | undefined {
  const found = catalog.relations.get(relation);
  if (found === undefined) return undefined;
  const column = found.columns.find(({ number }) => number === attribute);
  return column === undefined ? undefined : `${found.schema}.${found.name}.${column.name}`;
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
