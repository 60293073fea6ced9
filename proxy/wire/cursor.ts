/** Reads the fields of one message, in order, and never past its end. */
import { WireError } from './protocol.ts';

export class MessageCursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  position: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.position === this.#end;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes.readUInt8(this.position++);
  }

  int16(): number {
    this.#need(2);
    const value = this.#bytes.readInt16BE(this.position);
    this.position += 2;
    return value;
  }

  int32(): number {
    this.#need(4);
    const value = this.#bytes.readInt32BE(this.position);
    this.position += 4;
    return value;
  }

  /** The raw bytes up to the next NUL, which is consumed. */
  cstringBytes(): Buffer {
    const stop = this.#bytes.indexOf(0, this.position);
    if (stop < 0 || stop >= this.#end) throw new WireError('a string in a message is not terminated');
    const value = this.#bytes.subarray(this.position, stop);
    this.position = stop + 1;
    return value;
  }

  /** A short name (statement, portal, user, parameter), UTF-8. Bytes that are not UTF-8 stay distinct as latin1. */
  name(): string {
    const bytes = this.cstringBytes();
    if (bytes.length === 0) return '';
    return bytes.toString('latin1');
  }

  bytes(count: number): Buffer {
    if (count < 0) throw new WireError('a length in a message is negative');
    this.#need(count);
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  skip(count: number): void {
    if (count < 0) throw new WireError('a length in a message is negative');
    this.#need(count);
    this.position += count;
  }

  #need(count: number): void {
    if (this.position + count > this.#end) throw new WireError('a message is shorter than its fields');
  }
}
