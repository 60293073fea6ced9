/** What the relations of a statement hold that is protected, for policies that go by it. */
import type { Classifications } from '../../masking/classification.ts';
import type { Catalog } from '../../schema/catalog.ts';
import type { RelationName, StatementFacts } from '../../sql/facts.ts';

/** Effects on relations that are known get the kinds of all protected columns of what the name may mean. */
export function noteClasses<Facts extends Pick<StatementFacts, 'effects'>>(
  facts: Facts,
  catalog: Catalog,
  classifications: Classifications,
): Facts {
  const effects = facts.effects.map((effect) => {
    const classes =
      effect.relation === undefined ? undefined : classesOf(effect.relation, catalog, classifications);
    return classes === undefined ? effect : { ...effect, classifications: classes };
  });
  return { ...facts, effects };
}

/** Sorted, each once; undefined where no relation of that name is known. */
function classesOf(
  { schema, name }: RelationName,
  catalog: Catalog,
  classifications: Classifications,
): readonly string[] | undefined {
  const meant = catalog.named(name).filter((relation) => schema === undefined || relation.schema === schema);
  if (meant.length === 0) return undefined;
  const kinds = meant.flatMap(({ oid }) => [...(classifications.inRelation(oid)?.values() ?? [])]);
  return [...new Set<string>(kinds.map(({ kind }) => kind))].sort();
}
