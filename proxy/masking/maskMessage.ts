/**
 * Error and notice texts of statements that touched classified columns: what may quote a value is withheld; severity,
 * SQLSTATE and positions stay, and the names of objects where the server itself put them (PostgreSQL manual, 55.8).
 */

/** Never hold values: severity, code, positions, and where in the server's source it was raised. */
const plainFields: ReadonlySet<string> = new Set(['S', 'V', 'C', 'P', 'p', 'F', 'L', 'R']);

/** Schema, table, column, type and constraint: names, but for RAISE, which takes any text for them. */
const nameFields: ReadonlySet<string> = new Set(['s', 't', 'c', 'd', 'n']);

/**
 * Classes whose primary messages hold identifiers and fixed words only. Not among them although close: 0A and 3F (a cast
 * to regclass quotes names of three and two parts), 08 (so does dblink), 34 and 3D (cursor_to_xml and pg_database_size
 * quote their argument), 22 and 44 (quote values).
 */
const safeClasses: ReadonlySet<string> = new Set(['23', '25', '26', '2B', '40', '53', '54', '55', '57']);

/**
 * Functions of the server (field R) whose errors hold no values: violations, conflicts and cancellations, also while a function of the
 * database runs: words and names are the server's then. RAISE comes from exec_stmt_raise, whatever its SQLSTATE says.
 */
const serverRoutines: ReadonlySet<string> = new Set([
  '_bt_check_unique',
  'check_exclusion_or_unique_constraint',
  'comparetup_index_btree',
  'comparetup_index_btree_tiebreak',
  'ExecConstraints',
  'ExecPartitionCheckEmitError',
  'ReportNotNullViolationError',
  'ri_ReportViolation',
  'ATRewriteTable',
  'DeadLockReport',
  'ExecDelete',
  'ExecLockRows',
  'ExecUpdate',
  'heap_lock_tuple',
  'OnConflict_CheckForSerializationFailure',
  'ProcessInterrupts',
  'exec_bind_message',
  'RevalidateCachedQuery',
  'CopyGetAttnums',
]);

/** SQLSTATE classes in words (manual, appendix A). */
const conditions: Readonly<Record<string, string>> = {
  '01': 'a warning',
  '02': 'no data',
  '08': 'the connection failed',
  '0A': 'the server does not support this',
  '09': 'a trigger raised an error',
  '20': 'no case fits',
  '21': 'a subquery gave more than one row',
  '22': 'a value does not fit its type or its use',
  '23': 'a constraint is violated',
  '24': 'the state of the cursor is not valid',
  '25': 'the state of the transaction does not allow this',
  '26': 'the prepared statement is not known',
  '28': 'the role or its password is not valid',
  '2B': 'other objects depend on it',
  '2F': 'a function raised an error',
  '34': 'the cursor is not known',
  '38': 'a function raised an error',
  '39': 'a function raised an error',
  '3B': 'the savepoint is not known',
  '3D': 'the database is not known',
  '3F': 'the schema is not known',
  '40': 'the transaction was rolled back',
  '42': 'a name, a type or a right is not valid',
  '44': 'the check option of a view is violated',
  '53': 'the server lacks resources',
  '54': 'a limit of the server is exceeded',
  '55': 'the object is not in the state that this needs',
  '57': 'the statement was stopped',
  '58': 'the server met an error of its system',
  F0: 'the configuration of the server is not valid',
  HV: 'a foreign data wrapper raised an error',
  P0: 'a function raised an error',
  XX: 'the server met an internal error',
};

const withheld = "(the server's text is withheld: it may hold protected values)";

/** A field's letter and its bytes as latin1, so that they come out as they went in. */
type Field = readonly [string, string];

export interface MessageMask {
  /** Code that may decide by protected values runs: the SQLSTATE that it fails with, and where, may tell them. */
  readonly isCodeFree: boolean;
}

/** Where in the server, or in a text that code made, something was raised. */
const placeFields: ReadonlySet<string> = new Set(['p', 'F', 'L', 'R']);

/** What RAISE gives where it is told no other (manual 41.9.1; ereport's own for what is less than an error). */
const plainStates = { error: 'P0001', warning: '01000', notice: '00000' } as const;

/**
 * Rewrites one whole ErrorResponse or NoticeResponse, type byte included. Never throws: what stands behind a broken field
 * is left out.
 */
export function maskErrorFields(
  message: Buffer,
  { isCodeFree }: MessageMask = { isCodeFree: false },
): Buffer {
  const fields = readFields(message);
  const values = new Map(fields);
  const isNotice = message[0] === 0x4e;
  const isFromServer = isServersOwn(values);
  const isChosen = isCodeFree && !isFromServer;
  const level = !isNotice ? 'error' : values.get('V') === 'WARNING' ? 'warning' : 'notice';
  const sqlState = isChosen ? plainStates[level] : (values.get('C') ?? '');
  const keepsText = !isNotice && isFromServer && mayKeepText(values, sqlState);
  let body = '';
  for (const [letter, value] of fields) {
    if (isChosen && placeFields.has(letter)) continue;
    if (letter === 'C') body += `C${sqlState}\0`;
    else if (plainFields.has(letter) || (isFromServer && nameFields.has(letter)))
      body += `${letter}${value}\0`;
    else if (letter === 'M')
      body += `M${keepsText ? value : `${describeCondition(sqlState, isNotice)} ${withheld}`}\0`;
    else if (letter === 'D' && !keepsText)
      continue; // the message says that it is withheld
    else if (letter === 'D') body += `D${withheld}\0`;
    else if (letter === 'H' && keepsText) body += `H${value}\0`;
    // W, q and whatever a newer server adds are left out.
  }
  const text = Buffer.from(`${body}\0`, 'latin1');
  const whole = Buffer.allocUnsafe(5 + text.length);
  whole.writeUInt8(message[0] ?? 0, 0);
  whole.writeInt32BE(4 + text.length, 1);
  text.copy(whole, 5);
  return whole;
}

/**
 * False where a function's code may have chosen the words: it then has a context (W), which every procedural language
 * gives. A violated constraint inside a function has one too, and is told apart by what raised it.
 */
function isServersOwn(values: ReadonlyMap<string, string>): boolean {
  return !values.has('W') || serverRoutines.has(values.get('R') ?? '');
}

/**
 * A position in the statement's text (P; not p, which counts in a function's) means that the text itself was being
 * analysed: what is quoted stands in it. Casts at run time (`email::int`, `email::regclass`) quote values and have none.
 */
function mayKeepText(values: ReadonlyMap<string, string>, sqlState: string): boolean {
  if (values.has('P') && !values.has('q')) return true;
  return safeClasses.has(sqlState.slice(0, 2)) || serverRoutines.has(values.get('R') ?? '');
}

function describeCondition(sqlState: string, isNotice: boolean): string {
  const known = conditions[sqlState.slice(0, 2)];
  if (isNotice) return known ?? 'a notice';
  return known ?? 'the statement failed';
}

function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 5; at < message.length && message[at] !== 0; ) {
    const end = message.indexOf(0, at);
    if (end < 0) break;
    fields.push([message.toString('latin1', at, at + 1), message.toString('latin1', at + 1, end)]);
    at = end + 1;
  }
  return fields;
}
