/** The catalog of a test server, with the columns that the test says are classified. */

import type pg from 'pg';
import type { Classification, Classifications, ColumnUseRight } from '../../proxy/masking/classification.ts';
import type { Catalog, CatalogRelation } from '../../proxy/schema/catalog.ts';
import { noStoredCode } from '../../proxy/schema/storedCode.ts';

interface ColumnRow {
  readonly oid: number;
  readonly schema: string;
  readonly relation: string;
  readonly number: number;
  readonly name: string;
  readonly type_oid: number;
  readonly type_name: string;
}

const columnsQuery = `
  SELECT c.oid::int, n.nspname AS schema, c.relname AS relation, a.attnum::int AS number, a.attname AS name,
         a.atttypid::int AS type_oid, format_type(a.atttypid, a.atttypmod) AS type_name
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  ORDER BY c.oid, a.attnum`;

/** Reads all user relations; `rightOf` tells which columns are classified (as e-mail addresses). */
export async function readServerCatalog(
  client: pg.Client,
  rightOf: (relation: string, column: string) => ColumnUseRight | undefined,
): Promise<{ catalog: Catalog; classifications: Classifications }> {
  const { rows } = await client.query<ColumnRow>(columnsQuery);
  const relations = new Map<number, CatalogRelation>();
  const marks = new Map<number, Map<number, Classification>>();
  for (const row of rows) {
    const column = {
      number: row.number,
      name: row.name,
      typeOid: row.type_oid,
      typeName: row.type_name,
      notNull: false,
      comment: undefined,
    };
    relations.set(row.oid, {
      oid: row.oid,
      schema: row.schema,
      name: row.relation,
      kind: 'table',
      parents: [],
      definition: undefined,
      columns: [...(relations.get(row.oid)?.columns ?? []), column],
    });
    const use = rightOf(row.relation, row.name);
    if (use === undefined) continue;
    const own = marks.get(row.oid) ?? new Map<number, Classification>();
    own.set(row.number, { kind: 'pii.email', use, why: 'the test says so', confidence: 1 });
    marks.set(row.oid, own);
  }
  const all = [...relations.values()];
  return {
    catalog: {
      version: 1,
      relations,
      named: (name) => all.filter((relation) => relation.name === name),
      sequences: new Set(),
      userFunctions: new Set(),
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
