/** Programs in Node, Python and Java go on working over protected columns: joins, exact lookups, grouping, and rows of their own. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, shopSetup, startGoverned } from '../../kit/governed.ts';
import { hasPostgres15 } from '../../kit/postgres.ts';

const execute = promisify(execFile); // never the synchronous one: the proxy lives in this process
const folder = join(import.meta.dirname, 'protected');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portcullis-clients');
const pgjdbc = join(cache, 'pgjdbc.jar');

const hasPython = existsSync(join(cache, 'python', 'pins'));
const hasJava =
  existsSync(pgjdbc) &&
  (process.env.PATH ?? '').split(delimiter).some((place) => existsSync(join(place, 'javac')));

const programs = [
  { name: 'Node', missing: '', command: [process.execPath, join(folder, 'work.mjs')] },
  {
    name: 'Python',
    missing: hasPython ? '' : ' (skipped: the drivers are missing, setup.sh installs them)',
    command: [join(cache, 'python', 'bin', 'python'), join(folder, 'work.py')],
  },
  {
    name: 'Java',
    missing: hasJava ? '' : ' (skipped: pgjdbc or Java is missing, setup.sh installs the driver)',
    command: ['java', '-cp', pgjdbc, join(folder, 'Work.java')],
  },
] as const;

const setup = `${shopSetup}
  CREATE TABLE newsletter (email text, topic text);
  INSERT INTO newsletter SELECT email, 'news' FROM customers WHERE id % 5 = 0;
  CREATE TABLE visits (email text, page int);
  INSERT INTO visits SELECT 'ada' || 1 + i % 17 || '@secret.example', i FROM generate_series(1, 60) i;
  ANALYZE;
`;

describe.each(hasPostgres15() ? ([15, 18] as const) : ([18] as const))('over PostgreSQL %i', (version) => {
  let governed: Governed;
  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development', version, setup });
  });
  afterAll(() => governed?.stop());

  for (const program of programs)
    it.skipIf(program.missing !== '')(
      `a program in ${program.name} works as it does directly${program.missing}`,
      { timeout: 120_000 },
      async () => {
        const run = async (url: string) => {
          const [file, ...args] = program.command;
          const { stdout } = await execute(file, [...args, url], {
            timeout: 90_000,
            env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
          });
          return stdout.trimEnd().split('\n');
        };
        const directly = await run(governed.direct());
        const through = await run(governed.url());
        const work = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('shown '));
        expect(work(directly).length).toBeGreaterThan(8);
        expect(work(through)).toEqual(work(directly));
        expect(directly.join('\n')).toContain('ada1@secret.example');
        expect(through.join('\n')).not.toContain('secret.example');
        expect(through.at(-1)).toContain('•••');
      },
    );
});
