/**
 * Checks inside the extension host, the same ones in a desktop VS Code (runElectron.ts) and in the browser's (host.test.ts).
 * What they found is written to the file that PORTCULLIS_HOST_REPORT names: an exit code alone would hide a killed host.
 */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
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
};

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
