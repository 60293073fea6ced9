/** Which columns of a result are looked through for what no classification foresaw, by their types. */

/** How a value is looked through, and what becomes of it where something is found. */
export type ScannedShape =
  /** Text as it is, in arrays, composites and XML too: the found bytes are replaced. */
  | 'text'
  | 'json'
  /** jsonb in binary: JSON behind a version byte. */
  | 'jsonb'
  /** bytea as it is: the value becomes NULL where there is text in it in which something is found. */
  | 'bytes'
  /** bytea in hex or escapes (manual, 8.4): the same. */
  | 'writtenBytes'
  /** Bytes with lengths in them: the value becomes NULL. */
  | 'whole';

export interface ScannedColumn {
  /** As the result calls it. */
  readonly name: string;
  /** The column that it is, as it is; 0 for what comes from none. */
  readonly relation: number;
  readonly attribute: number;
  /** What its table calls it, or ''. */
  readonly column: string;
  readonly isArray: boolean;
  readonly shape: ScannedShape;
}

interface Field {
  readonly name: string;
  readonly relation: number;
  readonly attribute: number;
  readonly type: number;
  /** 0 text, 1 binary. */
  readonly format: number;
}

/** name text unknown bpchar varchar xml cstring: the same bytes in both formats. */
const texts: ReadonlySet<number> = new Set([19, 25, 705, 1042, 1043, 142, 2275]);
/** name[] text[] bpchar[] varchar[] xml[] cstring[] */
const textArrays: ReadonlySet<number> = new Set([1003, 1009, 1014, 1015, 143, 1263]);
/** tsvector tsquery record record[] jsonpath, and arrays of the first */
const textual: ReadonlySet<number> = new Set([3614, 3615, 2249, 2287, 4072, 3643, 3645]);
const bytea = 17;
const byteaArray = 1001;
const json = 114;
const jsonb = 3802;
/** json[] jsonb[]: what is found in an element may be a number of it, which no word can stand for. */
const jsonArrays: ReadonlySet<number> = new Set([199, 3807]);

/** OIDs below belong to the server's own catalog (FirstNormalObjectId). */
const firstUserOid = 16_384;

/** Of extensions: shapes and vectors. */
const barrenNames = /(^|\.)"?(geometry|geography|raster|vector|halfvec|sparsevec|cube|ltree)\b/;
const sameInBinary = /(^|\.)"?citext"?$/;

/** @param known the column where it is in the catalog */
export function planScan(
  field: Field,
  known: { name: string; typeName: string } | undefined,
): ScannedColumn | undefined {
  // The server's own catalogs are judged by a table (systemColumns.ts).
  if (field.relation > 0 && field.relation < firstUserOid) return undefined;
  const { name: column, typeName } = known ?? { name: '', typeName: '' };
  const shape = chooseShape(field.type, typeName, field.format === 1);
  if (shape === undefined) return undefined;
  const { name, relation, attribute, type } = field;
  return {
    name,
    relation,
    attribute,
    column,
    isArray: textArrays.has(type) || type === byteaArray || typeName.endsWith('[]'),
    shape,
  };
}

function chooseShape(type: number, typeName: string, isBinary: boolean): ScannedShape | undefined {
  if (texts.has(type)) return 'text';
  if (type === json) return 'json';
  if (type === jsonb) return isBinary ? 'jsonb' : 'json';
  if (type === bytea) return isBinary ? 'bytes' : 'writtenBytes';
  if (jsonArrays.has(type) || type === byteaArray) return 'whole';
  if (textArrays.has(type) || textual.has(type)) return isBinary ? 'whole' : 'text';
  // Types of users and extensions: hstore, citext, composites, arrays of them.
  if (type < firstUserOid || barrenNames.test(typeName)) return undefined;
  return isBinary && !sameInBinary.test(typeName) ? 'whole' : 'text';
}
