/** A real CancelRequest (manual 54.2.8): on a connection of its own, answered by its end alone. */
import { connect } from 'node:net';

const cancelCode = 80877102;
const patience = 5_000;

export interface CancelKey {
  readonly processID: number;
  readonly secretKey: number;
}

/** Resolves when the request is delivered; what becomes of the statement is told on its own connection. */
export function sendCancelRequest(host: string, port: number, key: CancelKey): Promise<void> {
  const message = Buffer.alloc(16);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(cancelCode, 4);
  message.writeInt32BE(key.processID, 8);
  message.writeInt32BE(key.secretKey, 12);
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.end(message));
    socket.setTimeout(patience, () =>
      socket.destroy(new Error('The proxy did not take the cancel request.')),
    );
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.resume();
  });
}
