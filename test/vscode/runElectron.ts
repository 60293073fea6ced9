/**
 * The checks inside the extension host, in a desktop VS Code: `npm run test:electron`. It is downloaded, or PORTCULLIS_VSCODE
 * names the executable of one that is installed.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { bundleSuite } from './host/bundleSuite.ts';
import type { HostReport } from './host/suite.ts';

const project = join(import.meta.dirname, '..', '..');
const work = mkdtempSync(join(tmpdir(), 'portcullis-electron-'));
const report = join(work, 'report.json');

const advice = `Name the executable of one that is installed: PORTCULLIS_VSCODE=/path/to/code npm run test:electron
Or run the same checks in the browser's VS Code: npm run test:vscode`;

try {
  process.exitCode = await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const named = process.env['PORTCULLIS_VSCODE'];
  if (named !== undefined && !existsSync(named)) {
    console.error(`PORTCULLIS_VSCODE names ${named}, which is not there.\n${advice}`);
    return 1;
  }
  const executable = named ?? (await download());
  if (executable === undefined) return 1;
  const folder = join(work, 'folder');
  mkdirSync(folder);
  try {
    await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: project,
      extensionTestsPath: await bundleSuite(work),
      extensionTestsEnv: { PORTCULLIS_HOST_REPORT: report },
      launchArgs: [folder, '--disable-extensions', '--user-data-dir', join(work, 'user')],
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  return tell();
}

async function download(): Promise<string | undefined> {
  try {
    return await downloadAndUnzipVSCode();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    console.error(`A desktop VS Code is missing, and could not be downloaded: ${why}\n${advice}`);
    return undefined;
  }
}

/** A host that was killed ends like one that is done: only what it has written counts. */
function tell(): number {
  let found: HostReport;
  try {
    found = JSON.parse(readFileSync(report, 'utf8')) as HostReport;
  } catch {
    console.error('VS Code ended before the checks did.');
    return 1;
  }
  for (const name of found.passed) console.log(`✓ ${name}`);
  for (const { name, message } of found.failed) console.log(`× ${name}: ${message}`);
  console.log(`${found.passed.length} passed, ${found.failed.length} failed`);
  return found.failed.length === 0 && found.passed.length > 0 ? 0 : 1;
}
