/** `portcullis policy check` and `portcullis policy test`: what is wrong with a policy, and whether it decides as it should. */
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { inspectPolicy } from '../policy/checking/inspectPolicy.ts';
import { loadCedar } from '../policy/loadCedar.ts';
import { makePolicy } from '../policy/policyEngine.ts';
import { type PolicyTexts, readPolicyTexts } from '../policy/policyFiles.ts';
import { describeProblem, PolicyLoadError, type PolicyProblem } from '../policy/policyProblems.ts';
import { type CaseFile, type PolicyCase, readCaseFile } from '../policy/testing/caseFile.ts';
import { type CaseResult, runCase } from '../policy/testing/runCases.ts';
import { loadAnalyser } from '../sql/analyser.ts';

export interface PolicyCommandOptions {
  /** The default policy where absent. */
  readonly directory: string | undefined;
  readonly json: boolean;
}

/** Answers the exit code: 1 where the policy cannot be used. */
export async function runPolicyCheck({ directory, json }: PolicyCommandOptions): Promise<number> {
  const { origin, policies, errors, warnings } = await inspect(directory);
  if (json) {
    printJson({ directory: origin, policies: policies.length, errors, warnings });
  } else {
    const problems = [...describeProblems('error', errors), ...describeProblems('warning', warnings)];
    const counts = [count(errors, 'error'), count(warnings, 'warning')];
    const verdict =
      errors.length > 0
        ? 'the policy cannot be used'
        : `${count(policies, 'policy', 'policies')} can be used`;
    print([...problems, `${origin}: ${verdict} (${counts.join(', ')})\n`]);
  }
  return errors.length > 0 ? 1 : 0;
}

/** Answers the exit code: 0 where every case passes. */
export async function runPolicyTest({ directory, json }: PolicyCommandOptions): Promise<number> {
  const { origin, texts, errors } = await inspect(directory);
  const { cases, problems } = texts === undefined ? noCases : await readCases(origin);
  const wrong = [...errors, ...problems];
  const results = texts === undefined || wrong.length > 0 ? [] : await runCases(texts, cases);
  const failures = results.filter(({ differences }) => differences.length > 0);
  if (json) {
    const passed = results.length - failures.length;
    printJson({
      directory: origin,
      errors: wrong,
      passed,
      failed: failures.length,
      cases: results.map(asJson),
    });
  } else {
    const verdict = `${origin}: ${describeVerdict(results.length, failures.length)}\n`;
    print([...describeProblems('error', wrong), ...failures.map(describeFailure), verdict]);
  }
  return wrong.length > 0 || failures.length > 0 ? 1 : 0;
}

async function runCases(texts: PolicyTexts, cases: readonly PolicyCase[]): Promise<CaseResult[]> {
  const analyser = await loadAnalyser();
  try {
    const policy = await makePolicy(texts);
    return cases.map((one) => runCase(policy, (sql) => analyser.analyse(sql), one));
  } finally {
    await analyser.close();
  }
}

interface Inspected {
  /** For messages. */
  readonly origin: string;
  readonly errors: readonly PolicyProblem[];
  readonly warnings: readonly PolicyProblem[];
  readonly policies: readonly unknown[];
  /** Absent where the folder cannot be read. */
  readonly texts?: PolicyTexts;
}

async function inspect(directory: string | undefined): Promise<Inspected> {
  try {
    const texts = await readPolicyTexts(directory);
    const { problems, warnings, policies } = inspectPolicy(await loadCedar(), texts);
    return { origin: texts.origin, errors: problems, warnings, policies, texts };
  } catch (error) {
    if (!PolicyLoadError.is(error)) throw error;
    return { origin: error.directory, errors: error.problems, warnings: [], policies: [] };
  }
}

const noCases: CaseFile = { cases: [], problems: [] };

/** All `*.test.yaml` files of the folder and those in it, hidden ones excepted. */
async function readCases(directory: string): Promise<CaseFile> {
  const entries = await readdir(directory, { recursive: true });
  const names = entries
    .filter((name) => /\.test\.ya?ml$/i.test(name) && !name.split(sep).some((part) => part.startsWith('.')))
    .sort();
  if (names.length === 0) {
    const message = 'there is no file ending with .test.yaml in it';
    return {
      cases: [],
      problems: [{ message, hint: 'Copy default.test.yaml of the default policy to start from it.' }],
    };
  }
  const files = await Promise.all(
    names.map(async (name) =>
      readCaseFile(name.split(sep).join('/'), await readFile(join(directory, name), 'utf8')),
    ),
  );
  return {
    cases: files.flatMap(({ cases }) => cases),
    problems: files.flatMap(({ problems }) => problems),
  };
}

function describeProblems(kind: 'error' | 'warning', problems: readonly PolicyProblem[]): string[] {
  return problems.map((problem) => {
    const [first = '', ...more] = describeProblem(problem).split('\n');
    return `${[`${kind}: ${first.trim()}`, ...more.map((line) => `  help: ${line.trim()}`)].join('\n')}\n`;
  });
}

function describeFailure({ case: tested, outcome, policies, findings, differences }: CaseResult): string {
  const { file, line, column, name, identity, connection, sql } = tested;
  const agent = identity.agent === undefined ? '' : `, by the agent ${identity.agent.name}`;
  const rows: [string, string][] = [
    ...differences.map((difference): [string, string] => ['differs', difference]),
    ['who', `${identity.email} (${identity.groups.join(', ') || 'no group'})${agent}`],
    ['where', `${connection.name} (${connection.environment})`],
    ['sql', sql.trim().replaceAll('\n', `\n${' '.repeat(indent)}`)],
    ['outcome', `${outcome}${policies.length === 0 ? '' : `, by ${policies.join(', ')}`}`],
    ...findings.map(({ message, detail, hint }): [string, string] => [
      'finding',
      [message, detail, hint].filter((part) => part !== undefined).join(`\n${' '.repeat(indent)}`),
    ]),
  ];
  const table = rows.map(([label, text]) => `  ${label.padEnd(indent - 2)}${text}\n`);
  return `FAIL ${file}:${line}:${column} ${name}\n${table.join('')}\n`;
}

/** Where the second column of a failure begins. */
const indent = 12;

function describeVerdict(all: number, failed: number): string {
  if (all === 0) return 'nothing was tested';
  return failed === 0
    ? `${all === 1 ? 'the one case passes' : `all ${all} cases pass`}`
    : `${failed} of ${count({ length: all }, 'case')} ${failed === 1 ? 'fails' : 'fail'}`;
}

function asJson({ case: tested, outcome, policies, findings, differences }: CaseResult) {
  const { file, line, column, name, expect } = tested;
  const passes = differences.length === 0;
  return { file, line, column, name, expect, outcome, passes, policies, findings, differences };
}

function count({ length }: { readonly length: number }, one: string, many = `${one}s`): string {
  return `${length} ${length === 1 ? one : many}`;
}

function printJson(answer: unknown): void {
  print([`${JSON.stringify(answer)}\n`]);
}

function print(texts: readonly string[]): void {
  // Whoever reads only the first lines (head) has not made a mistake.
  process.stdout.once('error', () => undefined);
  process.stdout.write(texts.join(''));
}
