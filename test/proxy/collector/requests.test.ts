/** Promises about approval requests: nobody approves their own, an approval is used once, expired ones permit nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewRequest } from '../../../proxy/approvals/request.ts';
import { requestDigest } from '../../../proxy/approvals/requestDigest.ts';
import { reviewRequest } from '../../../proxy/collector/store/requests.ts';
import { openStore } from '../../../proxy/collector/store/store.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { type Harness, newRequest, startHarness } from './collectorHarness.ts';
import { type Person, people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

const ask = (who: Person, text: string, fields = {}) =>
  harness.call(who, 'POST', '/v1/requests', newRequest(text, fields));
const review = (who: Person, id: string, decision: string, comment = '') =>
  harness.call(who, 'POST', `/v1/requests/${id}/reviews`, { decision, comment });
const use = (who: Person, id: string) => harness.call(who, 'POST', `/v1/requests/${id}/use`);

describe('asking', () => {
  it('answers the request with who asked, from the token', async () => {
    const { status, body } = await ask(people.dev, 'UPDATE orders SET a = 1 WHERE id = 1', {
      parameters: ['1', null],
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...newRequest('UPDATE orders SET a = 1 WHERE id = 1', { parameters: ['1', null] }),
      state: 'open',
      requester: { subject: 'dev', email: 'dev@example.com', groups: ['developers'] },
      reviews: [],
      mayReview: false,
    });
    expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(3_600_000);
  });

  it('answers the same request to the same question, also when asked many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(people.dev, 'UPDATE same')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const other = await ask(people.otherDev, 'UPDATE same');
    expect(other.body.id).not.toBe(answers[0]?.body.id);
  });

  it('refuses a digest that is not of the text', async () => {
    const { status, body } = await ask(people.dev, 'UPDATE honest', { digest: '0'.repeat(64) });
    expect([status, body.detail]).toEqual([400, expect.stringContaining('digest')]);
  });

  it('refuses auditors and strangers, unknown connections, and requests that nobody could approve', async () => {
    expect((await ask(people.auditor, 'UPDATE x')).status).toBe(403);
    expect((await ask(people.stranger, 'UPDATE x')).status).toBe(403);
    expect((await ask(people.dev, 'UPDATE x', { connection: 'nowhere' })).status).toBe(404);
    expect((await ask(people.dev, 'UPDATE x', { approvers: [] })).status).toBe(400);
  });
});

describe('reviewing', () => {
  it('lets nobody review their own request, whatever their groups', async () => {
    const { body } = await ask(people.reviewer, 'UPDATE own');
    expect(body.mayReview).toBe(false);
    const answer = await review(people.reviewer, body.id, 'approve');
    expect([answer.status, answer.body.detail]).toEqual([403, expect.stringContaining('their own request')]);
    expect((await use(people.reviewer, body.id)).status).toBe(409);
  });

  it('lets only members of the approver groups review', async () => {
    const { body } = await ask(people.dev, 'UPDATE members');
    expect((await review(people.otherDev, body.id, 'approve')).status).toBe(403);
    expect((await review(people.auditor, body.id, 'approve')).status).toBe(403);
    const { body: approved } = await review(people.reviewer, body.id, 'approve', 'fine');
    expect(approved.state).toBe('approved');
    expect(approved.reviews).toEqual([
      { by: 'reviewer@example.com', decision: 'approve', comment: 'fine', at: expect.any(String) },
    ]);
    expect(Math.abs(Date.parse(approved.reviews[0].at) - Date.now())).toBeLessThan(60_000);
    expect((await review(people.security, body.id, 'deny')).status).toBe(409);
  });

  it('lets no agent review', async () => {
    const { body } = await ask(people.dev, 'UPDATE by agent');
    const store = openStore(harness.postgres.url(), createLog('silent'));
    const { sub: subject, email, groups } = people.reviewer;
    const agent = { subject, email, groups, agent: { name: 'robot' } };
    await expect(reviewRequest(store, agent, body.id, { decision: 'approve', comment: '' })).rejects.toThrow(
      'An agent may not review',
    );
    await store.close();
    expect((await harness.call(people.dev, 'GET', `/v1/requests/${body.id}`)).body.state).toBe('open');
  });

  it('waits for every group that has to approve', async () => {
    const { body } = await ask(people.dev, 'UPDATE both', { approvers: ['reviewers', 'admins'] });
    expect((await review(people.reviewer, body.id, 'approve')).body.state).toBe('open');
    expect((await use(people.dev, body.id)).status).toBe(409);
    expect((await review(people.admin, body.id, 'approve')).body.state).toBe('approved');
  });

  it('keeps a request open when changes are asked for, and takes back an approval with it', async () => {
    const { body } = await ask(people.dev, 'UPDATE changes', { approvers: ['reviewers', 'admins'] });
    await review(people.reviewer, body.id, 'approve');
    await review(people.reviewer, body.id, 'changes', 'add a WHERE');
    expect((await review(people.admin, body.id, 'approve')).body.state).toBe('open');
    expect((await review(people.reviewer, body.id, 'approve')).body.state).toBe('approved');
  });

  it('approves by the last of two approvals that come at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { body } = await ask(people.dev, `UPDATE race ${round}`, { approvers: ['reviewers', 'admins'] });
      await Promise.all([
        review(people.reviewer, body.id, 'approve'),
        review(people.admin, body.id, 'approve'),
      ]);
      expect((await harness.call(people.dev, 'GET', `/v1/requests/${body.id}`)).body.state).toBe('approved');
    }
  });

  it('ends a request by one denial', async () => {
    const { body } = await ask(people.dev, 'UPDATE denied');
    expect((await review(people.reviewer, body.id, 'deny')).body.state).toBe('denied');
    const { status, body: problem } = await use(people.dev, body.id);
    expect([status, problem.detail]).toEqual([409, expect.stringContaining('denied')]);
  });
});

describe('using', () => {
  it('lets one of 50 attempts at once use an approval', async () => {
    const { body } = await ask(people.dev, 'UPDATE once');
    expect((await use(people.dev, body.id)).status).toBe(409);
    await review(people.reviewer, body.id, 'approve');
    expect((await use(people.otherDev, body.id)).status).toBe(404);
    expect((await use(people.reviewer, body.id)).status).toBe(403);
    const answers = await Promise.all(Array.from({ length: 50 }, () => use(people.dev, body.id)));
    const statuses = answers.map(({ status }) => status);
    expect([statuses.filter((s) => s === 200).length, statuses.filter((s) => s === 409).length]).toEqual([
      1, 49,
    ]);
    expect(answers.find(({ status }) => status === 409)?.body.detail).toContain('already used');
    const again = await ask(people.dev, 'UPDATE once');
    expect(again.body.id).not.toBe(body.id);
  });

  it('lets the requester, and nobody else, withdraw', async () => {
    const { body } = await ask(people.dev, 'UPDATE withdrawn');
    expect((await harness.call(people.reviewer, 'POST', `/v1/requests/${body.id}/withdraw`)).status).toBe(
      403,
    );
    const { body: withdrawn } = await harness.call(people.dev, 'POST', `/v1/requests/${body.id}/withdraw`);
    expect(withdrawn.state).toBe('withdrawn');
    expect((await review(people.reviewer, body.id, 'approve')).status).toBe(409);
    expect((await harness.call(people.dev, 'POST', `/v1/requests/${body.id}/withdraw`)).status).toBe(409);
  });
});

describe('time', () => {
  it('lets an expired request be neither approved nor used, and shows it as expired', async () => {
    const another = await harness.startAnother({ requestLifetimeMs: 400 });
    try {
      const call = (who: Person, path: string, body?: unknown) =>
        harness.callAt(another.url, who, 'POST', `/v1/requests${path}`, body);
      const { body: open } = await call(people.dev, '', newRequest('UPDATE late'));
      const { body: approved } = await call(people.dev, '', newRequest('UPDATE later'));
      await call(people.reviewer, `/${approved.id}/reviews`, { decision: 'approve' });
      await new Promise((settle) => setTimeout(settle, 500));
      expect((await call(people.reviewer, `/${open.id}/reviews`, { decision: 'approve' })).status).toBe(409);
      const used = await call(people.dev, `/${approved.id}/use`);
      expect([used.status, used.body.detail]).toEqual([409, expect.stringContaining('expired')]);
      const shown = await harness.call(people.reviewer, 'GET', `/v1/requests/${open.id}`);
      expect([shown.body.state, shown.body.mayReview]).toEqual(['expired', false]);
      expect((await call(people.dev, '', newRequest('UPDATE late'))).body.id).not.toBe(open.id);
    } finally {
      await another.stop();
    }
  });
});

describe('seeing', () => {
  it('shows own requests and those to review, open ones first, page by page', async () => {
    const { body: foreign } = await ask(people.otherDev, 'UPDATE for admins', { approvers: ['admins'] });
    const list = async (who: Person, query = '') =>
      (await harness.call(who, 'GET', `/v1/requests${query}`)).body;
    const ids = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id);
    expect(ids(await list(people.dev))).not.toContain(foreign.id);
    expect(ids(await list(people.otherDev))).toContain(foreign.id);
    const forAdmin = await list(people.admin);
    expect(forAdmin.items.find(({ id }: { id: string }) => id === foreign.id).mayReview).toBe(true);
    expect((await harness.call(people.dev, 'GET', `/v1/requests/${foreign.id}`)).status).toBe(404);
    expect((await list(people.stranger)).items).toEqual([]);

    const all = await list(people.dev);
    const rank = all.items.map(({ state }: { state: string }) => (state === 'open' ? 0 : 1));
    expect(rank).toEqual([...rank].sort());
    const paged: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { id: string }[]; next: string | null } = await list(
        people.dev,
        `?limit=4${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      paged.push(...ids(page));
      cursor = page.next;
    }
    expect(paged).toEqual(ids(all));
  });
});

describe('a request to see columns in clear', () => {
  const unmask = {
    columns: [{ column: 'public.c.email', classification: 'pii.email', relation: 1, attribute: 2 }],
    minutes: 15,
  };
  const askToSee = (who: Person, text: string, changes = {}) => {
    const request = { ...newRequest(text), unmask, ...changes } as unknown as NewRequest;
    return harness.call(who, 'POST', '/v1/requests', { ...request, digest: requestDigest(request) });
  };
  const grantsOf = async (who: Person) =>
    (await harness.call(who, 'GET', '/v1/grants')).body.items.map(({ id }: { id: string }) => id);

  it('lets nobody see anything before it is approved, and then its asker alone, for its time', async () => {
    const { body } = await askToSee(people.dev, 'SELECT one');
    expect(await grantsOf(people.dev)).toEqual([]);
    const { body: approved } = await review(people.reviewer, body.id, 'approve');
    expect(approved).toMatchObject({ state: 'approved', mayRevoke: true, unmask });
    expect(approved.clearForMs / 60_000).toBeCloseTo(15, 0);
    expect(await grantsOf(people.dev)).toEqual([body.id]);
    expect(await grantsOf(people.otherDev)).toEqual([]);
    expect(await grantsOf(people.reviewer)).toEqual([]);
    const used = await use(people.dev, body.id);
    expect([used.status, used.body.detail]).toEqual([409, expect.stringContaining('no statement')]);
  });

  it('is ended by those who review it, and by nobody else', async () => {
    const { body } = await askToSee(people.dev, 'SELECT two');
    await review(people.reviewer, body.id, 'approve');
    expect((await review(people.otherDev, body.id, 'deny')).status).toBe(403);
    expect((await review(people.dev, body.id, 'deny')).status).toBe(403);
    expect((await review(people.reviewer, body.id, 'approve')).status).toBe(409);
    const { body: revoked } = await review(people.reviewer, body.id, 'deny', 'enough');
    expect([revoked.state, revoked.mayRevoke]).toEqual(['denied', undefined]);
    expect(await grantsOf(people.dev)).not.toContain(body.id);
    // What was approved to run is not ended so.
    const { body: run } = await ask(people.dev, 'UPDATE three');
    await review(people.reviewer, run.id, 'approve');
    expect((await review(people.reviewer, run.id, 'deny')).status).toBe(409);
  });

  it('is for an hour at most, for columns that are named, and its digest is of them', async () => {
    const { status } = await askToSee(people.dev, 'SELECT four', { unmask: { ...unmask, minutes: 61 } });
    expect(status).toBe(400);
    expect((await askToSee(people.dev, 'SELECT four', { unmask: { ...unmask, columns: [] } })).status).toBe(
      400,
    );
    const plain = newRequest('SELECT four', { unmask });
    expect((await harness.call(people.dev, 'POST', '/v1/requests', plain)).body.detail).toContain('digest');
  });
});
