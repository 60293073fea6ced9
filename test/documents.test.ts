/** What the documents say holds: their links lead somewhere, their tables are the manifest's. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };

const top = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(top, file), 'utf8');
const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: top,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(top, file)));

describe('the documents', () => {
  it.each(documents)('%s links to what exists', (file) => {
    const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => !isExternal(target) && !leadsSomewhere(file, target));
    expect(broken).toEqual([]);
  });

  it('lists in extension/README.md the commands and settings of the manifest', () => {
    const listed = [...read('extension/README.md').matchAll(/^\| `(portcullis\.\w+)` +\| (.*?) +\|/gm)].map(
      ([, id, said]) => [id, said],
    );
    const { commands, configuration } = manifest.contributes;
    const known = [
      ...commands.map(({ command, title }) => [command, title]),
      ...Object.entries(configuration.properties).map(([id, { default: value }]) => [
        id,
        `\`${JSON.stringify(value)}\``,
      ]),
    ];
    expect(listed).toEqual(known);
  });

  it('name only commands that npm knows', () => {
    const named = documents.flatMap((file) =>
      [...read(file).matchAll(/npm run (?:--\S+ )?([\w:]+)/g)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !Object.hasOwn(manifest.scripts, name))).toEqual([]);
  });
});

function isExternal(target: string): boolean {
  return /^(https?|vscode|command|mailto):/.test(target);
}

/** A file or folder, and where an anchor is given a heading of it. */
function leadsSomewhere(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!existsSync(join(top, file))) return false;
  if (anchor === undefined) return true;
  const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text);
  return headings.some(
    (text) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-') === anchor,
  );
}
