/**
 * Which protected columns one identity sees in clear on one connection, by policy, or by a policy and an approved request; to
 * it these are columns like any other.
 */
import type { Grant, Grants } from '../approvals/grants.ts';
import type { EventUnmaskedColumn } from '../audit/events.ts';
import type { Identity } from '../identity/identity.ts';
import type { Classification, Classifications, Exemption } from '../masking/classification.ts';
import type { AskedColumn } from '../policy/cedarRequest.ts';
import { type Circumstances, noCircumstances } from '../policy/circumstances/circumstances.ts';
import type { LivePolicy } from '../policy/live/livePolicy.ts';
import type { Catalog, CatalogRelation } from '../schema/catalog.ts';
import type { RelationName } from '../sql/facts.ts';
import { SessionTables } from './following/sessionTables.ts';
import type { GovernedConnection } from './governedConnection.ts';
import { type NamedColumns, readNamedColumns } from './judging/namedColumns.ts';

export class Clearance {
  readonly #policy: LivePolicy;
  readonly #identity: Identity;
  readonly #connection: GovernedConnection;
  readonly #tables: SessionTables;
  readonly #circumstances: Circumstances;
  #grants: Grants | undefined;
  #view: { readonly stamp: string; readonly cleared: ClearedClassifications } | undefined;

  constructor(
    policy: LivePolicy,
    identity: Identity,
    connection: GovernedConnection,
    tables: SessionTables = new SessionTables(),
    circumstances: Circumstances = noCircumstances,
  ) {
    this.#policy = policy;
    this.#identity = identity;
    this.#connection = connection;
    this.#tables = tables;
    this.#circumstances = circumstances;
  }

  /** From now on what was approved for the identity counts, as long as it lasts. */
  follow(grants: Grants | undefined): this {
    this.#grants = grants;
    return this;
  }

  /** Changes when something is approved to be seen in clear, and when that ends. */
  get grantsVersion(): number {
    return this.#grants?.version ?? 0;
  }

  /** Changes with the policy, the catalog and the classifications, and with the time where that matters. */
  get stamp(): string {
    return `${this.#policy.stampFor('unmask')}/${this.#connection.stamp}/${this.#tables.stamp}/${this.grantsVersion}`;
  }

  get catalog(): Catalog {
    return this.#tables.overlay(this.#connection.catalog);
  }

  /** Without those that are seen in clear. */
  get classifications(): Classifications {
    return this.#cleared;
  }

  refresh(): Promise<void> {
    return this.#connection.refresh();
  }

  /** Whether values of a column pass whatever they look like: seen in clear, or no protected column, as the policy says. */
  showsClear(relation: number, column: number): boolean {
    const cleared = this.#cleared.unmasked.get(relation);
    // A whole row shows what is seen in clear beside the rest.
    if (cleared !== undefined && (column <= 0 || cleared.has(column))) return true;
    return this.#connection.isUnclassified({ relation, column });
  }

  /** True where the statement names a table of which it may see something in clear: its constants are protected still. */
  touches(relations: readonly RelationName[]): boolean {
    return this.#cleared.unmasked.size > 0 && this.#clearedIn(relations).length > 0;
  }

  /** The protected columns that a statement may show or use in clear; undefined where there are none, which is the rule. */
  columnsOf(facts: {
    readonly relations: readonly RelationName[];
    readonly tree?: unknown;
  }): readonly EventUnmaskedColumn[] | undefined {
    if (this.#cleared.unmasked.size === 0) return undefined;
    const relations = this.#clearedIn(facts.relations);
    if (relations.length === 0) return undefined;
    const named = readNamedColumns(facts.tree);
    const used = relations.flatMap((relation) => this.#usedOf(relation, named));
    return used.length === 0 ? undefined : used;
  }

  #usedOf(relation: CatalogRelation, named: NamedColumns): EventUnmaskedColumn[] {
    const { unmasked } = this.#cleared;
    return relation.columns.flatMap(({ number, name }) => {
      const found = unmasked.get(relation.oid)?.get(number);
      if (found === undefined || !(named === 'all' || named.has(name))) return [];
      const { classification, policy, grant } = found;
      return [
        {
          column: `${relation.schema}.${relation.name}.${name}`,
          classification: classification.kind,
          policy,
          ...(grant !== undefined && { request: grant.request, reason: grant.reason }),
        },
      ];
    });
  }

  #clearedIn(names: readonly RelationName[]): CatalogRelation[] {
    const { unmasked } = this.#cleared;
    return names.flatMap(({ schema, name }) =>
      this.catalog
        .named(name)
        .filter(
          (relation) => (schema === undefined || relation.schema === schema) && unmasked.has(relation.oid),
        ),
    );
  }

  get #cleared(): ClearedClassifications {
    const { stamp } = this;
    if (this.#view?.stamp !== stamp) {
      this.#view = { stamp, cleared: this.#clear() };
    }
    return this.#view.cleared;
  }

  #clear(): ClearedClassifications {
    const grants = this.#grants?.of(this.#connection.info.name) ?? [];
    return clear(this.#policy, this.#identity, this.#connection, this.#circumstances, grants);
  }
}

interface Unmasked {
  readonly classification: Classification;
  /** Id of the policy that permits it. */
  readonly policy: string;
  /** What was approved, where that policy wants an approval. */
  readonly grant?: Grant;
}

