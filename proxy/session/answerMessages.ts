/** What the proxy itself says to a client during a session, and the little that it reads of the server's answers. */
import type { ApprovalRequest } from '../approvals/request.ts';
import type { HoldNoticeState, MaskedColumnsNotice, MaskNoticeState } from '../control/messages.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { MaskPlan } from '../masking/maskPlan.ts';
import { maskMethod } from '../masking/maskValue.ts';
import { encodeError } from '../wire/backendMessages.ts';
import { MessageCursor } from '../wire/cursor.ts';

const holdNoticeState: HoldNoticeState = '01P02';
const maskNoticeState: MaskNoticeState = '01P01';

/** The notice before rows of which some columns are masked. */
export function encodeMaskNotice({ columns, maskedColumns, reasons = [] }: MaskPlan): Buffer {
  const indexes = columns.flatMap((mask, index) => (mask === undefined ? [] : [index]));
  const notice: MaskedColumnsNotice = {
    columns: maskedColumns.map(({ column, classification }, i) => ({
      index: indexes[i] ?? 0,
      name: column,
      classification,
      method: maskMethod(columns[indexes[i] ?? 0]),
      ...reasons[indexes[i] ?? 0],
    })),
    clear: reasons.flatMap((reason, index) => (columns[index] === undefined ? [{ index, ...reason }] : [])),
  };
  return encodeError({
    severity: 'NOTICE',
    sqlState: maskNoticeState,
    message: `masked: ${maskedColumns.map(({ column, classification }) => `${column} (${classification})`).join(', ')}`,
    detail: JSON.stringify(notice),
  });
}

/** The notice that a statement waits for a reviewer. */
export function encodeHoldNotice({ id, approvers, findings }: ApprovalRequest): Buffer {
  return encodeError({
    severity: 'NOTICE',
    sqlState: holdNoticeState,
    message: `waiting for approval by ${approvers.join(' and ')}: ${findings[0]?.message ?? 'policy asks for it'}`,
    detail: JSON.stringify({ request: id }),
    hint: 'It runs as soon as a reviewer approves it. Cancel it to withdraw the request.',
  });
}

/** CommandComplete's tag. */
export function readTag(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('latin1', start + 5, end - 1);
}

/** Severity (not translated) and SQLSTATE of an ErrorResponse or NoticeResponse. */
export function readErrorFields(message: Buffer): { severity: string; sqlState: string } {
  const cursor = new MessageCursor(message, 5, message.length);
  let severity = '';
  let sqlState = '';
  for (let field = cursor.byte(); field !== 0; field = cursor.byte()) {
    const value = cursor.cstringBytes();
    if (field === 0x56)
      severity = value.toString('latin1'); // V: not translated
    else if (field === 0x43) sqlState = value.toString('latin1'); // C
  }
  return { severity, sqlState };
}

/** The ErrorResponse that stands in place of the server's where we refused. */
export function encodeRefusal(error: PortcullisError): Buffer {
  const { sqlState, message, detail, hint, position } = error;
  return encodeError({ severity: 'ERROR', sqlState, message, detail, hint, position });
}

/**
 * Settings that the server must report as we pinned them; with others it reads another text than we judge. `UNICODE` is UTF8:
 * the one old name that the server repeats as it was given (check_client_encoding in commands/variable.c).
 */
const pinned: Readonly<Record<string, readonly [string, ...string[]]>> = {
  client_encoding: ['UTF8', 'UNICODE'],
  standard_conforming_strings: ['on'],
};

/** Throws PortcullisError ENCODING_REFUSED where a ParameterStatus says that a pinned setting has changed. */
export function checkParameterStatus(buffer: Buffer, start: number, end: number): string {
  const cursor = new MessageCursor(buffer, start + 5, end);
  const name = cursor.cstringBytes().toString('utf8');
  const value = cursor.cstringBytes().toString('utf8');
  const wanted = pinned[name];
  if (wanted !== undefined && !wanted.includes(value)) {
    throw new PortcullisError('ENCODING_REFUSED', { setting: name, value, allowed: wanted[0] });
  }
  return name;
}
