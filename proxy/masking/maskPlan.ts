/** Which columns of a result are masked, and how: from where RowDescription, or else lineage, says that they come. */
import { PortcullisError } from '../kit/errors.ts';
import type { Catalog, CatalogColumn } from '../schema/catalog.ts';
import type { LineageSource, OutputColumn, OutputLineage } from '../sql/lineage/outputLineage.ts';
import type { Classification, ClassificationKind, Classifications } from './classification.ts';
import { planScan, type ScannedColumn } from './detecting/scanPlan.ts';
import { type ColumnReason, explainColumn } from './explainColumn.ts';
import { chooseMask, type Mask, maskMethod } from './maskValue.ts';

export interface MaskPlan {
  /** One entry a column of the result, in order; undefined where it passes as it is. */
  readonly columns: readonly (Mask | undefined)[];
  /** What the outcome records of it. */
  readonly maskedColumns: readonly { readonly column: string; readonly classification: ClassificationKind }[];
  /** Columns without a mask whose values are looked through; undefined where there are none. */
  readonly scans?: readonly (ScannedColumn | undefined)[];
  /** Of each column, why it is masked or not. */
  readonly reasons?: readonly ColumnReason[];
}

export interface PlannedMasks {
  /** Undefined where no column is masked, and none is looked through. */
  readonly plan: MaskPlan | undefined;
  /** OIDs of user relations that the catalog does not know: load it again before rows pass. */
  readonly unknownRelations: readonly number[];
  /** Columns of relations that it knows, but not with that column: `oid.attnum`. */
  readonly unknownColumns: readonly string[];
}

/** What is known of a statement besides its RowDescription. */
export interface RowsKnown {
  /** It calls functions that cannot be looked into: what comes from no column may be anything. */
  readonly isOpaque?: boolean;
  /**
   * Where its columns come from; several where a cursor may be one of several. What comes from protected columns without
   * being one, and so has no origin in RowDescription, is masked as a whole.
   */
  readonly outputs?: readonly OutputLineage[];
  /** Nothing is known of where columns without an origin come from: all are masked. */
  readonly isOutputUnknown?: boolean;
  /** What was classified when a cursor was opened: its rows are of then, whatever has become of the tables. */
  readonly before?: Classifications | undefined;
  /** The state of catalog and classifications now: a lineage of another state is not held against RowDescription. */
  readonly ground?: string;
  /** Which columns are not looked through, for they may be seen in clear; 0, 0: those that come from none. */
  readonly isClear?: (relation: number, attribute: number) => boolean;
}

/** OIDs below belong to the server's own catalog (FirstNormalObjectId). */
const firstUserOid = 16_384;

/** Of a field, after its name: relation, attribute, type, size, modifier, format. */
const fieldBytes = 18;

