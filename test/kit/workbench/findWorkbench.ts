/**
 * Where the real VS Code workbench of the tests is: code-server, run by its own Node, shown in Chromium.
 * `npx tsx test/vscode/setup.ts` builds it; `findWorkbench()` says where it is, or in words what is missing.
 */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The one place that says which versions the workbench is made of. */
export const workbenchVersions = { codeServer: '4.139.1', node: '24.21.0' } as const;

/** The package that holds a whole Node for this machine: the extension host of today's VS Code runs on it. */
export const nodePackage = `node-${process.platform}-${process.arch}`;

/** The stamp of a finished build says all that the build depended on. */
export const workbenchStamp = `code-server ${workbenchVersions.codeServer}, ${nodePackage} ${workbenchVersions.node}\n`;

export interface WorkbenchPlaces {
  readonly folder: string;
  readonly nodeFolder: string;
  readonly node: string;
  readonly codeServer: string;
  readonly entry: string;
  /** Written last: where it is missing or says something else, the build is not to be trusted. */
  readonly stamp: string;
}

export type Finding =
  | { readonly kind: 'found'; readonly node: string; readonly entry: string; readonly chromium: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** `$PORTCULLIS_WORKBENCH`, or a folder of the user's cache: outside the working tree, shared by all checkouts. */
export function workbenchPlaces(): WorkbenchPlaces {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = process.env['PORTCULLIS_WORKBENCH'] || join(cache, 'portcullis', 'workbench');
  const nodeFolder = join(folder, 'node_modules', nodePackage);
  const codeServer = join(folder, 'node_modules', 'code-server');
  return {
    folder,
    nodeFolder,
    node: join(nodeFolder, 'bin', 'node'),
    codeServer,
    entry: join(codeServer, 'out', 'node', 'entry.js'),
    stamp: join(folder, 'stamp'),
  };
}

export function isWorkbenchBuilt({ stamp, node, entry }: WorkbenchPlaces): boolean {
  return (
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === workbenchStamp &&
    existsSync(node) &&
    existsSync(entry)
  );
}

/** `$PORTCULLIS_CHROMIUM`, or the first Chromium or Chrome of the usual places. */
export function findChromium(): string | undefined {
  const usual = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
  const candidates = [
    process.env['PORTCULLIS_CHROMIUM'] ?? '',
    ...usual.map((name) => join('/usr/bin', name)),
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ];
  return candidates.find(isExecutable);
}

/** Reads nothing but the disk: fast enough to be asked by every test file. */
export function findWorkbench(): Finding {
  const places = workbenchPlaces();
  const chromium = findChromium();
  const missing = [
    ...(isWorkbenchBuilt(places) ? [] : [`no workbench is built in ${places.folder}`]),
    ...(chromium === undefined ? ['no Chromium is installed'] : []),
  ];
  if (chromium === undefined || missing.length > 0) {
    const reason = `${missing.join(', and ')}: run \`npx tsx test/vscode/setup.ts\` once.`;
    return { kind: 'missing', reason };
  }
  return { kind: 'found', node: places.node, entry: places.entry, chromium };
}

function isExecutable(path: string): boolean {
  if (path === '') return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
