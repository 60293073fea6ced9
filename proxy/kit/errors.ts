/** The one table of errors that Portcullis itself raises: code, SQLSTATE, message, hint. Listed in proxy/README.md. */

interface ErrorRow {
  readonly sqlState: string;
  readonly message: string;
  readonly hint?: string;
}

/**
 * Every error we raise. `{name}` in a message is filled from the values given to `new PortcullisError`.
 * SQLSTATEs are PostgreSQL's own (manual, appendix A), so that drivers treat them as they would the server's.
 */
export const errorTable = {
  STATEMENT_DENIED: { sqlState: '42501', message: '{message}' },
  APPROVAL_UNAVAILABLE: { sqlState: '42501', message: '{message}' },
  APPROVAL_UNREACHABLE: {
    sqlState: '42501',
    message: 'the statement needs approval, and it could not be asked for: {message}',
    hint: 'Nothing was run. Try again when the collector can be reached.',
  },
  APPROVAL_DENIED: {
    sqlState: '42501',
    message: 'the statement was not approved: {by} has denied it',
    hint: 'Nothing was run. Change the statement, or talk to the reviewer, then run it again to ask again.',
  },
  APPROVAL_ENDED: {
    sqlState: '42501',
    message: 'the statement was not run: its request {id} {what}',
    hint: 'Run it again to ask again.',
  },
  APPROVAL_CANCELLED: {
    sqlState: '57014',
    message: 'the statement was cancelled while it waited for approval, because {reason}',
  },
  APPROVAL_OUTDATED: {
    sqlState: '42501',
    message: 'what the statement needs has changed since it was approved or prepared',
    hint: 'Nothing was run. Run it again: it is judged, and approved, as it is now.',
  },
  UNMASK_REFUSED: {
    sqlState: '42501',
    message: 'it cannot be asked to see this in clear: {message}',
    hint: 'Lookups by an exact value, joins, counts and tests work on masked columns too. Those who keep the policy can say more.',
  },
  STATEMENT_TIME_USED_UP: {
    sqlState: '57014',
    message:
      'the statement was cancelled because it ran for more than {seconds} s, which is what the policy gives it',
    hint: 'Narrow it down, or ask those who keep the policy for more time.',
  },
  IDLE_IN_TRANSACTION: {
    sqlState: '25P03',
    message:
      'the session was ended because its transaction stood open for more than {seconds} s without a statement',
    hint: 'It was rolled back. Connect again, and commit or roll back when you are done.',
  },
  ROWS_USED_UP: {
    sqlState: '53400',
    message: 'the policy gives you {rows} rows an hour, and they are used up',
    hint: 'Ask for fewer rows (LIMIT, WHERE, aggregates), wait, or ask those who keep the policy for more.',
  },
  TOO_MANY_ROWS_CHANGED: {
    sqlState: '54000',
    message: 'the statement changed {changed} rows, and the policy gives it {rows}: nothing of it was kept',
    hint: 'Narrow it down with WHERE, change the rows in portions, or ask those who keep the policy for more.',
  },
  CHANGES_NOT_COUNTED: {
    sqlState: '54000',
    message: 'the policy limits how many rows a statement may change, and of this one they cannot be counted',
    hint: 'Send the statements one by one, write into one table at a time instead of in WITH, use a plain statement instead of EXECUTE, and read what RETURNING gives at once.',
  },
  LOOKUPS_USED_UP: {
    sqlState: '53400',
    message:
      'the policy lets you look up {lookups} different values an hour in protected columns, and this would be more',
    hint: 'Look up fewer values, join with a table that has them, or wait. Those who keep the policy can let you see the column in clear, or look up more.',
  },
  LOOKUPS_NOT_COUNTED: {
    sqlState: '42501',
    message:
      'the statement compares a protected column with rows that it makes up, and nobody can tell how many',
    hint: 'Compare it with constants, parameters, a list of values, or a table that is there.',
  },
  ACCESS_EXPIRED: {
    sqlState: '28000',
    message: 'the statement was not run: {message}',
    hint: 'Sign in again: in the editor by Portcullis in the Accounts menu.',
  },
  STATEMENT_NOT_PARSED: { sqlState: '42601', message: '{message}' },
  STATEMENT_NOT_UNDERSTOOD: {
    sqlState: '42501',
    message: 'this statement was refused because Portcullis does not understand it: {message}',
    hint: 'Statements that are not understood count as the most dangerous thing they could be. Write it differently.',
  },
  STATEMENT_TOO_LONG: {
    sqlState: '54000',
    message: 'the statement is {size} bytes long; at most {limit} bytes can be judged',
    hint: 'Load the data with COPY FROM STDIN, or split the statement.',
  },
  STATEMENT_TOO_COMPLEX: {
    sqlState: '54001',
    message: 'the statement is too complex to be judged: {message}',
    hint: 'Make the statement shorter or less deeply nested.',
  },
  STATEMENT_NAME_UNKNOWN: {
    sqlState: '26000',
    message: 'prepared statement "{name}" does not exist',
    hint: 'Prepare it in this session, in a statement of its own.',
  },
  PORTAL_UNKNOWN: { sqlState: '34000', message: 'portal "{name}" does not exist' },
  TEXT_NOT_UTF8: {
    sqlState: '22021',
    message: 'the statement is not valid UTF-8',
    hint: 'Portcullis speaks UTF-8 only: set client_encoding (PGCLIENTENCODING) to UTF8.',
  },
  COPY_REFUSED: {
    sqlState: '0A000',
    message: 'this COPY cannot be masked: {message}',
    hint: 'COPY … TO STDOUT can be masked in text, CSV and binary, in UTF8.',
  },
  TABLE_NOT_FOLLOWED: {
    sqlState: '42501',
    message: 'protected columns would be copied into the table "{table}" beside other statements',
    hint: 'Send the statement that copies them in a message of its own: what it copies is then protected as what it comes from.',
  },
  COPY_STAYS_OPEN: {
    sqlState: '42501',
    message: 'protected columns would be copied into a column of "{table}" that stays open',
    hint: 'The policy’s masking.yaml says that the column holds nothing to protect: copy into another, or have the rule taken out.',
  },
  COPY_NOT_TOLD: {
    sqlState: '57P03',
    message:
      'protected columns would be copied into "{table}", and the collector cannot be told to protect them there',
    hint: 'Try again when the collector is back: until then others would see in clear what is copied.',
  },
  MASK_WRITTEN_BACK: {
    sqlState: '42501',
    message: 'a mask would be written in place of the protected value that it stands for',
    hint: 'Leave the column out of the statement, and it keeps its value; or write a value of your own.',
  },
  COLUMN_USE_REFUSED: { sqlState: '42501', message: '{message}' },
  VIEW_USE_REFUSED: {
    sqlState: '42501',
    message: 'the view "{view}" tells by its rows of {column}, which is protected and cannot be {how}',
    hint: 'Read the tables that it is made of. Where everybody may know what it tells, masking.yaml can say so: unclassify, by the name of the view, the columns that it returns unmasked.',
  },
  PLAN_WOULD_SORT: {
    sqlState: '42501',
    message:
      '{setting} is not as the server has it, and rows could come in the order of {column}, which is protected',
    hint: 'RESET it, outside of a transaction (RESET ALL puts all settings back; what the connection opens with stays until it is opened anew). EXPLAIN without ANALYZE runs all the same.',
  },
  LINEAGE_DISAGREES: {
    sqlState: '42501',
    message:
      'the answer was held back: its column {position} ("{column}") does not come from where the statement says',
    hint: 'Connect again and run it again. Where it comes again, please report the statement: Portcullis misreads it.',
  },
  JOURNAL_UNAVAILABLE: {
    sqlState: '53100',
    message: 'the statement was not run because it cannot be recorded: {message}',
    hint: 'Free space for the journal folder, then run the statement again. Reads and writes resume by themselves.',
  },
  JOURNAL_LOCKED: {
    sqlState: '55006',
    message: 'the journal folder {folder} is in use by {holder}',
    hint: 'One proxy writes one journal. Stop the other one, or give this one another data folder.',
  },
  JOURNAL_DAMAGED: {
    sqlState: 'XX001',
    message: 'the journal is damaged at {file}, line {line}: {message}',
    hint: 'Keep the folder as it is: it is evidence. Look at it with portcullis verify, and start with another data folder.',
  },
  AUTHENTICATION_FAILED: {
    sqlState: '28P01',
    message: 'password authentication failed for user "{user}"',
  },
  CONNECTION_UNKNOWN: {
    sqlState: '3D000',
    message: 'no connection is named "{name}"',
    hint: 'The database name is the name of a connection. Known here: {known}.',
  },
  REPLICATION_REFUSED: {
    sqlState: '42501',
    message: 'replication connections are not allowed through Portcullis',
    hint: 'Replication streams whole tables unmasked. Ask the database owners for another way.',
  },
  PROTOCOL_VIOLATION: { sqlState: '08P01', message: '{message}' },
  PROTOCOL_UNSUPPORTED: {
    sqlState: '0A000',
    message: 'unsupported frontend protocol {version}: Portcullis supports 3.0 to 3.2',
  },
  STARTUP_PARAMETER_REFUSED: { sqlState: '42501', message: '{message}' },
  UPSTREAM_UNAVAILABLE: {
    sqlState: '08001',
    message: 'the database behind connection "{name}" cannot be reached: {message}',
    hint: 'Check that the server is up and that the target is right: portcullis doctor.',
  },
  UPSTREAM_LOST: {
    sqlState: '08006',
    message: 'the connection to the database was lost: {message}',
    hint: 'Connect again. Whether the last statement took effect is not known; its event says so.',
  },
  ENCODING_REFUSED: {
    sqlState: '0A000',
    message: 'the setting {setting} cannot be "{value}" through Portcullis',
    hint: 'It would make the server read another statement than the one that was judged. Use {allowed}.',
  },
  SHUTTING_DOWN: {
    sqlState: '57P01',
    message: 'terminating connection because Portcullis is stopping',
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a row in {@link errorTable}. `detail` and `hint` override the table's. */
export class PortcullisError extends Error {
  readonly code: ErrorCode;
  readonly sqlState: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** 1-based position in characters of the statement's text, as ErrorResponse field P counts. */
  readonly position: number | undefined;

  constructor(
    code: ErrorCode,
    values: Readonly<Record<string, string | number>> = {},
    more: {
      detail?: string | undefined;
      hint?: string | undefined;
      position?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    const row: ErrorRow = errorTable[code];
    super(fill(row.message, values), more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PortcullisError';
    this.code = code;
    this.sqlState = row.sqlState;
    this.detail = more.detail;
    this.hint = more.hint ?? (row.hint === undefined ? undefined : fill(row.hint, values));
    this.position = more.position;
  }

  static is(error: unknown, code?: ErrorCode): error is PortcullisError {
    return error instanceof PortcullisError && (code === undefined || error.code === code);
  }
}

function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
