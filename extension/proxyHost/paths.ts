/** Where the proxy of this user listens and keeps its files. */
import { chmodSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { ProxyProblem } from '../kit/proxyLink.ts';

export interface ProxyPaths {
  /** A Unix socket, or a named pipe on Windows. */
  readonly socket: string;
  readonly data: string;
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly temporary: string;
  readonly user: string;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
}

/** A socket's address holds 104 bytes on macOS and 108 on Linux (sys/un.h), its final zero included. */
const longestSocketPath = 100;

export function proxyPaths(machine: Machine): ProxyPaths {
  return { socket: socketPath(machine), data: dataPath(machine) };
}

function socketPath({ platform, env, temporary, user, uid }: Machine): string {
  if (platform === 'win32') return `\\\\.\\pipe\\portcullis-${user.replace(/[^\w.-]/g, '_')}`;
  const named = env['XDG_RUNTIME_DIR'];
  const runtime = named !== undefined && posix.isAbsolute(named) && existsSync(named) ? named : temporary;
  const path = posix.join(runtime, `portcullis-${uid ?? 0}`, 'control.sock');
  return Buffer.byteLength(path) <= longestSocketPath
    ? path
    : posix.join('/tmp', `portcullis-${uid ?? 0}`, 'control.sock');
}

function dataPath({ platform, env, home }: Machine): string {
  if (platform === 'win32')
    return win32.join(env['LOCALAPPDATA'] ?? win32.join(home, 'AppData', 'Local'), 'Portcullis');
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'Portcullis');
  const named = env['XDG_DATA_HOME'];
  const base = named !== undefined && posix.isAbsolute(named) ? named : posix.join(home, '.local', 'share');
  return posix.join(base, 'portcullis');
}

/** Makes both folders, and refuses a socket's folder into which somebody else could put a socket. */
export function preparePaths({ socket, data }: ProxyPaths, { platform, uid }: Machine): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  // Named pipes have no folder; their access is given when they are made.
  if (platform === 'win32') return;
  const folder = posix.dirname(socket);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  // Not stat: a link is somebody's choice of another folder.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid)
    throw new ProxyProblem(
      `The folder ${folder} is not yours, so whoever made it could read what goes to the proxy.`,
      'Remove it, or set XDG_RUNTIME_DIR to a folder of your own, and restart the editor.',
    );
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}
