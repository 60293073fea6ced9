/** `portcullis up` as a process of its own, from the bundle: what people run, and what can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface UpAnswer {
  readonly ready: true;
  readonly connections: readonly { name: string; environment: string; url: string; direct: string }[];
  readonly identities: readonly {
    email: string;
    groups: readonly string[];
    password: string;
    token: string;
    url: string;
  }[];
  readonly collector: string;
  readonly issuer: string;
  readonly data: string;
}

export interface UpProcess {
  readonly process: ChildProcess;
  readonly answer: UpAnswer;
  /** Milliseconds from start to ready. */
  readonly readyAfter: number;
  /** Everything that was written to standard output. */
  output(): string;
  /** Sends the signal and waits for the end; answers the exit code (null where a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs');

/** Rejects with what the process said where it does not become ready. */
export async function startUp(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<UpProcess> {
  const started = Date.now();
  const child = spawn(process.execPath, [cli, 'up', '--json', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let output = '';
  let complaints = '';
  child.stderr?.on('data', (chunk) => {
    complaints += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const answer = await new Promise<UpAnswer>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      if (output.endsWith('\n')) resolve(JSON.parse(output) as UpAnswer);
    });
    ended.then((code) => reject(new Error(`up ended with ${code}: ${complaints}`)));
  });
  return {
    process: child,
    answer,
    readyAfter: Date.now() - started,
    output: () => output,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
