/** What of all that is known of columns others cannot tell by themselves. */
import type { Catalog } from '../schema/catalog.ts';
import type { Classifications } from './classification.ts';
import { draftKnown, type FoundClassification } from './classifyCatalog.ts';
import {
  type ClassificationDraft,
  FinishedClassifications,
  type MaskingChoice,
} from './columns/classificationDraft.ts';
import type { ValuePaths } from './columns/valuePaths.ts';
import type { MaskingSettings } from './maskingSettings.ts';

/**
 * What is known of columns of the catalog that nobody could tell who only sees the catalog: by values, by where they were
 * copied to, by names that columns had before. Without what follows from the policy, which everybody has.
 */
export function findUnforeseen(
  catalog: Catalog,
  known: Classifications,
  choice: MaskingChoice,
): FoundClassification[] {
  if (!(known instanceof FinishedClassifications)) return [];
  const foreseen = foresee(catalog, known, choice);
  return [...known.marks].flatMap(([relation, columns]) => {
    const kind = catalog.relations.get(relation)?.kind;
    if (kind === undefined) return [];
    return [...columns]
      .filter(([column, { rule, origin, isDerived }]) => {
        // What a view shows is told by its text.
        if (rule !== undefined || (kind === 'view' && origin !== undefined)) return false;
        const seen = foreseen.of(relation, column);
        return seen === undefined || (isDerived === true && seen.isDerived !== true);
      })
      .map(([column, classification]) => ({ relation, column, classification }));
  });
}

/** What the catalog alone tells, which learning does not change: made once for a catalog. */
function foresee(
  catalog: Catalog,
  { memory: { paths, familyOf } }: FinishedClassifications,
  choice: MaskingChoice,
): ClassificationDraft {
  const { settings } = choice;
  const made = foreseenIn.get(catalog);
  if (made?.settings === settings && made.paths === paths) return made.draft;
  const draft = draftKnown({ catalog, familyOf, paths }, undefined, choice, []);
  foreseenIn.set(catalog, { settings, paths, draft });
  return draft;
}

interface Foreseen {
  readonly settings: MaskingSettings;
  readonly paths: ValuePaths;
  readonly draft: ClassificationDraft;
}

const foreseenIn = new WeakMap<Catalog, Foreseen>();
