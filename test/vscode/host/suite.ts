/**
 * Checks inside the extension host, the same ones in a desktop VS Code (runElectron.ts) and in the browser's (host.test.ts).
 * What they found is written to the file that PORTCULLIS_HOST_REPORT names: an exit code alone would hide a killed host.
 */
import { strict as assert } from 'node:assert';
import { statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authentication, type CodeLens, commands, extensions, languages, Uri, workspace } from 'vscode';

export interface HostReport {
  readonly passed: readonly string[];
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

const id = 'portcullis.portcullis';

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

function extension() {
  const found = extensions.getExtension(id);
  assert(found, `${id} is not installed`);
  return found;
}

const checks: Readonly<Record<string, () => Promise<void>>> = {
  'activates by itself, when the editor has started': async () => {
    await until(() => extension().isActive);
  },

  'registers every command of its manifest': async () => {
    const known = new Set(await commands.getCommands(true));
    const { contributes } = extension().packageJSON as Manifest;
    assert(contributes.commands.length > 15);
    assert.deepEqual(
      contributes.commands.map(({ command }) => command).filter((command) => !known.has(command)),
      [],
    );
  },

  'has its views': async () => {
    const known = new Set(await commands.getCommands(true));
    // Named here: VS Code makes this command for whatever the manifest says.
    const wanted = ['schema', 'requests', 'activity', 'results'].map((view) => `portcullis.${view}.focus`);
    assert.deepEqual(
      wanted.filter((command) => !known.has(command)),
      [],
    );
  },

  'has an account for the Accounts menu, and nobody signed in': async () => {
    assert.equal(await authentication.getSession('portcullis', [], { silent: true }), undefined);
  },

  'offers to run what stands in a SQL document': async () => {
    const document = await workspace.openTextDocument({ language: 'sql', content: 'SELECT 1;\n' });
    const lenses = await commands.executeCommand<CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
      10,
    );
    assert(lenses.length > 0, 'there is no lens');
  },

  'says nothing about documents before it knows who asks': async () => {
    const document = await workspace.openTextDocument({
      language: 'sql',
      content: 'DROP TABLE customers;\n',
    });
    assert.deepEqual(languages.getDiagnostics(document.uri), []);
  },

  'keeps an unsaved document of its own schemes out of the file system': async () => {
    await assert.rejects(async () => workspace.fs.stat(Uri.parse('portcullis-schema:/nothing')));
  },

  'starts no proxy before somebody has signed in': async () => {
    const socket = statSync(proxySocket, { throwIfNoEntry: false });
    // The one of somebody who works on this machine is older than this host.
    const hostStarted = Date.now() - process.uptime() * 1_000;
    assert(socket === undefined || socket.mtimeMs < hostStarted, `${proxySocket} is new`);
  },
};

/** Where the proxy of this user listens, on Linux and macOS. */
const proxySocket = join(
  process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
  `portcullis-${process.getuid?.() ?? 0}`,
  'control.sock',
);

/** Called by VS Code; rejects where a check fails. */
export async function run(): Promise<void> {
  const passed: string[] = [];
  const failed: { name: string; message: string }[] = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      passed.push(name);
    } catch (error) {
      failed.push({ name, message: error instanceof Error ? error.message : String(error) });
    }
  }
  const report: HostReport = { passed, failed };
  const path = process.env['PORTCULLIS_HOST_REPORT'];
  if (path !== undefined) writeFileSync(path, JSON.stringify(report));
  if (failed.length > 0) throw new Error(failed.map(({ name, message }) => `${name}: ${message}`).join('\n'));
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !isTrue(); ) {
    if (Date.now() > end) throw new Error('it did not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
