/** Which system user runs the embedded PostgreSQL (the server refuses to run as root), and whether it can enter a folder. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The user and group that the server's processes get. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

/** What a helper program said. `code` is null where a signal ended it. */
export interface ProgramResult {
  readonly code: number | null;
  readonly output: string;
}

/** Environment of every program of PostgreSQL: messages in English (they are searched) and times in UTC. */
export const serverEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/**
 * Chooses who runs the server over `dataDir`: us, or, where we are root, the folder's owner or else `nobody`.
 * @throws Error where the folder belongs to a user that we cannot become
 */
export function chooseServerAccount(dataDir: string): ServerAccount {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) {
    throw new Error(
      `The embedded PostgreSQL cannot be started on ${process.platform}: it needs a POSIX system. ` +
        'Use a server of your own: portcullis up --target postgres://…',
    );
  }
  const owner = existsSync(dataDir) ? statSync(dataDir) : undefined;
  if (uid === 0)
    return owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : findNobody();
  if (owner !== undefined && owner.uid !== uid) {
    throw new Error(
      `The data folder ${dataDir} belongs to user ${owner.uid}, and we run as user ${uid}: PostgreSQL accepts only its ` +
        'own folder. Choose another folder with --data, or run as that user (as root, if root made it).',
    );
  }
  return { uid, gid };
}

function findNobody(): ServerAccount {
  const ask = (flag: string): number =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }).trim());
  try {
    return { uid: ask('-u'), gid: ask('-g') };
  } catch (cause) {
    throw new Error(
      'PostgreSQL refuses to run as root, and this system has no user "nobody" to run it as. ' +
        'Start Portcullis as another user, or add that user.',
      { cause },
    );
  }
}

/** Options for child_process that make the child run as `account`; none where that is who we are. */
export function runningAs(account: ServerAccount): { uid?: number; gid?: number } {
  return account.uid === process.getuid?.() ? {} : { uid: account.uid, gid: account.gid };
}

/** Runs a program to its end as `account`; `input` is all that it reads. Rejects where it cannot be started. */
export function runProgram(
  account: ServerAccount,
  program: string,
  args: readonly string[],
  input = '',
): Promise<ProgramResult> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, {
      ...runningAs(account),
      cwd: '/', // ours may be a folder that the account cannot enter
      env: serverEnvironment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.stdin.on('error', () => undefined); // the program may end without reading its input
    child.on('error', reject);
    child.on('close', (code) => settle({ code, output }));
    child.stdin.end(input);
  });
}

/** The outermost folder on the way to `folder` that `account` cannot enter, or undefined where all are open to it. */
export async function findClosedFolder(account: ServerAccount, folder: string): Promise<string | undefined> {
  const way: string[] = [];
  for (let at = realpathSync(resolve(folder)); ; at = dirname(at)) {
    way.unshift(at);
    if (at === dirname(at)) break;
  }
  // The account itself tries: mode bits alone would miss access lists and mount options.
  const script = 'for folder do cd "$folder" 2>/dev/null || { printf "%s" "$folder"; exit 1; }; done';
  const { code, output } = await runProgram(account, '/bin/sh', ['-c', script, 'sh', ...way]);
  return code === 0 ? undefined : output;
}

/** Whether a folder holds a database cluster. */
export function isClusterFolder(folder: string): boolean {
  return existsSync(join(folder, 'PG_VERSION'));
}
