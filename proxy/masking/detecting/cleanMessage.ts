/** Texts that the server sends beside rows: errors, notices and notifications, with what was found in them replaced. */
import { cleanValue, findInValue } from './cleanValue.ts';

/** Type byte and length word; a notification's process id besides (manual, 55.7). */
const headBytes = 5;
const notificationHeadBytes = 9;
const notification = 0x41; // A

const plainText = { shape: 'text', column: '' } as const;

/**
 * The whole message source[start, end) of ErrorResponse, NoticeResponse or NotificationResponse with its texts cleaned;
 * undefined where nothing is found in them.
 */
export function cleanMessage(source: Buffer, start: number, end: number): Buffer | undefined {
  const isNotification = source[start] === notification;
  const first = start + (isNotification ? notificationHeadBytes : headBytes);
  const parts: Buffer[] = [];
  let copied = start;
  for (let at = first; at < end; ) {
    let textEnd = at;
    while (textEnd < end && source[textEnd] !== 0) textEnd++;
    // Each field of an error begins with its type.
    const textStart = isNotification ? at : Math.min(at + 1, textEnd);
    const cleaned = cleanValue(plainText, source, textStart, textEnd);
    if (cleaned?.bytes !== undefined) {
      parts.push(source.subarray(copied, textStart), cleaned.bytes);
      copied = textEnd;
    }
    at = textEnd + 1;
  }
  if (parts.length === 0) return undefined;
  const message = Buffer.concat([...parts, source.subarray(copied, end)]);
  message.writeInt32BE(message.length - 1, 1);
  return message;
}

/** Where the value begins in FunctionCallResponse, behind its length (manual, 55.7). */
const resultHeadBytes = 9;

/** Whether something is found in the value of the FunctionCallResponse source[start, end): of which type it is, is not said. */
export function isFoundInResult(source: Buffer, start: number, end: number): boolean {
  const from = start + resultHeadBytes;
  return (['text', 'bytes'] as const).some(
    (shape) => findInValue({ shape, column: '' }, source, from, end) !== undefined,
  );
}
