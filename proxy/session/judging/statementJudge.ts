/** facts → decision → use of classified columns: what a text may do, for one identity on one connection. Runs nothing. */
import type { Identity } from '../../identity/identity.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { Decision } from '../../policy/decision.ts';
import { decisionError } from '../../policy/findings.ts';
import type { PolicyEngine } from '../../policy/policyEngine.ts';
import { type ColumnUse, judgeColumnUse, useError } from '../../sql/columnUse.ts';
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import type { GovernedConnection } from '../governedConnection.ts';

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
  readonly policy: PolicyEngine;
  readonly identity: Identity;
  readonly connection: GovernedConnection;

  constructor(policy: PolicyEngine, identity: Identity, connection: GovernedConnection) {
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
    const { catalog, classifications, info } = this.connection;
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
      facts = markUserFunctions(facts, catalog.userFunctions);
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

/** EXECUTE does what the statement behind the name does. */
function mergeExecute(execute: StatementFacts, inner: Omit<StatementFacts, 'tree'>): StatementFacts {
  return {
    ...execute,
    // Where its effects stand, they stand in the text of the PREPARE.
    effects: [...execute.effects, ...inner.effects.map(({ location: _location, ...effect }) => effect)],
    relations: inner.relations,
    functions: [...execute.functions, ...inner.functions],
    readOnly: execute.readOnly && inner.readOnly,
  };
}

/**
 * A function of the database's own may stand in for a built-in of the same name (by argument types, or by search_path),
 * and `x.f` may call f: what it does is not known from its name.
 */
function markUserFunctions(facts: StatementFacts, userFunctions: ReadonlySet<string>): StatementFacts {
  const names = [...facts.functions, ...(facts.attributeNames ?? [])].filter((name) =>
    userFunctions.has(name),
  );
  if (names.length === 0) return facts;
  const effects = names.map((functionName): Effect => {
    return {
      kind: 'procedural',
      predicate: 'none',
      functionName,
      why: `calls ${functionName}, a function of this database`,
    };
  });
  return { ...facts, effects: [...facts.effects, ...effects], readOnly: false };
}
