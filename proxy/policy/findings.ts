/** Decisions in words that a person reads: what was refused, on what, why, and the smallest change that would pass. */
import type { Identity } from '../identity/identity.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { Effect, StatementFacts } from '../sql/facts.ts';
import type { Policy } from './checkPolicy.ts';
import { type ConnectionInfo, type Decision, defaultDeny, type Finding, policyFailure } from './decision.ts';
import { describeEffect } from './describeEffect.ts';
import { oneLine } from './quoteName.ts';

/** What Cedar answered for one effect. */
export interface Verdict {
  readonly outcome: 'allow' | 'approve' | 'deny';
  /** The policies that determined it; none where nothing permits the effect. */
  readonly policies: readonly Policy[];
  /** Why policy could not be asked; then the outcome is deny. */
  readonly failure?: string;
  /** The same with the policies that only watch; absent where there are none. */
  readonly observed?: Verdict;
}

/** How many further effects a refusal names besides the first. */
const namedBesides = 3;

/** The finding of one effect that is not allowed: one for all policies that refuse it, named by the first. */
export function makeFinding(
  verdict: Verdict,
  effect: Effect,
  identity: Identity,
  connection: ConnectionInfo,
): Finding {
  const isApproval = verdict.outcome === 'approve';
  const place = `${oneLine(connection.name, 63)} (${oneLine(connection.environment, 63)})`;
  const hint = verdict.policies.find((policy) => policy.hint !== undefined)?.hint ?? defaultHint(verdict);
  const approvers = approversOf(verdict);
  return {
    policy: policyIds(verdict)[0] ?? defaultDeny,
    code: codeOf(verdict, effect),
    message: `${describeEffect(effect)} ${isApproval ? 'needs approval' : 'is denied'} on ${place}`,
    detail: detailOf(verdict, effect, identity),
    ...(hint === undefined ? {} : { hint: oneLine(hint, 500) }),
    ...(effect.location === undefined ? {} : { location: effect.location }),
    ...(approvers === undefined ? {} : { approvers }),
  };
}

/** The ids that stand for a verdict in records. */
export function policyIds(verdict: Verdict): readonly string[] {
  if (verdict.failure !== undefined) {
    return [policyFailure];
  }
  return verdict.policies.length === 0 ? [defaultDeny] : verdict.policies.map((policy) => policy.id);
}

/**
 * The error that a client gets instead of running the statement: SQLSTATE 42501 with message, detail, hint, position.
 * @param decision one that is not `allow`.
 * @param facts of the statement it was made for.
 * @param messageText the whole text the statement was sent in: positions count from its start. Without it a
 *   statement that is not the first of its message has no position.
 */
export function decisionError(
  decision: Decision,
  facts: Pick<StatementFacts, 'text' | 'offset'>,
  messageText?: string,
): PortcullisError {
  const [first, ...others] = decision.findings;
  if (first === undefined) {
    throw new Error('an allowed statement was to be refused');
  }
  const lines = first.detail === undefined ? [] : [first.detail];
  lines.push(...others.slice(0, namedBesides).map((finding) => `Also: ${finding.message}.`));
  if (others.length > namedBesides) {
    lines.push(`And ${others.length - namedBesides} more.`);
  }
  return new PortcullisError(
    'STATEMENT_DENIED',
    { message: first.message },
    {
      detail: lines.length === 0 ? undefined : lines.join('\n'),
      hint: first.hint,
      position: positionOf(first.location, facts, messageText),
    },
  );
}

/**
 * A byte offset as field P counts: characters (code points) of the message's text, from 1 (manual 53.8).
 * Undefined where the place lies outside the statement.
 */
function positionOf(
  location: number | undefined,
  facts: Pick<StatementFacts, 'text' | 'offset'>,
  messageText: string | undefined,
): number | undefined {
  const length = Buffer.byteLength(facts.text);
  if (location === undefined || location < facts.offset || location >= facts.offset + length) {
    return undefined;
  }
  if (messageText !== undefined) {
    return charactersBefore(messageText, location) + 1;
  }
  return facts.offset === 0 ? charactersBefore(facts.text, location) + 1 : undefined;
}

function charactersBefore(text: string, byteOffset: number): number {
  return [...Buffer.from(text).subarray(0, byteOffset).toString()].length;
}

function codeOf({ outcome }: Verdict, effect: Effect): string {
  const hasPredicate = effect.kind === 'update' || effect.kind === 'delete';
  return hasPredicate ? `${outcome}.${effect.kind}.${effect.predicate}` : `${outcome}.${effect.kind}`;
}

function detailOf(verdict: Verdict, effect: Effect, identity: Identity): string {
  const sentences: string[] = [];
  const approvers = approversOf(verdict);
  if (approvers !== undefined) {
    sentences.push(`It needs approval by ${approvers}.`);
  }
  if (effect.why !== undefined && effect.why !== '') {
    sentences.push(`It ${oneLine(effect.why).replace(/[.\s]+$/, '')}.`);
  }
  if (verdict.failure !== undefined) {
    sentences.push(`The policy could not be evaluated: ${oneLine(verdict.failure).replace(/[.\s]+$/, '')}.`);
  } else if (verdict.policies.length === 0) {
    sentences.push(noPermit(identity));
  }
  for (const message of new Set(verdict.policies.map((policy) => policy.message))) {
    if (message !== undefined) {
      sentences.push(oneLine(message, 500));
    }
  }
  const ids = policyIds(verdict);
  sentences.push(`${ids.length === 1 ? 'Policy' : 'Policies'}: ${ids.join(', ')}.`);
  return sentences.join(' ');
}

function noPermit({ email, groups }: Identity): string {
  const who = oneLine(email);
  if (groups.length === 0) {
    return `No policy permits it: ${who} is in no group.`;
  }
  const names = groups.map((group) => oneLine(group, 63)).join(', ');
  return `No policy permits it to ${who}, who is in ${groups.length === 1 ? 'the group' : 'the groups'} ${oneLine(names)}.`;
}

function defaultHint(verdict: Verdict): string | undefined {
  if (verdict.failure !== undefined) {
    return 'Tell those who keep the policy: nothing it concerns is allowed until it is mended.';
  }
  return verdict.policies.length === 0
    ? 'Ask those who keep the policy or the groups, if you should have access.'
    : undefined;
}

function approversOf(verdict: Verdict): string | undefined {
  if (verdict.outcome !== 'approve') {
    return undefined;
  }
  const names = verdict.policies.flatMap(({ approval }) =>
    approval === undefined ? [] : [oneLine(approval, 63)],
  );
  return [...new Set(names)].join(' and ');
}
