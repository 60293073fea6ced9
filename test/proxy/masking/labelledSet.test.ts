/** How well sensitive values and columns are told from what only looks like them, measured on a labelled set. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { namedColumns } from './labelledSet/labelledColumns.ts';
import { forms, makeLabelledSet } from './labelledSet/labelledSet.ts';
import { type Measured, measure, precisionOf, recallOf } from './labelledSet/measure.ts';
import { measureColumns } from './labelledSet/measureColumns.ts';
import { renderResults, withResults } from './labelledSet/resultsTable.ts';
import { makeValueColumns } from './labelledSet/valueColumns.ts';

const leastPrecision = 0.99;
const leastRecall = 0.97;
const readme = 'proxy/masking/README.md';

function expectGood(results: ReadonlyMap<string, Measured>): void {
  for (const [name, result] of results) {
    const { missed, mistaken } = result;
    const says = `${name}: missed ${JSON.stringify(missed.slice(0, 5))}, taken for it ${JSON.stringify(mistaken.slice(0, 5))}`;
    expect(precisionOf(result), says).toBeGreaterThanOrEqual(leastPrecision);
    expect(recallOf(result), says).toBeGreaterThanOrEqual(leastRecall);
  }
}

describe('the labelled set', () => {
  const values = makeLabelledSet();
  const columns = [...namedColumns, ...makeValueColumns()];
  const byForm = measure(values);
  const byKind = measureColumns(columns);

  it('has thousands of values, at least as many look-alikes, and columns of both', () => {
    const sensitive = values.filter(({ form }) => form !== undefined).length;
    expect(sensitive).toBeGreaterThanOrEqual(2_000);
    expect(values.length - sensitive).toBeGreaterThanOrEqual(sensitive);
    expect(new Set(values.map(({ form }) => form)).size).toBe(forms.length + 1);
    const classified = columns.filter(({ kind }) => kind !== undefined).length;
    expect(columns.length - classified).toBeGreaterThanOrEqual(classified);
  });

  it('is told apart: values, by form', () => {
    expect(byForm.size).toBe(forms.length);
    expectGood(byForm);
  });

  it('is told apart whatever the dice say', () => {
    for (const seed of [1, 2, 3, 4]) expectGood(measure(makeLabelledSet(seed)));
  });

  it('is told apart: columns, by kind', () => {
    expectGood(byKind);
  });

  it('gives the figures that the README shows', () => {
    const before = readFileSync(readme, 'utf8');
    const withValues = withResults(before, 'values', renderResults('form', byForm));
    const after = withResults(withValues, 'columns', renderResults('kind', byKind));
    if (process.env['PORTCULLIS_WRITE_TABLES'] === '1') writeFileSync(readme, after);
    else expect(after, 'run with PORTCULLIS_WRITE_TABLES=1').toBe(before);
  });
});
