/** Walks a whole parse tree and collects what it does: every object is visited, whatever it is and wherever it hides. */

import type { Effect, EffectKind, RelationName } from '../facts.ts';
import type { StatementBody } from '../parsing/bodies.ts';
import {
  asList,
  asNode,
  asNumber,
  asText,
  entryOf,
  isNode,
  type Node,
  namesOf,
  rangeVarFields,
  relationOf,
} from '../tree.ts';
import { nodeReaders } from './nodeReaders.ts';

/** Names that WITH clauses have made visible at a place. */
interface CteScope {
  readonly names: Set<string>;
  readonly outer: CteScope | undefined;
}

/** Fields whose node comes without its tag, where that tag has a reader. In a join, `larg` and `rarg` have theirs. */
const untagged: ReadonlyMap<string, string> = new Map([
  ['larg', 'SelectStmt'],
  ['rarg', 'SelectStmt'],
  ['typeName', 'TypeName'],
  ['argType', 'TypeName'],
  ['returnType', 'TypeName'],
  ['ofTypename', 'TypeName'],
]);

/** What an effect may carry besides its kind; `undefined` counts as absent. */
export type EffectDetails = { readonly [K in keyof Omit<Effect, 'kind'>]?: Effect[K] | undefined };

export class EffectWalk {
  readonly functions = new Set<string>();
  /** Names in attribute notation, `(x).name`, which PostgreSQL also looks up as functions. */
  readonly attributeNames = new Set<string>();
  /** Symbols of operators, without their schema. */
  readonly operators = new Set<string>();
  /** Last names of types, without their schema. */
  readonly types = new Set<string>();
  readonly #effects = new Map<string, Effect>();
  readonly #relations = new Map<string, RelationName>();
  #scope: CteScope | undefined;
  #root: unknown;

  /** What the walk began with. */
  get root(): unknown {
    return this.#root;
  }

