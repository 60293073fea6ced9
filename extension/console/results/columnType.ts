/** What a column of a RowDescription is called to a person: the type's name with its length or precision. */

/** pg_type.dat: the types that a database has before anybody creates one. */
const names: Readonly<Record<number, string>> = {
  16: 'bool',
  17: 'bytea',
  18: '"char"',
  19: 'name',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  24: 'regproc',
  25: 'text',
  26: 'oid',
  27: 'tid',
  28: 'xid',
  114: 'json',
  142: 'xml',
  194: 'pg_node_tree',
  600: 'point',
  601: 'lseg',
  602: 'path',
  603: 'box',
  604: 'polygon',
  628: 'line',
  650: 'cidr',
  700: 'float4',
  701: 'float8',
  705: 'unknown',
  718: 'circle',
  774: 'macaddr8',
  790: 'money',
  829: 'macaddr',
  869: 'inet',
  1000: 'bool[]',
  1001: 'bytea[]',
  1003: 'name[]',
  1005: 'int2[]',
  1007: 'int4[]',
  1009: 'text[]',
  1015: 'varchar[]',
  1016: 'int8[]',
  1021: 'float4[]',
  1022: 'float8[]',
  1028: 'oid[]',
  1042: 'char',
  1043: 'varchar',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1115: 'timestamp[]',
  1182: 'date[]',
  1184: 'timestamptz',
  1185: 'timestamptz[]',
  1186: 'interval',
  1231: 'numeric[]',
  1266: 'timetz',
  1560: 'bit',
  1562: 'varbit',
  1700: 'numeric',
  2205: 'regclass',
  2206: 'regtype',
  2249: 'record',
  2278: 'void',
  2950: 'uuid',
  2951: 'uuid[]',
  3220: 'pg_lsn',
  3614: 'tsvector',
  3615: 'tsquery',
  3802: 'jsonb',
  3807: 'jsonb[]',
  3904: 'int4range',
  3906: 'numrange',
  3908: 'tsrange',
  3910: 'tstzrange',
  3912: 'daterange',
  3926: 'int8range',
};

const numeric = 1700;
const withLength: ReadonlySet<number> = new Set([1042, 1043]);
const withBits: ReadonlySet<number> = new Set([1560, 1562]);
const numbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 790, numeric]);
/** Type modifiers of variable-length types count the length word (postgres.h VARHDRSZ). */
const headerSize = 4;

/** @param modifier atttypmod; -1 where there is none. */
export function describeType(oid: number, modifier: number): string {
  const name = names[oid] ?? `type ${oid}`;
  if (modifier < 0) return name;
  if (withLength.has(oid)) return `${name}(${modifier - headerSize})`;
  if (withBits.has(oid)) return `${name}(${modifier})`;
  if (oid !== numeric) return name;
  // numeric.c: precision in the upper half, scale as 11 signed bits in the lower.
  const packed = modifier - headerSize;
  const scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
  return `${name}(${packed >> 16},${scale})`;
}

export function isNumericType(oid: number): boolean {
  return numbers.has(oid);
}
