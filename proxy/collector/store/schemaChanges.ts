/** Statements that changed a schema, and which of them explains an item of drift. */
import type { EventEffect } from '../../audit/events.ts';
import type { DriftAuthor, DriftItem } from '../../schema/snapshot.ts';
import type { EffectKind } from '../../sql/facts.ts';
import type { Queries } from './store.ts';

export interface SchemaChange extends DriftAuthor {
  readonly effects: readonly EventEffect[];
}

/** Ones older than the newest of so many are looked for no further. */
const maxChanges = 5_000;

/** Newest first; those only whose statement ended well. @param since RFC 3339 */
export async function findSchemaChanges(
  queries: Queries,
  connection: string,
  since: string,
): Promise<readonly SchemaChange[]> {
  const { rows } = await queries.query<{
    at: Date;
    who: string;
    statement: string | null;
    effects: readonly EventEffect[] | null;
  }>(
    `SELECT i.at, coalesce(i.email, i.subject) AS who, i.event #>> '{statement,text}' AS statement,
       i.event -> 'effects' AS effects
     FROM portcullis.events AS i
     WHERE i.connection = $1 AND i.changes_schema AND i.at >= $2::timestamptz AND EXISTS (
       SELECT FROM portcullis.events AS o
       WHERE o.proxy = i.proxy AND o.outcome_of = i.seq AND o.event ->> 'status' = 'ok')
     ORDER BY i.at DESC, i.proxy DESC, i.seq DESC LIMIT ${maxChanges}`,
    [connection, since],
  );
  return rows.map(({ at, who, statement, effects }) => ({
    email: who,
    at: at.toISOString(),
    statement: statement ?? '',
    effects: effects ?? [],
  }));
}

const structural: readonly EffectKind[] = ['create', 'alterAdditive', 'alter', 'drop'];
const granting: readonly EffectKind[] = ['privilege'];

/** @param changes newest first */
export function addAuthor(item: DriftItem, changes: readonly SchemaChange[]): DriftItem {
  // Who owns a table is changed by an effect of kind privilege, and is a difference of the table itself.
  const kinds =
    item.part.kind === 'grant'
      ? granting
      : item.part.kind === 'table'
        ? [...structural, ...granting]
        : structural;
  // DROP INDEX names the index, not its table.
  const names = item.part.kind === 'index' ? [item.table, item.part.name] : [item.table];
  const change = changes.find(({ effects }) =>
    effects.some(
      ({ kind, relation }) =>
        kinds.includes(kind) &&
        relation !== undefined &&
        names.includes(relation.name) &&
        // A name without a schema was found through search_path, which the event does not tell.
        (relation.schema === undefined || relation.schema === item.schema),
    ),
  );
  if (change === undefined) return item;
  const { email, at, statement } = change;
  return { ...item, author: { email, at, statement } };
}