  get effects(): readonly Effect[] {
    return [...this.#effects.values()];
  }

  get relations(): readonly RelationName[] {
    return [...this.#relations.values()];
  }

  /** Visits one tagged node: `{SelectStmt: {…}}`. */
  visit(node: unknown): void {
    this.#root ??= node;
    if (Array.isArray(node)) {
      for (const item of node) {
        this.visit(item);
      }
    } else if (isNode(node)) {
      this.visitFields(node);
    }
  }

  /** Visits everything in the fields of a node except the keys named. */
  visitFields(fields: Node, skip: readonly string[] = []): void {
    if ('relname' in fields && 'relpersistence' in fields) {
      this.#readRangeVar(fields);
      return;
    }
    if ('names' in fields && 'typemod' in fields) {
      // A TypeName, which comes without its tag in most places.
      this.types.add(namesOf(fields['names']).at(-1) ?? '');
    }
    const outer = this.#scope;
    const withClause = fields['withClause'];
    if (isNode(withClause)) {
      this.#openScope(withClause);
    }
    for (const key in fields) {
      const value = fields[key];
      if (typeof value !== 'object' || value === null || key === 'withClause' || skip.includes(key)) {
        continue;
      }
      const tag = untagged.get(key);
      if (startsUpperCase(key) && isNode(value)) {
        this.#visitTagged(key, value);
      } else if (tag !== undefined && isNode(value) && !startsUpperCase(entryOf(value)[0])) {
        this.#visitTagged(tag, value);
      } else {
        this.visit(value);
      }
    }
    this.#scope = outer;
  }

  /** Records an effect once. */
  add(kind: EffectKind, details: EffectDetails = {}): void {
    const effect = withoutUndefined({ kind, predicate: 'none', ...details }) as unknown as Effect;
    const { location: _, ...identity } = effect;
    const key = JSON.stringify(identity);
    if (!this.#effects.has(key)) {
      this.#effects.set(key, effect);
    }
  }

  /** Records an effect on a relation that the statement names as its target, which no WITH name can shadow. */
  addOn(kind: EffectKind, rangeVar: unknown, details: EffectDetails = {}): void {
    const fields = rangeVarFields(rangeVar);
    const relation = relationOf(fields);
    if (relation !== undefined) {
      this.noteRelation(relation);
    }
    const temporary = fields['relpersistence'] === 't' || relation?.schema === 'pg_temp';
    const location = asNumber(fields['location']);
    this.add(kind, { relation, temporary: temporary ? true : undefined, location, ...details });
  }

  noteRelation(relation: RelationName): void {
    const key = `${relation.schema ?? ''}\0${relation.name}`;
    if (!this.#relations.has(key)) {
      this.#relations.set(key, relation);
    }
  }

  /** Takes over what another walk has found, except the effects that `keep` refuses. */
  merge(other: EffectWalk, keep: (effect: Effect) => boolean = () => true): void {
    for (const effect of other.effects) {
      if (keep(effect)) {
        this.add(effect.kind, effect);
      }
    }
    for (const relation of other.relations) {
      this.noteRelation(relation);
    }
    for (const name of other.functions) {
      this.functions.add(name);
    }
    for (const name of other.attributeNames) {
      this.attributeNames.add(name);
    }
    for (const symbol of other.operators) {
      this.operators.add(symbol);
    }
    for (const name of other.types) {
      this.types.add(name);
    }
  }

  /** An empty walk, for what is judged apart before it is merged. */
  fork(): EffectWalk {
    const walk = new EffectWalk();
    walk.#scope = this.#scope;
    walk.#root = this.#root;
    return walk;
  }

  /** What stands in string bodies counts like the statement itself; its locations mean nothing outside. */
  visitBodies(bodies: readonly StatementBody[]): void {
    for (const body of bodies) {
      for (const statement of body.statements) {
        const inner = new EffectWalk();
        inner.visit(statement.tree);
        inner.visitBodies(statement.bodies);
        for (const effect of inner.effects) {
          this.add(effect.kind, { ...effect, location: undefined });
        }
        this.merge(inner, () => false);
      }
    }
  }

  #visitTagged(tag: string, fields: Node): void {
    const reader = nodeReaders.get(tag);
    if (reader === undefined) {
      this.add('unknown', {
        why: `has a part that is not known: ${tag}`,
        location: asNumber(fields['location']),
      });
      this.visitFields(fields);
    } else if (typeof reader === 'function') {
      const skip = reader(fields, this);
      if (skip !== 'all') {
        this.visitFields(fields, skip);
      }
    } else {
      this.visitFields(fields);
    }
  }

  #openScope(withClause: Node): void {
    const scope: CteScope = { names: new Set(), outer: this.#scope };
    const ctes = asList(withClause['ctes']).map((item) => asNode(asNode(item)['CommonTableExpr']));
    if (withClause['recursive'] === true) {
      for (const cte of ctes) {
        scope.names.add(asText(cte['ctename']) ?? '');
      }
    }
    this.#scope = scope;
    // Without RECURSIVE a CTE sees those before it, and not itself (manual, SELECT, "WITH Clause").
    for (const cte of ctes) {
      this.visitFields(cte);
      scope.names.add(asText(cte['ctename']) ?? '');
    }
  }

  #readRangeVar(fields: Node): void {
    const relation = relationOf(fields);
    if (relation === undefined || (relation.schema === undefined && this.#isCte(relation.name))) {
      return;
    }
    this.noteRelation(relation);
    const location = asNumber(fields['location']);
    this.add('read', { relation, location });
    if (fileViews.has(relation.name) && (relation.schema ?? 'pg_catalog') === 'pg_catalog') {
      this.add('serverAccess', {
        relation,
        why: `reads ${relation.name}, which shows files of the server`,
        location,
      });
    }
  }

  #isCte(name: string): boolean {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) {
      if (scope.names.has(name)) {
        return true;
      }
    }
    return false;
  }
}

/** Views of the server's own over functions that read files, or tell how the server is installed. */
const fileViews: ReadonlySet<string> = new Set([
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_file_settings',
  'pg_config',
]);

/** Tags begin with a capital, fields do not. */
function startsUpperCase(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x41 && first <= 0x5a;
}

function withoutUndefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key in value) {
    if (value[key] !== undefined) {
      result[key] = value[key];
    }
  }
  return result;
}
