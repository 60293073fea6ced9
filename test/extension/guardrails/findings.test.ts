/** From the proxy's findings to marks in the editor. */
import { describe, expect, it } from 'vitest';
import { marksOf } from '../../../extension/guardrails/findings.ts';
import type { CheckedStatement, RequestFinding } from '../../../proxy/control/messages.ts';

const finding = (changes: Partial<RequestFinding> = {}): RequestFinding => ({
  policy: 'portcullis.no-drop',
  code: 'deny.drop',
  message: 'DROP of x is denied on shop (production)',
  ...changes,
});
const statement = (changes: Partial<CheckedStatement> = {}): CheckedStatement => ({
  start: 10,
  end: 30,
  outcome: 'deny',
  findings: [finding()],
  ...changes,
});

describe('a mark', () => {
  it('stands where its finding stands, else on the whole statement', () => {
    const places = (start: number, end: number) =>
      marksOf([statement({ findings: [finding({ start, end })] })], undefined).map((mark) => [
        mark.start,
        mark.end,
      ]);
    expect(places(12, 15)).toEqual([[12, 15]]);
    expect(places(5, 15)).toEqual([[10, 30]]);
    expect(places(12, 31)).toEqual([[10, 30]]);
    expect(places(15, 15)).toEqual([[10, 30]]);
    expect(marksOf([statement()], undefined)).toMatchObject([{ start: 10, end: 30 }]);
  });

  it('speaks in the proxy’s own words, with the id of the policy', () => {
    const detail = '<b>It</b> drops.\u202E';
    expect(marksOf([statement({ findings: [finding({ detail, hint: 'Do not.' })] })], undefined)).toEqual([
      {
        start: 10,
        end: 30,
        loudness: 'error',
        message: `DROP of x is denied on shop (production)\n${detail}`,
        hint: 'Do not.',
        policy: 'portcullis.no-drop',
        code: 'deny.drop',
        statement: { start: 10, end: 30 },
      },
    ]);
  });

  it('is an error where it denies and a warning where approval is needed, also side by side', () => {
    const findings = [finding(), finding({ code: 'approve.update.absent' }), finding({ code: 'other' })];
    const loud = (outcome: CheckedStatement['outcome']) =>
      marksOf([statement({ outcome, findings })], undefined).map(({ loudness }) => loudness);
    expect(loud('deny')).toEqual(['error', 'warning', 'error']);
    expect(loud('approve')).toEqual(['error', 'warning', 'warning']);
  });

  it('does not shout at half-typed SQL, but tells of what was left behind', () => {
    const half = [
      statement({ start: 0, end: 5, outcome: 'unparsed', findings: [] }),
      statement({ start: 10, end: 30, outcome: 'unparsed', findings: [] }),
    ];
    const loud = (caret: number | undefined) => marksOf(half, caret).map(({ loudness }) => loudness);
    expect(loud(undefined)).toEqual(['information', 'information']);
    expect(loud(3)).toEqual(['hint', 'information']);
    expect(loud(31)).toEqual(['information', 'hint']);
  });

  it('is there even if the proxy gave no finding for a denial, and never for what is allowed', () => {
    expect(marksOf([statement({ findings: [] })], undefined)).toMatchObject([{ loudness: 'error' }]);
    expect(marksOf([statement({ outcome: 'allow', findings: [] })], undefined)).toEqual([]);
  });
});
