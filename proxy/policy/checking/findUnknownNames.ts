/** Names in policies that fit the schema and yet nothing that Portcullis ever says. */
import type { Policy } from '../checkPolicy.ts';
import { dayNames } from '../circumstances/circumstances.ts';
import { type PolicyProblem, placeOf } from '../policyProblems.ts';
import { environments, predicates } from './requestSpace.ts';

interface NameRule {
  /** With the name in its first group. */
  readonly pattern: RegExp;
  readonly describe: (name: string) => { readonly message: string; readonly hint: string } | undefined;
}

const rules: readonly NameRule[] = [
  {
    pattern: /\bEnvironment::"((?:[^"\\]|\\.)*)"/g,
    describe: (name) =>
      environments.includes(name)
        ? undefined
        : {
            message: `no connection is in an environment "${name}"`,
            hint: `Environments are ${environments.join(', ')}.`,
          },
  },
  {
    pattern: /\bcontext\.predicate\s*[!=]=\s*"((?:[^"\\]|\\.)*)"/g,
    describe: (name) =>
      predicates.includes(name)
        ? undefined
        : { message: `a predicate is never "${name}"`, hint: `It is one of ${predicates.join(', ')}.` },
  },
  {
    pattern: /\bcontext\.time\.(?:utc|local)\.day\s*[!=]=\s*"((?:[^"\\]|\\.)*)"/g,
    describe: (name) =>
      dayNames.includes(name)
        ? undefined
        : { message: `no day is called "${name}"`, hint: `It is one of ${dayNames.join(', ')}.` },
  },
  {
    pattern: /\bcontext\.(?:object|setting|value)\s*(?:[!=]=|like)\s*"((?:[^"\\]|\\.)*)"/g,
    describe: (name) =>
      name === name.toLowerCase()
        ? undefined
        : {
            message: `it is never "${name}": objects, settings and their values are in lower case here`,
            hint: `Write "${name.toLowerCase()}".`,
          },
  },
];

/** @param texts of the files, by name. */
export function findUnknownNames(
  policies: readonly Policy[],
  texts: ReadonlyMap<string, string>,
): PolicyProblem[] {
  const warnings: PolicyProblem[] = [];
  for (const { file, text } of policies) {
    const whole = texts.get(file) ?? text;
    const offset = Math.max(0, whole.indexOf(text));
    const code = withoutComments(text);
    for (const { pattern, describe } of rules) {
      for (const match of code.matchAll(pattern)) {
        const [all, name = ''] = match;
        const problem = describe(name);
        if (problem === undefined) continue;
        const start = offset + match.index + all.length - name.length - 2;
        warnings.push({ file, ...placeOf(whole, start, start + name.length + 2), ...problem });
      }
    }
  }
  return warnings;
}

/** Comments become as many spaces, so that offsets hold; strings stay, whatever they look like. */
function withoutComments(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*/g, (part) =>
    part.startsWith('"') ? part : ' '.repeat(part.length),
  );
}
