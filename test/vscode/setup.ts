/**
 * Builds the real VS Code workbench of the tests, once per machine: `npx tsx test/vscode/setup.ts`.
 * Ends with exit code 1 and plain words where something cannot be had; with `--optional` with exit code 0 then too, for
 * runs whose other tests need no workbench.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  findChromium,
  isWorkbenchBuilt,
  nodePackage,
  type WorkbenchPlaces,
  workbenchPlaces,
  workbenchStamp,
  workbenchVersions,
} from '../kit/workbench/findWorkbench.ts';

/** What cannot be had: what happened, why, and what the reader can do. */
class SetupError extends Error {}

const patience = 15 * 60_000; // milliseconds: a slow network fetches some 200 MB
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

try {
  await ensureChromium();
  await ensureWorkbench(workbenchPlaces());
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = process.argv.includes('--optional') ? 0 : 1;
}

async function ensureChromium(): Promise<void> {
  const found = findChromium();
  if (found !== undefined) return say(`Chromium: ${found}`);
  const advice =
    'Install Chromium or Chrome (on Debian and Ubuntu: `sudo apt-get install chromium`), or set PORTCULLIS_CHROMIUM to its path, and run this again.';
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `There is no Chromium, and only root may install one. It shows the workbench.\n${advice}`,
    );
  }
  if (spawnSync('apt-get', ['--version']).error) {
    throw new SetupError(
      `There is no Chromium, and this system has no apt-get to install one. It shows the workbench.\n${advice}`,
    );
  }
  say('Chromium: installing it by apt-get (about 100 MB) ...');
  const quiet = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], '/', quiet).catch(() => undefined); // the lists at hand may do
  await run(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    '/',
    quiet,
  ).catch((error) => {
    throw new SetupError(`Chromium could not be installed by apt-get:\n${error.message}\n${advice}`);
  });
  if (findChromium() === undefined) {
    throw new SetupError(`apt-get installed Chromium, but it is not where it is looked for.\n${advice}`);
  }
}

async function ensureWorkbench(places: WorkbenchPlaces): Promise<void> {
  if (isWorkbenchBuilt(places)) return say(`Workbench: ${places.folder} (${workbenchStamp.trim()})`);
  if (process.platform === 'win32') {
    throw new SetupError(
      'The workbench is not built on Windows: code-server runs on Linux and macOS only.\nRun the tests in WSL, or `npm run test:electron` with a desktop VS Code.',
    );
  }
  const release = await lock(`${places.folder}.lock`);
  try {
    if (isWorkbenchBuilt(places)) return say(`Workbench: ${places.folder}, built by another setup meanwhile`);
    await build(places);
  } finally {
    release();
  }
}

async function build(places: WorkbenchPlaces): Promise<void> {
  const started = Date.now();
  const { folder, nodeFolder, codeServer } = places;
  const vscode = join(codeServer, 'lib', 'vscode');
  const npm = (args: readonly string[], cwd: string) =>
    run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], cwd, buildEnvironment(nodeFolder));
  say(`Workbench: building it in ${folder} (about a minute and 800 MB)`);
  rmSync(places.stamp, { force: true });
  rmSync(join(folder, 'node_modules'), { recursive: true, force: true }); // what is left of a broken or older build
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n'); // or npm climbs to the next one above

  const parts = [
    `${nodePackage}@${workbenchVersions.node}`,
    `code-server@${workbenchVersions.codeServer}`,
  ] as const;
  await step(`1 of 3: fetching ${parts.join(' and ')}`, () =>
    npm(['install', '--ignore-scripts', '--no-save', ...parts], folder),
  );
  await step('2 of 3: fetching the parts of its VS Code', () =>
    npm(['install', '--omit=dev', '--ignore-scripts'], vscode),
  );
  await step('3 of 3: compiling its two native parts', () =>
    npm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], vscode),
  );
  const version = spawnSync(places.node, [places.entry, '--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    throw new SetupError(`The workbench was built but does not start:\n${version.stderr}`);
  }
  writeFileSync(places.stamp, workbenchStamp);
  say(`Workbench: ready after ${Math.round((Date.now() - started) / 1000)} s`);
}

async function step(name: string, work: () => Promise<void>): Promise<void> {
  say(`  ${name} ...`);
  await work().catch((error) => {
    throw new SetupError(
      [
        `The workbench could not be built. Step ${name} failed:`,
        error.message,
        'It needs the npm registry within reach, and python3, make and g++ to compile (on Debian: `apt-get install python3 make g++`).',
        'Put right what the lines above complain of, and run this again: it starts afresh.',
      ].join('\n'),
    );
  });
}

/** The workbench's own Node comes first, with its own headers; what an `npm run` around us says of this project goes. */
function buildEnvironment(nodeFolder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(package|lifecycle|config_local_prefix|config_nodedir)|^(NODE_OPTIONS|INIT_CWD)$/.test(name),
  );
  const path = `${join(nodeFolder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
  return { ...Object.fromEntries(kept), PATH: path, npm_config_nodedir: nodeFolder };
}

/** Rejects with the last lines the command wrote. */
async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: patience });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`\`${command} ${args[0]}\` ended with ${code ?? signal}.\n${said.trim()}`));
    });
  });
}

/** One build at a time. A lock whose process is gone is taken over; a live one is waited for. */
async function lock(file: string): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true });
  const waitUntil = Date.now() + patience;
  for (let isFirst = true; Date.now() < waitUntil; isFirst = false) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isLockStale(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (isFirst) say(`Workbench: another setup builds it (${file}); waiting ...`);
    await wait(500);
  }
  throw new SetupError(`Another setup holds ${file} for too long. Where none is running, delete that file.`);
}

function isLockStale(file: string): boolean {
  if (!existsSync(file)) return false;
  const owner = Number(readFileSync(file, 'utf8'));
  if (!(owner > 0)) return Date.now() - statSync(file).mtimeMs > 5_000; // made, but not yet written
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
