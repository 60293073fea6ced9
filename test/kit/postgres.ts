/** Throwaway PostgreSQL servers for tests: the npm one (18), and Debian's 15 where it is installed. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../proxy/kit/log.ts';
import { startEmbeddedPostgres } from '../../proxy/local/server/embeddedPostgres.ts';

const postgres15 = '/usr/lib/postgresql/15/bin';

export interface TestPostgres {
  readonly port: number;
  readonly pid: number;
  /** Of the superuser `postgres`. */
  readonly password: string;
  /** Where the superuser connects to a database: `postgres` unless told. */
  url(database?: string): string;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/** Whether PostgreSQL 15 is installed here (Debian's postgresql-15). */
export function hasPostgres15(): boolean {
  return existsSync(join(postgres15, 'initdb')) && existsSync(join(postgres15, 'postgres'));
}

/** Starts a fresh server with an empty database `postgres`. `settings` go to the server, for instance `{ssl: 'on'}`. */
export async function startTestPostgres(
  options: { version?: 15 | 18; settings?: Readonly<Record<string, string>> } = {},
): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-postgres-test-'));
  chmodSync(folder, 0o711); // as root, the server runs as another user, who must pass through
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const password = randomBytes(12).toString('hex');
  try {
    const server = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      password,
      version: options.version ?? 18,
      binDir: options.version === 15 ? postgres15 : undefined,
      settings: options.settings,
      log: createLog('warn'),
    });
    return {
      port: server.port,
      pid: server.pid,
      password,
      url: (database = 'postgres') => server.url(database),
      stop: async () => {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
