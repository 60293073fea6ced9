/** Known ways to protected values end with a mask or a refusal: through the real proxy, against real servers, in every mode. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres15 } from '../kit/postgres.ts';
import { openArena } from './masking/arena.ts';
import { corpus } from './masking/corpus.ts';
import { knownGaps } from './masking/knownGaps.ts';
import type { Verdict } from './masking/leakCase.ts';
import { renderResults, withResults } from './masking/resultsTable.ts';
import { runLeakCase } from './masking/runLeakCase.ts';

const readme = join(import.meta.dirname, '..', '..', 'proxy', 'masking', 'README.md');
const allVersions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
/** `PORTCULLIS_CASES=M08-a,M05-b01` runs those alone, `PORTCULLIS_SERVERS=18` on that alone; both leave the table be. */
const only = process.env['PORTCULLIS_CASES'] ?? '';
const isChosen = (id: string): boolean => only.split(',').some((prefix) => id.startsWith(prefix));
const versions = allVersions.filter(
  (version) => (process.env['PORTCULLIS_SERVERS'] ?? `${version}`) === `${version}`,
);
const rows = [...new Set(corpus.map(({ id }) => id.slice(0, 3)))].sort();

const verdicts = new Map<15 | 18, readonly Verdict[]>();

async function runAll(version: 15 | 18): Promise<readonly Verdict[]> {
  const arena = await openArena(version);
  try {
    const said: Verdict[] = [];
    for (const leakCase of corpus) {
      if (!isChosen(leakCase.id) || (leakCase.since ?? 0) > version) continue;
      said.push(await runLeakCase(arena, leakCase));
    }
    return said;
  } finally {
    await arena.stop();
  }
}

beforeAll(async () => {
  await Promise.all(versions.map(async (version) => verdicts.set(version, await runAll(version))));
}, 900_000);

describe.each(versions)('on PostgreSQL %i', (version) => {
  it.each(rows)('%s: nothing protected comes through, and no answer depends on it', (row) => {
    const ours = verdicts.get(version)?.filter(({ leakCase }) => leakCase.id.startsWith(row)) ?? [];
    const wrong = ours.flatMap(({ leakCase: { id, run }, leaked }) =>
      leaked === undefined || knownGaps[id] !== undefined ? [] : [`${id}: ${JSON.stringify(run)}: ${leaked}`],
    );
    expect(wrong).toEqual([]);
  });

  it('each way leads to protected values without the proxy', () => {
    const all = verdicts.get(version) ?? [];
    expect(
      all.flatMap(({ leakCase: { id, run }, unproven }) =>
        unproven ? [`${id}: ${JSON.stringify(run)}: ${unproven}`] : [],
      ),
    ).toEqual([]);
  });
});

describe('the corpus', () => {
  it.skipIf(only !== '')('lists no gap that is mended', () => {
    const leaking = [...verdicts.values()]
      .flat()
      .flatMap(({ leaked, leakCase }) => (leaked ? [leakCase.id] : []));
    expect(Object.keys(knownGaps).filter((id) => !leaking.includes(id))).toEqual([]);
  });

  it('has at least 400 cases, of all rows of BYPASSES.md, each with an id of its own', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(400);
    expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length);
    expect(rows).toEqual(Array.from({ length: 34 }, (_, index) => `M${String(index + 1).padStart(2, '0')}`));
  });

  it.skipIf(only !== '' || versions.length < 2)(
    'gives the results that proxy/masking/README.md shows',
    () => {
      const before = readFileSync(readme, 'utf8');
      const after = withResults(before, renderResults(verdicts));
      if (process.env['PORTCULLIS_WRITE_TABLES'] === '1') writeFileSync(readme, after);
      else expect(after, 'run with PORTCULLIS_WRITE_TABLES=1').toBe(before);
    },
  );
});
