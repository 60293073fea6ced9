/** Reads Cedar texts into policies with ids, and finds everything that is wrong with them. */
import type { DetailedError, PolicyJson, ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { BoundedCache } from './boundedCache.ts';
import { type Limits, limitsHint, parseLimits } from './limits.ts';
import type { Cedar } from './loadCedar.ts';
import { isMaskingFile, readMaskingFile } from './masking/maskingFile.ts';
import { type MaskingPolicy, noMaskingPolicy } from './masking/maskingPolicy.ts';
import type { PolicyTexts } from './policyFiles.ts';
import { type PolicyPlace, type PolicyProblem, placeOf, placeOfBytes } from './policyProblems.ts';

/** One policy of the set, by what its annotations say. */
export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
  /** The same text as Cedar reads it. */
  readonly json: PolicyJson;
  readonly message: string | undefined;
  readonly hint: string | undefined;
  /** Who can approve what it forbids, undefined where it forbids for good; or who has to approve what it unmasks. */
  readonly approval: string | undefined;
  /** True where it only watches: what it would forbid is recorded, and runs. */
  readonly isObserver: boolean;
  /** What it limits; undefined where it is about effects. */
  readonly limits: Limits | undefined;
  readonly file: string;
  /** Where it begins, annotations included. */
  readonly place: PolicyPlace;
}

export interface CheckedPolicy {
  readonly policies: readonly Policy[];
  /** What masking.yaml says. */
  readonly masking: MaskingPolicy;
  /** Any of these: the policy must not be used. */
  readonly problems: readonly PolicyProblem[];
  /** Oddities that leave the policy usable, such as a condition that can never hold. */
  readonly warnings: readonly PolicyProblem[];
}

/** Readings that are kept, by text: a check after a change reads what has changed. Each takes some 10 ms. */
const keptTexts = 64;
const longestKeptText = 64 * 1024;
const readTexts = new BoundedCache<ReturnType<typeof readText>>(keptTexts, longestKeptText);

const knownAnnotations = new Set(['id', 'message', 'hint', 'approval', 'limits', 'observe']);
/** What Cedar says of the numbers that it gives to policies of a text: the place says it better. */
const ownIds = /^(?:failed to parse policies from string: |for policy `policy\d+`, )/;
const idForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;
const schemaHint = 'schema.cedarschema, in proxy/policy, says what a policy can speak of.';
const oddHint = 'Look for conditions that contradict each other or the scope, and mend or remove the policy.';

/** Parses and validates all files against the schema. Never throws for what a text says. */
export function checkPolicy(
  cedar: Cedar,
  { files, schema }: Pick<PolicyTexts, 'files' | 'schema'>,
): CheckedPolicy {
  const policies: Policy[] = [];
  const problems: PolicyProblem[] = [];
  const warnings: PolicyProblem[] = [];
  const owners = new Map<string, string>();
  let masking = noMaskingPolicy;
  for (const { name: file, text } of files) {
    if (isMaskingFile(file)) {
      const read = readMaskingFile(file, text);
      masking = read.masking;
      problems.push(...read.problems);
      continue;
    }
    const key = `${schema}\0${text}`;
    const read = readTexts.get(key) ?? readText(cedar, schema, text);
    readTexts.set(key, read);
    for (const policy of read.policies) {
      const owner = owners.get(policy.id);
      if (owner !== undefined && policy.id !== '') {
        const message = `the id "${policy.id}" is taken already, in ${owner}`;
        problems.push({ file, ...policy.place, message, hint: 'Give each policy an id of its own.' });
      }
      owners.set(policy.id, file);
      policies.push({ ...policy, file });
    }
    problems.push(...read.problems.map((problem) => ({ file, ...problem })));
    warnings.push(...read.warnings.map((problem) => ({ file, ...problem })));
  }
  if (policies.length === 0 && problems.length === 0) {
    const hint = 'Write at least one permit: without any, nothing is allowed.';
    problems.push({ message: 'there is no policy in its files', hint });
  }
  return { policies, masking, problems: onePerPlace(problems), warnings: onePerPlace(warnings) };
}

function readText(cedar: Cedar, schema: string, text: string) {
  const policies: Omit<Policy, 'file'>[] = [];
  const problems: PolicyProblem[] = [];
  const warnings: PolicyProblem[] = [];
  const parsed = cedar.policySetTextToParts(text);
  if (parsed.type === 'failure') {
    problems.push(...parsed.errors.map((error) => problemAt(text, error)));
    return { policies, problems, warnings };
  }
  for (const template of parsed.policy_templates) {
    const hint = 'Write the principal or resource in place of the slot.';
    problems.push({ ...partPlace(text, template), message: 'policy templates cannot be used', hint });
  }
  if (parsed.policy_templates.length > 0) {
    return { policies, problems, warnings };
  }
  for (const part of parsed.policies) {
    const policy = readPolicy(cedar, text, part, problems);
    if (policy !== undefined) {
      policies.push(policy);
    }
  }
  const validated = cedar.validate({ schema, policies: { staticPolicies: text } });
  if (validated.type === 'failure') {
    problems.push(...validated.errors.map((error) => problemAt(text, error)));
  } else {
    problems.push(...validated.validationErrors.map((found) => validationProblem(text, found, schemaHint)));
    // What is wrong with a policy makes it odd as well.
    const wrong = new Set(validated.validationErrors.map(({ policyId }) => policyId));
    const odd = validated.validationWarnings.filter(({ policyId }) => !wrong.has(policyId));
    warnings.push(...odd.map((found) => validationProblem(text, found, oddHint)));
  }
  return { policies, problems, warnings };
}

