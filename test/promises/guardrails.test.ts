/** The known ways round guardrails are stopped, and their harmless twins pass: through the real proxy, against real servers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres15 } from '../kit/postgres.ts';
import { openArena } from './guardrails/arena.ts';
import { corpus } from './guardrails/corpus.ts';
import { isUnproven, type Verdict } from './guardrails/guardCase.ts';
import { renderResults, withResults } from './guardrails/resultsTable.ts';
import { CaseRunner } from './guardrails/runCase.ts';

const readme = join(import.meta.dirname, '..', '..', 'proxy', 'policy', 'README.md');
const versions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
const rows = [...new Set(corpus.map(({ id }) => id.slice(0, 3)))].sort();
/** `PORTCULLIS_CASES=G08-a` runs those alone, and leaves the table be. */
const only = process.env['PORTCULLIS_CASES'] ?? '';

const verdicts = new Map<15 | 18, readonly Verdict[]>();

async function runAll(version: 15 | 18): Promise<readonly Verdict[]> {
  const arena = await openArena(version);
  try {
    const runner = new CaseRunner(arena);
    const said: Verdict[] = [];
    for (const guardCase of corpus) {
      if (!guardCase.id.startsWith(only) || (guardCase.since ?? 0) > version) continue;
      const wrong = await runner.run(guardCase);
      // Shown once, on the newest server that is here.
      const isShown = version === 18 && !isUnproven(guardCase);
      const unproven = isShown ? await runner.prove(guardCase) : undefined;
      said.push({ guardCase, wrong, unproven });
    }
    return said;
  } finally {
    await arena.stop();
  }
}

beforeAll(async () => {
  await Promise.all(versions.map(async (version) => verdicts.set(version, await runAll(version))));
}, 600_000);

describe.each(versions)('on PostgreSQL %i', (version) => {
  it.each(rows)('%s: what must be stopped is stopped, and what is harmless passes', (row) => {
    const ours = verdicts.get(version)?.filter(({ guardCase }) => guardCase.id.startsWith(row)) ?? [];
    const wrong = ours.flatMap(({ guardCase: { id, knownGap }, wrong: said }) => {
      if (knownGap === undefined) return said === undefined ? [] : [`${id}: ${said}`];
      return said === undefined ? [`${id}: the known gap is mended; remove its mark`] : [];
    });
    expect(wrong).toEqual([]);
  });

  it.runIf(version === 18)('each way works without the proxy', () => {
    const all = verdicts.get(version) ?? [];
    expect(
      all.flatMap(({ guardCase, unproven }) => (unproven ? [`${guardCase.id}: ${unproven}`] : [])),
    ).toEqual([]);
  });
});

describe('the corpus', () => {
  it('has at least 400 cases, 150 of them harmless twins, each with an id of its own', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(400);
    expect(corpus.filter(({ isTwin }) => isTwin).length).toBeGreaterThanOrEqual(150);
    expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length);
    expect(rows).toEqual(Array.from({ length: 20 }, (_, index) => `G${String(index + 1).padStart(2, '0')}`));
  });

  it.skipIf(only !== '' || versions.length < 2)('gives the results that proxy/policy/README.md shows', () => {
    const before = readFileSync(readme, 'utf8');
    const after = withResults(before, renderResults(verdicts));
    if (process.env['PORTCULLIS_WRITE_TABLES'] === '1') writeFileSync(readme, after);
    else expect(after, 'run with PORTCULLIS_WRITE_TABLES=1').toBe(before);
  });
});
