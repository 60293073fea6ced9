/** All that can be said of policy texts without a database: what keeps them from being used, and what is odd. */
import { type CheckedPolicy, checkPolicy } from '../checkPolicy.ts';
import type { Cedar } from '../loadCedar.ts';
import type { PolicyTexts } from '../policyFiles.ts';
import type { PolicyProblem } from '../policyProblems.ts';
import { findIdleApprovals } from './findIdleApprovals.ts';
import { findUnknownNames } from './findUnknownNames.ts';
import { findUnreachable } from './findUnreachable.ts';

/**
 * `checkPolicy`, and beyond it names that nothing has and policies that change nothing: these are warnings, found only
 * where the texts can be used.
 */
export function inspectPolicy(
  cedar: Cedar,
  { files, schema }: Pick<PolicyTexts, 'files' | 'schema'>,
): CheckedPolicy {
  const checked = checkPolicy(cedar, { files, schema });
  const parsed = cedar.schemaToJson(schema);
  if (checked.problems.length > 0 || parsed.type === 'failure') return checked;
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const unknown = findUnknownNames(checked.policies, texts);
  const idle = findIdleApprovals(checked.policies);
  const unreachable = findUnreachable(parsed.json, checked.policies);
  // Cedar finds some of the same; its own words are kept.
  const isNew = ({ file, line = 0 }: PolicyProblem) =>
    !checked.warnings.some((known) => known.file === file && known.line === line);
  const warnings = [...checked.warnings, ...unknown, ...idle, ...unreachable.filter(isNew)];
  return { ...checked, warnings: warnings.sort(byPlace) };
}

function byPlace(one: PolicyProblem, other: PolicyProblem): number {
  if (one.file !== other.file) return (one.file ?? '') < (other.file ?? '') ? -1 : 1;
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}
