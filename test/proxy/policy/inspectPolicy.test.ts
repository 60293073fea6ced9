/** What `policy check` warns of: names that nothing has, and policies that change nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPolicyFiles } from '../../../proxy/control/checkPolicyFiles.ts';
import { inspectPolicy } from '../../../proxy/policy/checking/inspectPolicy.ts';
import { type Cedar, loadCedar } from '../../../proxy/policy/loadCedar.ts';
import { makePolicy } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf, readPolicyTexts, readSchema } from '../../../proxy/policy/policyFiles.ts';
import { packRows } from './defaultPackTable.ts';
import { agentOf, demoIn, factsOf, personIn } from './effects.ts';

let cedar: Cedar;
let schema: string;

beforeAll(async () => {
  cedar = await loadCedar();
  schema = await readSchema();
});

/** Warnings as `line: message`, of one file whose first line permits everything. */
function warningsOf(...policies: string[]): string[] {
  const text = ['@id("all") permit (principal, action, resource);', ...policies].join('\n');
  const { problems, warnings } = inspectPolicy(cedar, { files: [{ name: 'a.cedar', text }], schema });
  expect(problems).toEqual([]);
  for (const { hint, column = 0, endColumn = 0 } of warnings) {
    expect(hint).toMatch(/^.+\.$/);
    expect(endColumn).toBeGreaterThan(column);
  }
  return warnings.map(({ line, message }) => `${line}: ${message}`);
}

const forbidWhen = (condition: string, scope = 'principal, action, resource') =>
  `@id("x") forbid (${scope}) when { ${condition} };`;
const never = '2: "x" never applies: no request fits both its scope and its conditions';

describe('a policy that can never apply', () => {
  it.each([
    [
      'a condition against the scope',
      'resource in Environment::"staging"',
      'principal, action, resource in Environment::"production"',
    ],
    [
      'two values of one attribute',
      'context has object && context.object == "table" && context.object == "view"',
    ],
    [
      'a value and a pattern that it does not fit',
      'context has object && context.object == "table" && context.object like "v*"',
    ],
    ['a value that is written in capitals', 'context has setting && context.setting like "Log_*"'],
    ['a predicate that there is not', 'context.predicate == "some"'],
    [
      'a predicate of what has none',
      'context.predicate == "absent"',
      'principal, action == Action::"drop", resource',
    ],
    ['a lock level that there is not', 'context has lockMode && context.lockMode > 8'],
    [
      'reviewers who are not developers',
      'principal in Group::"reviewers" && !(principal in Group::"developers")',
    ],
    ['a flag and its opposite', 'context.temporary && (if context.temporary then false else true)'],
    [
      'a question asked twice',
      'context has relation && context.relation.name like "a*" && !(context.relation.name like "a*")',
    ],
  ])('is told of: %s', (_, condition = '', scope = undefined) => {
    expect(warningsOf(forbidWhen(condition, scope))).toContain(never);
  });

  it('is told of once, in Cedar’s words where Cedar sees it', () => {
    expect(
      warningsOf(forbidWhen('action == Action::"drop"', 'principal, action == Action::"read", resource')),
    ).toEqual(['2: policy is impossible: the policy expression evaluates to false for all valid requests']);
  });

  it('is told of by an unless that takes everything away', () => {
    const scope = 'principal, action, resource in Environment::"staging"';
    expect(warningsOf(`@id("x") forbid (${scope}) unless { resource in Environment::"staging" };`)).toEqual([
      never,
    ]);
  });

  it.each([
    'context has object && context.object == "table" && context.object like "t*"',
    'context.predicate == "absent"',
    'principal in Group::"reviewers" && !(principal in Group::"admins")',
    'principal.email like "*@example.com" && !(principal.email == "dev@example.com")',
    'context has lockMode && context.lockMode >= 8',
    'context has setting && context.setting like "log_*" && context has value && context.value == "off"',
    'resource == Connection::"shop" && resource in Environment::"staging"',
    'context has relation && context.relation has schema && ["cron"].contains(context.relation.schema)',
  ])('is not seen where a request fits: %s', (condition) => {
    expect(warningsOf(forbidWhen(condition))).toEqual([]);
  });
});

