/** What each column is, how it is masked and why, for one identity: what the editor shows of tables. */
import type { Grants } from '../approvals/grants.ts';
import type { Identity } from '../identity/identity.ts';
import { explainColumn } from '../masking/explainColumn.ts';
import { chooseMask, maskMethod } from '../masking/maskValue.ts';
import type { LivePolicy } from '../policy/live/livePolicy.ts';
import type { CatalogRelation } from '../schema/catalog.ts';
import { Clearance } from '../session/clearance.ts';
import type { GovernedConnection } from '../session/governedConnection.ts';
import type { ExplainedColumn, ExplainedColumns } from './messages.ts';

export interface ExplainFilter {
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
}

/** Of all tables that the filter leaves; without one, of the protected columns alone. */
export function explainColumns(
  policy: LivePolicy,
  identity: Identity,
  connection: GovernedConnection,
  { schema, table }: ExplainFilter,
  grants?: Grants,
): ExplainedColumns {
  const clearance = new Clearance(policy, identity, connection).follow(grants);
  const isWhole = table !== undefined;
  const relations = isWhole ? connection.catalog.named(table) : connection.catalog.relations.values();
  const columns: ExplainedColumn[] = [];
  for (const relation of relations) {
    if (schema !== undefined ? relation.schema !== schema : isSystem(relation)) continue;
    const explained = explainRelation(relation, connection, clearance);
    columns.push(...explained.filter(({ classification }) => isWhole || classification !== undefined));
  }
  return { columns, problems: connection.maskingProblems };
}

function explainRelation(
  { oid, schema, name, columns }: CatalogRelation,
  connection: GovernedConnection,
  { classifications }: Clearance,
): ExplainedColumn[] {
  return columns.map(({ number, name: column, typeOid, typeName }) => {
    const known = connection.classifications.of(oid, number);
    const classification = classifications.of(oid, number);
    const type = { oid: typeOid, name: typeName, isWholeRow: false };
    const method =
      classification &&
      maskMethod(chooseMask(classification.kind, type, 0, classification.isDerived, classification.mask));
    const origin = { relation: oid, attribute: number };
    const { why } = explainColumn(origin, classification, method ?? '', connection.catalog, classifications);
    return {
      schema,
      table: name,
      column,
      why,
      ...(known !== undefined && { classification: known.kind }),
      ...(classification !== undefined && method !== undefined && { method, use: classification.use }),
      ...(known?.rule !== undefined && { rule: known.rule }),
    };
  });
}

function isSystem({ schema }: CatalogRelation): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema';
}
