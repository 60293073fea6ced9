/** Where a running `portcullis up` says that it runs, so that `query` and `doctor` find it: one file per OS user. */
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface RunningState {
  readonly pid: number;
  readonly data: string;
  readonly connections: readonly {
    readonly name: string;
    readonly environment: string;
    readonly url: string;
  }[];
  /** Why a changed policy could not be used; the one before it is in force. */
  readonly policyProblem?: string | undefined;
}

/** In XDG_RUNTIME_DIR where there is one, else a folder in the temporary folder that only we can enter. */
function stateFile(): string {
  const base = process.env['XDG_RUNTIME_DIR'] ?? tmpdir();
  const folder = join(base, `portcullis-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new Error(`${folder} belongs to another user; remove it, or set XDG_RUNTIME_DIR`);
  }
  if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return join(folder, 'running.json');
}

export function writeRunningState(state: RunningState): void {
  const path = stateFile();
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
}

/** Removes the file if it is still ours: another `up` may have started since. */
export function clearRunningState(): void {
  if (readRunningState()?.pid === process.pid) rmSync(stateFile(), { force: true });
}

/** The running proxy, or undefined where none runs (a file left behind by a crash counts as none). */
export function readRunningState(): RunningState | undefined {
  let state: RunningState;
  try {
    state = JSON.parse(readFileSync(stateFile(), 'utf8')) as RunningState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    process.kill(state.pid, 0);
    return state;
  } catch {
    return undefined; // ESRCH: it is gone
  }
}
