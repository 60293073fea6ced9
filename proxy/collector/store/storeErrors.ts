/** What a failure of the store means: that it is away, or that it was given what it cannot hold. */

const unavailableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '25006', // read_only_sql_transaction: a standby, in the middle of a failover
  '53300', // too_many_connections
  '57014', // query_canceled, by our own time limit
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
]);

/** Thrown by `pg` without a code. */
const unavailableMessages =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error|not queryable|connection error/i;

/** Whether the store could not be reached, or went away in the middle. Class 08 is connection_exception. */
export function isStoreUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (unavailableCodes.has(code) || code.startsWith('08')) return true;
  if (error instanceof AggregateError && error.errors.some(isStoreUnavailable)) return true;
  return code === '' && unavailableMessages.test(error.message);
}

const refusedTextCodes = new Set([
  '22P02', // invalid_text_representation: half a surrogate pair in jsonb
  '22P05', // untranslatable_character: \u0000 in jsonb
  '22021', // character_not_in_repertoire: a NUL in text
  '22007', // invalid_datetime_format
  '22008', // datetime_field_overflow
]);

/** Whether PostgreSQL could not hold a text as such: a mistake of who sent it. */
export function isTextRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && refusedTextCodes.has(String(error.code));
}
