/**
 * A question to the server that the client does not see: which table has this statement just made? Until its transaction is
 * committed, only the session itself can tell.
 */
import { serialize } from 'pg-protocol';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { NewTable } from '../../sql/newTable.ts';
import { encodeOwnQuery, OwnQuery } from '../ownQuery.ts';

/** Asked after the statement. */
export class TableProbe extends OwnQuery {
  /** What comes after it is not judged before it is answered. */
  readonly holdsNames = true;
  readonly touchesClassified = true;
  readonly #table: NewTable;
  readonly #onTable: (relation: CatalogRelation) => void;

  constructor(table: NewTable, endsWithReady: boolean, onTable: (relation: CatalogRelation) => void) {
    super(endsWithReady);
    this.#table = table;
    this.#onTable = onTable;
  }

  encode(): Buffer {
    const messages = encodeOwnQuery('portcullis_table', this.#query());
    return this.endsWithReady ? Buffer.concat([messages, serialize.sync()]) : messages;
  }

  protected override onAnswer(rows: readonly (readonly string[])[]): void {
    const tables = new Set(rows.map(([oid]) => oid));
    for (const oid of tables) this.#onTable(readTable(rows.filter((row) => row[0] === oid)));
  }

  /** By what the server itself goes by: names that search_path would find may be of others. */
  #query(): string {
    const { schema, name: table, isTemporary, mayBecomeTemporary } = this.#table;
    const equals = 'OPERATOR(pg_catalog.=)';
    const named = schema === undefined ? 'pg_catalog.current_schema()' : `${quote(schema)}::pg_catalog.name`;
    const isNamed = `n.nspname ${equals} ${named}`;
    const isOwn = `n.oid ${equals} pg_catalog.pg_my_temp_schema()`;
    return `
      SELECT c.oid, n.nspname, c.relname, a.attnum, a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid ${equals} c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid ${equals} c.oid
      WHERE c.relname ${equals} ${quote(table)}::pg_catalog.name
        AND (${isTemporary ? isOwn : mayBecomeTemporary ? `${isNamed} OR ${isOwn}` : isNamed})
        AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
      ORDER BY a.attnum`;
  }
}

function readTable(rows: readonly (readonly string[])[]): CatalogRelation {
  const [oid, schema = '', name = ''] = rows[0] ?? [];
  const columns = rows.map(([, , , number, column = '', type, typeName = '']) => ({
    number: Number(number),
    name: column,
    typeOid: Number(type),
    typeName,
    notNull: false,
    comment: undefined,
  }));
  return { oid: Number(oid), schema, name, kind: 'table', columns, parents: [], definition: undefined };
}

/** standard_conforming_strings is pinned to on. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
