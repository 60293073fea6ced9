/** A command of the bundle as a process of its own, whose words can be waited for. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';

const cli = join(import.meta.dirname, '..', '..', '..', 'dist', 'cli.cjs');

export interface CommandProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** The first match in what was written to either output. Rejects where it ends without it, or takes over 20 s. */
  said(words: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and waits for the end; answers the exit code (null where a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
  readonly ended: Promise<number | null>;
}

const started = new Set<ChildProcess>();

/** For `afterAll`: what a failed test left running. */
export async function endCommands(): Promise<void> {
  for (const child of started) {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  }
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs any program to its end, while servers of this process go on serving. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { encoding: 'utf8', timeout: 30_000, env: { ...process.env, ...env } } as const;
    const child = execFile(program, args, options, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

export function runCommand(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  return run(process.execPath, [cli, ...args], env);
}

export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): CommandProcess {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  started.add(child);
  child.once('close', () => started.delete(child));
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    for (const look of waiting) look();
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    for (const look of waiting) look();
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    said: (words) =>
      new Promise((resolve, reject) => {
        const fail = (why: string) =>
          reject(new Error(`${args[0]} ${why} without saying ${words}:\n${stderr}\n${stdout}`));
        const timer = setTimeout(() => fail('went on for 20 s'), 20_000);
        const look = () => {
          const match = words.exec(stderr) ?? words.exec(stdout);
          if (match === null) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void ended.then(() => fail('ended'));
      }),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
