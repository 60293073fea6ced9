/** What policy says about a statement: the types. Made by `PolicyEngine.decide`, put into words by `findings.ts`. */

export type Outcome = 'allow' | 'approve' | 'deny';

/** A governed connection, as far as policy looks at it. */
export interface ConnectionInfo {
  readonly name: string;
  /** Any name but `staging` and `development` counts as production in the default pack. */
  readonly environment: string;
}

export interface Finding {
  /** Id of the policy that determined it; {@link defaultDeny} where none permits it. */
  readonly policy: string;
  /** For programs: outcome, effect kind, and for UPDATE and DELETE the predicate: `deny.drop`, `approve.update.absent`. */
  readonly code: string;
  /** One line, lower-case first, no trailing dot (PostgreSQL manual 55.3, error style guide). */
  readonly message: string;
  /** Full sentences: why. */
  readonly detail?: string;
  /** Full sentences: the smallest change that would pass. */
  readonly hint?: string;
  /** Byte offset in the message's text, as {@link Effect.location} counts. */
  readonly location?: number;
  /** Who could approve it; absent where nobody can. */
  readonly approvers?: string;
}

export interface Decision {
  readonly outcome: Outcome;
  /** {@link PolicyEngine.version} of the policy that decided. */
  readonly policyVersion: string;
  /** Ids of the policies that determined the outcome, each once. */
  readonly policies: readonly string[];
  /** Empty where the outcome is allow. */
  readonly findings: readonly Finding[];
  /** What it would be if the policies that only watch were in force; absent where that is the same. */
  readonly observed?: ObservedDecision;
}

export interface ObservedDecision {
  readonly outcome: 'approve' | 'deny';
  readonly policies: readonly string[];
}

/** Stands for a policy's id where no policy permits an effect. */
export const defaultDeny = 'default-deny';

/** Stands for a policy's id where a policy could not be evaluated, which counts as a denial. */
export const policyFailure = 'policy-failure';
