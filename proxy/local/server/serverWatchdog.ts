/** A tiny shell process that ends the server when we die without being able to: a SIGKILL leaves no orphan. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runningAs, type ServerAccount, serverEnvironment } from './serverAccount.ts';

/** The watchdog of one server. */
export interface ServerWatchdog {
  /** Tells it which process to watch over. */
  guard(pid: number): void;
  /** Sends it home, the server being stopped. */
  dismiss(): Promise<void>;
}

/**
 * It reads a pipe whose other end only we hold. Line 1 is the server's pid, line 2 comes when all is well. When the pipe
 * ends before that, we are gone: it asks for a fast shutdown (SIGINT, PostgreSQL manual 18.5), after 20 s for an
 * immediate one. postmaster.pid must still name the server: its pid may be another process's by then.
 */
const script = `
read -r pid || exit 0
if read -r farewell; then exit 0; fi
holds() { read -r named < "$1" && [ "$named" = "$pid" ] && kill -0 "$pid"; }
holds "$1" && kill -INT "$pid"
waited=0
while holds "$1" && [ "$waited" -lt 20 ]; do sleep 1; waited=$((waited + 1)); done
holds "$1" && kill -QUIT "$pid"
`;

/** Starts the watchdog for the server over `dataDir`, before the server, as the server's own user. */
export function startServerWatchdog(dataDir: string, account: ServerAccount): ServerWatchdog {
  const child = spawn('/bin/sh', ['-c', script, 'portcullis-watchdog', `${dataDir}/postmaster.pid`], {
    ...runningAs(account),
    cwd: '/',
    detached: true, // its own process group: Ctrl-C in the terminal is for us alone
    env: serverEnvironment,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined); // seen by `dismiss`; a server that nobody watches is better than none
  child.stdin.on('error', () => undefined);
  child.unref();
  unrefStream(child.stdin);
  return {
    guard: (pid) => {
      child.stdin.write(`${pid}\n`);
    },
    dismiss: async () => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      const gone = once(child, 'exit');
      child.stdin.end('farewell\n');
      const impatience = setTimeout(() => child.kill('SIGKILL'), 2000);
      await gone;
      clearTimeout(impatience);
    },
  };
}

/** A pipe to a child is a socket, which by itself would keep our process from ending. */
function unrefStream(stream: object): void {
  if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
}
