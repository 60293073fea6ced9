/** A client that speaks bytes: sends what it is told, in the pieces it is told, and shows each message that comes. */
import type { Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import { connectUpstream } from '../../proxy/session/opening/upstream.ts';

export interface WireMessage {
  /** The type letter. */
  readonly type: string;
  readonly body: Buffer;
}

export class WireClient {
  readonly socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #messages: WireMessage[] = [];
  #wake: (() => void) | undefined;
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake?.();
    });
  }

  /** Logs in (by pg), then takes the socket over. */
  static async connect(url: string): Promise<WireClient> {
    const { socket } = await connectUpstream({ url, settings: new Map(), timeoutMs: 10_000 });
    const client = new WireClient(socket);
    socket.resume();
    return client;
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  query(text: string): Promise<WireMessage[]> {
    this.send(serialize.query(text));
    return this.until('Z');
  }

  /** All messages up to and including the next of `type`, or of one of several. Rejects where the connection ends or nothing comes. */
  async until(type: string, count = 1, timeoutMs = 10_000): Promise<WireMessage[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      let found = 0;
      const at = this.#messages.findIndex((message) => type.includes(message.type) && ++found === count);
      if (at >= 0) return this.#messages.splice(0, at + 1);
      const left = deadline - Date.now();
      if (this.isClosed || left <= 0) {
        const seen = this.#messages.map((message) => message.type).join('');
        throw new Error(
          `${this.isClosed ? 'closed' : 'timed out'} before ${count} of ${type}; seen: ${seen}`,
        );
      }
      await this.#more(left);
    }
  }

  /** What has come and was not taken by `until`. */
  get pending(): readonly WireMessage[] {
    return this.#messages;
  }

  async closed(timeoutMs = 10_000): Promise<WireMessage[]> {
    const deadline = Date.now() + timeoutMs;
    while (!this.isClosed) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error('the connection stays open');
      await this.#more(left);
    }
    return this.#messages.splice(0);
  }

  close(): void {
    this.socket.destroy();
  }

  #more(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #take(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    let at = 0;
    while (this.#buffer.length - at >= 5) {
      const end = at + 1 + this.#buffer.readInt32BE(at + 1);
      if (end > this.#buffer.length) break;
      const type = String.fromCharCode(this.#buffer[at] ?? 0);
      this.#messages.push({ type, body: Buffer.from(this.#buffer.subarray(at + 5, end)) });
      at = end;
    }
    this.#buffer = this.#buffer.subarray(at);
    this.#wake?.();
  }
}

/** The type letters, in order: what two conversations are compared by first. */
export function types(messages: readonly WireMessage[]): string {
  return messages.map(({ type }) => type).join('');
}

/** Fields of an ErrorResponse or NoticeResponse by their letter. */
export function errorFields(message: WireMessage | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const part of message?.body.toString('utf8').split('\0') ?? []) {
    if (part !== '') fields[part.slice(0, 1)] = part.slice(1);
  }
  return fields;
}

/** Values of a DataRow as text; null for NULL. */
export function rowValues({ body }: WireMessage): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let i = body.readInt16BE(0); i > 0; i--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    if (length > 0) at += length;
  }
  return values;
}

/** ReadyForQuery's status letter of the last message. */
export function transactionStatus(messages: readonly WireMessage[]): string {
  return messages.at(-1)?.body.toString('latin1') ?? '';
}
