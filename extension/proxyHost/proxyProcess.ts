/** Attaches to the running proxy, or starts one that outlives this window: one alone, whoever else tries the same. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../kit/log.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';
import { connectControl } from './controlClient.ts';
import type { ControlClient } from './controlClientTypes.ts';
import type { ProxyPaths } from './paths.ts';

export interface ProxyProgram {
  /** Path of dist/proxy.cjs. */
  readonly script: string;
  readonly paths: ProxyPaths;
  readonly log: Log;
  /** Milliseconds until a proxy that does not listen counts as failed. */
  readonly patience: number;
}

/** Another proxy listens at the socket already: not a failure, it is the one to attach to. */
const exitTaken = 3;
const longestLogFile = 5_000_000;
const shownLogTail = 2_000;
const pause = 50;

export async function attachOrStart(program: ProxyProgram): Promise<ControlClient> {
  const running = await connectControl(program.paths.socket);
  if (running) return running;
  const lock = join(program.paths.data, 'start.lock');
  const isOurs = takeLock(lock, program.patience);
  try {
    // Whoever held the lock before may have just started one.
    const meanwhile = isOurs ? await connectControl(program.paths.socket) : undefined;
    return meanwhile ?? (await waitUntilItListens(program, isOurs ? start(program) : undefined));
  } finally {
    if (isOurs) rmSync(lock, { force: true });
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly logFile: string;
  readonly logOffset: number;
}

function start({ script, paths, log }: ProxyProgram): Started {
  const logFile = join(paths.data, 'proxy.log');
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > longestLogFile) renameSync(logFile, `${logFile}.1`);
  const output = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [script, '--socket', paths.socket, '--data', paths.data], {
      cwd: paths.data,
      // A group of its own: the end of this window is not its end.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', output, output],
      env: proxyEnvironment(process.env),
    });
    child.unref();
    log.info(`Started the proxy, process ${child.pid}; its own log is ${logFile}`);
    return { child, logFile, logOffset: size > longestLogFile ? 0 : size };
  } finally {
    closeSync(output);
  }
}

/** The editor's own Node runs the proxy, without what is meant for the editor's processes. */
function proxyEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(VSCODE_|NODE_OPTIONS$)/.test(name));
  return { ...Object.fromEntries(kept), ELECTRON_RUN_AS_NODE: '1' };
}

async function waitUntilItListens(
  { paths, patience }: ProxyProgram,
  started: Started | undefined,
): Promise<ControlClient> {
  // Read where it is needed alone: the process may end long after this has returned.
  let end: (() => string) | undefined;
  started?.child.once('error', (error) => {
    end = () => error.message;
  });
  started?.child.once('exit', (code, signal) => {
    if (code !== exitTaken)
      end = () => lastWords(started) || `it ended with ${signal ?? `exit code ${code}`}.`;
  });
  for (const deadline = Date.now() + patience; Date.now() < deadline; await sleep(pause)) {
    const client = await connectControl(paths.socket);
    if (client) return client;
    if (end)
      throw new ProxyProblem(
        `The Portcullis proxy did not start: ${end()}`,
        'It is tried again by itself; the command “Portcullis: Show Log” tells more.',
      );
  }
  started?.child.kill();
  throw new ProxyProblem(
    `The Portcullis proxy did not start within ${Math.round(patience / 1000)} seconds.`,
    'It is tried again by itself; the command “Portcullis: Show Log” tells more.',
  );
}

/** What the proxy said before it ended, without the line that announces it. */
function lastWords({ logFile, logOffset }: Started): string {
  const said = readFileSync(logFile).subarray(logOffset).toString('utf8');
  return said
    .split('\n')
    .filter((line) => !line.startsWith('{"ready"'))
    .join('\n')
    .trim()
    .slice(-shownLogTail);
}

/** False where another window holds it. One that was left behind is taken over after the time a start may need. */
function takeLock(path: string, patience: number): boolean {
  for (const attempt of [1, 2]) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (attempt === 2 || Date.now() - since < patience + 5_000) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}
