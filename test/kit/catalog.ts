/** Builds small catalogs and classifications for tests: `table('public.customers', 'id integer, email text')`. */

import type {
  Classification,
  ClassificationKind,
  Classifications,
  ColumnUseRight,
} from '../../proxy/masking/classification.ts';
import type { Catalog, CatalogRelation, RelationKind } from '../../proxy/schema/catalog.ts';
import { noStoredCode } from '../../proxy/schema/storedCode.ts';

/** What a classified column of a built table is: its kind and right. */
export interface BuiltMark {
  readonly kind: ClassificationKind;
  readonly use: ColumnUseRight;
}

export interface BuiltTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: RelationKind;
  /** Name and type in column order, numbered from 1. */
  readonly columns: readonly { readonly name: string; readonly typeName: string }[];
  readonly marks: Readonly<Record<string, BuiltMark>>;
}

/**
 * A table for {@link buildCatalog}.
 *
 * @param path `schema.name`
 * @param columns `name type, name type, …` (a comma inside parentheses belongs to the type)
 */
export function table(
  path: string,
  columns: string,
  marks: Readonly<Record<string, BuiltMark>> = {},
  kind: RelationKind = 'table',
): BuiltTable {
  const [schema = 'public', name = ''] = path.split('.');
  return {
    schema,
    name,
    kind,
    marks,
    columns: columns
      .split(/,(?![^(]*\))/)
      .map((column) => column.trim())
      .filter((column) => column !== '')
      .map((column) => {
        const space = column.indexOf(' ');
        return { name: column.slice(0, space), typeName: column.slice(space + 1).trim() };
      }),
  };
}

export function buildCatalog(
  tables: readonly BuiltTable[],
  userFunctions: readonly string[] = [],
): { catalog: Catalog; classifications: Classifications } {
  const relations = new Map<number, CatalogRelation>();
  const marks = new Map<number, Map<number, Classification>>();
  tables.forEach((built, index) => {
    const oid = 16_384 + index;
    relations.set(oid, {
      oid,
      schema: built.schema,
      name: built.name,
      kind: built.kind,
      parents: [],
      definition: undefined,
      columns: built.columns.map((column, at) => ({
        number: at + 1,
        name: column.name,
        typeOid: 25,
        typeName: column.typeName,
        notNull: false,
        comment: undefined,
      })),
    });
    const columnMarks = new Map<number, Classification>();
    built.columns.forEach((column, at) => {
      const mark = built.marks[column.name];
      if (mark !== undefined) {
        columnMarks.set(at + 1, { ...mark, why: `the column is named ${column.name}`, confidence: 1 });
      }
    });
    if (columnMarks.size > 0) marks.set(oid, columnMarks);
  });
  return {
    catalog: {
      version: 1,
      relations,
      named: (name) => [...relations.values()].filter((relation) => relation.name === name),
      sequences: new Set(),
      userFunctions: new Set(userFunctions),
      code: noStoredCode,
      settings: new Map(),
      descendantsOf: () => [],
      functionByOid: () => undefined,
    },
    classifications: {
      version: 1,
      of: (oid, number) => marks.get(oid)?.get(number),
      inRelation: (oid) => marks.get(oid),
    },
  };
}
