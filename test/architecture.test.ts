/** The fence: who may import whom (DESIGN.md, section 3), and how large a file may grow. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname ?? '.', '..');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?([^'"`;]*?\s+from\s+)?'([^']+)'/gm)) {
    const target = match[3] ?? '';
    const to = target.startsWith('.')
      ? normalize(join(dirname(file), target))
          .split(sep)
          .join('/')
      : target;
    const names = /\{([^}]*)\}/.exec(match[2] ?? '')?.[1];
    const areTypes = names?.split(',').every((name) => /^\s*(type\s|$)/.test(name)) ?? false;
    found.push({ from: file, to, isType: match[1] !== undefined || areTypes });
  }
  return found;
}

/** Types that everybody may know: what the editor and the proxy say to each other. */
const messages = 'proxy/control/messages.ts';

const files = ['extension', 'proxy', 'media'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);
const room = (path: string) => path.split('/').slice(0, 2).join('/');
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe('the house', () => {
  it('has files and imports to look at', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(50);
  });

  it('lets wire import nothing of ours', () => {
    expect(
      imports
        .filter(
          ({ from, to }) =>
            room(from) === 'proxy/wire' && to.startsWith('proxy/') && room(to) !== 'proxy/wire',
        )
        .map(show),
    ).toEqual([]);
  });

  it('lets the rooms of the proxy import kit, themselves, and types of each other and of the messages', () => {
    const rooms = ['sql', 'policy', 'masking', 'approvals', 'schema', 'audit', 'identity'].map(
      (name) => `proxy/${name}`,
    );
    const outside = imports.filter(
      ({ from, to, isType }) =>
        rooms.includes(room(from)) &&
        to.startsWith('proxy/') &&
        room(to) !== room(from) &&
        room(to) !== 'proxy/kit' &&
        !(isType && (rooms.includes(room(to)) || room(to) === 'proxy/wire' || to === messages)),
    );
    expect(outside.map(show)).toEqual([]);
  });

  it('lets kit import nothing of ours', () => {
    expect(
      imports
        .filter(
          ({ from, to }) => room(from) === 'proxy/kit' && to.startsWith('proxy/') && room(to) !== 'proxy/kit',
        )
        .map(show),
    ).toEqual([]);
  });

  it('keeps vscode out of the proxy and the webviews', () => {
    expect(
      imports.filter(({ from, to }) => to === 'vscode' && !from.startsWith('extension/')).map(show),
    ).toEqual([]);
  });

  it('lets the extension and the webviews know nothing of the proxy but message types', () => {
    const outside = imports.filter(
      ({ from, to, isType }) =>
        !from.startsWith('proxy/') && to.startsWith('proxy/') && !(isType && to === messages),
    );
    expect(outside.map(show)).toEqual([]);
  });

  it('lets feature folders of the extension not import each other', () => {
    const crossing = imports.filter(
      ({ from, to }) =>
        from.startsWith('extension/') &&
        from.split('/').length > 2 &&
        to.startsWith('extension/') &&
        room(to) !== room(from) &&
        room(to) !== 'extension/kit',
    );
    expect(crossing.map(show)).toEqual([]);
  });

  it('keeps files below 500 lines', () => {
    const tables = /(Manifest|Table|Names|Data)\.ts$/; // generated text and tables
    const long = files
      .filter((file) => !tables.test(file))
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 500);
    expect(long).toEqual([]);
  });

  it('begins every file with a sentence that says what it is', () => {
    expect(files.filter((file) => !readFileSync(join(root, file), 'utf8').startsWith('/**'))).toEqual([]);
  });
});
