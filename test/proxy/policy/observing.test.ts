/** Policies that only watch hold nothing, and say what they would have held. */
import { describe, expect, it } from 'vitest';
import { makePolicy } from '../../../proxy/policy/policyEngine.ts';
import { readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';
import { PolicyLoadError } from '../../../proxy/policy/policyProblems.ts';
import { demoIn, effect, factsOf, personIn } from './effects.ts';

const permitAll = '@id("all") permit (principal, action, resource) unless { action == Action::"limit" };';
const dev = personIn('developers');
const demo = demoIn('production');
const drop = effect('drop', { object: 'table', relation: { name: 'orders' } });
const insert = effect('insert', { relation: { name: 'orders' } });

async function policyOf(text: string) {
  const { schema } = await readPolicyTexts();
  return makePolicy({ origin: 'test', schema, files: [{ name: 'a.cedar', text: permitAll + text }] });
}

describe('a policy that only watches', () => {
  it('lets run what it would deny, and says so', async () => {
    const policy = await policyOf(
      '@id("no-drop") @observe("yes") forbid (principal, action == Action::"drop", resource);',
    );
    expect(policy.decide(dev, demo, factsOf([drop]))).toMatchObject({
      outcome: 'allow',
      policies: ['all'],
      findings: [],
      observed: { outcome: 'deny', policies: ['no-drop'] },
    });
    expect(policy.decide(dev, demo, factsOf([insert]))).not.toHaveProperty('observed');
  });

  it('tells apart what would wait for approval', async () => {
    const policy = await policyOf(
      '@id("ask") @observe("yes") @approval("reviewers") forbid (principal, action == Action::"drop", resource);',
    );
    expect(policy.decide(dev, demo, factsOf([drop])).observed).toEqual({
      outcome: 'approve',
      policies: ['ask'],
    });
  });

  it('adds nothing where the statement is held as hard anyway', async () => {
    const policy = await policyOf(
      `@id("no-drop") forbid (principal, action == Action::"drop", resource);
       @id("watch") @observe("yes") forbid (principal, action, resource);`,
    );
    const decision = policy.decide(dev, demo, factsOf([drop]));
    expect(decision).toMatchObject({ outcome: 'deny', policies: ['no-drop'] });
    expect(decision).not.toHaveProperty('observed');
    expect(policy.decide(dev, demo, factsOf([insert])).observed).toEqual({
      outcome: 'deny',
      policies: ['watch'],
    });
  });

  it.each([
    '@id("a") @observe("yes") permit (principal, action, resource);',
    '@id("a") @observe("maybe") forbid (principal, action, resource);',
  ])('is a forbid with @observe("yes"): %s is refused', async (text) => {
    await expect(policyOf(text)).rejects.toBeInstanceOf(PolicyLoadError);
  });
});
