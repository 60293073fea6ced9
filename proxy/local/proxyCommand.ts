/** `portcullis proxy`: the local proxy for people without an editor, signed in through the browser, until it is stopped. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ControlServer, SocketInUse } from '../control/controlServer.ts';
import { makeHandlers } from '../control/handlers.ts';
import { LocalProxy } from '../control/localProxy.ts';
import type { LocalAccess, ProxyStatus, Tokens } from '../control/messages.ts';
import { beginSignIn } from '../identity/signIn.ts';
import { openTokenStore, type TokenStore } from '../identity/tokenStore.ts';
import { TokenRefused } from '../identity/tokenVerifier.ts';
import { CollectorRefusal, checkCollectorUrl } from '../kit/collectorClient.ts';
import { createLog } from '../kit/log.ts';
import { openInBrowser } from './openInBrowser.ts';
import { clearRunningState, writeRunningState } from './runningState.ts';
import { runUntilStopped } from './untilStopped.ts';
import { controlSocket, dataFolder } from './userFolders.ts';

export interface ProxyOptions {
  readonly collector: string;
  readonly data?: string | undefined;
  readonly 'sign-out': boolean;
  readonly json: boolean;
}

/** Runs until a signal; answers the exit code. Rejects, with nothing left running, where it cannot start. */
export async function runProxy(options: ProxyOptions): Promise<number> {
  const collector = checkCollectorUrl(options.collector);
  const data = options.data === undefined ? dataFolder() : resolve(options.data);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const store = openTokenStore({ dataDirectory: data, notice: say });
  if (options['sign-out']) {
    await store.forget(collector);
    say(
      `Signed out of ${collector}: nothing of the sign-in is kept here. End a proxy that still runs, or it keeps its own anew.`,
    );
    return 0;
  }
  const log = createLog('warn');
  return runUntilStopped(log, async ({ closers, stopping, end }) => {
    let keeping: Promise<unknown> = Promise.resolve();
    const voice = makeVoice(data, options.json);
    const proxy = new LocalProxy({
      dataDirectory: data,
      log,
      notify: (name, params) => {
        server.notify(name, params);
        if (name === 'statusChanged') voice(params as ProxyStatus);
        if (name !== 'tokensChanged') return;
        const renewed = params as { collector: string; tokens: Tokens };
        keeping = keeping
          .then(() => store.write(renewed.collector, renewed.tokens))
          .catch((error) => log.error('the renewed sign-in could not be kept', error));
      },
    });
    const server: ControlServer = new ControlServer({
      socket: controlSocket(),
      handlers: makeHandlers(proxy, end),
      log,
      onWelcome: (tell) => proxy.welcome(tell),
      onWindows: () => undefined,
    });
    await server.listen().catch((error: unknown) => {
      if (!(error instanceof SocketInUse)) throw error;
      throw new Error(
        'a proxy of yours is running already, in the editor or another terminal\n  Use that one (portcullis doctor says more), or end it first.',
      );
    });
    closers.push(
      () => keeping.then(() => undefined),
      async () => clearRunningState(),
      () => proxy.stop(),
      () => server.stop(),
    );
    rememberCollector(data, collector);
    await signIn({ proxy, store, collector, stopping });
  });
}

interface SigningIn {
  readonly proxy: LocalProxy;
  readonly store: TokenStore;
  readonly collector: string;
  readonly stopping: AbortSignal;
}

