/** Sections of the tree, and what is told when the list changes. */
import { describe, expect, it } from 'vitest';
import { sortRequests, tellChanges } from '../../../extension/approvals/requestLists.ts';
import { ana, dora, makeRequest } from './requests.ts';

const review = (decision: 'approve' | 'deny' | 'changes', comment = '') => ({
  by: 'dora@example.com',
  decision,
  comment,
  at: '2026-03-04T15:05:00Z',
});

describe('the sections', () => {
  it('hold every request once: nothing vanishes', () => {
    const requests = [
      makeRequest({ id: 'waits' }),
      makeRequest({ id: 'newer', createdAt: '2026-03-04T15:02:00Z' }),
      makeRequest({ id: 'own', requester: dora, mayReview: false }),
      makeRequest({ id: 'others', mayReview: false }),
      makeRequest({ id: 'done', state: 'used' }),
      makeRequest({ id: 'ownDone', state: 'expired', requester: dora }),
    ];
    const sections = sortRequests(requests, dora).map(({ name, requests: held }) => [
      name,
      ...held.map(({ id }) => id),
    ]);
    expect(sections).toEqual([
      ['Waiting for me', 'newer', 'waits'],
      ['Mine', 'own'],
      ['Waiting for others', 'others'],
      ['Decided', 'done', 'ownDone'],
    ]);
  });

  it('never count one’s own request as waiting, even if the collector said that one may review it', () => {
    expect(sortRequests([makeRequest()], ana)[0]?.requests).toEqual([]);
  });
});

describe('telling', () => {
  it('says once that a request waits, without its SQL', () => {
    const told = tellChanges([], [makeRequest()], dora);
    expect(told).toEqual([
      { text: 'ana@example.com asks for your approval on shop (production).', id: 'r1', action: 'Review' },
    ]);
    expect(tellChanges([makeRequest()], [makeRequest()], dora)).toEqual([]);
  });

  it('says several at once in one sentence', () => {
    const told = tellChanges([], [makeRequest(), makeRequest({ id: 'r2' })], dora);
    expect(told).toEqual([{ text: '2 requests wait for your review.', action: 'Review' }]);
  });

  it('says who decided and why, even when the statement has run meanwhile', () => {
    const after = makeRequest({ state: 'used', reviews: [review('approve', 'Go.\u202E\nNow')] });
    expect(tellChanges([makeRequest()], [after], ana).map(({ text }) => text)).toEqual([
      'dora@example.com approved your request on shop. “Go.⟨U+202E⟩ Now”',
    ]);
    const denied = makeRequest({ state: 'denied', reviews: [review('deny')] });
    expect(tellChanges([makeRequest()], [denied], ana)[0]?.text).toContain(
      'denied your request on shop. No comment',
    );
    const changes = makeRequest({ reviews: [review('changes', 'Add a WHERE.')] });
    expect(tellChanges([makeRequest()], [changes], ana)[0]?.text).toContain(
      'asked for changes to your request',
    );
  });

  it('says nothing about what others decided for others', () => {
    const after = makeRequest({ state: 'denied', reviews: [review('deny', 'No.')] });
    expect(tellChanges([makeRequest()], [after], dora)).toEqual([]);
  });
});
