/** Turns what a client of PostgreSQL throws into what the results view shows. */
import type { ResultProblem } from '../../kit/gridMessages.ts';

/** The fields of an ErrorResponse as pg gives them; a broken socket has a message alone. */
interface ThrownFields {
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly position?: string | undefined;
}

const longestLine = 300;
const reconnectHint =
  'Run the statement again: the console connects anew. What was not committed, and temporary tables, are gone.';
/** The console is not told when a waiting statement begins to run. */
const heldHint =
  'It was waiting for approval: it ran only if Activity lists it. Run it again: the console connects anew.';
/** SQLSTATE class 57P: the server ended the connection. */
const endedByServer = /^57P0[123]$/;

/** True for what the server (or the proxy) said, false for a broken line. */
export function isServerError(error: unknown): error is ThrownFields {
  return typeof error === 'object' && error !== null && 'severity' in error && 'code' in error;
}

/** @param wasHeld the statement was waiting for approval, as far as the console knows. */
export function describeFailure(error: unknown, sql: string, wasHeld = false): ResultProblem {
  if (!isServerError(error))
    return {
      message: `The connection was lost: ${error instanceof Error ? error.message : String(error)}.`,
      hint: wasHeld ? heldHint : reconnectHint,
    };
  const { message = 'The statement failed.', detail, code, position } = error;
  const hint = error.hint ?? (endedByServer.test(code ?? '') ? reconnectHint : undefined);
  const place = position === undefined ? undefined : placeOf(sql, Number(position));
  return {
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(code === undefined ? {} : { sqlState: code }),
    ...(place === undefined ? {} : { place }),
  };
}

/**
 * @param position as ErrorResponse counts it: characters (not UTF-16 units), from 1.
 */
export function placeOf(sql: string, position: number): ResultProblem['place'] {
  if (!Number.isInteger(position) || position < 1) return undefined;
  const before = [...sql].slice(0, position - 1).join('');
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = sql.indexOf('\n', lineStart);
  return {
    line: before.split('\n').length,
    column: before.length - lineStart + 1,
    text: sql.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).slice(0, longestLine),
  };
}
