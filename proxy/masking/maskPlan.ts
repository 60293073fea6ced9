/** Which columns of a result are masked, and how: from where RowDescription says that they come. */
import { PortcullisError } from '../kit/errors.ts';
import type { Catalog } from '../schema/catalog.ts';
import type { Classification, ClassificationKind, Classifications } from './classification.ts';
import { chooseMask, type Mask } from './maskValue.ts';

export interface MaskPlan {
  /** One entry a column of the result, in order; undefined where it passes as it is. */
  readonly columns: readonly (Mask | undefined)[];
  /** What the outcome records of it. */
  readonly maskedColumns: readonly { readonly column: string; readonly classification: ClassificationKind }[];
}

export interface PlannedMasks {
  /** Undefined where no column is masked. */
  readonly plan: MaskPlan | undefined;
  /** OIDs of user relations that the catalog does not know: load it again before rows pass. */
  readonly unknownRelations: readonly number[];
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
 * Plans the masks for the rows that a RowDescription announces.
 * @param message the whole message, type byte included, as sent for the very rows (its formats are theirs)
 * @param isOpaque the statement calls functions that cannot be looked into: what comes from no column may be anything
 * @throws PortcullisError PROTOCOL_VIOLATION where the message is not whole
 */
export function planMasks(
  message: Buffer,
  catalog: Catalog,
  classifications: Classifications,
  isOpaque = false,
): PlannedMasks {
  const fields = readFields(message);
  const columns: (Mask | undefined)[] = [];
  const maskedColumns: { column: string; classification: ClassificationKind }[] = [];
  const unknownRelations = new Set<number>();
  for (const field of fields) {
    if (field.relation >= firstUserOid && !catalog.relations.has(field.relation)) {
      unknownRelations.add(field.relation);
    }
    const classification = isOpaque
      ? classifyOpaque(field, classifications)
      : classify(field, classifications);
    columns.push(
      classification &&
        chooseMask(classification.kind, typeOf(field, catalog), field.format, classification.isDerived),
    );
    if (classification !== undefined) {
      maskedColumns.push({ column: field.name, classification: classification.kind });
    }
  }
  const plan = maskedColumns.length === 0 ? undefined : { columns, maskedColumns };
  return { plan, unknownRelations: [...unknownRelations] };
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

function classifyOpaque(field: ResultField, classifications: Classifications): Classification | undefined {
  if (field.relation !== 0) return classify(field, classifications);
  return barrenTypes.has(field.type) ? undefined : opaqueResult;
}

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
  return { oid: field.type, name: column?.typeName ?? '', isWholeRow: field.attribute === 0 };
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
