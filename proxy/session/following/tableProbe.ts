/**
 * A question to the server that the client does not see: which table has this statement just made? Until its transaction is
 * committed, only the session itself can tell.
 */
import { serialize } from 'pg-protocol';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { NewTable } from '../../sql/newTable.ts';
import { MessageCursor } from '../../wire/cursor.ts';
import { Backend, WireError } from '../../wire/protocol.ts';
import { readErrorFields } from '../answerMessages.ts';

/** Of our own statement and portal on the server, between Parse and Close. */
const name = 'portcullis_table';

const closeStatement = serialize.close({ type: 'S', name });
const closePortal = serialize.close({ type: 'P', name });
/** How many Close messages {@link TableProbe.encode} sends. */
const closes = 3;

export class TableProbe {
  /** Asked by itself, after a Query: an error of it is nothing to the client. */
  readonly endsWithReady: boolean;
  /** What comes after it is not judged before it is answered. */
  readonly holdsNames = true;
  readonly touchesClassified = true;
  readonly #table: NewTable;
  readonly #onTable: (relation: CatalogRelation) => void;
  readonly #rows: string[][] = [];
  #closed = 0;

  constructor(table: NewTable, endsWithReady: boolean, onTable: (relation: CatalogRelation) => void) {
    this.#table = table;
    this.endsWithReady = endsWithReady;
    this.#onTable = onTable;
  }

  encode(): Buffer {
    const messages = [
      closeStatement,
      serialize.parse({ name, text: this.#query() }),
      serialize.bind({ statement: name, portal: name }),
      serialize.execute({ portal: name }),
      closePortal,
      closeStatement,
    ];
    return Buffer.concat(this.endsWithReady ? [...messages, serialize.sync()] : messages);
  }

  takesError(message: Buffer): boolean {
    const { severity } = readErrorFields(message);
    return this.endsWithReady && severity !== 'FATAL' && severity !== 'PANIC';
  }

  /** Takes a message of the answer; `whole` for the last one. */
  read(type: number, message: Buffer): 'whole' | 'more' {
    switch (type) {
      case Backend.dataRow:
        this.#rows.push(readRow(message));
        return 'more';
      case Backend.closeComplete:
        this.#closed++;
        return this.#closed === closes && !this.endsWithReady ? this.#end() : 'more';
      case Backend.readyForQuery:
        return this.#end();
      case Backend.parseComplete:
      case Backend.bindComplete:
      case Backend.commandComplete:
      case Backend.errorResponse:
        return 'more';
      default:
        throw new WireError('the server answered something else than was asked');
    }
  }

  #end(): 'whole' {
    const tables = new Set(this.#rows.map(([oid]) => oid));
    for (const oid of tables) this.#onTable(readTable(this.#rows.filter((row) => row[0] === oid)));
    return 'whole';
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

function readRow(message: Buffer): string[] {
  const cursor = new MessageCursor(message, 5, message.length);
  const values: string[] = [];
  for (let left = cursor.int16(); left > 0; left--) {
    values.push(cursor.bytes(cursor.int32()).toString('utf8'));
  }
  return values;
}

/** standard_conforming_strings is pinned to on. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
