/** What `npm start` tells a person: how to connect, how to open the editor, and who may sign in; and no token. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEditor, type EditorPlaces } from '../../../proxy/local/editorHint.ts';
import { describeReady, type ReadyAnswer } from '../../../proxy/local/readyAnswer.ts';

const collector = 'http://127.0.0.1:4000';
const identity = (email: string, group: string) => ({
  email,
  groups: [group],
  password: `pass-of-${email.split('@')[0]}`,
  token: `secret-token-of-${email}`,
  url: `postgres://${email.split('@')[0]}:word@127.0.0.1:1/demo`,
});
const answer: ReadyAnswer = {
  ready: true,
  connections: [
    {
      name: 'demo',
      environment: 'production',
      url: 'postgres://dev:word@127.0.0.1:1/demo',
      direct: 'postgres://owner:deep@127.0.0.1:2/demo',
    },
  ],
  identities: [identity('dev@example.com', 'developers'), identity('reviewer@example.com', 'reviewers')],
  collector,
  issuer: 'http://127.0.0.1:5000',
  data: '/data',
};

describe('the ready text', () => {
  it('names the port, the logins and the way into the editor', () => {
    const text = describeReady(answer, ['npm run workbench']);
    expect(text).toContain("psql 'postgres://dev:word@127.0.0.1:1/demo'");
    expect(text).toContain('  npm run workbench\n');
    expect(text).toMatch(/dev@example.com {8}pass-of-dev {3}developers/);
    expect(text).toMatch(/reviewer@example.com {3}pass-of-reviewer {3}reviewers/);
  });

  it('shows neither tokens nor the way beside the proxy', () => {
    const text = describeReady(answer, []);
    expect(text).not.toContain('secret-token');
    expect(text).not.toContain('owner:deep');
    expect(text).not.toContain('editor');
  });
});

describe('the way into the editor', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'editor-hint-'));
    writeFileSync(join(folder, 'esbuild.mjs'), '');
    writeFileSync(join(folder, 'code'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const hint = (path: string, places: Partial<EditorPlaces> = {}) =>
    describeEditor(collector, { path, platform: 'linux', project: folder, current: folder, ...places });
  const workbench = `npm run workbench -- --collector ${collector}`;
  const install = 'code --install-extension portcullis.vsix';
  const link = `vscode://portcullis.portcullis/join?collector=${encodeURIComponent(collector)}`;

  it('is the workbench in the browser where there is no desktop editor', () => {
    expect(hint('')).toEqual([workbench]);
    // A file that is not executable is no command.
    expect(hint(folder)).toEqual([workbench]);
  });

  it('is the desktop editor and a join link where `code` is installed', () => {
    chmodSync(join(folder, 'code'), 0o755);
    expect(hint(`/nowhere:${folder}`)).toEqual(['npm run package', install, link]);
    writeFileSync(join(folder, 'portcullis.vsix'), '');
    expect(hint(`/nowhere:${folder}`)).toEqual([install, link]);
  });

  it('leads to the project from wherever it is read', () => {
    expect(hint('', { current: tmpdir() })).toEqual([`cd "${folder}"`, workbench]);
  });

  it('knows what a command is called on Windows, and that the browser has no VS Code there', () => {
    expect(hint(folder, { platform: 'win32' })).toEqual([]);
    writeFileSync(join(folder, 'code.cmd'), '', { mode: 0o755 });
    expect(hint(`C:\\nowhere;${folder}`, { platform: 'win32' })).toEqual([install, link]);
  });

  it('is left out where the scripts that it would name are not', () => {
    expect(hint('', { project: tmpdir() })).toEqual([]);
  });
});
