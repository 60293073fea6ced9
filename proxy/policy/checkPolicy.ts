/** Reads Cedar texts into policies with ids, and finds everything that is wrong with them. */
import type { DetailedError, ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import type { Cedar } from './loadCedar.ts';
import type { PolicyFile, PolicyTexts } from './policyFiles.ts';
import { type PolicyProblem, placeOf } from './policyProblems.ts';

/** One policy of the set, by what its annotations say. */
export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
  readonly message: string | undefined;
  readonly hint: string | undefined;
  /** Who can approve what it forbids; undefined where it forbids for good. */
  readonly approval: string | undefined;
}

export interface CheckedPolicy {
  readonly policies: readonly Policy[];
  /** Any of these: the policy must not be used. */
  readonly problems: readonly PolicyProblem[];
  /** Oddities that leave the policy usable, such as a condition that can never hold. */
  readonly warnings: readonly PolicyProblem[];
}

const knownAnnotations = new Set(['id', 'message', 'hint', 'approval']);
/** What Cedar says of the numbers that it gives to policies of a text: the place says it better. */
const ownIds = /^(?:failed to parse policies from string: |for policy `policy\d+`, )/;
const idForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;

/** Parses and validates all files against the schema. Never throws for what a text says. */
export function checkPolicy(
  cedar: Cedar,
  { files, schema }: Pick<PolicyTexts, 'files' | 'schema'>,
): CheckedPolicy {
  const policies: Policy[] = [];
  const problems: PolicyProblem[] = [];
  const warnings: PolicyProblem[] = [];
  const owners = new Map<string, string>();
  for (const file of files) {
    const parsed = cedar.policySetTextToParts(file.text);
    if (parsed.type === 'failure') {
      problems.push(...parsed.errors.map((error) => problemAt(file, error)));
      continue;
    }
    for (const template of parsed.policy_templates) {
      const hint = 'Write the principal or resource in place of the slot.';
      problems.push({ ...partPlace(file, template), message: 'policy templates cannot be used', hint });
    }
    if (parsed.policy_templates.length > 0) {
      continue;
    }
    for (const part of parsed.policies) {
      const policy = readPolicy(cedar, file, part, owners, problems);
      if (policy !== undefined) {
        policies.push(policy);
      }
    }
    const validated = cedar.validate({ schema, policies: { staticPolicies: file.text } });
    if (validated.type === 'failure') {
      problems.push(...validated.errors.map((error) => problemAt(file, error)));
    } else {
      problems.push(...validated.validationErrors.map((found) => validationProblem(file, found)));
      warnings.push(...validated.validationWarnings.map((found) => validationProblem(file, found)));
    }
  }
  if (policies.length === 0 && problems.length === 0) {
    const hint = 'Write at least one permit: without any, nothing is allowed.';
    problems.push({ message: 'there is no policy in its files', hint });
  }
  return { policies, problems: onePerPlace(problems), warnings: onePerPlace(warnings) };
}

function readPolicy(
  cedar: Cedar,
  file: PolicyFile,
  text: string,
  owners: Map<string, string>,
  problems: PolicyProblem[],
): Policy | undefined {
  const place = partPlace(file, text);
  const answer = cedar.policyToJson(text);
  if (answer.type === 'failure') {
    problems.push(...answer.errors.map(({ message }) => ({ ...place, message })));
    return undefined;
  }
  const { effect, annotations = {} } = answer.json;
  const found = annotationProblems(effect, annotations);
  const id = annotations['id'] ?? '';
  const owner = owners.get(id);
  if (owner !== undefined) {
    found.push({
      message: `the id "${id}" is taken already, in ${owner}`,
      hint: 'Give each policy an id of its own.',
    });
  }
  owners.set(id, file.name);
  problems.push(...found.map((problem) => ({ ...place, ...problem })));
  return {
    id,
    effect,
    text,
    message: annotations['message'],
    hint: annotations['hint'],
    approval: annotations['approval'],
  };
}

function annotationProblems(
  effect: 'permit' | 'forbid',
  annotations: Readonly<Record<string, string>>,
): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  if (!idForm.test(annotations['id'] ?? '')) {
    problems.push({
      message: annotations['id'] === undefined ? 'the policy has no @id' : 'its @id is not a plain name',
      hint: 'Write @id("company.what-it-does") above it: records and findings name it so.',
    });
  }
  for (const name of Object.keys(annotations)) {
    if (!knownAnnotations.has(name)) {
      const hint = 'Known are @id, @message, @hint and @approval.';
      problems.push({ message: `the annotation @${name} means nothing to Portcullis`, hint });
    }
  }
  if (annotations['approval'] !== undefined) {
    if (effect === 'permit') {
      const hint = 'Write it on a forbid: what that forbids then waits for approval.';
      problems.push({ message: '@approval has no meaning on a permit', hint });
    } else if (annotations['approval'].trim() === '') {
      problems.push({
        message: '@approval names nobody',
        hint: 'Write who approves: @approval("reviewers").',
      });
    }
  }
  return problems;
}

/** Validation tells the same once for each action that a policy is about: the first will do. */
function onePerPlace(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const seen = new Map<string, PolicyProblem>();
  for (const problem of problems) {
    const message = problem.message.replace(/ for Action::"\w+"$/, '');
    const key = JSON.stringify([problem.file, problem.line, problem.column, message]);
    seen.set(key, seen.get(key) ?? problem);
  }
  return [...seen.values()];
}

/** Cedar hands out the policies of a text as they stand in it, so that the place is found by looking. */
function partPlace(file: PolicyFile, part: string): { file: string; line?: number; column?: number } {
  const index = file.text.indexOf(part);
  if (index < 0) {
    return { file: file.name };
  }
  return { file: file.name, ...placeOf(file.text, Buffer.byteLength(file.text.slice(0, index))) };
}

function validationProblem(file: PolicyFile, found: ValidationError): PolicyProblem {
  return problemAt(file, found.error);
}

function problemAt(file: PolicyFile, error: DetailedError): PolicyProblem {
  const source = error.sourceLocations?.[0];
  const expected = source?.label ?? undefined;
  const message = error.message.replace(ownIds, '');
  const help = error.help?.replace(ownIds, '');
  const hint = [help, expected].filter((part) => part !== null && part !== undefined).join('; ');
  return {
    file: file.name,
    ...(source === undefined ? {} : placeOf(file.text, source.start)),
    message,
    ...(hint === '' ? {} : { hint: asSentence(hint) }),
  };
}

function asSentence(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