class ClearedClassifications implements Classifications {
  readonly #all: Classifications;
  readonly unmasked: ReadonlyMap<number, ReadonlyMap<number, Unmasked>>;
  readonly #left = new Map<number, ReadonlyMap<number, Classification>>();

  constructor(all: Classifications, unmasked: ReadonlyMap<number, ReadonlyMap<number, Unmasked>>) {
    this.#all = all;
    this.unmasked = unmasked;
    for (const [oid, columns] of unmasked) {
      this.#left.set(
        oid,
        new Map([...(all.inRelation(oid) ?? [])].filter(([column]) => !columns.has(column))),
      );
    }
  }

  get version(): number {
    return this.#all.version;
  }

  of(relationOid: number, attributeNumber: number): Classification | undefined {
    return this.unmasked.get(relationOid)?.has(attributeNumber)
      ? undefined
      : this.#all.of(relationOid, attributeNumber);
  }

  inRelation(relationOid: number): ReadonlyMap<number, Classification> | undefined {
    const left = this.#left.get(relationOid);
    if (left === undefined) return this.#all.inRelation(relationOid);
    return left.size === 0 ? undefined : left;
  }

  unmaskedBy(relationOid: number, attributeNumber: number): string | undefined {
    return this.unmasked.get(relationOid)?.get(attributeNumber)?.policy;
  }

  grantOf(relationOid: number, attributeNumber: number): Grant | undefined {
    return this.unmasked.get(relationOid)?.get(attributeNumber)?.grant;
  }

  exemptedBy(relationOid: number, attributeNumber: number): Exemption | undefined {
    return this.#all.exemptedBy?.(relationOid, attributeNumber);
  }
}

/** Asked once for all sessions of the same identity: by classifications, then by policy, identity and connection. */
const known = new WeakMap<Classifications, Map<string, ClearedClassifications>>();
const keptPerClassifications = 64;

function clear(
  policy: LivePolicy,
  identity: Identity,
  { catalog, classifications, info }: GovernedConnection,
  circumstances: Circumstances,
  grants: readonly Grant[],
): ClearedClassifications {
  const views = known.get(classifications) ?? new Map<string, ClearedClassifications>();
  known.set(classifications, views);
  const client = policy.useFor('unmask').has('client') ? circumstances.client : undefined;
  const key = JSON.stringify([policy.stampFor('unmask'), identity, info, catalog.version, client, grants]);
  const view =
    views.get(key) ?? makeView(policy, identity, { catalog, classifications, info }, circumstances, grants);
  if (views.size >= keptPerClassifications) views.clear();
  views.set(key, view);
  return view;
}

function makeView(
  policy: LivePolicy,
  identity: Identity,
  { catalog, classifications, info }: Pick<GovernedConnection, 'catalog' | 'classifications' | 'info'>,
  circumstances: Circumstances,
  grants: readonly Grant[],
): ClearedClassifications {
  const unmasked = new Map<number, Map<number, Unmasked>>();
  if (policy.canUnmask) {
    for (const { oid, schema, name, columns } of catalog.relations.values()) {
      if (isSystemSchema(schema)) continue;
      for (const column of columns) {
        const classification = classifications.of(oid, column.number);
        if (classification === undefined) continue;
        const asked = {
          classification: classification.kind,
          relation: { schema, name },
          column: column.name,
        };
        const id = policy.unmaskedBy(identity, info, asked, circumstances);
        if (id === undefined) continue;
        const found = unmasked.get(oid) ?? new Map<number, Unmasked>();
        unmasked.set(oid, found.set(column.number, { classification, policy: id }));
      }
    }
  }
  for (const grant of grants) {
    // What was approved for somebody else is nothing to this one, whoever hands it over.
    if (grant.subject !== identity.subject || grant.connection !== info.name) continue;
    for (const { relation: oid, attribute, column, classification: kind } of grant.columns) {
      const classification = classifications.of(oid, attribute);
      const asked = namedColumn(catalog.relations.get(oid), attribute, kind);
      const isSame =
        classification?.kind === kind &&
        asked !== undefined &&
        `${asked.relation.schema}.${asked.relation.name}.${asked.column}` === column;
      const found = unmasked.get(oid) ?? new Map<number, Unmasked>();
      if (!isSame || found.has(attribute)) continue;
      const { request: id, reviewers, reason, groups, minutes } = grant;
      const approved = { ...circumstances, approval: { id, reviewers, reason } };
      const given = { circumstances: approved, groups };
      const policyId = policy.unmaskedByApproval(identity, info, asked, minutes, given)?.policy;
      if (policyId === undefined) continue;
      unmasked.set(oid, found.set(attribute, { classification, policy: policyId, grant }));
    }
  }
  return new ClearedClassifications(classifications, unmasked);
}

function namedColumn(
  relation: CatalogRelation | undefined,
  attribute: number,
  classification: string,
): AskedColumn | undefined {
  const column = relation?.columns.find(({ number }) => number === attribute);
  if (relation === undefined || column === undefined || isSystemSchema(relation.schema)) return undefined;
  const { schema, name } = relation;
  return { classification, relation: { schema, name }, column: column.name };
}

/** Statistics and the like show values of every table: no permit for a column can mean them. */
export function isSystemSchema(schema: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema';
}
