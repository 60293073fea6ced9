/** A policy folder that changes while it is in force. */
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noCircumstances } from '../../../proxy/policy/circumstances/circumstances.ts';
import { describeFirstProblem, followPolicy } from '../../../proxy/policy/live/followPolicy.ts';
import { LivePolicy } from '../../../proxy/policy/live/livePolicy.ts';
import { loadPolicy, makePolicy, versionOf } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf, readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';
import { demoIn, effect, factsOf, personIn } from './effects.ts';

const pack = join(import.meta.dirname, '../../../proxy/policy/pack');
const noReads = '@id("no-reads")\nforbid (principal, action == Action::"read", resource);\n';
const patienceMs = 2_000;

let folder: string;
let policy: LivePolicy;
let problems: (string | undefined)[];
let stop: () => Promise<void>;

beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'portcullis-follow-')), 'policy');
  cpSync(pack, folder, { recursive: true });
  const texts = await readPolicyTexts(folder);
  policy = new LivePolicy(await makePolicy(texts));
  problems = [];
  stop = followPolicy({
    directory: folder,
    version: versionOf(texts),
    take: (changed) => policy.take(changed),
    onProblem: (problem) => problems.push(problem && describeFirstProblem(problem)),
  });
});
afterEach(async () => {
  await stop();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

const read = () =>
  policy.decide(personIn('developers'), demoIn('production'), factsOf([effect('read')]), noCircumstances)
    .outcome;

/** Milliseconds until it is so; fails where that takes longer than is promised. */
async function until(isTrue: () => boolean): Promise<number> {
  const start = Date.now();
  while (!isTrue()) {
    if (Date.now() - start > patienceMs) throw new Error(`not within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Date.now() - start;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a policy folder', () => {
  it('takes effect within two seconds of a change: a file that comes, changes, and goes', async () => {
    expect(read()).toBe('allow');
    const file = join(folder, 'more', 'own.cedar');
    mkdirSync(join(folder, 'more'));
    writeFileSync(file, noReads);
    await until(() => read() === 'deny');
    writeFileSync(file, noReads.replace('forbid', '@approval("reviewers")\nforbid'));
    await until(() => read() === 'approve');
    rmSync(file);
    await until(() => read() === 'allow');
    expect(problems).toEqual([]);
  });

  it('that cannot be used leaves the last one in force, says where once, and takes effect when it is mended', async () => {
    const file = join(folder, 'own.cedar');
    const before = policy.version;
    writeFileSync(file, noReads.replace('Action::"read"', 'Action::"raed"'));
    await until(() => problems.length > 0);
    await pause(1_000);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^own\.cedar:2:30: .*raed/);
    expect([read(), policy.version]).toEqual(['allow', before]);
    writeFileSync(file, noReads);
    await until(() => read() === 'deny');
    await until(() => problems.length > 1);
    expect(problems[1]).toBeUndefined();
  });

  it('that is as it was again is well again', async () => {
    const file = join(folder, 'own.cedar');
    writeFileSync(file, 'forbid (');
    await until(() => problems.length === 1);
    rmSync(file);
    await until(() => problems.length === 2);
    expect(problems[1]).toBeUndefined();
  });

  it('that is taken away, or emptied of policies, leaves the last one in force', async () => {
    const away = join(folder, '..', 'away');
    renameSync(folder, away);
    await until(() => problems.length === 1);
    expect(problems[0]).toContain('it does not exist');
    mkdirSync(folder);
    await until(() => problems.length === 2);
    expect(problems[1]).toContain('there is no file ending with .cedar');
    expect(read()).toBe('allow');
    rmSync(folder, { recursive: true });
    writeFileSync(join(away, 'own.cedar'), noReads);
    renameSync(away, folder);
    await until(() => read() === 'deny');
  });

  it('is not read again once it is not followed any more', async () => {
    await stop();
    writeFileSync(join(folder, 'own.cedar'), noReads);
    await pause(1_200);
    expect(read()).toBe('allow');
  });
});

describe('the policy in force', () => {
  it('takes no more room however often it is exchanged, and one that is out of force denies', async () => {
    const old = await loadPolicy();
    const live = new LivePolicy(old);
    const texts = (round: number) =>
      policyTextsOf('test', [
        { name: 'a.cedar', text: `@id("r${round}") permit (principal, action, resource);` },
      ]);
    for (let round = 0; round < 30; round += 1) await live.take(await texts(round));
    const before = process.memoryUsage().external; // Cedar's memory is among it
    for (let round = 0; round < 100; round += 1) {
      await live.take(await texts(round % 2));
      const { policies, outcome } = live.decide(
        personIn('x'),
        demoIn('qa'),
        factsOf([effect('drop')]),
        noCircumstances,
      );
      expect([outcome, ...policies]).toEqual(['allow', `r${round % 2}`]);
    }
    expect((process.memoryUsage().external - before) / 100).toBeLessThan(20 * 1024);
    expect(old.decide(personIn('developers'), demoIn('qa'), factsOf([effect('read')]))).toMatchObject({
      outcome: 'deny',
      policies: ['policy-failure'],
    });
  });
});
