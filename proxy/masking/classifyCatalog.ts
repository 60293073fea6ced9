/** Decides which columns of a database hold personal data or secrets: by name, type, comment, values, and where values flow. */
import type { Client } from 'pg';
import type { Catalog, CatalogColumn, CatalogRelation } from '../schema/catalog.ts';
import type { Classification, ClassificationKind, Classifications, ColumnId } from './classification.ts';
import {
  ClassificationDraft,
  chooseUse,
  FinishedClassifications,
  type MarkByRule,
  type MaskingChoice,
  type SamplingMemory,
} from './columns/classificationDraft.ts';
import { classifyByComment, classifyByName, type TypeFamily } from './columns/columnNames.ts';
import { type SampleTask, sampleColumns } from './columns/sampleColumns.ts';
import { spreadClassifications } from './columns/spreadClassifications.ts';
import { classifySystemColumn, isSystemRelation } from './columns/systemColumns.ts';
import { readTypeFamilies } from './columns/typeFamilies.ts';
import { readValuePaths, type ValuePaths } from './columns/valuePaths.ts';
import { type MaskingRule, MaskingRules, noSettings } from './maskingSettings.ts';
import { makeTokens } from './methods/tokens.ts';

type FamilyOf = (type: number) => TypeFamily;

/** Columns of one relation that are sampled: more would make one row too large to ask for. */
const columnsPerRelation = 60;

/** For all relations when a connection opens, and after a change of the schema, when statements may be waiting. */
const firstSamplingMs = 10_000;
const laterSamplingMs = 2_000;

/** Without a policy's wishes, and with a key that ends with the process. */
const noChoice = (): MaskingChoice => ({ settings: noSettings, tokens: makeTokens() });

/**
 * Classifies the columns of all relations. What `previous` holds stays, by relation OID and column number, so that a
 * rename or a change of values takes nothing back; its version stays too where nothing differs.
 *
 * Values are read with `client`, between its other statements; relations that cannot be read are told to `onNotice` once.
 * Rejects with the server's error only where the server's own catalogs cannot be read.
 */
export async function classifyCatalog(
  client: Client,
  catalog: Catalog,
  previous: Classifications | undefined,
  onNotice: (text: string) => void,
  choice: MaskingChoice = noChoice(),
): Promise<Classifications> {
  const types = new Set<number>();
  for (const relation of catalog.relations.values()) {
    for (const column of relation.columns) types.add(column.typeOid);
  }
  const familyOf = await readTypeFamilies(client, types);
  const before = previous instanceof FinishedClassifications ? previous : undefined;
  const paths = await readValuePaths(client, before?.memory.paths.views);
  const ground = { catalog, familyOf, paths };
  // Spread before the sampling, which then has fewer columns to look at, and after it.
  const draft = draftKnown(ground, before, choice, []);
  const sampling = await sample(client, catalog, draft, before?.memory.sampling, familyOf, onNotice);
  spreadClassifications(draft, catalog, paths, familyOf);
  return draft.finish(previous, { sampling, paths, familyOf }, choice);
}

/** Something that was found on a column outside of these rounds: in rows that passed, or where values were copied to. */
export interface FoundClassification extends ColumnId {
  readonly classification: Classification;
}

/**
 * The same at once, without the database: for other wishes of the policy, and for what was found elsewhere. Values are
 * not looked at again; `previous` is what {@link classifyCatalog} gave, and is given back where it is not.
 */
export function reclassify(
  catalog: Catalog,
  previous: Classifications,
  choice: MaskingChoice,
  found: readonly FoundClassification[] = [],
): Classifications {
  if (!(previous instanceof FinishedClassifications)) return previous;
  const { sampling, paths, familyOf } = previous.memory;
  const draft = draftKnown({ catalog, familyOf, paths }, previous, choice, found);
  return draft.finish(previous, { sampling, paths, familyOf }, choice);
}

/** The newer of two rounds, with what only the other knows: that was found while the newer one was still looking. */
export function takeOver(
  catalog: Catalog,
  newer: Classifications,
  other: Classifications,
  choice: MaskingChoice,
): Classifications {
  if (!(other instanceof FinishedClassifications)) return newer;
  const found = [...other.marks].flatMap(([relation, columns]) =>
    [...columns]
      .filter(([column, { rule }]) => rule === undefined && newer.of(relation, column) === undefined)
      .map(([column, classification]) => ({ relation, column, classification })),
  );
  const merged = reclassify(catalog, newer, choice, found);
  // Versions count on from the one that judgements have been made under.
  return merged instanceof FinishedClassifications && merged.version <= other.version
    ? new FinishedClassifications(
        other.version + 1,
        merged.marks,
        merged.effective,
        merged.memory,
        merged.rules,
      )
    : merged;
}

interface Ground {
  readonly catalog: Catalog;
  readonly familyOf: FamilyOf;
  readonly paths: ValuePaths;
}

/** What is known without looking at values: from the policy, from before, from names, types and comments. */
export function draftKnown(
  { catalog, familyOf, paths }: Ground,
  previous: FinishedClassifications | undefined,
  { settings }: MaskingChoice,
  found: readonly FoundClassification[],
): ClassificationDraft {
  const rules = new MaskingRules(settings.rules, catalog);
  const draft = new ClassificationDraft(rules);
  for (const relation of catalog.relations.values()) {
    const siblings = findSiblings(relation, familyOf);
    const marks = previous?.marks.get(relation.oid);
    const exempt = previous?.memory.exempt.get(relation.oid);
    for (const column of relation.columns) {
      const known = marks?.get(column.number);
      const rule = rules.of({ relation: relation.oid, column: column.number });
      if (rule?.kind === 'classify') {
        const since = known?.kind === rule.as ? known.since : undefined;
        draft.add(relation.oid, column.number, markByRule(rule, since));
        continue;
      }
      const before = known ?? exempt?.get(column.number);
      // What a view shows follows from its text, which may be another now.
      const isShown =
        relation.kind === 'view' && paths.views.has(relation.oid) && before?.origin !== undefined;
      if (before !== undefined && !isShown && draft.keep(relation.oid, column.number, before)) continue;
      const classification = classifyWithoutValues(relation, column, siblings, familyOf);
      if (classification !== undefined) draft.add(relation.oid, column.number, classification);
    }
  }
  for (const { relation, column, classification } of found) draft.add(relation, column, classification);
  spreadClassifications(draft, catalog, paths, familyOf);
  return draft;
}