function readPolicy(
  cedar: Cedar,
  text: string,
  part: string,
  problems: PolicyProblem[],
): Omit<Policy, 'file'> | undefined {
  const place = partPlace(text, part);
  const answer = cedar.policyToJson(part);
  if (answer.type === 'failure') {
    problems.push(...answer.errors.map(({ message }) => ({ ...place, message })));
    return undefined;
  }
  const { effect, annotations = {} } = answer.json;
  const limits = annotations['limits'] === undefined ? undefined : parseLimits(annotations['limits']);
  const wrong = [...annotationProblems(answer.json, annotations), ...limitProblems(answer.json, limits)];
  problems.push(...wrong.map((problem) => ({ ...place, ...problem })));
  return {
    id: annotations['id'] ?? '',
    effect,
    text: part,
    json: answer.json,
    message: annotations['message'],
    hint: annotations['hint'],
    approval: annotations['approval'],
    isObserver: annotations['observe'] !== undefined,
    limits: typeof limits === 'string' ? undefined : limits,
    place,
  };
}

function annotationProblems(
  json: PolicyJson,
  annotations: Readonly<Record<string, string>>,
): PolicyProblem[] {
  const { effect } = json;
  const problems: PolicyProblem[] = [];
  if (!idForm.test(annotations['id'] ?? '')) {
    problems.push({
      message: annotations['id'] === undefined ? 'the policy has no @id' : 'its @id is not a plain name',
      hint: 'Write @id("company.what-it-does") above it: records and findings name it so.',
    });
  }
  for (const name of Object.keys(annotations)) {
    if (!knownAnnotations.has(name)) {
      const hint = 'Known are @id, @message, @hint, @approval, @observe and @limits.';
      problems.push({ message: `the annotation @${name} means nothing to Portcullis`, hint });
    }
  }
  if (annotations['observe'] !== undefined && (effect === 'permit' || annotations['observe'] !== 'yes')) {
    const hint = 'Write @observe("yes") on a forbid: what that would forbid is recorded, and runs.';
    problems.push({ message: '@observe has no meaning here', hint });
  }
  if (annotations['approval'] !== undefined) {
    if (effect === 'permit' && !(json.action.op === '==' && isAboutAction(json, 'unmask'))) {
      const hint =
        'Write it on a forbid, and what that forbids waits for approval; or on a permit of Action::"unmask" alone.';
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

/** Limits are numbers of the action `limit`, and it has nothing else. */
function limitProblems({ effect, action }: PolicyJson, limits: Limits | string | undefined): PolicyProblem[] {
  if (typeof limits === 'string') return [{ message: limits, hint: limitsHint }];
  const isAboutLimits = action.op === '==' && 'entity' in action && idOf(action.entity) === 'limit';
  if ((limits !== undefined) === isAboutLimits && (effect === 'permit' || !isAboutLimits)) return [];
  const hint = 'Write it as permit (…, action == Action::"limit", …), with @limits above it.';
  return [{ message: '@limits and the action limit belong together, on a permit', hint }];
}

/** Whether its scope names that very action; one for every action does not. */
export function isAboutAction({ action }: PolicyJson, name: string): boolean {
  if ('entity' in action) return idOf(action.entity) === name;
  return 'entities' in action && action.entities.some((entity) => idOf(entity) === name);
}

function idOf(entity: unknown): string | undefined {
  const { __entity: inner, id } = entity as { __entity?: { id: string }; id?: string };
  return inner?.id ?? id;
}

/** Validation tells the same once for each action that a policy is about: once will do, and names none of them. */
function onePerPlace(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  const seen = new Map<string, PolicyProblem>();
  for (const problem of problems) {
    const message = problem.message.replace(/ for Action::"\w+"/, '');
    const key = JSON.stringify([problem.file, problem.line, problem.column, message]);
    seen.set(key, seen.get(key) ?? { ...problem, message });
  }
  return [...seen.values()];
}

/** Cedar hands out the policies of a text as they stand in it, so that the place is found by looking. */
function partPlace(text: string, part: string): PolicyPlace {
  const index = Math.max(0, text.indexOf(part));
  return placeOf(text, index, index + part.length);
}

function validationProblem(text: string, { error }: ValidationError, otherwise: string): PolicyProblem {
  return { hint: otherwise, ...problemAt(text, error) };
}

function problemAt(text: string, error: DetailedError): PolicyProblem {
  const source = error.sourceLocations?.[0];
  const expected = source?.label ?? undefined;
  const message = error.message.replace(ownIds, '');
  const help = error.help?.replace(ownIds, '');
  const hint = [help, expected].filter((part) => part !== null && part !== undefined).join('; ');
  return {
    ...(source === undefined ? {} : placeOfBytes(text, source.start, source.end)),
    message,
    ...(hint === '' ? {} : { hint: asSentence(hint) }),
  };
}

function asSentence(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
