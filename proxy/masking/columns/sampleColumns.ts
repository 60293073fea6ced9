/** Looks at some values of columns that nothing else has classified: one bounded query a relation, in a time box. */
import { performance } from 'node:perf_hooks';
import type { Client } from 'pg';
import type { CatalogColumn, CatalogRelation } from '../../schema/catalog.ts';
import type { ClassificationKind } from '../classification.ts';
import { countCardLike, type Look, lookAtValue, splitArray } from './detectors.ts';

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
        const read = values[index] ?? [];
        const seen = column.typeName.endsWith('[]') ? read.flatMap(splitArray) : read;
        const verdict = judgeValues(seen, column.name);
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

/** The share of a column's values that must be of a kind: more of those that one number in ten is by chance. */
const leastShare = 0.5;
const leastShareByChance = 0.8;

/** In order of preference, where a column's values are of several. */
const order: readonly ClassificationKind[] = [
  'secret.password',
  'secret.token',
  'pii.email',
  'pii.bankAccount',
  'pii.nationalId',
  'pii.phone',
  'pii.paymentCard',
  'pii.ipAddress',
];

/** What a column is by some of its values, nulls and empty ones left out; undefined where nothing was found. */
export function judgeValues(values: readonly string[], column = ''): ValueVerdict | undefined {
  const filled = values.map((value) => value.trim()).filter((value) => value !== '');
  const looks = filled.map((value) => lookAtValue(value, column));
  for (const kind of order) {
    const ofKind = looks.filter(({ whole }) => whole === kind);
    const share = ofKind.length / filled.length;
    const isByChance = ofKind.some(({ chances }) => chances.length > 0);
    if (ofKind.length < leastHits || share < (isByChance ? leastShareByChance : leastShare)) continue;
    return {
      kind,
      why: `${ofKind.length} of ${filled.length} sampled values look like ${kind}`,
      confidence: Math.min(0.95, share),
    };
  }
  return judgeText(filled, looks);
}

function judgeText(values: readonly string[], looks: readonly Look[]): ValueVerdict | undefined {
  const holding = looks.filter(({ holds }) => holds.length > 0);
  const kinds = new Set(holding.flatMap(({ holds }) => holds));
  let finds = holding.length;
  const cards = looks.flatMap(({ chances }) => chances).length;
  const candidates = values.reduce((sum, value) => sum + countCardLike(value), 0);
  // Where most numbers as long fail the check, the rest are no cards.
  if (cards >= leastFinds && cards > candidates * 0.8) {
    kinds.add('pii.paymentCard');
    finds += cards;
  }
  if (finds < leastFinds) return undefined;
  const why = `${finds} of ${values.length} sampled values hold ${[...kinds].sort().join(', ')}`;
  return { kind: 'pii.freeText', why, confidence: 0.8 };
}

/** Rows from which on a table is large: its first pages would tell of its oldest rows alone. */
const largeRows = 100_000;

/** Rows that are drawn from a large table, of which {@link sampleRows} are looked at. */
const drawnRows = 4_000;

/** Estimated rows, or by its size where the server has not counted yet. */
const estimate = `SELECT CASE WHEN reltuples > 0 THEN reltuples::float8 ELSE pg_catalog.pg_relation_size(oid) / 100.0 END AS rows
  FROM pg_catalog.pg_class WHERE oid = $1`;

/** What a sample of pages can be taken from (manual, SELECT: TABLESAMPLE). */
const sampledKinds: ReadonlySet<string> = new Set(['table', 'partitioned', 'materializedView']);

/**
 * Rows to look at: the first ones, or where the table is large, some of pages from all over it; a sample of pages reads no
 * others, whatever the size of the table.
 */
async function chooseSource(client: Client, relation: CatalogRelation, source: string): Promise<string> {
  if (!sampledKinds.has(relation.kind)) return source;
  const { rows } = await client.query<{ rows: number }>(estimate, [relation.oid]);
  const count = Number(rows[0]?.rows ?? 0);
  if (count < largeRows) return source;
  const pages = `${source} TABLESAMPLE SYSTEM (${Math.min(100, (100 * drawnRows) / count)})`;
  return `(SELECT * FROM ${pages} ORDER BY pg_catalog.random() LIMIT ${sampleRows}) AS s`;
}

/** Read-only, short, and never waiting for a lock: sampling must not be felt by those who use the database. */
async function readValues(
  client: Client,
  relation: CatalogRelation,
  columns: readonly CatalogColumn[],
): Promise<{ values: string[][]; isFull: boolean }> {
  const source = `${client.escapeIdentifier(relation.schema)}.${client.escapeIdentifier(relation.name)}`;
  const read = ({ name, typeName }: CatalogColumn) => {
    const column = client.escapeIdentifier(name);
    // Text in it stays as it is; the rest is digits behind backslashes.
    return typeName === 'bytea'
      ? `pg_catalog.encode(pg_catalog.substring(${column}, 1, ${sampleLength}), 'escape')`
      : `pg_catalog.left(${column}::pg_catalog.text, ${sampleLength})`;
  };
  await client.query('BEGIN READ ONLY');
  try {
    await client.query("SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '200ms'");
    const list = columns.map(read).join(', ');
    const readFrom = async (from: string) =>
      (
        await client.query<(string | null)[]>({
          text: `SELECT ${list} FROM ${from} LIMIT ${sampleRows}`,
          rowMode: 'array',
        })
      ).rows;
    const chosen = await chooseSource(client, relation, source);
    let rows = await readFrom(chosen);
    // The estimate was of another time.
    if (rows.length < sampleRows && chosen !== source) rows = await readFrom(source);
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
