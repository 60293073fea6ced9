/** A proxy's control channel without a proxy behind it; fake.json in its data folder says how it misbehaves. */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createMessageConnection, ResponseError } from 'vscode-jsonrpc';
import { SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';

const socketPath = process.argv[process.argv.indexOf('--socket') + 1];
const data = process.argv[process.argv.indexOf('--data') + 1];
const file = join(data, 'fake.json');
const tricks = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
const version = tricks().version ?? 1;
const note = (word) => appendFileSync(join(data, 'calls.txt'), `${process.pid} ${word}\n`);
let state = tricks().state ?? 'signedOut';
const status = () => ({
  version,
  pid: process.pid,
  state,
  connections: [],
  sync: { waiting: 0 },
});

note('start');
// Whatever runs after this test is over must not stay.
setTimeout(() => process.exit(0), 60_000).unref();
if (tricks().failsWith) {
  process.stderr.write(`${tricks().failsWith}\n`);
  process.exit(1);
}

connect(socketPath)
  .once('connect', () => process.exit(3))
  .once('error', () => {
    rmSync(socketPath, { force: true });
    setTimeout(listen, tricks().startsAfter ?? 0);
  });

function listen() {
  const server = createServer((socket) => {
    note('connect');
    if (tricks().speaksGarbage) {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\nwhat?');
      return;
    }
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    );
    connection.onError(() => socket.destroy());
    connection.onRequest('hello', async () => {
      note('hello');
      await new Promise((resolve) => setTimeout(resolve, tricks().helloAfter ?? 0));
      if (tricks().refusesHello)
        return new ResponseError(-32603, 'no', { message: 'This proxy speaks another version.' });
      return status();
    });
    connection.onRequest('resume', ({ collector, tokens }) => {
      note(`resume ${collector} ${tokens.accessToken}`);
      if (tricks().refusesResume)
        return new ResponseError(1, 'refused', { message: 'The collector is away.', hint: 'Try later.' });
      state = 'running';
      connection.sendNotification('statusChanged', status());
      return status();
    });
    connection.onRequest('listRequests', () => new Promise(() => undefined));
    connection.onRequest('signOut', () => {
      state = 'signedOut';
      return status();
    });
    connection.onRequest('shutDown', () => {
      note('shutDown');
      setTimeout(() => process.exit(0), 20);
      return null;
    });
    connection.listen();
  });
  server.once('error', () => process.exit(3));
  server.listen(socketPath, () =>
    process.stdout.write(`${JSON.stringify({ ready: true, socket: socketPath })}\n`),
  );
}
