/**
 * One person's VS Code: a real workbench in a process group of its own, with a home, settings and extensions of its own.
 *
 *   const ada = await startWorkbench({ name: 'ada', folder: '/tmp/project', vsix: 'portcullis.vsix' });
 *   const editor = await openEditor(browser, ada);   // driver.ts
 *   ...
 *   await ada.stop();
 *
 * Several may run at once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findWorkbench } from './findWorkbench.ts';
import { endProcesses, killProcesses } from './ownProcesses.ts';
import { userSettings } from './userSettings.ts';

export type WorkbenchOptions = {
  /** Appears in messages and in the names of screenshots. */
  readonly name: string;
  /** The folder opened in the workbench: an absolute path. */
  readonly folder: string;
  /** Added to a small environment: PATH, LANG and the workbench's own folders. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Added to `userSettings`. */
  readonly settings?: Readonly<Record<string, unknown>>;
} & (
  | { /** A packaged extension, installed as a user would. */ readonly vsix: string }
  | {
      /** An unpacked extension in development; the workbench then shows no toasts (the notification centre has them). */
      readonly extensionPath: string;
      /** A bundle whose `run` the extension host calls; the page then needs `codeAutomationLog` and `codeAutomationExit`. */
      readonly testsPath?: string;
    }
);

export interface Workbench {
  readonly name: string;
  /** Opens the folder, with the extension in development where there is one. */
  readonly url: string;
  readonly folder: string;
  /** The person's HOME: `~/.config`, `~/.local/share` and the like are in it. Gone after `stop`. */
  readonly home: string;
  /** The last lines of what the extension host and the output channels wrote. */
  logs(lines?: number): string;
  /** Ends the workbench and every process it left behind, and removes its folder. */
  stop(): Promise<void>;
}

/** Rejects in words where no workbench is built, the extension does not install, or the server does not start. */
export async function startWorkbench(options: WorkbenchOptions): Promise<Workbench> {
  const found = findWorkbench();
  if (found.kind === 'missing') throw new Error(`There is no workbench: ${found.reason}`);
  const own = makeOwnFolders(options.settings ?? {});
  const environment = { ...ownEnvironment(own), ...options.environment };
  const start = (args: readonly string[]) =>
    spawn(
      found.node,
      [found.entry, '--user-data-dir', own.data, '--extensions-dir', own.extensions, ...args],
      {
        cwd: own.home,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true, // a group of its own
      },
    );
  let server: ChildProcess | undefined;
  const killAtExit = () => killProcesses(server?.pid, own.root); // a run that is broken off leaves nothing either
  process.once('exit', killAtExit);
  const stop = async () => {
    process.off('exit', killAtExit);
    await endProcesses(server?.pid, own.root);
    rmSync(own.root, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    if ('vsix' in options) await install(start(['--install-extension', options.vsix]), options.vsix);
    server = start([...serverArguments, ...('vsix' in options ? [] : developmentArguments)]);
    const address = await listeningAddress(server, options.name);
    return {
      name: options.name,
      url: addressOf(address, options),
      folder: options.folder,
      home: own.home,
      logs: (lines = 60) => tailOfLogs(join(own.data, 'logs'), lines),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const serverArguments = [
  '--auth=none',
  '--bind-addr=127.0.0.1:0',
  '--disable-telemetry',
  '--disable-update-check',
  '--disable-workspace-trust',
  '--disable-getting-started-override',
  '--ignore-last-opened',
];

/** Without it a built VS Code ignores, silently, which extension is in development. */
const developmentArguments = ['--vscode-option', 'enable-smoke-test-driver'];

type OwnFolders = Readonly<Record<'root' | 'home' | 'temporary' | 'runtime' | 'data' | 'extensions', string>>;

/** Short names, for the path of a Unix socket ends at 107 characters. */
function makeOwnFolders(settings: Readonly<Record<string, unknown>>): OwnFolders {
  const root = mkdtempSync(join(realpathSync('/tmp'), 'wb-'));
  chmodSync(root, 0o755); // like /home: servers that drop root's rights must get through
  const own = {
    root,
    home: join(root, 'home'),
    temporary: join(root, 'tmp'),
    runtime: join(root, 'run'),
    data: join(root, 'data'),
    extensions: join(root, 'ext'),
  };
  for (const folder of [own.home, join(own.data, 'User'), own.extensions]) {
    mkdirSync(folder, { recursive: true });
  }
  mkdirSync(own.temporary, { mode: 0o700 });
  mkdirSync(own.runtime, { mode: 0o700 });
  writeFileSync(
    join(own.data, 'User', 'settings.json'),
    JSON.stringify({ ...userSettings, ...settings }, null, 2),
  );
  return own;
}

function ownEnvironment({ home, temporary, runtime }: OwnFolders): Record<string, string> {
  const path = (process.env['PATH'] ?? '').split(':').filter((part) => !part.includes('node_modules'));
  return {
    PATH: path.join(':'),
    LANG: 'C.UTF-8',
    SHELL: '/bin/bash',
    HISTFILE: '/dev/null',
    HOME: home,
    TMPDIR: temporary,
    XDG_RUNTIME_DIR: runtime,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_CACHE_HOME: join(home, '.cache'),
    EXTENSIONS_GALLERY: '{}', // nothing is looked up in a marketplace
  };
}

async function install(installing: ChildProcess, vsix: string): Promise<void> {
  const said = collect(installing);
  const code = await new Promise((resolve, reject) => {
    installing.once('error', reject);
    installing.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The workbench did not install ${vsix}:\n${said()}`);
}

async function listeningAddress(server: ChildProcess, name: string): Promise<string> {
  const said = collect(server);
  for (const until = Date.now() + 60_000; Date.now() < until; await wait(50)) {
    const address = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said())?.[1];
    if (address !== undefined) return address;
    if (server.exitCode !== null) break;
  }
  throw new Error(`The workbench of ${name} did not start. It said:\n${said()}`);
}

function collect(child: ChildProcess): () => string {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-20_000);
    });
  }
  return () => said;
}

function addressOf(address: string, options: WorkbenchOptions): string {
  const url = new URL(address);
  url.searchParams.set('folder', options.folder);
  if ('extensionPath' in options) {
    const remote = (path: string) => `vscode-remote://${url.host}${path}`;
    const payload = [['extensionDevelopmentPath', remote(options.extensionPath)]];
    if (options.testsPath !== undefined) payload.push(['extensionTestsPath', remote(options.testsPath)]);
    url.searchParams.set('payload', JSON.stringify(payload));
  }
  return url.href;
}

function tailOfLogs(folder: string, lines: number): string {
  let files: string[];
  try {
    files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return '(no logs yet)';
  }
  return files
    .filter((file) => /exthost/.test(file) && file.endsWith('.log'))
    .filter((file) => !/vscode\.(git|github|github-authentication)/.test(file)) // VS Code's own chatter
    .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8').trim() }))
    .filter(({ text }) => text !== '')
    .map(({ file, text }) => `--- ${basename(file)}\n${text.split('\n').slice(-lines).join('\n')}`)
    .join('\n');
}
