/**
 * Error and notice texts of statements that touched classified columns: what may quote a value is withheld, SQLSTATE and
 * the names of objects stay (PostgreSQL manual, 55.8: the fields; TOOLING: where values have been seen in them).
 */

/** Kept as they are: severity, code, positions, routine, schema, table, column, type and constraint names. */
const plainFields: ReadonlySet<string> = new Set([
  'S',
  'V',
  'C',
  'P',
  'p',
  'F',
  'L',
  'R',
  's',
  't',
  'c',
  'd',
  'n',
]);

/** Classes whose primary messages hold identifiers and fixed words only. */
const safeClasses: ReadonlySet<string> = new Set([
  '00',
  '01',
  '08',
  '0A',
  '23',
  '25',
  '26',
  '2B',
  '34',
  '3D',
  '40',
  '53',
  '54',
  '55',
  '57',
]);

/** Class 42 quotes names of the statement's text while it is analysed, which is when it has a position; casts at run time (::regclass) quote values, and have none. */
const namingClass = '42';

const conditions: Readonly<Record<string, string>> = {
  '22': 'a value does not fit',
  '23': 'a constraint is violated',
  '3F': 'a schema name is not valid',
  '42': 'a name is not valid',
  '44': 'the check of a view is violated',
  P0: 'a function raised an error',
  XX: 'the server failed',
};

const withheld = "(the server's text is withheld: it may hold protected values)";

/** Rewrites one whole ErrorResponse or NoticeResponse, type byte included. */
export function maskErrorFields(message: Buffer): Buffer {
  const fields = readFields(message);
  const code = fields.find(([letter]) => letter === 'C')?.[1] ?? '';
  const hasPosition = fields.some(([letter]) => letter === 'P');
  const isNotice = message[0] === 0x4e;
  const keepsText = !isNotice && mayKeepText(code, hasPosition);
  let body = '';
  for (const [letter, value] of fields) {
    if (plainFields.has(letter)) body += `${letter}${value}\0`;
    else if (letter === 'M') body += `M${keepsText ? value : `${describe(code)} ${withheld}`}\0`;
    else if (letter === 'H' && keepsText) body += `H${value}\0`;
    else if (letter === 'D') body += `D${withheld}\0`;
    // W, q and whatever a newer server adds are left out.
  }
  const text = Buffer.from(`${body}\0`, 'utf8');
  const head = Buffer.allocUnsafe(5);
  head.writeUInt8(message[0] ?? 0, 0);
  head.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}

function mayKeepText(code: string, hasPosition: boolean): boolean {
  const sqlClass = code.slice(0, 2);
  return safeClasses.has(sqlClass) || (sqlClass === namingClass && hasPosition);
}

function describe(code: string): string {
  return conditions[code.slice(0, 2)] ?? (code.startsWith('0') ? 'a message' : 'an error');
}

function readFields(message: Buffer): [string, string][] {
  const fields: [string, string][] = [];
  for (let at = 5; at < message.length && message[at] !== 0; ) {
    const end = message.indexOf(0, at);
    if (end < 0) break;
    fields.push([message.toString('latin1', at, at + 1), message.toString('utf8', at + 1, end)]);
    at = end + 1;
  }
  return fields;
}
