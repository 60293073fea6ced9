/** facts → decision → use of classified columns: what a text may do, for one identity on one connection. Runs nothing. */
import type { Identity } from '../../identity/identity.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications } from '../../masking/classification.ts';
import type { Decision } from '../../policy/decision.ts';
import { decisionError } from '../../policy/findings.ts';
import type { LivePolicy } from '../../policy/live/livePolicy.ts';
import type { Catalog } from '../../schema/catalog.ts';
import { type ColumnUse, judgeColumnUse, useError } from '../../sql/columnUse.ts';
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import type { GovernedConnection } from '../governedConnection.ts';
import { groundEffects, TemporaryNames } from './groundEffects.ts';

/** Facts of what a prepared statement's name stands for, where EXECUTE asks; `touchesClassified` goes with them. */
export type FindPreparedFacts = (
  name: string,
) => { readonly facts: Omit<StatementFacts, 'tree'>; readonly touchesClassified: boolean } | undefined;

export interface WeighedStatement {
  readonly facts: StatementFacts;
  readonly decision: Decision;
  readonly use: ColumnUse;
  /** Why it may not run, whatever a reviewer says; undefined where it may, or needs approval only. */
  readonly refusal: PortcullisError | undefined;
}

export interface WeighedText {
  readonly text: string;
  readonly statements: readonly WeighedStatement[];
  /** The first refusal of its statements: none of them runs. */
  readonly refusal: PortcullisError | undefined;
  /** True where error texts about it may hold protected values. */
  readonly touchesClassified: boolean;
  /** True where it runs prepared statements by name (EXECUTE). */
  readonly isByName: boolean;
  /** Texts that EXECUTE's names stand for. */
  readonly namedTexts: readonly string[];
}

export class StatementJudge {
  readonly policy: LivePolicy;
  readonly identity: Identity;
  readonly connection: GovernedConnection;
  readonly #temporary = new TemporaryNames();

  constructor(policy: LivePolicy, identity: Identity, connection: GovernedConnection) {
    this.policy = policy;
    this.identity = identity;
    this.connection = connection;
  }

  /** Changes whenever a judgement may come out differently: policy, catalog or classifications are others. */
  get stamp(): string {
    return `${this.policy.version}/${this.connection.stamp}`;
  }

  /** Undefined where the catalog does not know a relation and may be stale: refresh it, then weigh again. */
  weigh(
    text: string,
    allFacts: readonly StatementFacts[],
    findPrepared: FindPreparedFacts,
    isCatalogFresh: boolean,
  ): WeighedText | undefined {
    const { catalog, classifications, code, info } = this.connection;
    const statements: WeighedStatement[] = [];
    const preparedHere = new Map<string, Omit<StatementFacts, 'tree'>>();
    const namedTexts: string[] = [];
    let touchesClassified = false;
    let isByName = false;
    for (const ownFacts of allFacts) {
      let facts = ownFacts;
      let refusal: PortcullisError | undefined;
      if (facts.role.kind === 'execute') {
        isByName = true;
        const { name } = facts.role;
        const prepared = findPrepared(name);
        const inner = preparedHere.get(name) ?? prepared?.facts;
        if (inner === undefined) refusal = new PortcullisError('STATEMENT_NAME_UNKNOWN', { name });
        else {
          facts = mergeExecute(facts, inner);
          namedTexts.push(inner.text);
        }
        touchesClassified ||= prepared?.touchesClassified ?? true;
      }
      facts = noteHiddenReads(code.complete(facts), catalog, classifications);
      this.#temporary.note(facts);
      const isOnTemporary = facts.effects.some((effect) => this.#temporary.has(effect, catalog));
      if (isOnTemporary && !isCatalogFresh) return undefined;
      facts = groundEffects(facts, catalog, this.#temporary);
      if (facts.role.kind === 'prepare') preparedHere.set(facts.role.name, facts.role.inner);
      const decision = this.policy.decide(this.identity, info, facts);
      const use = judgeColumnUse(facts, catalog, classifications, { isReloaded: isCatalogFresh });
      if (use.unknownRelations.length > 0 && !isCatalogFresh) return undefined;
      if (decision.outcome === 'deny') refusal ??= decisionError(decision, facts, text);
      else if (use.violations.length > 0) refusal ??= useError(use.violations, text);
      touchesClassified ||= use.touchesClassified;
      statements.push({ facts, decision, use, refusal });
    }
    const refusal = statements.find((statement) => statement.refusal !== undefined)?.refusal;
    return { text, statements, refusal, touchesClassified, isByName, namedTexts };
  }
}

/**
 * What functions read is out of sight of masking: one that reads protected data counts as code that cannot be looked into,
 * whatever it does with them.
 */
function noteHiddenReads(
  facts: StatementFacts,
  catalog: Catalog,
  classifications: Classifications,
): StatementFacts {
  const found = (facts.hiddenReads ?? []).find(({ schema, name }) => {
    const candidates = catalog
      .named(name)
      .filter((relation) => schema === undefined || relation.schema === schema);
    // Views of the server's own show what others do, and samples of what tables hold.
    return candidates.some(
      (relation) =>
        relation.schema === 'pg_catalog' || (classifications.inRelation(relation.oid)?.size ?? 0) > 0,
    );
  });
  if (found === undefined) return facts;
  const why = `calls a function that reads ${found.name}, which masking cannot follow`;
  const effect: Effect = { kind: 'procedural', predicate: 'none', why };
  return { ...facts, effects: [...facts.effects, effect], readOnly: false };
}

/** EXECUTE does what the statement behind the name does. */
function mergeExecute(execute: StatementFacts, inner: Omit<StatementFacts, 'tree'>): StatementFacts {
  return {
    ...execute,
    // Where its effects stand, they stand in the text of the PREPARE.
    effects: [...execute.effects, ...inner.effects.map(({ location: _location, ...effect }) => effect)],
    relations: inner.relations,
    functions: [...execute.functions, ...inner.functions],
    attributeNames: [...(execute.attributeNames ?? []), ...(inner.attributeNames ?? [])],
    operators: [...(execute.operators ?? []), ...(inner.operators ?? [])],
    types: [...(execute.types ?? []), ...(inner.types ?? [])],
    readOnly: execute.readOnly && inner.readOnly,
  };
}
