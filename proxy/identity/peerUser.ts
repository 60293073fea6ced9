/** Which operating-system user holds the other end of a loopback connection: Linux tells in /proc/net/tcp. */
import { readFile } from 'node:fs/promises';

export interface LoopbackPeer {
  readonly address: string;
  readonly port: number;
  readonly localPort: number;
}

/**
 * True where the peer is known to run as another user than we do. Where the system does not tell (not Linux, or the
 * socket is already gone), the password alone decides: answers false.
 */
export async function isOtherUser(peer: LoopbackPeer): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid === undefined) return false;
  const uid = await findSocketOwner(peer);
  return uid !== undefined && uid !== process.getuid();
}

/** The uid column of the row whose local end is the peer's port and whose remote end is ours (proc(5)). */
async function findSocketOwner(peer: LoopbackPeer): Promise<number | undefined> {
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = await readFile(table, 'latin1');
    } catch {
      continue; // a system without this table has no connections of its kind
    }
    const local = hexPort(peer.port);
    const remote = hexPort(peer.localPort);
    for (const line of text.split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(local) && fields[2]?.endsWith(remote)) return Number(fields[7]);
    }
  }
  return undefined;
}

function hexPort(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}
