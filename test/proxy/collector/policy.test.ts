/** The policy that a collector hands out may be exchanged while it runs, and those who follow it do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followCollectorPolicy } from '../../../proxy/control/collectorPolicy.ts';
import { CollectorClient } from '../../../proxy/kit/collectorClient.ts';
import { CollectorFeed } from '../../../proxy/kit/collectorFeed.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { noCircumstances } from '../../../proxy/policy/circumstances/circumstances.ts';
import { LivePolicy } from '../../../proxy/policy/live/livePolicy.ts';
import { makePolicy } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf } from '../../../proxy/policy/policyFiles.ts';
import { demoIn, effect, factsOf, personIn } from '../policy/effects.ts';
import { type Harness, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

const file = (text: string) => [{ name: 'own.cedar', text }];
const reads = file('@id("reads") permit (principal, action == Action::"read", resource);');
const nothing = file('@id("nothing") forbid (principal, action, resource);');

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ policyFiles: reads });
});
afterAll(() => harness?.stop());

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 2_000;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('not within two seconds');
    await new Promise((settle) => setTimeout(settle, 20));
  }
}

const askPolicy = async (etag = '') => {
  const token = await harness.issuer.token(people.dev);
  const headers = { authorization: `Bearer ${token}`, 'if-none-match': etag };
  const response = await fetch(`${harness.collector.url}/v1/policy`, { headers });
  return { status: response.status, etag: response.headers.get('etag') ?? '' };
};

describe('a collector whose policy changes', () => {
  it('hands out the new one under another tag, and the old tag is no longer in force', async () => {
    const { etag } = await askPolicy();
    expect((await askPolicy(etag)).status).toBe(304);
    await harness.collector.usePolicy(nothing);
    const changed = await askPolicy(etag);
    expect(changed.status).toBe(200);
    expect(changed.etag).not.toBe(etag);
    await harness.collector.usePolicy(reads);
    expect((await askPolicy()).etag).toBe(etag);
  });

  it('tells those who follow it: their policy changes at once, and stays what it was where the new one cannot be used', async () => {
    const token = await harness.issuer.token(people.dev);
    const client = new CollectorClient({ url: harness.collector.url, token: () => token });
    const log = createLog('silent');
    const feed = new CollectorFeed(client, log);
    const policy = new LivePolicy(await makePolicy(await policyTextsOf('test', nothing)));
    const problems: (string | undefined)[] = [];
    const stop = followCollectorPolicy({
      client,
      feed,
      policy,
      onChange: (problem) => problems.push(problem?.message),
    });
    const read = () =>
      policy.decide(personIn('x'), demoIn('production'), factsOf([effect('read')]), noCircumstances).outcome;
    try {
      // What changed before it began to follow is seen as well.
      await until(() => read() === 'allow');
      await new Promise((settle) => setTimeout(settle, 300));
      await harness.collector.usePolicy(nothing);
      await until(() => read() === 'deny');
      await harness.collector.usePolicy(reads);
      await until(() => read() === 'allow');
      await harness.collector.usePolicy(file('permit (principal;'));
      await until(() => problems.at(-1) !== undefined);
      expect(problems.at(-1)).toContain('own.cedar:1:18');
      expect(read()).toBe('allow');
      await harness.collector.usePolicy(nothing);
      await until(() => read() === 'deny');
      expect(problems.at(-1)).toBeUndefined();
    } finally {
      await stop();
      await feed.stop();
    }
  });
});
