/** Which protected columns one identity sees in clear on one connection, by policy; to it these are columns like any other. */
import type { EventUnmaskedColumn } from '../audit/events.ts';
import type { Identity } from '../identity/identity.ts';
import type { Classification, Classifications, Exemption } from '../masking/classification.ts';
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
  #view: { readonly stamp: string; readonly cleared: ClearedClassifications } | undefined;

  constructor(
    policy: LivePolicy,
    identity: Identity,
    connection: GovernedConnection,
    tables: SessionTables = new SessionTables(),
  ) {
    this.#policy = policy;
    this.#identity = identity;
    this.#connection = connection;
    this.#tables = tables;
  }

  /** Changes with the policy, the catalog and the classifications. */
  get stamp(): string {
    return `${this.#policy.version}/${this.#connection.stamp}/${this.#tables.stamp}`;
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
      const { classification, policy } = found;
      return [
        {
          column: `${relation.schema}.${relation.name}.${name}`,
          classification: classification.kind,
          policy,
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
      this.#view = { stamp, cleared: clear(this.#policy, this.#identity, this.#connection) };
    }
    return this.#view.cleared;
  }
}

interface Unmasked {
  readonly classification: Classification;
  /** Id of the policy that permits it. */
  readonly policy: string;
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
): ClearedClassifications {
  const views = known.get(classifications) ?? new Map<string, ClearedClassifications>();
  known.set(classifications, views);
  const key = JSON.stringify([policy.version, identity, info, catalog.version]);
  const view = views.get(key) ?? makeView(policy, identity, { catalog, classifications, info });
  if (views.size >= keptPerClassifications) views.clear();
  views.set(key, view);
  return view;
}

function makeView(
  policy: LivePolicy,
  identity: Identity,
  { catalog, classifications, info }: Pick<GovernedConnection, 'catalog' | 'classifications' | 'info'>,
): ClearedClassifications {
  const unmasked = new Map<number, Map<number, Unmasked>>();
  if (policy.canUnmask) {
    for (const { oid, schema, name, columns } of catalog.relations.values()) {
      // Statistics and the like show values of every table: no permit for a column can mean them.
      if (schema === 'pg_catalog' || schema === 'information_schema') continue;
      for (const column of columns) {
        const classification = classifications.of(oid, column.number);
        if (classification === undefined) continue;
        const asked = {
          classification: classification.kind,
          relation: { schema, name },
          column: column.name,
        };
        const id = policy.unmaskedBy(identity, info, asked);
        if (id === undefined) continue;
        const found = unmasked.get(oid) ?? new Map<number, Unmasked>();
        unmasked.set(oid, found.set(column.number, { classification, policy: id }));
      }
    }
  }
  return new ClearedClassifications(classifications, unmasked);
}
