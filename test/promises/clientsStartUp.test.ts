/** What real clients ask when they start and look around passes as developer in production, and is answered as directly. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres15 } from '../kit/postgres.ts';
import { pgtapTests, plainTests } from './clients/pgtapLike.ts';
import { clientPrograms, missingTool, run } from './clients/programs.ts';
import { completions, psqlCommands } from './clients/psqlCommands.ts';
import { askRecorded, readRecorded } from './clients/recorded.ts';
import { openStage, type Stage } from './clients/stage.ts';

const versions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
const psqlMissing = missingTool('psql', 'postgresql-client-15');

const pgtapControl = '/usr/share/postgresql/15/extension/pgtap.control';

/** Says in the open what is not looked at here. */
function title(text: string, missing: string | undefined): string {
  return missing === undefined ? text : `${text} (skipped: ${missing})`;
}

/** `\\set` tells where psql is connected, and as whom: it knows that by itself. */
const withoutWhere = (printed: string) => printed.replace(/^(PORT|USER) = .*$/gm, '$1');

describe.each(versions)('as developer in production, on PostgreSQL %i', (version) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(version);
  });
  afterAll(() => stage?.stop());

  /** Runs the same directly and through the proxy: nothing may be stopped, and the answers are the same. */
  async function expectSame<Answer>(
    ask: (url: string) => Promise<Answer>,
    statements: number,
  ): Promise<Answer> {
    const directly = await ask(stage.direct());
    const mark = await stage.mark();
    const governed = await ask(stage.url());
    const judged = await stage.judgedSince(mark);
    expect(judged.stopped).toEqual([]);
    expect(judged.statements.length).toBeGreaterThanOrEqual(statements);
    expect(governed).toEqual(directly);
    return directly;
  }

  for (const [part, script] of Object.entries(psqlCommands)) {
    it.skipIf(psqlMissing)(title(`psql looks around: ${part}`, psqlMissing), async () => {
      const said = await expectSame(async (url) => withoutWhere(await run('psql', ['-X', url], script)), 10);
      // psql 15 knows nothing of what 18 has changed: the server says so, either way.
      if (version === 15) expect(said).not.toMatch(/^ERROR:/m);
    });
  }

  const ttyMissing = psqlMissing ?? missingTool('script', 'bsdutils');
  it.skipIf(ttyMissing)(title('psql completes names at the touch of the tab key', ttyMissing), async () => {
    // With a terminal between them, which is what makes psql read keys.
    const typed = (url: string) =>
      run('script', ['-qec', `psql -X '${url}?sslmode=disable'`, '/dev/null'], completions);
    const said = await expectSame(typed, 10);
    expect(said).toContain('depot.shelves');
  });

  it.skipIf(ttyMissing)(title('psql in a terminal without a locale', ttyMissing), async () => {
    const inTerminal = (url: string) =>
      run(
        'env',
        ['LC_ALL=C', 'script', '-qec', `psql -XAt '${url}?sslmode=disable'`, '/dev/null'],
        "SELECT 'ü';\n\\q\n",
      );
    expect(await expectSame(inTerminal, 1)).toContain('ü');
  });

  it.skipIf(psqlMissing)(title('a script of tests in SQL', psqlMissing), async () => {
    const said = await expectSame((url) => run('psql', ['-X', url], plainTests), 15);
    expect(said).toContain('ok 7 - the area is the product\n# Looks like 0 failed of 7');
  });

  for (const { name, missing, command, statements, isVariant } of clientPrograms) {
    if (isVariant && version !== 18) continue;
    it.skipIf(missing)(title(name, missing), { timeout: 120_000 }, async () => {
      const said = await expectSame(async (url) => {
        const [file, ...args] = command(url);
        return run(file, args);
      }, statements);
      expect(said).toMatch(/exit 0$/);
    });
  }

  for (const [name, protocol] of [
    ['datagrip', 'extended'],
    ['dbeaver', 'extended'],
    ['others', 'simple'],
  ] as const) {
    it(`what ${name} ask, as it is written down in clients/recorded`, async () => {
      const queries = readRecorded(name);
      expect(queries.length).toBeGreaterThan(50);
      const answers = await expectSame((url) => askRecorded(url, queries, protocol), queries.length);
      expect(answers.filter((answer) => answer.startsWith('ERROR'))).toEqual([]);
    });
  }

  const pgbenchMissing = missingTool('pgbench', 'postgresql-15');
  it.skipIf(pgbenchMissing)(title('pgbench reads', pgbenchMissing), async () => {
    await run('pgbench', ['-i', '-q', stage.direct()]);
    await stage.refresh(); // its tables are new
    for (const mode of ['simple', 'extended', 'prepared']) {
      const mark = await stage.mark();
      const said = await run('pgbench', ['-n', '-S', '-M', mode, '-c', '2', '-t', '20', stage.url()]);
      expect(said).toContain('number of transactions actually processed: 40/40');
      expect((await stage.judgedSince(mark)).stopped).toEqual([]);
    }
  });
});

describe('as developer in development', () => {
  const pgbenchMissing = missingTool('pgbench', 'postgresql-15');
  const pgtapMissing = existsSync(pgtapControl)
    ? psqlMissing
    : 'pgTAP is missing, install postgresql-15-pgtap';
  let stage: Stage;
  beforeAll(async () => {
    // pgTAP is for Debian's own server.
    stage = await openStage(versions[0], 'development');
  });
  afterAll(() => stage?.stop());

  // In the client and in the server, with partitions and without, foreign keys, and a second time over the first.
  for (const args of [[], ['-I', 'dtGvpf', '--partitions=3'], ['-I', 'dtgvp', '--unlogged-tables']]) {
    it.skipIf(pgbenchMissing)(title(`pgbench -i ${args.join(' ')}`, pgbenchMissing), async () => {
      const mark = await stage.mark();
      const said = await run('pgbench', ['-i', '-q', ...args, stage.url()]);
      expect(said).toMatch(/done in .*exit 0$/s);
      expect((await stage.judgedSince(mark)).stopped).toEqual([]);
      const count = ['-XAtc', 'SELECT count(*) FROM pgbench_accounts', stage.direct()];
      expect(await run('psql', count)).toBe('100000\nexit 0');
    });
  }

  // Its functions run the texts that they are given, and could tell by passing or failing what protected columns hold. Where there
  // are such columns they are not run, and the answer says why.
  it.skipIf(pgtapMissing)(title('pgTAP itself', pgtapMissing), async () => {
    await run('psql', ['-Xqc', 'CREATE EXTENSION pgtap', stage.owner()]);
    await stage.refresh(); // its functions are new
    const test = (url: string) => run('psql', ['-X', url], pgtapTests);
    expect(await test(stage.direct())).toContain('# Looks like you failed 1 test of 10');
    const said = await test(stage.url());
    expect(said).toContain('has_table may read protected columns and is not run');
    expect(said).not.toContain('ok 1');
  });
});
