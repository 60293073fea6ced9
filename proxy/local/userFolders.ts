/** Where this user's Portcullis keeps its files and listens for windows: the same places that the editor looks at. */
import { existsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** XDG_DATA_HOME/portcullis, or what stands for it on macOS and Windows. */
export function dataFolder(): string {
  const { env, platform } = process;
  if (platform === 'win32')
    return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Portcullis');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Portcullis');
  const named = env['XDG_DATA_HOME'];
  return join(
    named !== undefined && isAbsolute(named) ? named : join(homedir(), '.local', 'share'),
    'portcullis',
  );
}

/** A socket's address holds 104 bytes on macOS and 108 on Linux (sys/un.h), its final zero included. */
const longestSocketPath = 100;

/** A Unix socket, or a named pipe on Windows: one proxy a user listens there. */
export function controlSocket(): string {
  const { username, uid } = userInfo();
  if (process.platform === 'win32') return `\\\\.\\pipe\\portcullis-${username.replace(/[^\w.-]/g, '_')}`;
  const named = process.env['XDG_RUNTIME_DIR'];
  const runtime = named !== undefined && isAbsolute(named) && existsSync(named) ? named : tmpdir();
  const path = join(runtime, `portcullis-${uid}`, 'control.sock');
  return Buffer.byteLength(path) <= longestSocketPath
    ? path
    : join('/tmp', `portcullis-${uid}`, 'control.sock');
}
