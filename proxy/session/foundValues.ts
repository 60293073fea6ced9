/** What is made of values in which something was found: the outcome names their columns, and the column is classified. */

import { chooseUse } from '../masking/columns/classificationDraft.ts';
import type { CleanedValue } from '../masking/detecting/cleanValue.ts';
import type { ScannedColumn } from '../masking/detecting/scanPlan.ts';
import type { GovernedConnection } from './governedConnection.ts';
import type { StatementRun } from './judging/judgement.ts';

/** Finds whose form alone is not certain: so many in one result, and in every second row, tell what their column holds. */
const enoughUncertain = 3;

/** Finds in columns so far, by run. */
const counts = new WeakMap<StatementRun, Map<ScannedColumn, number>>();

/** Notes one masked value of a row of the run; the column is protected for every session from the first certain one on. */
export function noteFoundValue(
  run: StatementRun,
  connection: GovernedConnection,
  column: ScannedColumn,
  { findings, isWhole }: CleanedValue,
): void {
  const [first] = findings;
  const seen = counts.get(run) ?? new Map<ScannedColumn, number>();
  counts.set(run, seen);
  const count = (seen.get(column) ?? 0) + 1;
  seen.set(column, count);
  const kind = isWhole || column.isArray ? first.kind : 'pii.freeText';
  if (count === 1) {
    run.maskedColumns = [...(run.maskedColumns ?? []), { column: column.name, classification: kind }];
  }
  if (column.relation === 0 || column.attribute <= 0) return;
  const { relation, attribute } = column;
  if (connection.classifications.of(relation, attribute) !== undefined) return;
  const isCertain = findings.some((finding) => finding.isCertain);
  // Rows that are copied are counted at the end: 0 says nothing of how many others there were.
  const isInMost = run.rows > 0 && count * 2 >= run.rows;
  if (!isCertain && (count < enoughUncertain || !isInMost)) return;
  const found = isCertain ? (findings.find((finding) => finding.isCertain) ?? first) : first;
  const why = `a value of it ${isWhole ? 'looked like' : 'held'} ${describe(found.form)}`;
  const classification = { kind, use: chooseUse(kind), why, confidence: isCertain ? 0.9 : 0.7 };
  connection.learn([{ relation, column: attribute, classification }]);
}

function describe(form: string): string {
  return `${/^(?:[aeio]|SSN)/i.test(form) ? 'an' : 'a'} ${form}`;
}
