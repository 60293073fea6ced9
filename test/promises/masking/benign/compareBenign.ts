/**
 * Message by message and byte by byte, but for what differs by nature: values of masked columns, the numbers of tables that a
 * case has made, and where in the server's source an error arose, which the proxy's own syntax errors do not have.
 */
import { errorFields, type WireMessage } from '../../../kit/wireClient.ts';

/** @returns the first difference, in words; undefined where all is the same. */
export function findChange(
  governed: readonly WireMessage[],
  direct: readonly WireMessage[],
  masked: ReadonlySet<string>,
): string | undefined {
  const [mine, yours] = [governed, direct].map((messages) => shown(messages, masked));
  for (let at = 0; at < Math.max(mine?.length ?? 0, yours?.length ?? 0); at++) {
    if (mine?.[at] !== yours?.[at]) return `${printable(mine?.[at])} instead of ${printable(yours?.[at])}`;
  }
  return undefined;
}

function shown(messages: readonly WireMessage[], masked: ReadonlySet<string>): string[] {
  const lines: string[] = [];
  let hidden: readonly boolean[] = [];
  for (const { type, body } of messages) {
    if (type === 'T') hidden = readNames(body).map((name) => masked.has(name));
    if (type === 'S') continue; // ParameterStatus
    if (type === 'D' && hidden.includes(true)) lines.push(`D ${showRow(body, hidden)}`);
    else if (type === 'T') lines.push(`T ${withoutOids(body).toString('latin1')}`);
    else if (type === 'E') lines.push(`E ${showError({ type, body })}`);
    else lines.push(`${type} ${body.toString('latin1')}`);
  }
  return lines;
}

function showRow(body: Buffer, hidden: readonly boolean[]): string {
  const cells: string[] = [];
  let at = 2;
  for (let i = 0; i < body.readInt16BE(0); i++) {
    const length = body.readInt32BE(at);
    at += 4;
    if (!hidden[i]) cells.push(length < 0 ? 'NULL' : `=${body.toString('latin1', at, at + length)}`);
    if (length > 0) at += length;
  }
  return cells.join(' | ');
}

function showError(message: WireMessage): string {
  const { F: _file, L: _line, R: _routine, ...fields } = errorFields(message);
  return JSON.stringify(fields);
}

/** The same columns with 0 for the numbers of users' tables (FirstNormalObjectId is 16384). */
function withoutOids(body: Buffer): Buffer {
  const copy = Buffer.from(body);
  let at = 2;
  for (let i = copy.readInt16BE(0); i > 0; i--) {
    const end = copy.indexOf(0, at);
    if (copy.readUInt32BE(end + 1) >= 16_384) copy.writeUInt32BE(0, end + 1);
    at = end + 19;
  }
  return copy;
}

function readNames(body: Buffer): string[] {
  const names: string[] = [];
  let at = 2;
  for (let i = body.readInt16BE(0); i > 0; i--) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 19;
  }
  return names;
}

function printable(line: string | undefined): string {
  return line === undefined ? 'nothing' : line.replaceAll('\0', '␀').slice(0, 240);
}
