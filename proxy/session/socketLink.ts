/**
 * One end of a session's two sockets. Plain sockets read into one fixed buffer that is reused as long as what was read
 * has left the process again; TLS sockets hand out buffers of their own.
 */
import { Socket } from 'node:net';

const readBufferBytes = 65_536;

export interface LinkEvents {
  /** Bytes [0, length) of a buffer that is valid during the call, and while a write of it is under way. */
  onBytes(bytes: Buffer, length: number): void;
  /** The other side sends no more. */
  onEnd(): void;
  /** Both directions are gone; `error` where that was not by agreement. Called once. */
  onClose(error: Error | undefined): void;
  /** What was written has left; more may be written. */
  onDrain(): void;
}

/** Node's handle behind a socket; taking it over is what lets a connected socket read into a fixed buffer. */
interface SocketWithHandle {
  _handle: { reading: boolean; readStop(): void } | null;
}

export class SocketLink {
  #socket: Socket;
  #events: LinkEvents | undefined;
  #buffer: Buffer = Buffer.allocUnsafeSlow(0);
  /** True while bytes of the read buffer may still be in a write that has not finished. */
  #isLent = false;
  #closeError: Error | undefined;
  #isClosed = false;
  readonly #isPlain: boolean;

  /** `socket` is connected, paused, and has nothing unread. */
  constructor(socket: Socket, isPlain: boolean) {
    this.#socket = socket;
    this.#isPlain = isPlain;
  }

  /** Starts reading. From here on the link owns the socket. */
  open(events: LinkEvents): void {
    this.#events = events;
    let unread: Buffer | null = null;
    if (this.#isPlain) {
      unread = stopReading(this.#socket);
      this.#socket = this.#adopt(this.#socket);
    }
    const socket = this.#socket;
    socket.setNoDelay(true);
    if (!this.#isPlain) socket.on('data', (chunk: Buffer) => events.onBytes(chunk, chunk.length));
    socket.on('end', () => events.onEnd());
    socket.on('error', (error) => {
      this.#closeError = error;
    });
    socket.on('drain', () => events.onDrain());
    socket.on('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      events.onClose(this.#closeError);
    });
    if (unread !== null) events.onBytes(unread, unread.length);
    socket.resume();
  }

  /** Says that a write of this link's read buffer has not finished, so that the next read takes a new one. */
  lendBuffer(): void {
    this.#isLent = true;
  }

  /** Writes; false where the socket's queue is full and writing should wait for onDrain. */
  write(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  /** True while bytes written have not all left. */
  get isWriting(): boolean {
    return this.#socket.writableLength > 0;
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends what is written, then ends our direction. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #adopt(old: Socket): Socket {
    const owner = old as unknown as SocketWithHandle;
    const handle = owner._handle;
    old.removeAllListeners();
    owner._handle = null;
    this.#buffer = Buffer.allocUnsafeSlow(readBufferBytes);
    return new Socket({
      handle,
      allowHalfOpen: true,
      readable: true,
      writable: true,
      pauseOnCreate: false,
      onread: {
        buffer: () => this.#nextBuffer(),
        callback: (length: number, bytes: Buffer) => {
          this.#events?.onBytes(bytes, length);
          return true;
        },
      },
    } as unknown as ConstructorParameters<typeof Socket>[0]);
  }

  #nextBuffer(): Buffer {
    if (this.#isLent) {
      this.#isLent = false;
      this.#buffer = Buffer.allocUnsafeSlow(readBufferBytes);
    }
    return this.#buffer;
  }
}

/** Stops the handle; answers what the socket had read on its own account. */
function stopReading(socket: Socket): Buffer | null {
  const { _handle: handle } = socket as unknown as SocketWithHandle;
  if (handle !== null) {
    handle.readStop();
    handle.reading = false;
  }
  return socket.read() as Buffer | null;
}
