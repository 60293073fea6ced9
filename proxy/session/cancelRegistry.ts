/** Keys handed to clients for CancelRequest, and the server session that each stands for. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { connect } from 'node:net';
import { serialize } from 'pg-protocol';
import { StartupCode } from '../wire/protocol.ts';

export interface ServerKey {
  readonly host: string;
  readonly port: number;
  readonly processId: number;
  readonly secret: number;
}

const longSecretBytes = 32;

interface CancellableSession {
  readonly secret: Buffer;
  readonly server: ServerKey;
  /** True where the statement had not been sent yet: the server has nothing to cancel. */
  readonly cancelHere: () => boolean;
}

export class CancelRegistry {
  readonly #sessions = new Map<number, CancellableSession>();
  #nextProcessId = 1 + (randomBytes(3).readUIntBE(0, 3) & 0x3fffff);

  /** A key for one session: 4 bytes of secret in protocol 3.0, 32 from 3.2 on. */
  register(
    server: ServerKey,
    protocolVersion: number,
    cancelHere: () => boolean,
  ): { processId: number; secret: Buffer } {
    const processId = this.#nextProcessId++ & 0x7fffffff;
    const secret = randomBytes(protocolVersion >= StartupCode.version32 ? longSecretBytes : 4);
    this.#sessions.set(processId, { secret, server, cancelHere });
    return { processId, secret };
  }

  forget(processId: number): void {
    this.#sessions.delete(processId);
  }

  /** Passes a CancelRequest on where its key fits exactly; says nothing where it does not, as the server would. */
  async cancel(processId: number, secret: Buffer): Promise<void> {
    const session = this.#sessions.get(processId);
    if (session === undefined || session.secret.length !== secret.length) return;
    if (!timingSafeEqual(session.secret, secret)) return;
    if (!session.cancelHere()) await cancelOnServer(session.server);
  }
}

/** Asks the server to cancel what that session of it runs; says nothing of whether it could. */
export async function cancelOnServer({ host, port, processId, secret }: ServerKey): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect(port, host, () => socket.end(serialize.cancel(processId, secret)));
    socket.setTimeout(5_000, () => socket.destroy());
    // The server closes the connection when it has signalled; a failure is as silent as at the server's own port.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.resume();
  });
}
