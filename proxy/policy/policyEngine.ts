/** Decides what a statement may do: asks Cedar about each of its effects and combines the answers. */
import { createHash } from 'node:crypto';
import type { CheckParseAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import type { Identity } from '../identity/identity.ts';
import type { Effect, StatementFacts } from '../sql/facts.ts';
import { BoundedCache } from './boundedCache.ts';
import {
  type AskedColumn,
  type CedarRequest,
  cedarRequest,
  type IsTagged,
  requestKey,
  unmaskRequest,
} from './cedarRequest.ts';
import { type CheckedPolicy, checkPolicy, isAboutAction, type Policy } from './checkPolicy.ts';
import { type Circumstances, currentMoment, noCircumstances } from './circumstances/circumstances.ts';
import { type ContextUse, contextUseOf, narrowSchema } from './circumstances/contextUse.ts';
import type { ConnectionInfo, Decision, Finding, ObservedDecision, Outcome } from './decision.ts';
import { makeFinding, policyIds, type Verdict } from './findings.ts';
import { type Limits, tightest } from './limits.ts';
import { type Cedar, loadCedar } from './loadCedar.ts';
import type { MaskingPolicy } from './masking/maskingPolicy.ts';
import { type PolicyTexts, readPolicyTexts } from './policyFiles.ts';
import { PolicyLoadError, type PolicyProblem } from './policyProblems.ts';

/** Verdicts kept: a few hundred bytes each. */
const keptVerdicts = 4096;
/** A key holds the names and settings of the effect; few are longer than 300. */
const longestKey = 2048;

/**
 * Policies that are asked together. `lasting`: without what an approval lifts. `approved`: without what that approval
 * lifts which is in the context. `observed`: with those that only watch.
 */
type PolicySetName =
  | 'all'
  | 'lasting'
  | 'approved'
  | 'observedAll'
  | 'observedLasting'
  | 'limiting'
  | 'unmasking'
  | 'unmaskingApproved';

/** What policies are asked: about the effects of a statement, the limits of a session, columns in clear. */
export type PolicyQuestion = 'effects' | 'limits' | 'unmask';

const severity: Readonly<Record<Outcome, number>> = { allow: 0, approve: 1, deny: 2 };

/** A permit that counts with an approval. */
export interface UnmaskPermit {
  readonly policy: string;
  /** Of each of these groups somebody has to approve. */
  readonly approvers: readonly string[];
}

/** What a statement without any effect counts as: not understood. */
const noEffect: Effect = { kind: 'unknown', predicate: 'none', why: 'has no effect that is known' };

/**
 * Loads, validates and warms a policy.
 * @param options.directory a directory of `.cedar` files that stands in place of the default pack.
 * @throws PolicyLoadError where it cannot be read or is not valid: nothing may start without a policy.
 */
export async function loadPolicy(options: { directory?: string | undefined } = {}): Promise<PolicyEngine> {
  return makePolicy(await readPolicyTexts(options.directory));
}

/** The same for texts that are at hand. */
export async function makePolicy(texts: PolicyTexts): Promise<PolicyEngine> {
  const cedar = await loadCedar();
  const checked = checkPolicy(cedar, texts);
  if (checked.problems.length > 0) {
    throw new PolicyLoadError(texts.origin, checked.problems);
  }
  return new PolicyEngine(cedar, texts, checked);
}

/**
 * Cedar keeps parsed sets by name for the life of the process. A name that an engine has given back names the next one's,
 * so that policies that come and go take the place of one.
 */
const freeNames: string[] = [];
let namesGiven = 0;

export class PolicyEngine {
  /** Changes with every byte of the policy and its schema: 32 hex digits. */
  readonly version: string;
  /** Oddities of the texts that do not keep them from being used. */
  readonly warnings: readonly PolicyProblem[];
  /** What masking.yaml says. */
  readonly masking: MaskingPolicy;
  readonly #cedar: Cedar;
  /** What Cedar knows this engine's texts by; undefined once it is given back. */
  #name: string | undefined;
  readonly #policies: ReadonlyMap<string, Policy>;
  readonly #hasObservers: boolean;
  /** What its policies look at that changes from run to run, by what they are asked. */
  readonly use: Readonly<Record<PolicyQuestion, ContextUse>>;
  /** False where no policy permits anybody to see protected columns in clear unasked: then that is never looked into. */
  readonly canUnmask: boolean;
  /** True where columns of one classification may be shown to somebody, and others of it not. */
  readonly unmasksByPlace: boolean;
  readonly #verdicts = new BoundedCache<Verdict>(keptVerdicts, longestKey);

  /** Made by {@link loadPolicy}. */
  constructor(cedar: Cedar, texts: PolicyTexts, checked: CheckedPolicy) {
    this.#cedar = cedar;
    this.version = versionOf(texts);
    this.warnings = checked.warnings;
    this.masking = checked.masking;
    this.#policies = new Map(checked.policies.map((policy) => [policy.id, policy]));
    const enforced = checked.policies.filter((policy) => !policy.isObserver);
    this.#hasObservers = enforced.length < checked.policies.length;
    namesGiven += freeNames.length === 0 ? 1 : 0;
    const name = freeNames.pop() ?? `policy ${namesGiven}`;
    this.#name = name;
    const use = contextUseOf(checked.policies);
    const schema = cedar.schemaToJson(texts.schema);
    if (schema.type === 'failure') throw new PolicyLoadError(texts.origin, schema.errors);
    prepare(texts, cedar.preparseSchema(name, narrowSchema(schema.json, use)));
    const isLasting = ({ approval }: Policy) => approval === undefined;
    const asksOfApproval = (policy: Policy) => contextUseOf([policy]).has('approval');
    // A permit of every action does not mean this one: it has to be named.
    const unmasking = enforced.filter(
      (policy) => policy.effect === 'forbid' || isAboutAction(policy.json, 'unmask'),
    );
    const sets: Record<PolicySetName, readonly Policy[]> = {
      all: enforced,
      lasting: enforced.filter(isLasting),
      // What looks at the approval and forbids all the same is not content with it.
      approved: enforced.filter((policy) => isLasting(policy) || asksOfApproval(policy)),
      observedAll: checked.policies,
      observedLasting: checked.policies.filter(isLasting),
      limiting: checked.policies.filter((policy) => policy.limits !== undefined),
      unmasking: unmasking.filter(({ effect, approval }) => effect === 'forbid' || approval === undefined),
      unmaskingApproved: unmasking,
    };
    this.use = {
      effects: use,
      limits: contextUseOf(sets.limiting),
      unmask: contextUseOf(sets.unmasking),
    };
    this.canUnmask = sets.unmasking.some((policy) => policy.effect === 'permit');
    const maySpeakOfIt = ({ json }: Policy) => json.action.op === 'All' || isAboutAction(json, 'unmask');
    this.unmasksByPlace = unmasking.some((policy) => maySpeakOfIt(policy) && looksAtPlace(policy));
    for (const [set, policies] of Object.entries(sets)) {
      prepare(texts, cedar.preparsePolicySet(`${name}/${set}`, toPolicySet(policies)));
    }
    this.#warm();
  }

  /** How many verdicts are kept; bounded. */
  get keptVerdicts(): number {
    return this.#verdicts.size;
  }

  /**
   * Judges a statement: denied if one of its effects is, else to be approved if one is, else allowed. Synchronous;
   * asks Cedar only about effects that this identity and connection have not had before. Never throws for what an
   * effect holds: what cannot be judged is denied. With an approval among the circumstances it is not asked for again:
   * the outcome is allow or deny.
   */
  decide(
    identity: Identity,
    connection: ConnectionInfo,
    facts: Pick<StatementFacts, 'effects' | 'role'>,
    circumstances: Circumstances = noCircumstances,
  ): Decision {
    const now = this.#settle(circumstances);
    const judged = effectsOf(facts).map((effect) => ({
      effect,
      verdict: this.#judge(identity, connection, effect, now),
    }));
    const outcome = worstOf(judged.map(({ verdict }) => verdict));
    const policies = new Set<string>();
    const findings = new Map<string, Finding>();
    for (const { effect, verdict } of judged) {
      if (verdict.outcome !== outcome) {
        continue;
      }
      for (const id of policyIds(verdict)) {
        policies.add(id);
      }
      if (outcome !== 'allow') {
        const finding = makeFinding(verdict, effect, identity, connection);
        const known = `${finding.message}\0${finding.detail ?? ''}`;
        findings.set(known, findings.get(known) ?? finding);
      }
    }
    const observed = this.#hasObservers
      ? observedBeyond(
          outcome,
          judged.map(({ verdict }) => verdict.observed ?? verdict),
        )
      : undefined;
    return {
      outcome,
      policyVersion: this.version,
      policies: [...policies],
      findings: [...findings.values()],
      ...(observed && { observed }),
    };
  }

  /** What the sessions of this identity on this connection may use up. Throws where it cannot be evaluated. */
  limits(
    identity: Identity,
    connection: ConnectionInfo,
    circumstances: Circumstances = noCircumstances,
  ): Limits {
    // No effect has happened: of a statement the context says nothing.
    const effect: Effect = { kind: 'read', predicate: 'none' };
    const request = cedarRequest(identity, connection, effect, undefined, circumstances, this.use.effects);
    const asked = { ...request, action: { type: 'Action', id: 'limit' } };
    const { policies } = this.#authorize('limiting', asked);
    return tightest(policies.flatMap((policy) => policy.limits ?? []));
  }

  /**
   * The id of the policy by which this identity sees the column in clear; undefined where none permits it, or one forbids
   * it, or the policy cannot be evaluated.
   */
  unmaskedBy(
    identity: Identity,
    connection: ConnectionInfo,
    column: AskedColumn,
    circumstances: Circumstances = noCircumstances,
  ): string | undefined {
    if (!this.canUnmask) return undefined;
    try {
      const { effects: use } = this.use;
      const request = unmaskRequest(identity, connection, column, circumstances, use);
      const answer = this.#authorize('unmasking', request);
      return answer.decision === 'allow' ? answer.policies[0]?.id : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether this identity may ask to see the column in clear for so many minutes: by which policy, and of which groups
   * somebody has to approve. Where an approval is `given`: whether it is seen in clear by that, those of
   * `groups` having given it. Undefined where not, or where the policy cannot be evaluated.
   */
  unmaskedByApproval(
    identity: Identity,
    connection: ConnectionInfo,
    column: AskedColumn,
    minutes: number,
    given?: { readonly circumstances: Circumstances; readonly groups: readonly string[] },
  ): UnmaskPermit | undefined {
    try {
      const { effects: use } = this.use;
      const circumstances = given?.circumstances ?? noCircumstances;
      const request = unmaskRequest(identity, connection, column, circumstances, use, minutes);
      const answer = this.#authorize('unmaskingApproved', request);
      if (answer.decision !== 'allow') return undefined;
      const permits = answer.policies.flatMap(({ id, approval }): UnmaskPermit[] =>
        approval === undefined ? [] : [{ policy: id, approvers: splitGroups(approval) }],
      );
      // Of several permits one is enough.
      return permits.find(
        ({ approvers }) => given === undefined || approvers.every((group) => given.groups.includes(group)),
      );
    } catch {
      return undefined;
    }
  }

  /** Gives up what Cedar holds for it. Whatever it is asked afterwards is denied. */
  release(): void {
    if (this.#name !== undefined) freeNames.push(this.#name);
    this.#name = undefined;
    this.#verdicts.clear();
  }

  /** The moment is looked up once for all effects of a statement, and only where a policy looks at it. */
  #settle(circumstances: Circumstances): Circumstances {
    return this.use.effects.has('time') && circumstances.moment === undefined
      ? { ...circumstances, moment: currentMoment() }
      : circumstances;
  }

  #judge(
    identity: Identity,
    connection: ConnectionInfo,
    effect: Effect,
    circumstances: Circumstances,
  ): Verdict {
    const isTagged: IsTagged = (relation) => this.masking.isConfig(connection.name, relation);
    // An approval is used once: what is decided under it is not kept.
    const isApproved = circumstances.approval !== undefined;
    const key = isApproved
      ? ''
      : requestKey(identity, connection, effect, isTagged, circumstances, this.use.effects);
    const known = isApproved ? undefined : this.#verdicts.get(key);
    if (known !== undefined) {
      return known;
    }
    try {
      const request = cedarRequest(identity, connection, effect, isTagged, circumstances, this.use.effects);
      if (isApproved) return this.#askApproved(request);
      const enforced = this.#ask(request, 'all', 'lasting');
      const verdict: Verdict = this.#hasObservers
        ? { ...enforced, observed: this.#ask(request, 'observedAll', 'observedLasting') }
        : enforced;
      this.#verdicts.set(key, verdict);
      return verdict;
    } catch (error) {
      // Not kept: a later attempt may succeed. Until it does, the effect is denied.
      return {
        outcome: 'deny',
        policies: [],
        failure: error instanceof Error ? error.message : String(error),
      };
    }
  }

  /**
   * A denial means approve where everything that refuses carries @approval: that is, where the same request would be
   * allowed by the policies without these. So a denial for want of a permit never becomes a matter of approval.
   */
  #ask(request: CedarRequest, all: PolicySetName, lasting: PolicySetName): Verdict {
    const answer = this.#authorize(all, request);
    if (answer.decision === 'allow') {
      return { outcome: 'allow', policies: answer.policies };
    }
    const final = this.#authorize(lasting, request);
    return final.decision === 'allow'
      ? { outcome: 'approve', policies: answer.policies }
      : { outcome: 'deny', policies: final.policies };
  }

  /** What an approval was given for, it lifts, except where the policy that asked for it wants another. */
  #askApproved(request: CedarRequest): Verdict {
    const answer = this.#authorize('approved', request);
    return { outcome: answer.decision, policies: answer.policies };
  }

  #authorize(set: PolicySetName, request: CedarRequest): { decision: 'allow' | 'deny'; policies: Policy[] } {
    if (this.#name === undefined) throw new Error('the policy is no longer in force');
    const answer = this.#cedar.statefulIsAuthorized({
      ...request,
      preparsedSchemaName: this.#name,
      preparsedPolicySetId: `${this.#name}/${set}`,
      validateRequest: true,
    });
    if (answer.type === 'failure') {
      throw new Error(answer.errors.map((error) => error.message).join('; '));
    }
    const { decision, diagnostics } = answer.response;
    const failed = diagnostics.errors[0];
    if (failed !== undefined) {
      // Cedar leaves a policy out that fails; a forbid must not be left out.
      throw new Error(`${failed.policyId}: ${failed.error.message}`);
    }
    const policies = diagnostics.reason.flatMap((id) => this.#policies.get(id) ?? []);
    return { decision, policies: policies.sort((a, b) => (a.id < b.id ? -1 : 1)) };
  }

  /** The first call costs 0.1 s: it is made here rather than under somebody's first statement. */
  #warm(): void {
    const nobody: Identity = { subject: '', email: '', groups: [] };
    this.#ask(
      cedarRequest(
        nobody,
        { name: '', environment: '' },
        { kind: 'read', predicate: 'none' },
        undefined,
        noCircumstances,
        this.use.effects,
      ),
      'all',
      'lasting',
    );
  }
}

