/** How well columns are classified, by kind: from name and comment, and where those say nothing, from values. */
import type { ClassificationKind } from '../../../../proxy/masking/classification.ts';
import { classifyByComment, classifyByName } from '../../../../proxy/masking/columns/columnNames.ts';
import { judgeValues } from '../../../../proxy/masking/columns/sampleColumns.ts';
import type { LabelledColumn } from './labelledColumns.ts';
import type { Measured } from './measure.ts';

export function measureColumns(
  columns: readonly LabelledColumn[],
): ReadonlyMap<ClassificationKind, Measured> {
  const results = new Map<ClassificationKind, Measured>();
  const of = (kind: ClassificationKind) => {
    const known = results.get(kind) ?? { values: 0, found: 0, wrong: 0, missed: [], mistaken: [] };
    results.set(kind, known);
    return known;
  };
  for (const column of columns) {
    const said = classifyColumn(column, columns);
    const words = `${column.relation}.${column.column}`;
    if (column.kind !== undefined) {
      const result = of(column.kind);
      result.values++;
      if (said === column.kind) result.found++;
      else result.missed.push(`${words} (${said})`);
    }
    if (said !== undefined && said !== column.kind) {
      of(said).wrong++;
      of(said).mistaken.push(words);
    }
  }
  return results;
}

function classifyColumn(
  { relation, column, family, comment, values }: LabelledColumn,
  columns: readonly LabelledColumn[],
): ClassificationKind | undefined {
  const siblings = columns
    .filter((other) => other.relation === relation)
    .map((other) => classifyByName('', other.column, other.family))
    .filter((kind) => kind !== undefined);
  return (
    classifyByName(relation, column, family, new Set(siblings)) ??
    (comment === undefined ? undefined : classifyByComment(comment, family)) ??
    (values === undefined ? undefined : judgeValues(values, column)?.kind)
  );
}
