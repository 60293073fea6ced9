/** Runs a client as a process of its own, and says what is installed. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where test/wire/clients/setup.sh puts what Debian does not package. */
export const clientsCache = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'portcullis-clients',
);

export function installed(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => existsSync(join(place, tool)));
}

const env = {
  ...process.env,
  TZ: 'UTC',
  LC_ALL: 'C.UTF-8',
  PYTHONIOENCODING: 'utf-8',
  PAGER: 'cat',
  PSQL_EDITOR: 'cat',
  PSQLRC: '/dev/null',
};

/** Everything that the program prints, both streams, and how it ended. */
export async function run(
  file: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  // The shell only joins the two streams.
  const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', file, ...args], {
    env: { ...env, ...options.env },
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  child.stdin.on('error', () => undefined); // it left before it read all: the exit code tells
  child.stdin.end(options.input ?? '');
  const code = await new Promise((resolve) => child.once('close', resolve));
  return `${printed}exit ${code}`;
}
