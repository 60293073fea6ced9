/** Protocol 3.2: a client that asks for it gets a long cancel key, and that key ends its statement. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartupCode } from '../../proxy/wire/protocol.ts';
import { type Governed, startGoverned } from '../kit/governed.ts';

let governed: Governed;
beforeAll(async () => {
  governed = await startGoverned({ environment: 'development' });
});
afterAll(() => governed?.stop());

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(body.length + 4, 0);
  return Buffer.concat([Buffer.from(type), head, body]);
}

/** Reads messages until one of `type` has come; answers its body. */
function until(socket: Socket, type: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const timer = setTimeout(
      () => reject(new Error(`no ${type}; heard ${bytes.toString('latin1')}`)),
      10_000,
    );
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 5 && bytes.length >= 1 + bytes.readInt32BE(1)) {
        const end = 1 + bytes.readInt32BE(1);
        const body = bytes.subarray(5, end);
        if (String.fromCharCode(bytes[0] ?? 0) === type) {
          clearTimeout(timer);
          socket.off('data', take);
          socket.pause(); // what follows waits for the next reader
          if (bytes.length > end) socket.unshift(bytes.subarray(end));
          resolve(body);
          return;
        }
        bytes = bytes.subarray(end);
      }
    };
    socket.on('data', take);
    socket.resume();
  });
}

/** Logs in with the protocol version asked for, by RFC 5802 alone; answers socket and key. */
async function login(version: number): Promise<{ socket: Socket; processId: number; secret: Buffer }> {
  const { port, username, password, pathname } = new URL(governed.url());
  const socket = connect(Number(port), '127.0.0.1');
  const head = Buffer.alloc(8);
  const parameters = Buffer.from(`user\0${username}\0database\0${pathname.slice(1)}\0\0`);
  head.writeInt32BE(8 + parameters.length, 0);
  head.writeInt32BE(version, 4);
  socket.write(Buffer.concat([head, parameters]));
  await until(socket, 'R');
  const bare = 'n=,r=fixed';
  socket.write(serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256', `n,,${bare}`));
  const first = (await until(socket, 'R')).subarray(4).toString();
  const fields = new Map(first.split(',').map((part) => [part[0], part.slice(2)]));
  const salted = pbkdf2Sync(
    password,
    Buffer.from(fields.get('s') ?? '', 'base64'),
    Number(fields.get('i')),
    32,
    'sha256',
  );
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const withoutProof = `c=biws,r=${fields.get('r')}`;
  const stored = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', stored).update(`${bare},${first},${withoutProof}`).digest();
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0))).toString('base64');
  socket.write(message('p', Buffer.from(`${withoutProof},p=${proof}`)));
  const key = await until(socket, 'K');
  await until(socket, 'Z');
  return { socket, processId: key.readInt32BE(0), secret: Buffer.from(key.subarray(4)) };
}

function cancel(processId: number, secret: Buffer): Promise<void> {
  const head = Buffer.alloc(12);
  head.writeInt32BE(12 + secret.length, 0);
  head.writeInt32BE(StartupCode.cancelRequest, 4);
  head.writeInt32BE(processId, 8);
  const { port } = new URL(governed.url());
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(Buffer.concat([head, secret])));
    socket.on('close', () => resolve()).on('error', () => resolve());
    socket.resume();
  });
}

describe('a cancel key', () => {
  it.each([
    ['3.0', StartupCode.version30, 4],
    ['3.2', StartupCode.version32, 32],
  ])(
    'of protocol %s ends the statement it belongs to, whole and only whole',
    async (_name, version, size) => {
      const { socket, processId, secret } = await login(version);
      expect(secret.length).toBe(size);
      socket.write(serialize.query('SELECT pg_sleep(20)'));
      const failed = until(socket, 'E');
      let isOver = false;
      void failed.then(() => {
        isOver = true;
      });
      await cancel(processId, secret.subarray(0, size - 1));
      await cancel(processId, Buffer.concat([secret, Buffer.alloc(1)]));
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(isOver).toBe(false);
      await cancel(processId, secret);
      expect((await failed).toString()).toContain('C57014');
      socket.destroy();
    },
  );
});
