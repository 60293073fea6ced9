/** What real clients ask when they start and look around passes as developer in production, and is answered as directly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres15 } from '../kit/postgres.ts';
import { installed, run } from './clients/programs.ts';
import { psqlCommands } from './clients/psqlCommands.ts';
import { openStage, type Stage } from './clients/stage.ts';

const versions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);

/** Says in the open what is not looked at here. */
function title(text: string, missing: string | undefined): string {
  return missing === undefined ? text : `${text} (skipped: ${missing})`;
}

describe.each(versions)('on PostgreSQL %i', (version) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(version);
  });
  afterAll(() => stage?.stop());

  /** Runs the same directly and through the proxy: nothing may be stopped, and the answers are the same. */
  async function expectSame(what: (url: string) => Promise<string>, statements = 1): Promise<void> {
    const directly = await what(stage.direct());
    const mark = await stage.mark();
    const governed = await what(stage.url());
    const judged = await stage.judgedSince(mark);
    expect(judged.stopped).toEqual([]);
    expect(judged.statements.length).toBeGreaterThanOrEqual(statements);
    expect(governed).toBe(directly);
  }

  describe('psql', () => {
    const missing = installed('psql') ? undefined : 'psql is missing, install postgresql-client-15';
    for (const [part, script] of Object.entries(psqlCommands)) {
      it.skipIf(missing)(title(`looks around: ${part}`, missing), async () => {
        await expectSame((url) => run('psql', ['-X', url], { input: script }), 10);
      });
    }
  });
});
