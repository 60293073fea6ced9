/**
 * Tables that the catalog does not show yet, or not by the name that they have: made or renamed by a session, whose
 * transaction is open or has just ended. To the session they are there at once.
 */
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import { asNode, asText } from '../../sql/tree.ts';
import type { GovernedConnection } from '../governedConnection.ts';

export class SessionTables {
  #tables: readonly CatalogRelation[] = [];
  #changes = 0;
  #overlaid: { readonly base: Catalog; readonly changes: number; readonly catalog: Catalog } | undefined;

  /** Grows with every change, for what was judged before may not hold. */
  get stamp(): number {
    return this.#changes;
  }

  get isEmpty(): boolean {
    return this.#tables.length === 0;
  }

  /** The catalog with them; a name may then mean several relations, and what holds for any of them counts. */
  overlay(base: Catalog): Catalog {
    if (this.#tables.length === 0) return base;
    if (this.#overlaid?.base !== base || this.#overlaid.changes !== this.#changes) {
      this.#overlaid = {
        base,
        changes: this.#changes,
        catalog: addTables(base, this.#tables, this.#changes),
      };
    }
    return this.#overlaid.catalog;
  }

  /** A table that was made. */
  add(table: CatalogRelation): void {
    this.#set([...this.#tables, table]);
  }

  /** Notes what a statement renames or moves, whether or not it comes to run. */
  noteNames(tree: unknown, catalog: Catalog): void {
    const moved = renamed(tree, catalog);
    if (moved.length > 0) this.#set([...this.#tables, ...moved]);
  }

  /** The transaction has ended: once the catalog has been looked at, it shows them as they are. */
  settle(connection: Pick<GovernedConnection, 'refresh'>): void {
    const seen = this.#tables;
    if (seen.length === 0) return;
    connection.refresh().then(
      () => {
        if (this.#tables === seen) this.#set([]);
      },
      () => undefined, // They stay until the catalog can be read.
    );
  }

  #set(tables: readonly CatalogRelation[]): void {
    this.#tables = tables;
    this.#changes += 1;
  }
}

function addTables(base: Catalog, tables: readonly CatalogRelation[], changes: number): Catalog {
  const relations = new Map(base.relations);
  for (const table of tables) {
    if (!relations.has(table.oid)) relations.set(table.oid, table);
  }
  return {
    // Tells this catalog from the one below it and from those before.
    version: base.version + changes / 1_000_000,
    relations,
    sequences: base.sequences,
    userFunctions: base.userFunctions,
    code: base.code,
    settings: base.settings,
    named: (name) => {
      const known = base.named(name);
      const own = tables.filter((table) => table.name === name && !known.includes(table));
      return own.length === 0 ? known : [...known, ...own];
    },
    descendantsOf: (oid) => base.descendantsOf(oid),
    functionByOid: (oid) => base.functionByOid(oid),
  };
}

/** Relations as they are called after ALTER … RENAME or SET SCHEMA. */
function renamed(tree: unknown, catalog: Catalog): CatalogRelation[] {
  const rename = asNode(asNode(tree)['RenameStmt']);
  const move = asNode(asNode(tree)['AlterObjectSchemaStmt']);
  const relation = asNode(rename['relation'] ?? move['relation']);
  const name = asText(relation['relname']);
  const newName = asText(rename['newname']);
  if (rename['renameType'] === 'OBJECT_SCHEMA' && newName !== undefined) {
    const old = asText(rename['subname']);
    return [...catalog.relations.values()]
      .filter(({ schema }) => schema === old)
      .map((found) => ({ ...found, schema: newName }));
  }
  if (name === undefined) return [];
  const newSchema = asText(move['newschema']);
  const column = rename['renameType'] === 'OBJECT_COLUMN' ? asText(rename['subname']) : undefined;
  if (newName === undefined && newSchema === undefined) return [];
  return catalog.named(name).map((found) => {
    if (newSchema !== undefined) return { ...found, schema: newSchema };
    if (rename['renameType'] !== 'OBJECT_COLUMN') return { ...found, name: newName ?? name };
    const columns = found.columns.map((known) =>
      known.name === column ? { ...known, name: newName ?? known.name } : known,
    );
    return { ...found, columns };
  });
}