function markByRule(rule: MaskingRule & { kind: 'classify' }, since: string | undefined): MarkByRule {
  return {
    ...classify(rule.as, `masking.yaml says so (${rule.place})`, 1),
    rule: rule.place,
    chosen: { method: rule.method, use: rule.use },
    ...(since !== undefined && { since }),
  };
}

function classifyWithoutValues(
  relation: CatalogRelation,
  column: CatalogColumn,
  siblings: ReadonlySet<ClassificationKind>,
  familyOf: FamilyOf,
): Classification | undefined {
  if (isSystem(relation)) {
    const kind = classifySystemColumn(relation.name, column.name);
    return kind && classify(kind, 'it holds values of others or secrets of the server', 1);
  }
  const family = familyOf(column.typeOid);
  const byName = classifyByName(relation.name, column.name, family, siblings);
  if (byName !== undefined) return classify(byName, `the column is named ${column.name}`, 0.9);
  const byComment = column.comment === undefined ? undefined : classifyByComment(column.comment, family);
  if (byComment !== undefined) return classify(byComment, 'the comment on the column says so', 0.8);
  if (column.typeName.replace('[]', '') === 'inet') return classify('pii.ipAddress', 'its type is inet', 0.7);
  return undefined;
}

/** What the columns of a relation are by names that need no other columns to be understood. */
function findSiblings(relation: CatalogRelation, familyOf: FamilyOf): ReadonlySet<ClassificationKind> {
  const kinds = relation.columns.map(({ name, typeOid }) => classifyByName('', name, familyOf(typeOid)));
  return new Set(kinds.filter((kind) => kind !== undefined));
}

async function sample(
  client: Client,
  catalog: Catalog,
  draft: ClassificationDraft,
  known: SamplingMemory | undefined,
  familyOf: FamilyOf,
  onNotice: (text: string) => void,
): Promise<SamplingMemory> {
  const examined = new Set<string>();
  const tasks: SampleTask[] = [];
  for (const relation of catalog.relations.values()) {
    if (!canSample(relation)) continue;
    const columns = relation.columns.filter((column) => {
      const family = familyOf(column.typeOid);
      const mayHoldText = family === 'text' || family === 'json' || column.typeName === 'bytea';
      if (!mayHoldText || draft.of(relation.oid, column.number)) return false;
      if (draft.isSettled(relation.oid, column.number)) return false;
      const key = keyOf(relation.oid, column);
      if (known?.examined.has(key) !== true) return true;
      examined.add(key);
      return false;
    });
    if (columns.length > 0) tasks.push({ relation, columns: columns.slice(0, columnsPerRelation) });
  }
  const lookedAt = new Map(known?.lookedAt);
  const round = (known?.round ?? 0) + 1;
  // What has waited longest comes first; partitions last, for their parent's rows are theirs.
  const order = ({ relation }: SampleTask) =>
    (lookedAt.get(relation.oid) ?? 0) * 2 + (relation.parents.length === 0 ? 0 : 1);
  tasks.sort((a, b) => order(a) - order(b));
  const report = await sampleColumns(client, tasks, known === undefined ? firstSamplingMs : laterSamplingMs);
  const skipped = new Set(report.skipped);
  for (const { relation } of tasks) {
    if (!skipped.has(relation)) lookedAt.set(relation.oid, round);
  }
  for (const { relation, column, verdict } of report.verdicts) {
    draft.add(relation, column, classify(verdict.kind, verdict.why, verdict.confidence));
  }
  for (const { relation, column } of report.examined) {
    const found = catalog.relations.get(relation)?.columns.find(({ number }) => number === column);
    if (found !== undefined) examined.add(keyOf(relation, found));
  }
  const reported = new Set(known?.reported);
  for (const { relation, message } of report.failed) {
    if (reported.has(relation.oid)) continue;
    reported.add(relation.oid);
    onNotice(`values of ${relation.schema}.${relation.name} could not be looked at: ${message}`);
  }
  if (skipped.size > 0 && known === undefined) {
    onNotice(`values of ${skipped.size} relations were not looked at yet: the time was up`);
  }
  return { examined, lookedAt, round, reported };
}

/**
 * Other sessions' temporary relations cannot be read, and system relations are judged by a table. Reading a view would
 * run whatever functions it calls with the proxy's rights: its columns are known by what it reads.
 */
function canSample(relation: CatalogRelation): boolean {
  if (relation.kind === 'view') return false;
  return !isSystem(relation) && !relation.schema.startsWith('pg_');
}

/** A table that only takes the name of the extension's view is a table like any other. */
function isSystem({ schema, name, kind }: CatalogRelation): boolean {
  return isSystemRelation(schema, name) && (kind === 'view' || isSystemRelation(schema, ''));
}

function keyOf(relation: number, column: CatalogColumn): string {
  return `${relation}.${column.number}.${column.typeOid}`;
}

function classify(kind: ClassificationKind, why: string, confidence: number): Classification {
  return { kind, use: chooseUse(kind), why, confidence };
}
