/** Encodes what the proxy itself says to a client, byte by byte (PostgreSQL manual, 55.7 and 55.8). */
import { Backend } from './protocol.ts';

export interface ErrorFields {
  readonly severity: 'ERROR' | 'FATAL' | 'NOTICE' | 'WARNING';
  readonly sqlState: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** 1-based, in characters of the statement. */
  readonly position?: number | undefined;
}

/** One message: type byte, length word, body. */
export function frame(type: number, body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(5 + body.length);
  message.writeUInt8(type, 0);
  message.writeInt32BE(4 + body.length, 1);
  body.copy(message, 5);
  return message;
}

/** ErrorResponse and NoticeResponse: fields S V C M D H P, each a letter and a C string, then a NUL. */
export function encodeError(fields: ErrorFields): Buffer {
  const isNotice = fields.severity === 'NOTICE' || fields.severity === 'WARNING';
  let body = `S${fields.severity}\0V${fields.severity}\0C${fields.sqlState}\0M${clean(fields.message)}\0`;
  if (fields.detail !== undefined) body += `D${clean(fields.detail)}\0`;
  if (fields.hint !== undefined) body += `H${clean(fields.hint)}\0`;
  if (fields.position !== undefined) body += `P${fields.position}\0`;
  return frame(isNotice ? Backend.noticeResponse : Backend.errorResponse, Buffer.from(`${body}\0`, 'utf8'));
}

/** A NUL inside a field would end it early and let the rest pass for other fields. */
function clean(text: string): string {
  return text.replaceAll('\0', '');
}

export function encodeAuthenticationOk(): Buffer {
  return frame(Backend.authentication, int32(0));
}

/** AuthenticationSASL: the mechanisms offered, best first. */
export function encodeSaslMechanisms(mechanisms: readonly string[]): Buffer {
  return frame(
    Backend.authentication,
    Buffer.concat([int32(10), Buffer.from(`${mechanisms.join('\0')}\0\0`, 'utf8')]),
  );
}

/** AuthenticationSASLContinue (11) and AuthenticationSASLFinal (12). */
export function encodeSaslData(code: 11 | 12, data: string): Buffer {
  return frame(Backend.authentication, Buffer.concat([int32(code), Buffer.from(data, 'utf8')]));
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return frame(Backend.parameterStatus, Buffer.from(`${clean(name)}\0${clean(value)}\0`, 'utf8'));
}

/** BackendKeyData: process number and secret (4 bytes in 3.0, up to 256 in 3.2). */
export function encodeBackendKey(processId: number, secret: Buffer): Buffer {
  return frame(Backend.backendKeyData, Buffer.concat([int32(processId), secret]));
}

/** NegotiateProtocolVersion: the newest version spoken and the `_pq_.` options that are not known. */
export function encodeNegotiateVersion(version: number, unknownOptions: readonly string[]): Buffer {
  const names = unknownOptions.map((name) => `${clean(name)}\0`).join('');
  return frame(
    Backend.negotiateProtocolVersion,
    Buffer.concat([int32(version), int32(unknownOptions.length), Buffer.from(names, 'utf8')]),
  );
}

export function encodeReadyForQuery(status: number): Buffer {
  return frame(Backend.readyForQuery, Buffer.from([status]));
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}
