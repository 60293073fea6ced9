import { beforeAll, describe, expect, it } from 'vitest';
import { checkPolicy } from '../../../proxy/policy/checkPolicy.ts';
import { loadCedar } from '../../../proxy/policy/loadCedar.ts';
import { loadPolicy, type PolicyEngine } from '../../../proxy/policy/policyEngine.ts';
import { readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';
import { effectKinds, packRows } from './defaultPackTable.ts';
import { agentOf, demoIn, effect, factsOf, personIn } from './effects.ts';

const environments = ['production', 'staging', 'development'] as const;
let policy: PolicyEngine;

beforeAll(async () => {
  policy = await loadPolicy();
});

/** label: production staging development, one line per row of the table. */
function outcomesOf(identity: ReturnType<typeof personIn>): string[] {
  return packRows.map((row) => {
    const outcomes = environments.map(
      (name) => policy.decide(identity, demoIn(name), factsOf([row.effect])).outcome,
    );
    return `${row.label}: ${outcomes.join(' ')}`;
  });
}

function expectedRows(of: (row: (typeof packRows)[number]) => readonly string[]): string[] {
  return packRows.map((row) => `${row.label}: ${of(row).join(' ')}`);
}

const denied = ['deny', 'deny', 'deny'];

describe('the default policy pack', () => {
  it('decides for developers as the table of DESIGN.md says', () => {
    expect(outcomesOf(personIn('developers'))).toEqual(expectedRows((row) => row.outcomes));
  });

  it.each(['reviewers', 'admins'])('lets %s do what developers may, and no more', (group) => {
    expect(outcomesOf(personIn(group))).toEqual(expectedRows((row) => row.outcomes));
  });

  it('lets auditors see no data: settings and transactions are all they have', () => {
    const isOpen = (kind: string) => kind === 'session' || kind === 'transaction';
    expect(outcomesOf(personIn('auditors'))).toEqual(
      expectedRows((row) => (isOpen(row.effect.kind) ? row.outcomes : denied)),
    );
  });

  it.each([
    ['an unknown group', personIn('interns')],
    ['no group', personIn()],
    ['a group of another spelling', personIn('Developers')],
  ])('allows nothing to an identity in %s', (_, identity) => {
    expect(outcomesOf(identity)).toEqual(expectedRows(() => denied));
  });

  it('lets an agent read as its human may, and denies it every write without a way to approval', () => {
    expect(outcomesOf(agentOf(personIn('developers')))).toEqual(
      expectedRows((row) => (row.isForAgents === true ? row.outcomes : denied)),
    );
  });

  it('gives an agent of an auditor or of a stranger nothing that its human has not', () => {
    const isOpen = (kind: string) => kind === 'session' || kind === 'transaction';
    expect(outcomesOf(agentOf(personIn('auditors')))).toEqual(
      expectedRows((row) => (isOpen(row.effect.kind) ? row.outcomes : denied)),
    );
    expect(outcomesOf(agentOf(personIn('interns')))).toEqual(expectedRows(() => denied));
  });

  it('takes the widest of several groups', () => {
    const both = personIn('interns', 'auditors', 'developers');
    expect(outcomesOf(both)).toEqual(expectedRows((row) => row.outcomes));
  });

  it.each(['prod', 'Development', 'qa', '', 'staging '])(
    'treats the environment "%s" as production',
    (name) => {
      for (const row of packRows) {
        const decision = policy.decide(personIn('developers'), demoIn(name), factsOf([row.effect]));
        expect(`${row.label}: ${decision.outcome}`).toBe(`${row.label}: ${row.outcomes[0]}`);
      }
    },
  );

  it('has a row for every kind of effect, and a decision for each kind by itself', () => {
    expect(new Set(packRows.map((row) => row.effect.kind))).toEqual(new Set(effectKinds));
    for (const kind of effectKinds) {
      const decision = policy.decide(personIn('developers'), demoIn('production'), factsOf([effect(kind)]));
      expect(decision.policies).not.toContain('policy-failure');
    }
  });

  it('is valid against its schema, without a warning', async () => {
    const { policies, problems, warnings } = checkPolicy(await loadCedar(), await readPolicyTexts());
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
    expect(policies.length).toBeGreaterThan(20);
  });

  it('says with every forbid why it forbids and what would pass', async () => {
    const { policies } = checkPolicy(await loadCedar(), await readPolicyTexts());
    for (const { id, effect: kind, message, hint } of policies) {
      expect(id).toMatch(/^portcullis\.[a-z-]+$/);
      if (kind === 'forbid') {
        expect(message, id).toMatch(/^[A-Z].*\.$/);
        expect(hint, id).toMatch(/^[A-Z].*\.$/);
      }
    }
  });
});
