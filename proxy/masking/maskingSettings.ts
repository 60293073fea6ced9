/** What the policy's masking.yaml says: the types, and which of its rules a column falls under. Read by `proxy/policy`. */
import type { Catalog } from '../schema/catalog.ts';
import type { ClassificationKind, ColumnId, ColumnUseRight, MaskMethod } from './classification.ts';

/** `schema.table.column`, `schema.table.*` or `*.column`: undefined stands for any. */
export interface ColumnPattern {
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  /** As written. */
  readonly text: string;
}

interface RuleHead {
  readonly pattern: ColumnPattern;
  /** `masking.yaml:3:5` */
  readonly place: string;
}

export type MaskingRule =
  | (RuleHead & {
      readonly kind: 'classify';
      readonly as: ClassificationKind;
      readonly method: MaskMethod | undefined;
      readonly use: ColumnUseRight | undefined;
    })
  | (RuleHead & { readonly kind: 'unclassify'; readonly reason: string });

/** For one connection: its own rules come before those for all. */
export interface MaskingSettings {
  readonly rules: readonly MaskingRule[];
  readonly methods: ReadonlyMap<ClassificationKind, MaskMethod>;
  readonly use: ReadonlyMap<ClassificationKind, ColumnUseRight>;
}

export const noSettings: MaskingSettings = { rules: [], methods: new Map(), use: new Map() };

/** What the rules say of each column of a database. */
export class MaskingRules {
  readonly #byColumn = new Map<string, MaskingRule>();
  /** Rules that no column falls under: a misspelt name must not pass for protection. */
  readonly idle: readonly MaskingRule[];

  constructor(rules: readonly MaskingRule[], catalog: Catalog) {
    const used = new Set<MaskingRule>();
    // An exact name comes before a wildcard; else the first, which is the connection's own before one for all.
    const ordered = [...rules].sort((a, b) => wildness(a.pattern) - wildness(b.pattern));
    for (const rule of ordered) {
      for (const id of findColumns(rule.pattern, catalog)) {
        used.add(rule);
        const key = keyOf(id);
        if (!this.#byColumn.has(key)) this.#byColumn.set(key, rule);
      }
    }
    this.idle = rules.filter((rule) => !used.has(rule));
  }

  of(id: ColumnId): MaskingRule | undefined {
    return this.#byColumn.get(keyOf(id));
  }
}

/** See {@link MaskingRules.idle}. */
export function findIdleRules(rules: readonly MaskingRule[], catalog: Catalog): readonly MaskingRule[] {
  return rules.length === 0 ? [] : new MaskingRules(rules, catalog).idle;
}

function wildness({ schema, column }: ColumnPattern): number {
  if (schema === undefined) return 2;
  return column === undefined ? 1 : 0;
}

function* findColumns({ schema, table, column }: ColumnPattern, catalog: Catalog): Generator<ColumnId> {
  const relations = table === undefined ? catalog.relations.values() : catalog.named(table);
  for (const relation of relations) {
    if (schema !== undefined && relation.schema !== schema) continue;
    // The server's own catalogs are what they are, whatever anybody writes.
    if (relation.schema.startsWith('pg_') || relation.schema === 'information_schema') continue;
    for (const { name, number } of relation.columns) {
      if (column === undefined || column === name) yield { relation: relation.oid, column: number };
    }
  }
}

function keyOf({ relation, column }: ColumnId): string {
  return `${relation}.${column}`;
}
