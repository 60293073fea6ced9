/** Looks at some values of columns that nothing else has classified: one bounded query a relation, in a time box. */
import { performance } from 'node:perf_hooks';
import type { Client } from 'pg';
import type { CatalogColumn, CatalogRelation } from '../../schema/catalog.ts';
import type { ClassificationKind } from '../classification.ts';
import { countCards, findInText, valueDetectors } from './detectors.ts';

/** A column's verdict by its values. */
export interface ValueVerdict {
  readonly kind: ClassificationKind;
  readonly why: string;
  readonly confidence: number;
}

export interface SampleTask {
  readonly relation: CatalogRelation;
  readonly columns: readonly CatalogColumn[];
}

export interface SampleReport {
  /** By relation and column number. */
  readonly verdicts: readonly {
    readonly relation: number;
    readonly column: number;
    readonly verdict: ValueVerdict;
  }[];
  /** Columns that need no second look: as many values were seen as ever would be. */
  readonly examined: readonly { readonly relation: number; readonly column: number }[];
  readonly failed: readonly { readonly relation: CatalogRelation; readonly message: string }[];
  /** Not looked at: the time was up. */
  readonly skipped: readonly CatalogRelation[];
}

const sampleRows = 200;
/** Characters of a value that are looked at. */
const sampleLength = 1_000;
/** With fewer values than this among the first rows, a column is asked for its own: it may have been added late. */
const enoughValues = 20;
const leastHits = 3;
const leastFinds = 2;

/** Looks at all tasks, in order, until the time is up. Never rejects for a relation's sake: what fails is in the report. */
export async function sampleColumns(
  client: Client,
  tasks: readonly SampleTask[],
  timeBoxMs: number,
): Promise<SampleReport> {
  const verdicts: SampleReport['verdicts'][number][] = [];
  const examined: SampleReport['examined'][number][] = [];
  const failed: SampleReport['failed'][number][] = [];
  const skipped: CatalogRelation[] = [];
  const end = performance.now() + timeBoxMs;
  for (const { relation, columns } of tasks) {
    if (performance.now() >= end) {
      skipped.push(relation);
      continue;
    }
    try {
      const { values, isFull } = await readValues(client, relation, columns);
      columns.forEach((column, index) => {
        const seen = values[index] ?? [];
        const verdict = judgeValues(seen);
        const place = { relation: relation.oid, column: column.number };
        if (verdict !== undefined) verdicts.push({ ...place, verdict });
        if (isFull && seen.length >= enoughValues) examined.push(place);
      });
    } catch (error) {
      failed.push({ relation, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { verdicts, examined, failed, skipped };
}

/** What a column is by some of its values, nulls and empty ones left out; undefined where nothing was found. */
export function judgeValues(values: readonly string[]): ValueVerdict | undefined {
  const filled = values.map((value) => value.trim()).filter((value) => value !== '');
  for (const detector of valueDetectors) {
    const hits = filled.filter(detector.isWhole).length;
    const share = hits / filled.length;
    if (hits < leastHits || share < detector.share) continue;
    return {
      kind: detector.kind,
      why: `${hits} of ${filled.length} sampled values look like ${detector.kind}`,
      confidence: Math.min(0.95, share),
    };
  }
  return judgeText(filled);
}

function judgeText(values: readonly string[]): ValueVerdict | undefined {
  const kinds = new Set<ClassificationKind>();
  let finds = 0;
  let candidates = 0;
  let cards = 0;
  for (const value of values) {
    const kind = findInText(value);
    if (kind !== undefined) {
      kinds.add(kind);
      finds++;
    }
    const counted = countCards(value);
    candidates += counted.candidates;
    cards += counted.cards;
  }
  // One number in ten passes the check by chance: where most fail it, the rest are no cards.
  if (cards >= leastFinds && cards > candidates * 0.8) {
    kinds.add('pii.paymentCard');
    finds += cards;
  }
  if (finds < leastFinds) return undefined;
  const why = `${finds} of ${values.length} sampled values hold ${[...kinds].sort().join(', ')}`;
  return { kind: 'pii.freeText', why, confidence: 0.8 };
}

/** Read-only, short, and never waiting for a lock: sampling must not be felt by those who use the database. */
async function readValues(
  client: Client,
  relation: CatalogRelation,
  columns: readonly CatalogColumn[],
): Promise<{ values: string[][]; isFull: boolean }> {
  const source = `${client.escapeIdentifier(relation.schema)}.${client.escapeIdentifier(relation.name)}`;
  const read = (column: CatalogColumn) =>
    `pg_catalog.left(${client.escapeIdentifier(column.name)}::pg_catalog.text, ${sampleLength})`;
  await client.query('BEGIN READ ONLY');
  try {
    await client.query("SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '200ms'");
    const list = columns.map(read).join(', ');
    const { rows } = await client.query<(string | null)[]>({
      text: `SELECT ${list} FROM ${source} LIMIT ${sampleRows}`,
      rowMode: 'array',
    });
    const values = columns.map((_, index) => filledOf(rows, index));
    const isFull = rows.length >= sampleRows;
    for (const [index, column] of columns.entries()) {
      if (!isFull || (values[index]?.length ?? 0) >= enoughValues) continue;
      const filled = `${client.escapeIdentifier(column.name)} IS NOT NULL`;
      try {
        const own = await client.query<(string | null)[]>({
          text: `SELECT ${read(column)} FROM ${source} WHERE ${filled} LIMIT ${sampleRows}`,
          rowMode: 'array',
        });
        values[index] = filledOf(own.rows, 0);
      } catch {
        break; // too slow: what the first rows told still counts
      }
    }
    return { values, isFull };
  } finally {
    await client.query('ROLLBACK');
  }
}

function filledOf(rows: readonly (readonly (string | null)[])[], index: number): string[] {
  return rows.map((row) => row[index] ?? null).filter((value) => value !== null);
}