/** One field of RowDescription (PostgreSQL manual, 55.7). */
interface ResultField {
  readonly name: string;
  readonly relation: number;
  readonly attribute: number;
  readonly type: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

/**
 * Plans the masks for the rows that a RowDescription announces. An origin that it names is that of a column that is returned
 * as it is, and says for certain what it is; where it names none, lineage says.
 *
 * @param message the whole message, type byte included, as sent for the very rows (its formats are theirs)
 * @throws PortcullisError PROTOCOL_VIOLATION where the message is not whole; LINEAGE_DISAGREES where the two say what
 *   cannot both be true
 */
export function planMasks(
  message: Buffer,
  catalog: Catalog,
  classifications: Classifications,
  known: RowsKnown = {},
): PlannedMasks {
  const fields = readFields(message);
  const outputs = (known.outputs ?? []).map((output) => alignOutput(output, fields.length));
  if (outputs.length === 1) checkLineage(fields, outputs[0], known.ground, classifications);
  const columns: (Mask | undefined)[] = [];
  const maskedColumns: { column: string; classification: ClassificationKind }[] = [];
  const scans: (ScannedColumn | undefined)[] = [];
  const reasons: ColumnReason[] = [];
  const unknownRelations = new Set<number>();
  const unknownColumns = new Set<string>();
  for (const [index, field] of fields.entries()) {
    const isUser = field.relation >= firstUserOid;
    if (isUser && !catalog.relations.has(field.relation)) unknownRelations.add(field.relation);
    else if (isUser && !hasColumn(field, catalog)) unknownColumns.add(`${field.relation}.${field.attribute}`);
    const found = [classifications, known.before].flatMap((classified) => {
      if (classified === undefined) return [];
      return (
        classify(field, classified) ??
        (field.relation === 0 ? classifyMade(field, index, known, outputs, classified) : undefined) ??
        []
      );
    });
    const classification = found[0];
    const mask =
      classification &&
      chooseMask(
        classification.kind,
        typeOf(field, catalog),
        field.format,
        classification.isDerived,
        classification.mask,
      );
    columns.push(mask);
    reasons.push(explainColumn(field, classification, maskMethod(mask), catalog, classifications));
    if (classification !== undefined) {
      maskedColumns.push({ column: field.name, classification: classification.kind });
    }
    const isScanned =
      classification === undefined && known.isClear?.(field.relation, field.attribute) !== true;
    scans.push(isScanned ? planScan(field, columnOf(field, catalog)) : undefined);
  }
  const hasScans = scans.some((scan) => scan !== undefined);
  const plan =
    maskedColumns.length === 0 && !hasScans
      ? undefined
      : { columns, maskedColumns, reasons, ...(hasScans && { scans }) };
  return { plan, unknownRelations: [...unknownRelations], unknownColumns: [...unknownColumns] };
}

/** What an outcome records: undefined where the plan masks no column. */
export function maskedColumnsOf(plan: MaskPlan | undefined): MaskPlan['maskedColumns'] | undefined {
  return plan === undefined || plan.maskedColumns.length === 0 ? undefined : plan.maskedColumns;
}

/** A lineage that does not have the columns of the result says of each what it says of any. */
function alignOutput(output: OutputLineage, width: number): OutputLineage {
  if (output.isOrdered && output.columns.length === width) return output;
  return { ...output, isOrdered: false };
}

/** What comes from no column: made of others, or by functions. */
function classifyMade(
  field: ResultField,
  index: number,
  { isOpaque, isOutputUnknown }: RowsKnown,
  outputs: readonly OutputLineage[],
  classifications: Classifications,
): Classification | undefined {
  for (const { columns, isOrdered } of outputs) {
    const sources = isOrdered ? (columns[index]?.sources ?? []) : anyMade(columns);
    const found = mostTelling(sources, classifications);
    if (found !== undefined) return found;
  }
  if (isOutputUnknown === true) return unknownResult;
  return isOpaque === true && !barrenTypes.has(field.type) ? opaqueResult : undefined;
}

/** Where positions are not known, the sources of all columns that need not have an origin. */
function anyMade(columns: readonly OutputColumn[]): readonly LineageSource[] {
  return columns.filter(({ keepsOrigin }) => !keepsOrigin).flatMap(({ sources }) => sources);
}

/** Secrets before the rest. A source that is not classified any more, or not for this identity, does not count. */
function mostTelling(
  sources: readonly LineageSource[],
  classifications: Classifications,
): Classification | undefined {
  const found = sources.flatMap(({ oid, attribute }) => classifications.of(oid, attribute) ?? []);
  const chosen = found.find(({ kind }) => kind.startsWith('secret.')) ?? found[0];
  if (chosen === undefined) return undefined;
  const { kind, use, why, confidence } = chosen;
  return { kind, use, why, confidence, isDerived: true };
}

/**
 * Lineage stands on the catalog, RowDescription on the server's own reading of the statement. Where both know a column and
 * disagree, the statement was not understood, and nothing of its answer may pass.
 */
function checkLineage(
  fields: readonly ResultField[],
  output: OutputLineage | undefined,
  ground: string | undefined,
  classifications: Classifications,
): void {
  if (output?.isOrdered !== true || ground === undefined || output.ground !== ground) return;
  for (const [index, field] of fields.entries()) {
    const column = output.columns[index];
    if (column === undefined || field.relation === 0) continue;
    const classified = field.attribute !== 0 && classifications.of(field.relation, field.attribute);
    const isMissed = classified && classified.use !== 'open' && column.sources.length === 0;
    // What a function made of a column is that column no more.
    if (isMissed || column.how !== 'copied') {
      throw new PortcullisError('LINEAGE_DISAGREES', { column: field.name, position: index + 1 });
    }
  }
}

function hasColumn({ relation, attribute }: ResultField, catalog: Catalog): boolean {
  if (attribute <= 0) return true;
  return catalog.relations.get(relation)?.columns.some(({ number }) => number === attribute) === true;
}

/** Types that carry no text: results of functions in them pass, as ids, counts and times do every day. */
const barrenTypes: ReadonlySet<number> = new Set([
  16, 20, 21, 23, 26, 700, 701, 1700, 1082, 1083, 1114, 1184, 1186, 1266, 2278, 2950,
]);

const opaqueResult: Classification = {
  kind: 'pii.freeText',
  use: 'none',
  why: 'it comes from a function that cannot be looked into',
  confidence: 0.5,
  isDerived: true,
};

const unknownResult: Classification = { ...opaqueResult, why: 'where it comes from is not known' };

function classify(field: ResultField, classifications: Classifications): Classification | undefined {
  if (field.relation === 0) return undefined;
  if (field.attribute !== 0) return classifications.of(field.relation, field.attribute);
  // A whole row: protected as its most telling column is, and nothing of it can be shown.
  return classifications.inRelation(field.relation)?.values().next().value;
}

/** The type by OID, and by name where it is an extension's (citext) whose OID differs between databases. */
function typeOf(field: ResultField, catalog: Catalog): { oid: number; name: string; isWholeRow: boolean } {
  const column = catalog.relations
    .get(field.relation)
    ?.columns.find(({ number }) => number === field.attribute);
  return {
    oid: field.type,
    name: column?.typeName ?? '',
    isWholeRow: field.relation !== 0 && field.attribute === 0,
  };
}

function columnOf({ relation, attribute }: ResultField, catalog: Catalog): CatalogColumn | undefined {
  return catalog.relations.get(relation)?.columns.find(({ number }) => number === attribute);
}

function readFields(message: Buffer): ResultField[] {
  if (message.length < 7) throw broken();
  const count = message.readInt16BE(5);
  const fields: ResultField[] = [];
  let at = 7;
  for (let i = 0; i < count; i++) {
    const end = message.indexOf(0, at);
    if (end < 0 || end + 1 + fieldBytes > message.length) throw broken();
    const name = message.toString('utf8', at, end);
    at = end + 1;
    fields.push({
      name,
      relation: message.readUInt32BE(at),
      attribute: message.readInt16BE(at + 4),
      type: message.readUInt32BE(at + 6),
      format: message.readInt16BE(at + 16),
    });
    at += fieldBytes;
  }
  if (at !== message.length) throw broken();
  return fields;
}

function broken(): PortcullisError {
  return new PortcullisError('PROTOCOL_VIOLATION', { message: 'the server sent a broken row description' });
}
