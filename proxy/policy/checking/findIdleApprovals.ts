/** Policies that wait for an approval which nobody is ever asked for. */
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Policy } from '../checkPolicy.ts';
import { contextUseOf } from '../circumstances/contextUse.ts';
import type { PolicyProblem } from '../policyProblems.ts';

/** A statement is held by forbids with @approval alone: at that time there is no approval yet. */
export function findIdleApprovals(policies: readonly Policy[]): PolicyProblem[] {
  const warnings: PolicyProblem[] = [];
  for (const { id, effect, approval, isObserver, json, file, place } of policies) {
    if (isObserver) continue;
    if (effect === 'permit' && asksOfApproval(json, 'when')) {
      const message = `"${id}" permits nothing: nobody is asked to approve what nothing permits`;
      const hint = 'Permit it, and hold it by a forbid with @approval unless context has approval.';
      warnings.push({ file, ...place, message, hint });
    }
    if (effect === 'forbid' && approval === undefined && asksOfApproval(json, 'unless')) {
      const message = `"${id}" demands an approval that nobody is asked for`;
      const hint = 'Write who approves above it: @approval("reviewers").';
      warnings.push({ file, ...place, message, hint });
    }
  }
  return warnings;
}

function asksOfApproval(json: PolicyJson, kind: 'when' | 'unless'): boolean {
  const conditions = json.conditions.filter((condition) => condition.kind === kind);
  return contextUseOf([{ json: { ...json, conditions } }]).has('approval');
}