describe('a policy that others decide for', () => {
  const wide = '@id("wide") forbid (principal, action in Action::"rowWrites", resource);';

  it('is told of: a permit that one forbid takes away', () => {
    expect(
      warningsOf(wide, '@id("y") permit (principal in Group::"dbas", action == Action::"insert", resource);'),
    ).toEqual(['3: "y" permits nothing: "wide" in a.cedar:2 refuses all of it']);
  });

  it('is told of: a permit that several forbids take away', () => {
    expect(
      warningsOf(
        '@id("one") forbid (principal, action == Action::"drop", resource) when { context.temporary };',
        '@id("two") forbid (principal, action == Action::"drop", resource) unless { context.temporary };',
        '@id("y") permit (principal, action == Action::"drop", resource);',
      ),
    ).toEqual(['4: "y" permits nothing: several forbids together refuse all of it']);
  });

  it('is told of: an approval that nobody can give', () => {
    expect(
      warningsOf(
        wide,
        '@id("y") @approval("reviewers") forbid (principal, action == Action::"update", resource);',
      ),
    ).toEqual(['3: nobody can approve what "y" forbids: "wide" in a.cedar:2 refuses all of it for good']);
  });

  it('is not seen where an approval opens the way, or a condition', () => {
    const approved =
      '@id("a") @approval("reviewers") forbid (principal, action == Action::"insert", resource);';
    const partly = `@id("p") forbid (principal, action == Action::"update", resource) when { context.isConfig };`;
    const permits = ['insert', 'update'].map(
      (name) => `@id("${name}") permit (principal, action == Action::"${name}", resource);`,
    );
    expect(warningsOf(approved, partly, ...permits)).toEqual([]);
  });
});

describe('a name that nothing has', () => {
  it('is told of, and the places are those of the names', () => {
    const rule = '@id("x") forbid (principal, action == Action::"drop", resource in Environment::"prod");';
    const text = `@id("all") @message("größe 🙂") permit (principal, action, resource);\n${rule} // Environment::"none"\n`;
    const { warnings } = inspectPolicy(cedar, { files: [{ name: 'a.cedar', text }], schema });
    const [{ line, column = 0, endColumn, message } = { message: '' }, ...more] = warnings;
    expect([line, message, more]).toEqual([2, 'no connection is in an environment "prod"', []]);
    expect(rule.slice(column - 1, (endColumn ?? 0) - 1)).toBe('"prod"');
    expect(warningsOf(forbidWhen('context has setting && context.setting == "Role"'))).toContain(
      '2: it is never "Role": objects, settings and their values are in lower case here',
    );
    expect(warningsOf(forbidWhen('context.predicate == "abssent"'))).toContain(
      '2: a predicate is never "abssent"',
    );
  });
});

describe('the warnings', () => {
  it('are none for the default policy', async () => {
    const { problems, warnings } = inspectPolicy(cedar, await readPolicyTexts());
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
  });

  /** All pairs of some conditions: what is called unreachable must never decide anything. */
  it('are true: what they call unreachable never decides a request of the pack’s table', async () => {
    const conditions = [
      'context.predicate == "real"',
      'context.predicate == "absent"',
      'context.predicate != "none"',
      'action in Action::"destructiveChanges"',
      '!context.temporary',
      'resource in Environment::"production"',
      'context has object && context.object == "table"',
      'context.temporary',
      'context.isConfig',
      'resource in Environment::"staging"',
      'resource in [Environment::"development", Environment::"production"]',
      'context has agent',
      'context has lockMode && context.lockMode <= 2',
      'action in Action::"rowWrites"',
      'context has relation && context.relation has schema',
      'principal in Group::"developers"',
      'principal in Group::"auditors"',
    ];
    const people = [
      personIn('developers'),
      personIn('reviewers'),
      personIn('auditors'),
      agentOf(personIn('developers')),
    ];
    let warned = 0;
    let unwarned = 0;
    for (const [index, first] of conditions.entries()) {
      for (const second of conditions.slice(index + 1)) {
        const policy = `@id("x") permit (principal, action, resource) when { ${first} && ${second} };`;
        const isWarned =
          inspectPolicy(cedar, { files: [{ name: 'a', text: policy }], schema }).warnings.length > 0;
        if (!isWarned) {
          unwarned += 1;
          continue;
        }
        warned += 1;
        const engine = await makePolicy(await policyTextsOf('test', [{ name: 'a.cedar', text: policy }]));
        for (const { effect } of packRows) {
          for (const person of people) {
            for (const place of ['production', 'staging', 'development']) {
              expect(engine.decide(person, demoIn(place), factsOf([effect])).outcome, policy).toBe('deny');
            }
          }
        }
        engine.release();
      }
    }
    expect(warned).toBeGreaterThan(5);
    expect(unwarned).toBeGreaterThan(50);
  }, 120_000);
});

describe('for an editor', () => {
  it('places are lines and UTF-16 columns from 0, and errors come before warnings', async () => {
    const good = readFileSync(join(import.meta.dirname, '../../../proxy/policy/pack/reads.cedar'), 'utf8');
    const bad = '@id("größe")\n@message("🙂") forbid (principal, action == Action::"selct", resource);\n';
    const problems = await checkPolicyFiles([
      { name: 'reads.cedar', text: good },
      { name: 'bad.cedar', text: bad },
    ]);
    const line = bad.split('\n')[1] ?? '';
    const unknown = problems.find(({ message }) => message.includes('selct'));
    expect(unknown).toMatchObject({ file: 'bad.cedar', severity: 'error', line: 1 });
    expect(line.slice(unknown?.column, unknown?.endColumn)).toBe('Action::"selct"');
    expect(problems.map(({ severity }) => severity)).toEqual(
      [...problems.map(({ severity }) => severity)].sort(),
    );
  });
});
