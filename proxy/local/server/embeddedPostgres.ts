/** A real PostgreSQL of our own on this machine: made, started, watched over and stopped by this process. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../kit/log.ts';
import { freePortOr } from '../../kit/ports.ts';
import { ensureDatabaseFolder, openDataFolder } from './databaseFolder.ts';
import { takeFolder } from './folderOwner.ts';
import { stopOrphanServer } from './orphanServer.ts';
import { type PostgresBinaries, preparePostgresBinaries } from './postgresBinaries.ts';
import { chooseServerAccount, type ServerAccount } from './serverAccount.ts';
import { type ServerProcess, ServerStartError, serverLogName, startServerProcess } from './serverProcess.ts';

export interface EmbeddedPostgresOptions {
  /** Made where missing or empty; kept by `stop`. A second file, `<dataDir>.owner`, says who holds it while it runs. */
  readonly dataDir: string;
  /** Where absent the one of the last run over the folder, so that what was told of it goes on working; else a free one. */
  readonly port?: number | undefined;
  /** Name of the owner, a superuser; `postgres` unless told. Takes effect when the folder is made. */
  readonly user?: string | undefined;
  /** Of the owner. Takes effect when the folder is made: whoever starts over the folder again must give the same. */
  readonly password: string;
  /** The major version that the programs must have. */
  readonly version?: number | undefined;
  /** Folder of other programs (initdb, postgres) than npm's, for instance /usr/lib/postgresql/15/bin. */
  readonly binDir?: string | undefined;
  /** Further server settings, for instance `{ssl: 'on'}`; they win over ours and over postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly log: Log;
}

export interface EmbeddedPostgres {
  readonly port: number;
  /** Process id of the server (the postmaster). */
  readonly pid: number;
  /** Major version, for instance 18. */
  readonly version: number;
  /** Where the owner connects to a database; holds the password. */
  url(database: string): string;
  /** Stops the server in order and waits until nothing of it runs. Safe to call again. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL on 127.0.0.1 (no Unix socket; SCRAM-SHA-256 for everyone; durable). Where we are root it runs as the
 * folder's owner or `nobody`. A server that a crashed run left over the folder is stopped first, and when this process
 * dies without stopping its own, a watchdog does. It does not by itself keep this process alive.
 * @throws Error in words for people: what happened, why, what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = chooseServerAccount(resolve(options.dataDir));
  const dataDir = await openDataFolder(resolve(options.dataDir), account);
  const binaries = await preparePostgresBinaries(account, options.log, options.binDir);
  requireWantedVersion(binaries, options.version);
  const user = options.user ?? 'postgres';
  const ownership = takeFolder(dataDir);
  try {
    await stopOrphanServer(dataDir, account, options.log);
    await ensureDatabaseFolder(dataDir, account, binaries, { user, password: options.password });
    const { server, port } = await startServer(options, dataDir, account, binaries);
    let isStopping = false;
    const released = server.ended.then(() => {
      ownership.release();
      if (!isStopping)
        options.log.error(`PostgreSQL ended by itself; ${dataDir}/${serverLogName} may say why`);
    });
    const login = `${encodeURIComponent(user)}:${encodeURIComponent(options.password)}`;
    return {
      port,
      pid: server.pid,
      version: binaries.version,
      url: (database) => `postgres://${login}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
      stop: async () => {
        isStopping = true;
        await server.stop();
        await released;
      },
    };
  } catch (error) {
    ownership.release();
    throw error;
  }
}

function requireWantedVersion(binaries: PostgresBinaries, wanted: number | undefined): void {
  if (wanted === undefined || wanted === binaries.version) return;
  throw new Error(
    `PostgreSQL ${wanted} was asked for, and the programs in ${binaries.binDir} are version ${binaries.version}.`,
  );
}

/** Tries again where another took the free port first, and where the last processes of a killed server still end. */
async function startServer(
  options: EmbeddedPostgresOptions,
  dataDir: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
): Promise<{ server: ServerProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const kept = attempt === 1 ? lastPort(dataDir) : undefined;
    const port = options.port ?? ((await freePortOr(kept)) || (await findFreePort()));
    const settings = { ...ownSettings, ...options.settings };
    try {
      const server = await startServerProcess({ binDir: binaries.binDir, dataDir, account, port, settings });
      return { server, port };
    } catch (error) {
      if (!(error instanceof ServerStartError)) throw error;
      const isPortTaken = /could not (bind|create any TCP)/.test(error.log);
      const isStillEnding = /pre-existing shared memory block/.test(error.log);
      if (attempt < 20 && ((isPortTaken && options.port === undefined) || isStillEnding)) {
        await sleep(isStillEnding ? 500 : 0);
        continue;
      }
      const hint = isPortTaken ? ` Port ${port} is taken: choose another one.` : '';
      throw new Error(`PostgreSQL did not start over ${dataDir}: ${error.message}${hint}`, { cause: error });
    }
  }
}

const ownSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  password_encryption: 'scram-sha-256',
  // Errors and statements hold people's data, and a log is no place for it: only what concerns the server itself.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
};

/** From the command line of the last run, which PostgreSQL keeps in the folder. */
function lastPort(dataDir: string): number | undefined {
  try {
    const port = / "-p" "(\d+)"/.exec(readFileSync(join(dataDir, 'postmaster.opts'), 'utf8'))?.[1];
    return port === undefined ? undefined : Number(port);
  } catch {
    return undefined; // the first run
  }
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
function findFreePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => settle(port));
    });
  });
}
