/** How to open the editor on what `portcullis up` has started, on this machine as it is now. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export interface EditorPlaces {
  /** PATH, as the shell has it. */
  readonly path: string;
  readonly platform: NodeJS.Platform;
  /** The folder of the project: there its npm scripts work, and the extension is packed. */
  readonly project: string;
}

/** A command and a link, in their order; none where this is not the project's folder, whose scripts they name. */
export function describeEditor(collector: string, places: EditorPlaces = ownPlaces()): readonly string[] {
  const { path, platform, project } = places;
  if (project === '' || !existsSync(join(project, 'esbuild.mjs'))) return [];
  if (!hasCommand('code', path, platform)) {
    return [`npm run workbench -- --collector ${collector}`];
  }
  return ['npm run package && code --install-extension portcullis.vsix', joinLink(collector)];
}

/** What a team gives to its newcomers. */
export function joinLink(collector: string, scheme = 'vscode'): string {
  return `${scheme}://portcullis.portcullis/join?collector=${encodeURIComponent(collector)}`;
}

function ownPlaces(): EditorPlaces {
  // The bundle lies in dist; run from its sources, there is no bundle to speak of.
  const project = typeof __dirname === 'string' ? resolve(__dirname, '..') : '';
  return { path: process.env['PATH'] ?? '', platform: process.platform, project };
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
