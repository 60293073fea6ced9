/** Connecting to a server that does not stay: nothing of it may end the process. */
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectUpstream } from '../../../proxy/session/opening/upstream.ts';

const message = (type: string, ...parts: (string | number[])[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const welcome = [
  message('R', [0, 0, 0, 0]),
  message('K', [0, 0, 0, 1, 0, 0, 0, 2]),
  message('Z', 'I'),
  message('E', 'SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
];

let server: Server;
let port = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat(welcome)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address !== null && typeof address === 'object') port = address.port;
});
afterAll(() => server.close());

it('a server that welcomes and leaves in one breath is a connection that ends', async () => {
  const url = `postgres://somebody:secret@127.0.0.1:${port}/shop`;
  const { socket, key } = await connectUpstream({ url, settings: new Map(), timeoutMs: 5000 });
  expect(key.processId).toBe(1);
  socket.resume();
  await expect.poll(() => socket.destroyed || socket.readableEnded).toBe(true);
});
