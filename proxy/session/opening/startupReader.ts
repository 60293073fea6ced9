/** Reads a socket piece by piece while a session is being set up, where each byte is awaited. */
import type { Socket } from 'node:net';
import { maxStartupPacketBytes, WireError } from '../../wire/protocol.ts';

/** The other side left, or took too long: there is nobody to answer. */
export class HandshakeEnded extends Error {}

export class StartupReader {
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Exactly `count` bytes. Rejects with HandshakeEnded where they do not come. */
  read(count: number): Promise<Buffer> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const attempt = () => {
        const bytes = socket.read(count) as Buffer | null;
        if (bytes !== null && bytes.length === count) {
          release();
          resolve(bytes);
        } else if (bytes !== null) end();
      };
      const end = () => {
        release();
        reject(new HandshakeEnded('the client left during the handshake'));
      };
      const release = () => {
        socket.off('readable', attempt).off('end', end).off('close', end);
      };
      socket.on('readable', attempt).on('end', end).on('close', end);
      if (socket.destroyed || socket.readableEnded) end();
      else attempt();
    });
  }

  /** A packet of the startup phase: length word (included in the answer) and body. */
  async readPacket(firstByte?: Buffer): Promise<Buffer> {
    const head =
      firstByte === undefined ? await this.read(4) : Buffer.concat([firstByte, await this.read(3)]);
    const length = head.readInt32BE(0);
    if (length < 8 || length > maxStartupPacketBytes) throw new WireError('invalid length of startup packet');
    return Buffer.concat([head, await this.read(length - 4)]);
  }

  /** A message with a type byte, as sent during authentication: its body. */
  async readMessage(type: number): Promise<Buffer> {
    const head = await this.read(5);
    const length = head.readInt32BE(1);
    if (head[0] !== type || length < 4 || length > maxStartupPacketBytes) {
      throw new WireError(`expected a message of type "${String.fromCharCode(type)}" during authentication`);
    }
    return this.read(length - 4);
  }
}
