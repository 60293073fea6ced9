/** Who may ask to see what in clear, and whose approval it takes, is for the policy to say. */
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../proxy/identity/identity.ts';
import { noCircumstances } from '../../../proxy/policy/circumstances/circumstances.ts';
import { loadPolicy, makePolicy } from '../../../proxy/policy/policyEngine.ts';
import { readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';

const shop = { name: 'shop', environment: 'production' };
const person = (...groups: string[]): Identity => ({ subject: 'ana', email: 'ana@example.com', groups });
const column = (classification = 'pii.email') => ({
  classification,
  relation: { schema: 'public', name: 'customers' },
  column: 'email',
});
const given = (groups: readonly string[], reviewers = ['dora@example.com']) => ({
  circumstances: { ...noCircumstances, approval: { id: 'r1', reviewers, reason: 'why' } },
  groups,
});
const policyOf = async (text: string) => {
  const { schema, origin } = await readPolicyTexts();
  return makePolicy({ schema, origin, files: [{ name: 'a.cedar', text }] });
};

describe('the default policy', () => {
  it('lets developers ask reviewers, for an hour at most, and never for secrets', async () => {
    const policy = await loadPolicy();
    const permit = { policy: 'portcullis.unmask-approved', approvers: ['reviewers'] };
    expect(policy.unmaskedByApproval(person('developers'), shop, column(), 60)).toEqual(permit);
    expect(policy.unmaskedByApproval(person('admins'), shop, column(), 15)).toEqual(permit);
    expect(policy.unmaskedByApproval(person('developers'), shop, column(), 61)).toBeUndefined();
    expect(policy.unmaskedByApproval(person('developers'), shop, column('secret.token'), 15)).toBeUndefined();
    expect(policy.unmaskedByApproval(person('auditors'), shop, column(), 15)).toBeUndefined();
    const agent = { ...person('developers'), agent: { name: 'helper' } } as Identity;
    expect(policy.unmaskedByApproval(agent, shop, column(), 15)).toBeUndefined();
  });

  it('lets nobody see anything without the approval', async () => {
    const policy = await loadPolicy();
    expect(policy.canUnmask).toBe(false);
    expect(policy.unmaskedBy(person('developers'), shop, column())).toBeUndefined();
    const see = (groups: readonly string[]) =>
      policy.unmaskedByApproval(person('developers'), shop, column(), 15, given(groups))?.policy;
    expect(see(['reviewers'])).toBe('portcullis.unmask-approved');
    expect(see(['developers'])).toBeUndefined();
    expect(see([])).toBeUndefined();
  });
});

describe('a permit of unmask with @approval', () => {
  it('permits nothing by itself, whatever its condition', async () => {
    const policy = await policyOf(
      '@id("a") @approval("dpo and reviewers") permit (principal, action == Action::"unmask", resource);',
    );
    expect(policy.canUnmask).toBe(false);
    expect(policy.unmaskedBy(person('developers'), shop, column())).toBeUndefined();
    const ana = person('developers');
    expect(policy.unmaskedByApproval(ana, shop, column(), 15)?.approvers).toEqual(['dpo', 'reviewers']);
    expect(policy.unmaskedByApproval(ana, shop, column(), 15, given(['reviewers']))).toBeUndefined();
    expect(policy.unmaskedByApproval(ana, shop, column(), 15, given(['reviewers', 'dpo']))).toBeDefined();
  });

  it('stands against no forbid, and a forbid may look at who has approved', async () => {
    const permit =
      '@id("a") @approval("reviewers") permit (principal, action == Action::"unmask", resource);';
    const ana = person('developers');
    const never = await policyOf(`${permit} @id("b") forbid (principal, action, resource);`);
    expect(never.unmaskedByApproval(ana, shop, column(), 15)).toBeUndefined();
    const picky = await policyOf(`${permit} @id("b") forbid (principal, action == Action::"unmask", resource)
      when { context has approval && !context.approval.reviewers.contains("dora@example.com") };`);
    expect(picky.unmaskedByApproval(ana, shop, column(), 15)).toBeDefined();
    const by = (reviewer: string) =>
      picky.unmaskedByApproval(ana, shop, column(), 15, given(['reviewers'], [reviewer]));
    expect(by('dora@example.com')).toBeDefined();
    expect(by('eve@example.com')).toBeUndefined();
  });

  it('is the only permit that may carry it', async () => {
    for (const action of ['action', 'action == Action::"read"', 'action in [Action::"unmask"]']) {
      const text = `@id("a") @approval("reviewers") permit (principal, ${action}, resource);`;
      await expect(policyOf(text)).rejects.toThrow('@approval has no meaning on a permit');
    }
  });
});
