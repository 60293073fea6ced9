/** What policies can say of the rows of a statement, its client, the time and its approval. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { inspectPolicy } from '../../../proxy/policy/checking/inspectPolicy.ts';
import {
  type Circumstances,
  currentMoment,
  momentRecord,
} from '../../../proxy/policy/circumstances/circumstances.ts';
import { LivePolicy } from '../../../proxy/policy/live/livePolicy.ts';
import { type Cedar, loadCedar } from '../../../proxy/policy/loadCedar.ts';
import { makePolicy, type PolicyEngine } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf } from '../../../proxy/policy/policyFiles.ts';
import { demoIn, effect, factsOf, personIn } from './effects.ts';

const developer = personIn('developers');
const production = demoIn('production');
const permitAll = '@id("all") permit (principal, action, resource);\n';
const nobody: Circumstances = { client: {} };

async function policyOf(text: string): Promise<PolicyEngine> {
  return makePolicy(await policyTextsOf('test', [{ name: 'a.cedar', text: permitAll + text }]));
}

function outcome(policy: PolicyEngine, circumstances: Circumstances, more: object = {}): string {
  const read = effect('read', { relation: { name: 'orders' }, ...more });
  return policy.decide(developer, production, factsOf([read]), circumstances).outcome;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('estimated rows', () => {
  it('let a policy stop what is large, and what nobody can tell the size of', async () => {
    const policy = await policyOf(`@id("large") forbid (principal, action == Action::"read", resource)
      unless { context has estimatedRows && context.estimatedRows <= 1000 };`);
    expect(outcome(policy, nobody, { estimatedRows: 1000 })).toBe('allow');
    expect(outcome(policy, nobody, { estimatedRows: 1001 })).toBe('deny');
    expect(outcome(policy, nobody)).toBe('deny');
    expect(outcome(policy, nobody, { estimatedRows: 0 })).toBe('allow');
  });

  it('make no further verdict where no policy looks at them', async () => {
    const policy = await policyOf('');
    for (let rows = 0; rows < 5; rows++) outcome(policy, nobody, { estimatedRows: rows });
    expect(policy.keptVerdicts).toBe(1);
    const looking = await policyOf(
      '@id("large") forbid (principal, action, resource) when { context has estimatedRows && context.estimatedRows > 3 };',
    );
    for (let rows = 0; rows < 5; rows++) outcome(looking, nobody, { estimatedRows: rows });
    expect(looking.keptVerdicts).toBe(5);
  });
});

describe('the client', () => {
  const from = (address: string): Circumstances => ({ client: { address, application: 'psql' } });

  it('is known by the name that it gives itself, and by where it calls from', async () => {
    const policy = await policyOf(`
      @id("tool") forbid (principal, action, resource) when { context.client has application && context.client.application like "bulk*" };
      @id("far") forbid (principal, action, resource)
      unless { context.client has address && (context.client.address.isLoopback() || context.client.address.isInRange(ip("10.0.0.0/8"))) };`);
    for (const address of ['127.0.0.1', '::1', '10.1.2.3', '::ffff:127.0.0.1', '::ffff:10.1.2.3'])
      expect([address, outcome(policy, from(address))]).toEqual([address, 'allow']);
    for (const address of ['11.0.0.1', 'fe80::1%eth0', '2001:db8::1', 'not an address'])
      expect([address, outcome(policy, from(address))]).toEqual([address, 'deny']);
    expect(outcome(policy, nobody)).toBe('deny');
    expect(outcome(policy, { client: { address: '127.0.0.1', application: 'bulk load' } })).toBe('deny');
  });

  it('can decide what is seen in clear, and what limits hold', async () => {
    const policy = await policyOf(`
      @id("support") permit (principal, action == Action::"unmask", resource) when { context.client has application && context.client.application == "helpdesk" };
      @id("slow") @limits("statementSeconds=5") permit (principal, action == Action::"limit", resource) when { context.client has application && context.client.application == "report" };`);
    const column = {
      classification: 'pii.email',
      relation: { schema: 'public', name: 'c' },
      column: 'email',
    };
    const as = (application: string): Circumstances => ({ client: { application } });
    expect(policy.unmaskedBy(developer, production, column, as('helpdesk'))).toBe('support');
    expect(policy.unmaskedBy(developer, production, column, as('psql'))).toBeUndefined();
    expect(policy.limits(developer, production, as('report'))).toEqual({ statementSeconds: 5 });
    expect(policy.limits(developer, production, as('psql'))).toEqual({});
  });
});

describe('the time', () => {
  const office = `@id("office-hours") forbid (principal, action, resource)
    unless { context.time.utc.hour >= 8 && context.time.utc.hour < 18 && !["saturday", "sunday"].contains(context.time.utc.day) };`;

  it('is told by day and hour, and what it decided is not kept beyond its minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const policy = await policyOf(office);
    const at = (time: string) => {
      vi.setSystemTime(new Date(time));
      return outcome(policy, nobody);
    };
    expect(at('2026-11-20T17:59:59.999Z')).toBe('allow');
    expect(at('2026-11-20T18:00:00Z')).toBe('deny');
    expect(at('2026-11-21T12:00:00Z')).toBe('deny');
    expect(at('2026-11-23T07:59:59Z')).toBe('deny');
    expect(at('2026-11-23T08:00:00Z')).toBe('allow');
    expect(at('2026-11-23T08:00:30Z')).toBe('allow');
    expect(policy.keptVerdicts).toBe(5);
  });

  it('makes the stamp of judgements another each minute, only where a policy looks at it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-20T10:00:00Z') });
    const timed = new LivePolicy(await policyOf(office));
    const timeless = new LivePolicy(await policyOf(''));
    const stamps = [timed, timeless].map((policy) => policy.stampFor('effects'));
    vi.setSystemTime(new Date('2026-11-20T10:00:59Z'));
    expect([timed, timeless].map((policy) => policy.stampFor('effects'))).toEqual(stamps);
    vi.setSystemTime(new Date('2026-11-20T10:01:00Z'));
    expect(timed.stampFor('effects')).not.toBe(stamps[0]);
    expect(timeless.stampFor('effects')).toBe(stamps[1]);
    expect(timeless.stampFor('effects')).toBe(timeless.version);
    expect(timed.stampFor('limits')).toBe(timed.version);
  });

  it('is a datetime as well, to the minute, and the clock of the place', async () => {
    const policy = await policyOf(
      '@id("freeze") forbid (principal, action, resource) when { context.time.at >= datetime("2026-12-24T00:00:00Z") && context.time.local.hour == 1 };',
    );
    const at = (utc: string, offset: number): Circumstances => ({
      client: {},
      moment: { minute: Date.parse(utc) / 60_000, offset, zone: 'Europe/Berlin' },
    });
    expect(outcome(policy, at('2026-12-24T00:00:00Z', 60))).toBe('deny');
    expect(outcome(policy, at('2026-12-24T00:00:00Z', 0))).toBe('allow');
    expect(outcome(policy, at('2026-12-23T23:59:00Z', 120))).toBe('allow');
    const { minute, offset } = currentMoment();
    const [utc, local] = [new Date(minute * 60_000), new Date((minute + offset) * 60_000)];
    expect(momentRecord(currentMoment())).toMatchObject({
      utc: { hour: utc.getUTCHours(), minute: utc.getUTCMinutes() },
      local: { hour: new Date().getHours(), minute: local.getUTCMinutes() },
    });
  });
});

describe('the approval', () => {
  const given = (reason: string, ...reviewers: string[]): Circumstances => ({
    client: {},
    approval: { id: 'r1', reviewers, reason },
  });
  const reasoned = `@id("reasoned") @approval("reviewers") forbid (principal, action, resource)
    unless { context has approval && context.approval.reason != "" };`;

  it('is asked for, and then looked at by the policy that asked', async () => {
    const policy = await policyOf(reasoned);
    expect(outcome(policy, nobody)).toBe('approve');
    expect(outcome(policy, given('ticket 7', 'rev@example.com'))).toBe('allow');
    expect(outcome(policy, given('', 'rev@example.com'))).toBe('deny');
    // What was decided under an approval is not there for whoever comes next.
    expect(outcome(policy, nobody)).toBe('approve');
  });

  it('lifts what asked for it and does not look at it, and nothing else', async () => {
    const policy = await policyOf(`@id("ask") @approval("reviewers") forbid (principal, action, resource);
      @id("friday") forbid (principal, action, resource) when { context has approval && context.approval.reviewers.contains("bob@example.com") };`);
    expect(outcome(policy, given('', 'rev@example.com'))).toBe('allow');
    expect(outcome(policy, given('', 'rev@example.com', 'bob@example.com'))).toBe('deny');
    expect(outcome(policy, nobody)).toBe('approve');
  });
});

describe('which parts a policy set looks at', () => {
  const used = async (text: string) => [...(await policyOf(text)).use.effects].sort();

  it('is found wherever they stand, and the whole context counts as all of them', async () => {
    expect(await used('')).toEqual([]);
    const all = ['approval', 'classifications', 'client', 'estimatedRows', 'time'];
    const forbid = (condition: string) =>
      `@id("x") forbid (principal, action, resource) when { ${condition} };`;
    expect(await used(forbid('context has approval.reason'))).toEqual(['approval']);
    expect(await used(forbid('(if context.isConfig then context else context).temporary'))).toEqual(all);
    expect(await used(forbid('if context["isConfig"] then context.time.zone == "x" else false'))).toEqual([
      'time',
    ]);
    expect(
      await used(forbid('!(context has estimatedRows) || ["time", "client"].contains(context.predicate)')),
    ).toEqual(['estimatedRows']);
  });
});

describe('portcullis policy check', () => {
  let cedar: Cedar;
  beforeAll(async () => {
    cedar = await loadCedar();
  });
  const warningsOf = async (text: string) => {
    const texts = await policyTextsOf('test', [{ name: 'a.cedar', text: permitAll + text }]);
    const { problems, warnings } = inspectPolicy(cedar, texts);
    return [...problems, ...warnings].map(({ line, message }) => `${line}: ${message}`);
  };

  it('tells of days that do not exist, and of approvals that nobody is asked for', async () => {
    const forbid = (more: string) => `@id("x") forbid (principal, action, resource) ${more};`;
    expect(await warningsOf(forbid('when { context.time.utc.day == "Sunday" }'))).toEqual([
      '2: "x" never applies: no request fits both its scope and its conditions',
      '2: no day is called "Sunday"',
    ]);
    expect(await warningsOf(forbid('unless { context has approval }'))).toEqual([
      '2: "x" demands an approval that nobody is asked for',
    ]);
    const permit = '@id("y") permit (principal, action, resource) when { context has approval };';
    expect(await warningsOf(permit)).toEqual([
      '2: "y" permits nothing: nobody is asked to approve what nothing permits',
    ]);
    expect(
      await warningsOf(
        `@approval("reviewers") ${forbid('unless { context has approval && context.approval.reason != "" }')}`,
      ),
    ).toEqual([]);
    expect(await warningsOf(forbid('when { context.time.hour > 3 }'))).not.toEqual([]);
    expect(await warningsOf(forbid('when { context.estimatedRows > 3 }'))).not.toEqual([]);
  });

  it('finds nothing odd in policies that are well', async () => {
    expect(
      await warningsOf(`@id("x") forbid (principal, action, resource)
        when { context.time.utc.day == "sunday" || context.time.local.hour > 20 || context.client has application && context.client.application == "x" }
        unless { context has estimatedRows && context.estimatedRows < 10 };`),
    ).toEqual([]);
  });
});
