/** Policies that change nothing: no request fits them, or others decide every request that does. */
import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Policy } from '../checkPolicy.ts';
import type { PolicyProblem } from '../policyProblems.ts';
import { type Assignment, type Known, Need, RequestSpace } from './requestSpace.ts';

/** Steps after which a question is left open, which says nothing of a policy. */
const longestSearch = 5_000;

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
  const isImpossible = (...conditions: Condition[]) => canBeMet(space, conditions) === false;
  const forbids = policies.filter(({ effect, approval }) => effect === 'forbid' && approval === undefined);
  const warnings: PolicyProblem[] = [];
  for (const policy of policies) {
    const warn = (message: string, hint: string) =>
      warnings.push({ file: policy.file, ...policy.place, message, hint });
    if (isImpossible(fits(policy))) {
      warn(
        `"${policy.id}" never applies: no request fits both its scope and its conditions`,
        'Look for conditions that contradict each other or the scope, and for values that requests never have.',
      );
      continue;
    }
    const others = forbids.filter((forbid) => forbid !== policy);
    // A limit holds whatever is forbidden.
    if (policy.limits !== undefined) continue;
    if (policy.effect === 'forbid' && policy.approval === undefined) continue;
    const one = others.find((forbid) => isImpossible(fits(policy), fitsNot(forbid)));
    if (one === undefined && !isImpossible(fits(policy), ...others.map(fitsNot))) continue;
    const who =
      one === undefined
        ? 'several forbids together refuse'
        : `"${one.id}" in ${one.file}:${one.place.line} refuses`;
    if (policy.effect === 'permit') {
      warn(`"${policy.id}" permits nothing: ${who} all of it`, 'Narrow the forbid, or take the permit away.');
    } else {
      warn(
        `nobody can approve what "${policy.id}" forbids: ${who} all of it for good`,
        'Narrow the forbid that has no @approval, or take this one away.',
      );
    }
  }
  return warnings;
}

/** Whether a request meets all conditions; undefined where that takes too long to tell. */
function canBeMet(space: RequestSpace, conditions: readonly Condition[]): boolean | undefined {
  const known: Assignment = new Map();
  let steps = 0;
  const search = (): boolean | undefined => {
    steps += 1;
    if (steps > longestSearch) return undefined;
    let need: Need | undefined;
    for (const condition of conditions) {
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
    let isOpen = false;
    for (const value of values) {
      known.set(variable, value);
      const met = search();
      known.delete(variable);
      if (met === true) return true;
      isOpen ||= met === undefined;
      if (steps > longestSearch) return undefined;
    }
    return isOpen ? undefined : false;
  };
  return search();
}
