/** The checks as one file that VS Code can load. */
import { join } from 'node:path';
import { build } from 'esbuild';

/** @returns the path of the bundle, in `folder`. */
export async function bundleSuite(folder: string): Promise<string> {
  const outfile = join(folder, 'suite.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'suite.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'error',
  });
  return outfile;
}