/** With the tokens kept from before where they still do, else through the browser. */
async function signIn({ proxy, store, collector, stopping }: SigningIn): Promise<void> {
  const kept = await store.read(collector);
  if (kept !== undefined) {
    try {
      await proxy.signIn(collector, kept);
      return;
    } catch (error) {
      // Away, and tried again by the proxy itself: its status has said so.
      if (proxy.status.state === 'starting') return;
      const isRefused = error instanceof TokenRefused || CollectorRefusal.is(error, 401);
      if (!isRefused) throw error;
      say(`The sign-in kept from before is not taken any more: ${error.message}.`);
    }
  }
  if (stopping.aborted) return;
  const pending = await beginSignIn(collector);
  stopping.addEventListener('abort', () => pending.cancel());
  if (stopping.aborted) pending.cancel();
  say(`To sign in, open this address in your browser:\n\n  ${pending.url}\n`);
  openInBrowser(pending.url);
  const tokens = await pending.finished;
  // Before they are used: a refresh token is lost where nobody keeps it.
  await store.write(collector, tokens);
  await proxy.signIn(collector, tokens).catch((error) => {
    if (proxy.status.state !== 'starting') throw error;
  });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Tells the person what changes, each thing once; a program hears only the first time that it is ready. */
function makeVoice(data: string, isJson: boolean): (status: ProxyStatus) => void {
  let said = '';
  let isReadyTold = false;
  const isNew = (text: string) => {
    const differs = text !== said;
    said = text;
    return differs;
  };
  return (status) => {
    const { state, identity, access, problem } = status;
    if (state === 'running' && access !== undefined) {
      const text = describeReady(status, access);
      if (!isNew(text)) return;
      writeRunningState({ pid: process.pid, data, connections: addresses(status, access) });
      if (!isJson) process.stdout.write(text);
      else if (!isReadyTold) process.stdout.write(`${JSON.stringify(readyAnswer(status, access))}\n`);
      isReadyTold = true;
      return;
    }
    const words = describeTrouble(state, identity?.email ?? '', problem?.message);
    if (words !== undefined && isNew(words)) say(words);
    if (state === 'signedOut') clearRunningState();
  };
}

function describeTrouble(state: ProxyStatus['state'], email: string, problem = ''): string | undefined {
  if (state === 'expired') {
    return `The sign-in of ${email} has expired and could not be renewed: statements are refused. End this with Ctrl-C and start it again to sign in.`;
  }
  if (state === 'starting' && problem !== '') return `Waiting: ${problem}. It is tried again by itself.`;
  // With a problem it is thrown as well, and said by whoever catches it.
  return state === 'signedOut' && problem === ''
    ? 'The proxy is signed out: nothing connects until the next sign-in.'
    : undefined;
}

function addresses({ connections }: ProxyStatus, access: LocalAccess) {
  return connections.map(({ name, environment }) => ({ name, environment, url: urlOf(access, name) }));
}

function readyAnswer(status: ProxyStatus, access: LocalAccess) {
  const { passwordFile, serviceFile } = access;
  const { collector, identity } = status;
  return {
    ready: true,
    collector,
    identity,
    connections: addresses(status, access),
    serviceFile,
    passwordFile,
  };
}

function urlOf({ host, port, user, password }: LocalAccess, connection: string): string {
  return `postgres://${[user, password].map(encodeURIComponent).join(':')}@${host}:${port}/${encodeURIComponent(connection)}`;
}

function describeReady({ collector, identity, connections }: ProxyStatus, access: LocalAccess): string {
  const { serviceFile, passwordFile } = access;
  const parts = connections.map(({ name, environment, state, problem }) => {
    const trouble = state === 'failed' ? `\n  not open now: ${problem?.message ?? ''}` : '';
    return `
${name} (${environment})${trouble}
  PGSERVICEFILE=${quote(serviceFile)} PGPASSFILE=${quote(passwordFile)} psql service=${quote(name)}
  ${urlOf(access, name)}
`;
  });
  const nothing = `\nThe collector has no connections for you yet. Ask who runs it to add some, then start this again.\n`;
  return `
Signed in as ${identity?.email} (${identity?.groups.join(', ')}) at ${collector}.
${parts.length === 0 ? nothing : parts.join('')}
The addresses are good on this machine only, while this runs. Ctrl-C ends it.
`;
}

/** For a POSIX shell; as it is where nothing needs quoting. */
function quote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const rememberedName = 'proxy.json';

/** So that `doctor` knows where to look. */
function rememberCollector(data: string, collector: string): void {
  writeFileSync(join(data, rememberedName), JSON.stringify({ collector }), { mode: 0o600 });
}

/** Where `portcullis proxy` was last told to sign in; undefined where it never ran here. */
export function readRememberedCollector(data: string): string | undefined {
  try {
    const { collector } = JSON.parse(readFileSync(join(data, rememberedName), 'utf8')) as {
      collector?: unknown;
    };
    return typeof collector === 'string' ? checkCollectorUrl(collector) : undefined;
  } catch {
    return undefined; // not there, or not ours
  }
}
