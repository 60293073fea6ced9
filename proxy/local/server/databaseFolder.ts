/** Makes a database folder with initdb: whole or not at all, with a password that never lies on the disk. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PostgresBinaries } from './postgresBinaries.ts';
import { findClosedFolder, isClusterFolder, runProgram, type ServerAccount } from './serverAccount.ts';

/**
 * The one true path of `dataDir`, links resolved, so that whoever names the folder another way meets the same owner.
 * Makes the folder around it where that is missing, and sees that the server's user can enter it. Where we are root
 * and it is ours alone, the server's group gets the right to pass through it (g+x: no right to look into it).
 * @throws Error naming the folder that is closed
 */
export async function openDataFolder(dataDir: string, account: ServerAccount): Promise<string> {
  mkdirSync(dirname(dataDir), { recursive: true });
  const path = existsSync(dataDir)
    ? realpathSync(dataDir)
    : join(realpathSync(dirname(dataDir)), basename(dataDir));
  const parent = dirname(path);
  let closed = await findClosedFolder(account, parent);
  if (closed === parent && letGroupPass(parent, account)) closed = await findClosedFolder(account, parent);
  if (closed === undefined) return path;
  throw new Error(
    `The data folder ${path} cannot be used: PostgreSQL refuses to run as root and so runs as user ${account.uid}, ` +
      `which may not enter ${closed}. Choose a folder elsewhere with --data, or let others pass through: chmod o+x ${closed}`,
  );
}

function letGroupPass(folder: string, account: ServerAccount): boolean {
  const { uid, mode } = statSync(folder);
  const isOursAlone = process.getuid?.() === 0 && uid === 0 && (mode & 0o077) === 0;
  if (!isOursAlone) return false; // somebody has thought about its group: theirs to decide
  chownSync(folder, 0, account.gid);
  chmodSync(folder, (mode & 0o7700) | 0o010);
  return true;
}

/**
 * Makes sure that `dataDir` holds a database cluster of the programs' major version, making it where the folder is
 * missing or empty. UTF-8, code point order, times in UTC, SCRAM-SHA-256 for everyone.
 * @throws Error where the folder holds something else, or initdb fails
 */
export async function ensureDatabaseFolder(
  dataDir: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
  login: { readonly user: string; readonly password: string },
): Promise<void> {
  if (isClusterFolder(dataDir)) return acceptFolder(dataDir, account, binaries.version);
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new Error(
      `The folder ${dataDir} is not empty and holds no PostgreSQL database: nothing in it was touched. ` +
        'Choose an empty folder with --data.',
    );
  }
  const unfinished = `${dataDir}.creating`; // a run that dies half-way leaves nothing that looks like a database
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (account.uid !== process.getuid?.()) chownSync(unfinished, account.uid, account.gid);
  try {
    await runInitdb(unfinished, account, binaries, login);
    renameSync(unfinished, dataDir);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

function acceptFolder(dataDir: string, account: ServerAccount, version: number): void {
  const made = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (made !== String(version)) {
    throw new Error(
      `The database in ${dataDir} was made by PostgreSQL ${made}, and the programs here are PostgreSQL ${version}. ` +
        `Choose another folder with --data, or use the programs of version ${made}.`,
    );
  }
  if (statSync(dataDir).uid === account.uid) return;
  // Root's own copy of a database, for instance: the server accepts only what belongs to its user.
  execFileSync('chown', ['-Rh', `${account.uid}:${account.gid}`, dataDir]);
  chmodSync(dataDir, 0o700);
}

async function runInitdb(
  folder: string,
  account: ServerAccount,
  binaries: PostgresBinaries,
  login: { readonly user: string; readonly password: string },
): Promise<void> {
  if (/[\0\r\n]/.test(login.password) || login.password === '') {
    throw new Error('The password of the database owner must be one line of text that is not empty.');
  }
  const args = ['-D', folder, '-U', login.user, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'];
  // From 17 on, upper() and lower() know all of Unicode wherever it runs (PostgreSQL manual 23.1.4, builtin provider).
  if (binaries.version >= 17) args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  // initdb reads the password from a file only. A pipe will do, and it must be one that its user may open by name: ours
  // is not, so the shell makes it.
  const script = 'cat | "$0" "$@" --pwfile=/dev/fd/3 3<&0 </dev/null';
  const program = ['-c', script, join(binaries.binDir, 'initdb'), ...args];
  const { code, output } = await runProgram(account, '/bin/sh', program, `${login.password}\n`);
  if (code === 0) return;
  const why = output.trim().split('\n').slice(-6).join('\n');
  throw new Error(`PostgreSQL could not make a database in ${folder} (initdb ended with ${code}):\n${why}`);
}
