/** Policies that change nothing: no request fits them, or others decide every request that does. */
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Policy } from '../checkPolicy.ts';
import type { PolicyProblem } from '../policyProblems.ts';
import { type Assignment, type Known, Need, RequestSpace } from './requestSpace.ts';

/** Steps after which a question is left open, which says nothing of a policy; and for all questions together. */
const longestSearch = 5_000;
/** A step looks at some conditions, some 10 µs each. */
const mostLooks = 40_000;

type Condition = (known: Assignment) => Known;

/** Warns only of what holds for every request that there can be; of some such policies it does not warn. */
export function findUnreachable(schema: SchemaJson<string>, policies: readonly Policy[]): PolicyProblem[] {
  const space = new RequestSpace(
    schema,
    policies.map(({ json }) => json),
  );
  const fits =
    ({ json }: Policy): Condition =>
    (known) =>
      space.matches(json, known);
  const fitsNot =
    ({ json }: Policy): Condition =>
    (known) => {
      const matches = space.matches(json, known);
      return matches instanceof Need ? matches : !matches;
    };
  const budget = { looks: mostLooks };
  const isImpossible = (...conditions: Condition[]) => canBeMet(space, conditions, budget) === false;
  const forbids = policies.filter(({ effect, approval }) => effect === 'forbid' && approval === undefined);
  const warnings: PolicyProblem[] = [];
  const warn = ({ file, place }: Policy, message: string, hint: string) =>
    warnings.push({ file, ...place, message, hint });
  const never = new Set(policies.filter((policy) => isImpossible(fits(policy))));
  for (const policy of never) {
    warn(
      policy,
      `"${policy.id}" never applies: no request fits both its scope and its conditions`,
      'Look for conditions that contradict each other or the scope, and for values that requests never have.',
    );
  }
  for (const policy of policies) {
    // A limit holds whatever is forbidden.
    if (never.has(policy) || forbids.includes(policy) || policy.limits !== undefined) continue;
    const one = forbids.find((forbid) => isImpossible(fits(policy), fitsNot(forbid)));
    if (one === undefined && !isImpossible(fits(policy), ...forbids.map(fitsNot))) continue;
    const who =
      one === undefined
        ? 'several forbids together refuse'
        : `"${one.id}" in ${one.file}:${one.place.line} refuses`;
    if (policy.effect === 'permit') {
      const hint = 'Narrow the forbid, or take the permit away.';
      warn(policy, `"${policy.id}" permits nothing: ${who} all of it`, hint);
    } else {
      const message = `nobody can approve what "${policy.id}" forbids: ${who} all of it for good`;
      warn(policy, message, 'Narrow the forbid that has no @approval, or take this one away.');
    }
  }
  return warnings;
}

/** Whether a request meets all conditions; undefined where that takes too long to tell. */
function canBeMet(
  space: RequestSpace,
  conditions: readonly Condition[],
  budget: { looks: number },
): boolean | undefined {
  const known: Assignment = new Map();
  let steps = 0;
  const search = (): boolean | undefined => {
    steps += 1;
    if (steps > longestSearch || budget.looks <= 0) return undefined;
    let need: Need | undefined;
    for (const condition of conditions) {
      budget.looks -= 1;
      const met = condition(known);
      if (met === false) return false;
      if (met instanceof Need) need ??= met;
    }
    if (need === undefined) return true;
    let { variable } = need;
    let values = space.valuesOf(variable, known);
    while (values instanceof Need) {
      variable = values.variable;
      values = space.valuesOf(variable, known);
    }
    for (const value of values) {
      known.set(variable, value);
      const met = search();
      known.delete(variable);
      if (met === true) return true;
      if (met === undefined) return undefined;
    }
    return false;
  };
  return search();
}
