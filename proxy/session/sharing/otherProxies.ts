/** What a connection asks and tells of the proxies of other people, which reach the same database. */
import type { FoundClassification } from '../../masking/classifyCatalog.ts';
import type { Catalog } from '../../schema/catalog.ts';
import type { ShownRelation } from '../../schema/shownRelations.ts';

export interface OtherProxies {
  /** Something was learned here. Must not take long. */
  noteLearned(): void;
  /** The database shows by now some of what this was learned of, the catalog not yet. Must not take long. */
  noteShown(found: readonly FoundClassification[], shown: ReadonlyMap<number, ShownRelation>): void;
  /**
   * There are new relations. Resolves when all is learned that others have told of them, or it cannot be had in time; never
   * rejects. @param areTheirs no session of this proxy can have made them, so whoever did may just be about to tell
   */
  ask(areTheirs: boolean): Promise<void>;
  /** Resolves when the collector has all that is known here, false where it cannot have it now; never rejects. */
  tell(): Promise<boolean>;
}

/** Whether anybody may have made a table meanwhile. Temporary ones are for their own session alone. */
export function hasNewRelations(before: Catalog, now: Catalog): boolean {
  for (const [oid, { schema }] of now.relations) {
    if (!before.relations.has(oid) && !schema.startsWith('pg_temp_')) return true;
  }
  return false;
}
