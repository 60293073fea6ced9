/**
 * Takes the rows out of what the server sends before pg reads it. pg makes a text of every cell and an object of every row:
 * for a million rows that is work and garbage by the gigabyte in the process that hosts all extensions. All else goes to pg.
 */
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net';

/** The body of a DataRow lies between start and end: valid during the call. */
export type TakeRow = (bytes: Buffer, start: number, end: number) => void;

const dataRow = 0x44; // 'D'
/** Type, then the length, which counts itself (manual 54.7). */
const headerBytes = 5;
const readBytes = 64 * 1024;

/** For pg's Client; its 'data' are messages without rows. Reads into one piece of memory, again and again. */
export function openRowSocket(takeRow: TakeRow): Socket {
  const diversion = new RowDiversion(takeRow, (bytes) => void socket.emit('data', bytes));
  const callback = (length: number, bytes: Uint8Array) => {
    diversion.take(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    // Between two pieces of an answer the process serves its other sockets: rows that come without a pause would keep a
    // person's Cancel, and the first rows on their way to the screen, from being heard.
    setImmediate(() => socket.resume());
    return false;
  };
  const options: SocketConstructorOpts & ConnectOpts = {
    onread: { buffer: Buffer.allocUnsafeSlow(readBytes), callback },
  };
  const socket = new Socket(options);
  return socket;
}

export class RowDiversion {
  readonly #takeRow: TakeRow;
  readonly #takeOther: (bytes: Buffer) => void;
  /** The beginning of a message whose end has not come. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #neededBytes = 0;

  /** @param takeOther gets whole messages, one or more at a time, in their order among the rows; valid during the call. */
  constructor(takeRow: TakeRow, takeOther: (bytes: Buffer) => void) {
    this.#takeRow = takeRow;
    this.#takeOther = takeOther;
  }

  /** The chunk may be written over after the call. */
  take(chunk: Buffer): void {
    const bytes = this.#join(chunk);
    if (bytes === undefined) return;
    let others = 0;
    let at = 0;
    let end = this.#endOf(bytes, at);
    for (; end <= bytes.length; end = this.#endOf(bytes, at)) {
      if (bytes[at] === dataRow) {
        if (others < at) this.#takeOther(bytes.subarray(others, at));
        this.#takeRow(bytes, at + headerBytes, end);
        others = end;
      }
      at = end;
    }
    if (others < at) this.#takeOther(bytes.subarray(others, at));
    this.#begun = at < bytes.length ? [Buffer.from(bytes.subarray(at))] : [];
    this.#begunBytes = bytes.length - at;
    this.#neededBytes = end - at;
  }

  /** Undefined while the message is not whole: a row of many megabytes is put together once, not at every piece. */
  #join(chunk: Buffer): Buffer | undefined {
    if (this.#begunBytes === 0) return chunk;
    this.#begun.push(Buffer.from(chunk));
    this.#begunBytes += chunk.length;
    return this.#begunBytes < this.#neededBytes ? undefined : Buffer.concat(this.#begun, this.#begunBytes);
  }

  /** Where the message ends, or its header where that has not come; a length that cannot be is left to pg. */
  #endOf(bytes: Buffer, at: number): number {
    if (bytes.length - at < headerBytes) return at + headerBytes;
    const length = bytes.readInt32BE(at + 1);
    return length < 4 ? Math.max(bytes.length, at + headerBytes) : at + 1 + length;
  }
}