function splitGroups(approval: string): readonly string[] {
  return [...new Set(approval.split(' and ').map((group) => group.trim()))];
}

function worstOf(verdicts: readonly Verdict[]): Outcome {
  return verdicts.reduce<Outcome>(
    (worst, { outcome }) => (severity[outcome] > severity[worst] ? outcome : worst),
    'allow',
  );
}

function observedBeyond(enforced: Outcome, verdicts: readonly Verdict[]): ObservedDecision | undefined {
  const outcome = worstOf(verdicts);
  if (outcome === 'allow' || severity[outcome] <= severity[enforced]) return undefined;
  const decisive = verdicts.filter((verdict) => verdict.outcome === outcome);
  return { outcome, policies: [...new Set(decisive.flatMap(policyIds))] };
}

/** The effects to judge: a PREPARE counts for what it prepares, and nothing at all is not understood. */
function effectsOf(facts: Pick<StatementFacts, 'effects' | 'role'>): readonly Effect[] {
  const effects =
    facts.role.kind === 'prepare' ? [...facts.effects, ...facts.role.inner.effects] : facts.effects;
  return effects.length === 0 ? [noEffect] : effects;
}

function toPolicySet(policies: readonly Policy[]): { staticPolicies: Record<string, string> } {
  return { staticPolicies: Object.fromEntries(policies.map((policy) => [policy.id, policy.text])) };
}

function prepare(texts: PolicyTexts, answer: CheckParseAnswer): void {
  if (answer.type === 'failure') {
    throw new PolicyLoadError(
      texts.origin,
      answer.errors.map(({ message }) => ({ message })),
    );
  }
}

/** Another for every byte of the texts and the schema. */
export function versionOf({ files, schema }: PolicyTexts): string {
  const hash = createHash('sha256');
  for (const part of [schema, ...files.flatMap(({ name, text }) => [name, text])]) {
    // Lengths keep two different lists of parts from having the same bytes.
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return hash.digest('hex').slice(0, 32);
}

/** Whether a policy asks for the relation or the column: by their names, or by the context as a whole. */
function looksAtPlace({ json }: Policy): boolean {
  const conditions = JSON.stringify(json.conditions);
  const others = conditions.replaceAll(/"(?:\.|has)":\{"left":\{"Var":"context"\}/g, '');
  return /"(?:relation|column)"/.test(conditions) || others.includes('{"Var":"context"}');
}
