/** How to open the editor on what `portcullis up` has started, on this machine as it is now. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export interface EditorPlaces {
  /** PATH, as the shell has it. */
  readonly path: string;
  readonly platform: NodeJS.Platform;
  /** The folder of the project: there its npm scripts work, and the extension is packed. */
  readonly project: string;
  /** Where the commands are going to be typed: the folder we were started in. */
  readonly current: string;
}

/** Commands and a link, in their order; none where there is no project, whose scripts they name. */
export function describeEditor(collector: string, places: EditorPlaces = ownPlaces()): readonly string[] {
  const { path, platform, project, current } = places;
  if (project === '' || !existsSync(join(project, 'esbuild.mjs'))) return [];
  const there = project === current ? [] : [`cd "${project}"`];
  if (hasCommand('code', path, platform)) {
    const isPacked = existsSync(join(project, 'portcullis.vsix'));
    return [
      ...there,
      ...(isPacked ? [] : ['npm run package']),
      'code --install-extension portcullis.vsix',
      joinLink(collector),
    ];
  }
  // The VS Code that runs in a browser is not to be had for Windows.
  return platform === 'win32' ? [] : [...there, `npm run workbench -- --collector ${collector}`];
}

/** What a team gives to its newcomers. */
export function joinLink(collector: string, scheme = 'vscode'): string {
  return `${scheme}://portcullis.portcullis/join?collector=${encodeURIComponent(collector)}`;
}

function ownPlaces(): EditorPlaces {
  // The bundle lies in dist; run from its sources, there is no bundle to speak of.
  const project = typeof __dirname === 'string' ? resolve(__dirname, '..') : '';
  const { platform } = process;
  return { path: process.env['PATH'] ?? '', platform, project, current: process.cwd() };
}

/** Looks only: starting an editor to ask it takes a second. */
function hasCommand(name: string, path: string, platform: NodeJS.Platform): boolean {
  const names = platform === 'win32' ? [`${name}.cmd`, `${name}.exe`] : [name];
  return path
    .split(platform === 'win32' ? ';' : delimiter)
    .some((folder) => folder !== '' && names.some((file) => isExecutable(join(folder, file))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us: the next folder may have it
  }
}
