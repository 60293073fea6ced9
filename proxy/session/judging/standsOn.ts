/** What the meaning of a statement stands on besides its own text. */
import type { Catalog } from '../../schema/catalog.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import { isSystemSchema } from '../clearance.ts';
import type { JudgedStatement } from './judgement.ts';

/** True where a name in it may be that of a user's view or function. */
export function standsOnCode({ relations, functions }: StatementFacts, catalog: Catalog): boolean {
  return (
    relations.some(({ name }) =>
      catalog.named(name).some((relation) => relation.kind === 'view' && !isSystemSchema(relation.schema)),
    ) ||
    functions.some((name) => catalog.userFunctions.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase()))
  );
}

/** Names of the relations that statements read, as far as their texts and the functions in them tell. */
export function namesOf(statements: readonly JudgedStatement[]): readonly string[] {
  const relations = statements.flatMap(({ facts }) => [...facts.relations, ...(facts.hiddenReads ?? [])]);
  return [...new Set(relations.map(({ name }) => name))].sort();
}
