/** What a reviewer reads of a request: the whole of it, in order, and nothing that could deceive. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  describeAge,
  describeRequest,
  refuseReview,
  titleOf,
  viewRequest,
} from '../../../extension/approvals/requestView.ts';
import { splitLines } from '../../../extension/approvals/statementLines.ts';
import { ana, dora, makeRequest, now } from './requests.ts';

beforeAll(() => {
  process.env['TZ'] = 'UTC';
});

const linesOf = (text: string) =>
  splitLines(text, []).map((parts) => parts.map((part) => part.text).join(''));

describe('the view of a request', () => {
  it('tells its reviewer everything, as the golden text has it', async () => {
    const request = makeRequest({
      parameters: ['a\nb', null],
      reviews: [
        { by: 'eve@example.com', decision: 'changes', comment: 'Add a WHERE.', at: '2026-03-04T15:04:00Z' },
      ],
    });
    const lines = describeRequest(viewRequest(request, dora, now));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('requestView.golden.txt');
  });

  it('refuses a review in words that say why', () => {
    const refusal = (changes: Parameters<typeof makeRequest>[0], me: typeof ana | undefined = dora) =>
      refuseReview(makeRequest(changes), me, now);
    expect(refusal({})).toBeUndefined();
    expect(refusal({}, ana)).toBe('Nobody reviews their own request.');
    expect(refusal({ mayReview: false })).toBe(
      'Only members of dba may review this; you are not among them.',
    );
    expect(refusal({ state: 'denied' })).toBe('It is decided: nothing is left to review.');
    expect(refusal({ expiresAt: '2026-03-04T15:05:59Z' })).toBe(
      'It has expired: it can no longer be approved.',
    );
    expect(refuseReview(makeRequest(), undefined, now)).toBe('Sign in to review requests.');
  });

  it('offers to withdraw only to the requester, and only while it is open', () => {
    expect(viewRequest(makeRequest(), ana, now).mayWithdraw).toBe(true);
    expect(viewRequest(makeRequest(), dora, now).mayWithdraw).toBe(false);
    expect(viewRequest(makeRequest({ state: 'used' }), ana, now).mayWithdraw).toBe(false);
  });

  it('marks production as the default policies see it: all that is neither staging nor development', () => {
    const isProduction = (environment: string) =>
      viewRequest(makeRequest({ environment }), dora, now).isProduction;
    expect(['production', 'live', '', 'staging', 'development'].map(isProduction)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('titles a request by the first line that says anything, at 60 characters', () => {
    expect(titleOf({ text: '\n  \n  SELECT 1;\nSELECT 2' })).toBe('SELECT 1;');
    expect([...titleOf({ text: 'é'.repeat(100) })]).toHaveLength(60);
    expect(titleOf({ text: ' \n ' })).toBe('Empty statement');
  });

  it('tells ages in words', () => {
    const age = (minutes: number) =>
      describeAge(new Date(now.getTime() - minutes * 60_000).toISOString(), now);
    expect([-3, 0.5, 5, 180, 3000].map(age)).toEqual([
      'just now',
      'just now',
      '5 min ago',
      '3 h ago',
      '2 days ago',
    ]);
    expect(describeAge('rubbish', now)).toBe('at an unknown time');
  });
});

describe('the lines of a statement', () => {
  it('keep every character in order, whatever findings overlap', () => {
    const text = 'one two\r\nthree 😀\tfour\n\nfive';
    const at = (start: number, end: number) => ({ policy: '', code: '', message: '', start, end });
    const findings = [
      at(4, 15),
      at(9, 17),
      at(2, 2),
      at(-5, 900),
      { policy: '', code: '', message: 'whole' },
    ];
    const lines = splitLines(text, findings);
    expect(lines.map((parts) => parts.map((part) => part.text).join(''))).toEqual(text.split(/\r?\n/));
    const marked = lines.flat().map(({ text: part, findings: marks }) => [part, marks]);
    expect(marked).toContainEqual(['two', [1, 4]]);
    expect(marked).toContainEqual(['three ', [1, 2, 4]]);
    expect(marked).toContainEqual(['😀', [2, 4]]);
  });

  it('show what would reorder or hide text by its name', () => {
    expect(linesOf('a\u202Eb')).toEqual(['a⟨U+202E⟩b']);
    expect(linesOf('a\0b\x1b[31m\x7f')).toEqual(['a⟨U+0000⟩b⟨U+001B⟩[31m⟨U+007F⟩']);
    expect(linesOf('x\u200B\u00A0\u2066\uFEFF\u3164\u{E0041}\uD800')).toEqual([
      'x⟨U+200B⟩⟨U+00A0⟩⟨U+2066⟩⟨U+FEFF⟩⟨U+3164⟩⟨U+E0041⟩⟨U+D800⟩',
    ]);
    expect(linesOf('a\u2028b\u0085c')).toEqual(['a⟨U+2028⟩b⟨U+0085⟩c']);
  });

  it('end at a lone carriage return, as comments do for the server', () => {
    expect(linesOf('SELECT 1 -- harmless\rDROP TABLE x')).toEqual(['SELECT 1 -- harmless', 'DROP TABLE x']);
  });

  it('leave ordinary writing of any language alone', () => {
    const text = "SELECT 'Grüße', 'дом', '日本語', 'مرحبا', 'e\u0301', '😀'";
    expect(linesOf(text)).toEqual([text]);
  });
});

describe('a request to see columns in clear', () => {
  const unmask = {
    columns: [{ column: 'shop.customers.email', classification: 'pii.email', relation: 1, attribute: 2 }],
    minutes: 30,
  };
  const review = (decision: 'approve' | 'deny') => ({
    by: 'dora@example.com',
    decision,
    comment: '',
    at: '2026-03-04T15:04:00Z',
  });
  const view = (changes: Parameters<typeof makeRequest>[0], me = dora) =>
    viewRequest(makeRequest({ unmask, ...changes }), me, now);

  it('is named by its columns, and says for how long', () => {
    const lines = describeRequest(view({}));
    expect(lines[0]).toBe('See shop.customers.email in clear on shop (production, marked as production)');
    expect(lines).toContain('In clear, for 30 minutes from the approval: shop.customers.email (pii.email)');
    const two = { ...unmask, columns: [...unmask.columns, ...unmask.columns] };
    expect(titleOf(makeRequest({ unmask: two }))).toBe('See shop.customers.email and 1 more in clear');
  });

  it('says what has become of it: seen until then, revoked, over', () => {
    const approved = [review('approve')];
    const text = (changes: Parameters<typeof makeRequest>[0]) => view(changes).stateText;
    expect(text({ state: 'approved', reviews: approved })).toBe(
      'Approved by dora@example.com; seen in clear until 2026-03-04 19:01.',
    );
    expect(text({ state: 'denied', reviews: [...approved, review('deny')] })).toBe(
      'Approved, and revoked by dora@example.com.',
    );
    expect(text({ state: 'denied', reviews: [review('deny')] })).toBe('Denied by dora@example.com.');
    expect(text({ state: 'expired', reviews: approved })).toContain('masked again');
  });

  it('can be ended by its reviewer, and given up by who asked, while it lasts', () => {
    const approved = { state: 'approved', reviews: [review('approve')] } as const;
    expect(view({ ...approved, mayRevoke: true })).toMatchObject({ mayRevoke: true, mayWithdraw: false });
    expect(view(approved, ana)).toMatchObject({ mayRevoke: false, mayWithdraw: true });
    expect(view({ state: 'expired', reviews: approved.reviews }, ana).mayWithdraw).toBe(false);
    expect(viewRequest(makeRequest({ state: 'approved' }), ana, now).mayWithdraw).toBe(false);
  });
});
