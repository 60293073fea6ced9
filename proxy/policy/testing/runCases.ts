/** Runs policy tests: the real grammar, facts and policy; no database, so that nothing is known but the statement. */
import { PortcullisError } from '../../kit/errors.ts';
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import type { Decision, Finding, Outcome } from '../decision.ts';
import type { PolicyEngine } from '../policyEngine.ts';
import type { PolicyCase } from './caseFile.ts';

/** What came of a case. */
export interface CaseResult {
  readonly case: PolicyCase;
  readonly outcome: Outcome;
  /** Ids of the policies that determined it, in all statements that had this outcome. */
  readonly policies: readonly string[];
  readonly findings: readonly Finding[];
  /** What is not as expected, each in one line; none where the case passes. */
  readonly differences: readonly string[];
}

/** Facts of each statement of a text. Throws PortcullisError where it cannot be parsed. */
export type Analyse = (text: string) => readonly StatementFacts[];

const severity: Readonly<Record<Outcome, number>> = { allow: 0, approve: 1, deny: 2 };

export function runCase(policy: PolicyEngine, analyse: Analyse, tested: PolicyCase): CaseResult {
  const decided = decide(policy, analyse, tested);
  return { case: tested, ...decided, differences: differencesOf(tested, decided) };
}

type Decided = Pick<CaseResult, 'outcome' | 'policies' | 'findings'>;

/** The worst of all statements: none of them runs where one may not. */
function decide(policy: PolicyEngine, analyse: Analyse, tested: PolicyCase): Decided {
  const { sql } = tested;
  let facts: readonly StatementFacts[];
  try {
    facts = analyse(sql);
  } catch (error) {
    if (!PortcullisError.is(error)) throw error;
    return refusal(error.message);
  }
  if (facts.length === 0) return refusal('there is no statement in it');
  const prepared = new Set<string>();
  for (const { role } of facts) {
    if (role.kind === 'prepare') prepared.add(role.name);
    if (role.kind === 'execute' && !prepared.has(role.name)) {
      return refusal(`prepared statement "${role.name}" does not exist`);
    }
  }
  // What EXECUTE does is counted with the PREPARE that stands before it.
  const decisions = facts.map((statement) => decideStatement(policy, tested, statement));
  const outcome = decisions.reduce<Outcome>(
    (worst, decision) => (severity[decision.outcome] > severity[worst] ? decision.outcome : worst),
    'allow',
  );
  const worst = decisions.filter((decision) => decision.outcome === outcome);
  return {
    outcome,
    policies: [...new Set(worst.flatMap(({ policies }) => policies))],
    findings: worst.flatMap(({ findings }) => findings),
  };
}

/** As a session does: an approval is looked at where one is needed, and cannot help where nobody is asked for one. */
function decideStatement(policy: PolicyEngine, tested: PolicyCase, statement: StatementFacts): Decision {
  const { identity, connection, circumstances, estimatedRows, classifications } = tested;
  const facts = withTableFacts(statement, {
    ...(estimatedRows !== undefined && { estimatedRows }),
    ...(classifications !== undefined && { classifications }),
  });
  const { approval: _approval, ...unapproved } = circumstances;
  const decision = policy.decide(identity, connection, facts, unapproved);
  return decision.outcome === 'approve' && circumstances.approval !== undefined
    ? policy.decide(identity, connection, facts, circumstances)
    : decision;
}

/** What the catalog would tell of each relation. */
function withTableFacts(
  facts: StatementFacts,
  known: Pick<Effect, 'estimatedRows' | 'classifications'>,
): StatementFacts {
  const effects = facts.effects.map((effect) =>
    effect.relation === undefined ? effect : { ...effect, ...known },
  );
  const { role } = facts;
  return {
    ...facts,
    effects,
    role: role.kind === 'prepare' ? { ...role, inner: withTableFacts(role.inner, known) } : role,
  };
}

/** Before any policy is asked: it is never forwarded. */
function refusal(message: string): Decided {
  return { outcome: 'deny', policies: [], findings: [{ policy: '', code: 'refused', message }] };
}

function differencesOf({ expect, policies, finding }: PolicyCase, decided: Decided): string[] {
  const differences: string[] = [];
  if (decided.outcome !== expect) differences.push(`expected ${expect}, and it is ${decided.outcome}`);
  const missing = policies.filter((id) => !decided.policies.includes(id));
  if (missing.length > 0) {
    differences.push(
      `expected to be decided by ${missing.join(', ')}, and it is by ${decided.policies.join(', ') || 'none'}`,
    );
  }
  const words = decided.findings.flatMap(({ message, detail = '', hint = '' }) => [message, detail, hint]);
  if (finding !== undefined && !words.some((text) => text.includes(finding))) {
    differences.push(`expected a finding with "${finding}"`);
  }
  return differences;
}
