/** Decodes what a client sends. Each function takes one whole message, type byte included, at [start, end). */
import { isUtf8 } from 'node:buffer';
import { MessageCursor } from './cursor.ts';
import { WireError } from './protocol.ts';

const bodyOffset = 5;

/** Q: the text, raw. */
export function readQuery(buffer: Buffer, start: number, end: number): Buffer {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  const text = cursor.cstringBytes();
  if (!cursor.isAtEnd) throw new WireError('a Query message goes on after its text');
  return text;
}

/** P: statement name and raw text; the parameter types are of no interest. */
export function readParse(buffer: Buffer, start: number, end: number): { name: string; text: Buffer } {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  const name = cursor.name();
  const text = cursor.cstringBytes();
  const types = cursor.int16();
  if (types < 0) throw new WireError('a Parse message has a negative number of parameters');
  cursor.skip(4 * types);
  if (!cursor.isAtEnd) throw new WireError('a Parse message is longer than its fields');
  return { name, text };
}

/** B: portal and statement name. Parameters stay where they are. */
export function readBind(buffer: Buffer, start: number, end: number): { portal: string; statement: string } {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  return { portal: cursor.name(), statement: cursor.name() };
}

/**
 * The values of a Bind, as text for people: text format as it is, binary format as `\x` and hex digits (its type is not
 * known from the message). null is NULL. Different values never read alike: a text that begins with a backslash gets
 * one more.
 */
export function readBindParameters(buffer: Buffer, start: number, end: number): (string | null)[] {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  cursor.cstringBytes();
  cursor.cstringBytes();
  const formats = readList(cursor, () => cursor.int16());
  return readList(cursor, (index) => {
    const length = cursor.int32();
    if (length === -1) return null;
    const bytes = cursor.bytes(length);
    const isBinary = (formats.length === 1 ? formats[0] : formats[index]) === 1;
    // Bytes that are not UTF-8 would all read as the same replacement character.
    if (isBinary || !isUtf8(bytes)) return `\\x${bytes.toString('hex')}`;
    const text = bytes.toString('utf8');
    return text.startsWith('\\') ? `\\${text}` : text;
  });
}

function readList<T>(cursor: MessageCursor, read: (index: number) => T): T[] {
  const count = cursor.int16();
  if (count < 0) throw new WireError('a Bind message has a negative number of parameters');
  return Array.from({ length: count }, (_, index) => read(index));
}

/** D and C: kind ('S' statement, 'P' portal) and name. */
export function readTarget(buffer: Buffer, start: number, end: number): { isPortal: boolean; name: string } {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  const kind = cursor.byte();
  if (kind !== 0x53 && kind !== 0x50)
    throw new WireError('a Describe or Close message names neither S nor P');
  return { isPortal: kind === 0x50, name: cursor.name() };
}

/** E: portal name and row limit (0: none). */
export function readExecute(buffer: Buffer, start: number, end: number): { portal: string; maxRows: number } {
  const cursor = new MessageCursor(buffer, start + bodyOffset, end);
  return { portal: cursor.name(), maxRows: cursor.int32() };
}

/** F: the function's OID. */
export function readFunctionCall(buffer: Buffer, start: number, end: number): number {
  return new MessageCursor(buffer, start + bodyOffset, end).int32() >>> 0;
}

export interface StartupMessage {
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** In the order sent. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** StartupMessage: version word, then name and value pairs, then a NUL. `packet` includes the length word. */
export function readStartup(packet: Buffer): StartupMessage {
  const cursor = new MessageCursor(packet, 4, packet.length);
  const version = cursor.int32();
  const parameters = new Map<string, string>();
  for (;;) {
    const name = cursor.cstringBytes().toString('utf8');
    if (name === '') break;
    parameters.set(name, cursor.cstringBytes().toString('utf8'));
  }
  if (!cursor.isAtEnd) throw new WireError('a startup packet goes on after its terminator');
  return { majorVersion: version >>> 16, minorVersion: version & 0xffff, parameters };
}

/** SASLInitialResponse: mechanism and first message. `body` is the message without type and length. */
export function readSaslInitial(body: Buffer): { mechanism: string; response: string } {
  const cursor = new MessageCursor(body, 0, body.length);
  const mechanism = cursor.name();
  const length = cursor.int32();
  const response = length < 0 ? '' : cursor.bytes(length).toString('utf8');
  return { mechanism, response };
}
