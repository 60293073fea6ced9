/** Files of policy tests: what can be written, and what is said of mistakes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy, makePolicy, type PolicyEngine } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf, readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';
import { readCaseFile } from '../../../proxy/policy/testing/caseFile.ts';
import { runCase } from '../../../proxy/policy/testing/runCases.ts';
import { type Analyser, loadAnalyser } from '../../../proxy/sql/analyser.ts';

const pack = join(import.meta.dirname, '../../../proxy/policy/pack');
const dev = 'identity: { email: dev@example.com, groups: [developers] }';
const oneCase = (more: string) => `cases:\n  - ${dev}\n    environment: production\n    ${more}\n`;

let policy: PolicyEngine;
let analyser: Analyser;

beforeAll(async () => {
  policy = await loadPolicy();
  analyser = await loadAnalyser();
});
afterAll(() => analyser.close());

function problemsOf(text: string): string[] {
  return readCaseFile('a.test.yaml', text).problems.map(
    ({ file, line, column, message, hint }) => `${file}:${line}:${column}: ${message} | ${hint ?? ''}`,
  );
}

function run(text: string) {
  const { cases, problems } = readCaseFile('a.test.yaml', text);
  expect(problems).toEqual([]);
  return cases.map((one) => runCase(policy, (sql) => analyser.analyse(sql), one));
}

describe('the cases of the default policy', () => {
  it('are at least forty, and all pass', () => {
    const results = run(readFileSync(join(pack, 'default.test.yaml'), 'utf8'));
    expect(
      results.flatMap(({ case: { name }, differences }) => differences.map((text) => `${name}: ${text}`)),
    ).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(40);
    expect(new Set(results.map(({ case: { name } }) => name)).size).toBe(results.length);
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['allow', 'approve', 'deny']));
  });

  it('lie beside the policy without being a part of it', async () => {
    const { files } = await readPolicyTexts(pack);
    expect(files.map(({ name }) => name).filter((name) => !name.endsWith('.cedar'))).toEqual([]);
  });
});

describe('a case', () => {
  it('fails with each difference: outcome, policies, finding', () => {
    const [result] = run(
      oneCase(
        'sql: DELETE FROM orders\n    expect: approve\n    policies: [portcullis.read]\n    finding: banana',
      ),
    );
    expect(result?.differences).toEqual([
      'expected approve, and it is deny',
      'expected to be decided by portcullis.read, and it is by portcullis.unbounded-write',
      'expected a finding with "banana"',
    ]);
    expect(result?.findings[0]?.message).toBe(
      'DELETE FROM orders without WHERE is denied on demo (production)',
    );
  });

  it('is decided by the worst of its statements, also by what EXECUTE runs', () => {
    const outcomes = (sql: string) =>
      run(oneCase(`sql: ${JSON.stringify(sql)}\n    expect: deny`))[0]?.outcome;
    expect(outcomes('SELECT 1; DROP TABLE orders; SELECT 2')).toBe('deny');
    expect(outcomes('PREPARE p AS DELETE FROM orders; EXECUTE p')).toBe('deny');
    expect(outcomes('EXECUTE p')).toBe('deny');
    expect(outcomes('PREPARE p AS SELECT 1; EXECUTE p')).toBe('allow');
    expect(outcomes('-- nothing')).toBe('deny');
  });

  it('may say who calls, when, what it is estimated at and who has approved it', async () => {
    const text = `@id("all") permit (principal, action, resource);
      @id("ask") @approval("reviewers") forbid (principal, action == Action::"delete", resource)
      unless { context has approval && context.approval.reason != "" };
      @id("hours") forbid (principal, action, resource) unless { context.time.local.hour < 18 && context.time.utc.day != "sunday" };
      @id("tool") forbid (principal, action, resource) when { context.client has application && context.client.application == "bulk" };
      @id("far") forbid (principal, action, resource) when { context.client has address && !context.client.address.isLoopback() };
      @id("large") forbid (principal, action, resource) when { context has estimatedRows && context.estimatedRows > 10 };
      @id("secrets") forbid (principal, action, resource) when { context has classifications && context.classifications.contains("secret.token") };`;
    const own = await makePolicy(await policyTextsOf('test', [{ name: 'a.cedar', text }]));
    const decided = (...more: string[]) => {
      const lines = ['sql: DELETE FROM orders', 'expect: deny', ...more].join('\n    ');
      const { cases, problems } = readCaseFile('a.test.yaml', oneCase(lines));
      expect(problems).toEqual([]);
      return cases.map((one) => {
        const { outcome, policies } = runCase(own, (sql) => analyser.analyse(sql), one);
        return `${outcome} ${policies}`;
      })[0];
    };
    expect(decided()).toBe('approve ask');
    expect(decided('approval: { reviewers: [rev@example.com], reason: ticket 7 }')).toBe('allow all');
    expect(decided('approval: { reviewers: [rev@example.com] }')).toBe('deny ask');
    expect(decided('time: 2026-11-20T17:30:00Z')).toBe('approve ask');
    expect(decided('time: 2026-11-20T17:30:00+01:00')).toBe('approve ask');
    expect(decided('time: 2026-11-20T18:00:00+01:00')).toBe('deny hours');
    expect(decided('time: 2026-11-22T00:00:00+02:00')).toBe('approve ask');
    expect(decided('time: 2026-11-22T00:00:00Z')).toBe('deny hours');
    expect(decided('client: { application: bulk }')).toBe('deny tool');
    expect(decided('client: { application: psql, address: 192.0.2.1 }')).toBe('deny far');
    expect(decided('estimatedRows: 10')).toBe('approve ask');
    expect(decided('classifications: [pii.email]')).toBe('approve ask');
    expect(decided('classifications: [pii.email, secret.token]')).toBe('deny secrets');
    expect(decided('estimatedRows: 11', 'approval: { reviewers: [r], reason: x }')).toBe('deny large');
  });

  it('may take its identity by name or by a YAML alias, and knows agents and connections', () => {
    const [byName, byAlias] = run(`
identities:
  robot: &robot { email: dev@example.com, groups: [developers], agent: helper }
cases:
  - { identity: robot, environment: staging, connection: shop, sql: TRUNCATE orders, expect: deny, finding: on shop (staging) }
  - { identity: *robot, environment: staging, sql: TRUNCATE orders, expect: deny, policies: [portcullis.agent-read-only] }
`);
    expect([byName?.differences, byAlias?.differences]).toEqual([[], []]);
    expect(byName?.case.name).toBe('TRUNCATE orders');
  });
});

describe('a mistake in a file of cases is told with its place', () => {
  it.each([
    [
      'a key that is not known',
      oneCase('sql: SELECT 1\n    expects: allow'),
      [
        'a.test.yaml:5:5: a case has no "expects" | Known are name, identity, environment, connection, sql, expect, policies, finding, client, time, estimatedRows, approval, classifications.',
      ],
    ],
    [
      'circumstances that cannot be',
      oneCase(
        'sql: SELECT 1\n    expect: allow\n    time: 2026-11-20 17:30\n    estimatedRows: -1\n    client: { address: here, name: x }\n    approval: { reason: x }',
      ),
      [
        'a.test.yaml:6:11: "time" cannot be read at "2026-11-20 17:30" | Write it as 2026-11-21T19:30:00+01:00.',
        'a.test.yaml:8:30: "client" has no "name" | Known are application, address.',
        'a.test.yaml:8:24: "here" is no IP address | ',
        'a.test.yaml:9:15: "approval" needs "reviewers" | ',
        'a.test.yaml:7:20: "estimatedRows" is a whole number from 0 on | ',
      ],
    ],
    ['a key that is missing', oneCase('sql: SELECT 1'), ['a.test.yaml:2:5: a case needs "expect" | ']],
    [
      'another outcome',
      oneCase('sql: SELECT 1\n    expect: allowed'),
      ['a.test.yaml:5:13: "expect" is one of allow, approve, deny, not "allowed" | '],
    ],
    [
      'a number for a text',
      oneCase('sql: 1\n    expect: allow'),
      ['a.test.yaml:4:10: "sql" is a text | Put it between quotation marks.'],
    ],
    [
      'a finding of what is allowed',
      oneCase('sql: SELECT 1\n    expect: allow\n    finding: x'),
      ['a.test.yaml:6:14: what is allowed has no finding | Take "finding" away.'],
    ],
    [
      'a key twice',
      oneCase('sql: SELECT 1\n    sql: SELECT 2\n    expect: allow'),
      ['a.test.yaml:5:5: Map keys must be unique | '],
    ],
    [
      'what is not YAML',
      'cases: [\n',
      [
        'a.test.yaml:2:1: Flow sequence in block collection must be sufficiently indented and end with a ] | ',
      ],
    ],
    ['an empty file', '', ['a.test.yaml:1:1: the file is written as "key: value" lines | ']],
    ['no cases', 'cases: []\n', ['a.test.yaml:1:8: "cases" is a list of at least one case | ']],
    [
      'an identity that is not there',
      'identities:\n  dev: { email: d@e, groups: [] }\ncases:\n  - { identity: dave, environment: x, sql: SELECT 1, expect: deny }\n',
      ['a.test.yaml:4:17: there is no identity "dave" under "identities" | Known are dev.'],
    ],
    [
      'groups that are no list',
      `cases:\n  - { identity: { email: d@e, groups: devs }, environment: x, sql: SELECT 1, expect: deny }\n`,
      ['a.test.yaml:2:39: "groups" is a list of texts | Write groups: [one, another].'],
    ],
    [
      'another key at the top',
      'case: []\ncases: [ ]\n',
      [
        'a.test.yaml:1:1: the file has no "case" | Known are identities, cases.',
        'a.test.yaml:2:8: "cases" is a list of at least one case | ',
      ],
    ],
  ])('%s', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('and many aliases of aliases are no way to fill the memory', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`,
    );
    expect(problemsOf(`${bomb.join('\n')}\n`)).toHaveLength(30);
  });
});
