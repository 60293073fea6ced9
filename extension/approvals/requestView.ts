/** A request in the words that its reader sees: on the review page and in the tree. */
import type { ApprovalRequest, Review, SignedInIdentity } from '../../proxy/control/messages.ts';
import { isProduction } from '../kit/environment.ts';
import type { RequestView } from '../kit/reviewMessages.ts';
import { showLine, showText } from '../kit/visibleText.ts';
import { splitLines } from './statementLines.ts';

/** @param me who reads; undefined while nobody is signed in. */
export function viewRequest(
  request: ApprovalRequest,
  me: SignedInIdentity | undefined,
  now: Date,
): RequestView {
  const refusal = refuseReview(request, me, now);
  return {
    id: request.id,
    title: titleOf(request),
    state: request.state,
    stateText: describeState(request, now),
    connection: showLine(request.connection),
    environment: showLine(request.environment),
    isProduction: isProduction(request.environment),
    facts: factsOf(request, now),
    ...(request.unmask !== undefined && {
      unmask: {
        columns: request.unmask.columns.map(({ column, classification }) => ({
          column: showLine(column),
          classification: showLine(classification),
        })),
        duration: describeDuration(request.unmask.minutes),
      },
    }),
    reason: showText(request.reason),
    lines: splitLines(request.text, request.findings),
    parameters: (request.parameters ?? []).map((value, index) => ({
      name: `$${index + 1}`,
      value: value === null ? 'NULL' : showText(value),
      isNull: value === null,
    })),
    findings: request.findings.map(({ message, detail, hint, policy }) => ({
      message: showText(message),
      detail: showText(detail ?? ''),
      hint: showText(hint ?? ''),
      policy: showLine(policy),
    })),
    relations: request.relations.map(({ name, classifications }) => ({
      name: showLine(name),
      classifications: classifications.map((name) => showLine(name)),
    })),
    reviews: request.reviews.map((review) => ({
      by: showLine(review.by),
      decision: review.decision,
      verdict: verdicts[review.decision],
      comment: showText(review.comment),
      at: describeMoment(review.at, now),
    })),
    ...(refusal === undefined ? {} : { refusal }),
    mayWithdraw: mayWithdraw(request, me),
    mayRevoke: request.mayRevoke === true && me !== undefined,
  };
}

export function isMine(request: ApprovalRequest, me: SignedInIdentity | undefined): boolean {
  return me !== undefined && request.requester.subject === me.subject;
}

/** What waits can be taken back, and what lets columns be seen in clear can be given up. */
export function mayWithdraw(request: ApprovalRequest, me: SignedInIdentity | undefined): boolean {
  return isMine(request, me) && (request.state === 'open' || isShowingClear(request));
}

/** Approved to see columns in clear, and still good. */
export function isShowingClear({ state, unmask }: Pick<ApprovalRequest, 'state' | 'unmask'>): boolean {
  return state === 'approved' && unmask !== undefined;
}

/** The first line of the statement that says anything and is no comment, 60 characters at most; or the columns to be seen. */
export function titleOf({ text, unmask }: Pick<ApprovalRequest, 'text' | 'unmask'>): string {
  if (unmask !== undefined) {
    const [first, ...more] = unmask.columns.map(({ column }) => showLine(column, 60));
    return `See ${first ?? 'columns'}${more.length === 0 ? '' : ` and ${more.length} more`} in clear`;
  }
  const lines = text.split(/\r\n|\r|\n/).filter((candidate) => candidate.trim() !== '');
  const line = lines.find((candidate) => !candidate.trimStart().startsWith('--')) ?? lines[0] ?? '';
  return showLine(line, 60) || 'Empty statement';
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function describeAge(at: string, now: Date): string {
  const minutes = Math.floor((now.getTime() - Date.parse(at)) / 60_000);
  if (!Number.isFinite(minutes)) return 'at an unknown time';
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} days ago`;
}

/** What the state means and who brought it about. */
export function describeState(request: ApprovalRequest, now: Date): string {
  const last = request.reviews.at(-1);
  const by = last === undefined ? '' : ` by ${showLine(last.by)}`;
  switch (request.state) {
    case 'open':
      if (hasExpired(request, now)) return 'It has expired: nobody decided in time.';
      return last?.decision === 'changes'
        ? `Changes were asked for${by}.`
        : `Waits for a review until ${describeMoment(request.expiresAt, now)}.`;
    case 'approved':
      if (isShowingClear(request))
        return `Approved${by}; seen in clear until ${describeMoment(request.expiresAt, now)}.`;
      return `Approved${by}; not run yet.`;
    case 'denied':
      return `${wasApproved(request) ? 'Approved, and revoked' : 'Denied'}${by}.`;
    case 'withdrawn':
      return `Withdrawn by ${showLine(request.requester.email)}.`;
    case 'expired':
      if (request.unmask !== undefined && wasApproved(request))
        return `Approved${by}; its time is over, and the columns are masked again.`;
      return 'It has expired: it was not decided, or not used, in time.';
    case 'used':
      return `Approved${by}, and run.`;
  }
}

/** Why the reader may not review it, in words; undefined where the reader may. */
export function refuseReview(
  request: ApprovalRequest,
  me: SignedInIdentity | undefined,
  now: Date,
): string | undefined {
  if (me === undefined) return 'Sign in to review requests.';
  if (request.state !== 'open') return 'It is decided: nothing is left to review.';
  if (hasExpired(request, now)) return 'It has expired: it can no longer be approved.';
  if (isMine(request, me)) return 'Nobody reviews their own request.';
  if (request.mayReview) return undefined;
  if (request.approvers.length === 0) return 'The policies name nobody who could approve this.';
  const approvers = request.approvers.map((name) => showLine(name)).join(' or ');
  return `Only members of ${approvers} may review this; you are not among them.`;
}

/** The view as plain lines, in the order of the page. */
export function describeRequest(view: RequestView): string[] {
  const place = `${view.connection} (${view.environment}${view.isProduction ? ', marked as production' : ''})`;
  return [
    `${view.title} on ${place}`,
    view.stateText,
    ...(view.unmask?.columns ?? []).map(
      ({ column, classification }) => `In clear, ${view.unmask?.duration}: ${column} (${classification})`,
    ),
    ...view.facts.map(({ label, value }) => `${label}: ${value}`),
    `Reason: ${view.reason || 'none given'}`,
    ...view.lines.map((parts, index) => `${index + 1} | ${parts.map(markPart).join('')}`),
    ...view.parameters.map(({ name, value }) => `${name} = ${value}`),
    ...view.findings.map(({ message, detail, policy }, index) =>
      `[${index + 1}] ${message}. ${detail} (${policy})`.replace(/ {2}/g, ' '),
    ),
    ...view.relations.map(
      ({ name, classifications }) => `${name}: ${classifications.join(', ') || 'not classified'}`,
    ),
    ...view.reviews.map(
      ({ by, verdict, at, comment }) => `${by} ${verdict}, ${at}: ${comment || 'no comment'}`,
    ),
    view.refusal ?? 'You may review it.',
  ];
}

const verdicts: Readonly<Record<Review['decision'], string>> = {
  approve: 'approved it',
  deny: 'denied it',
  changes: 'asked for changes',
};

function factsOf(request: ApprovalRequest, now: Date): RequestView['facts'] {
  const { email, groups } = request.requester;
  return [
    { label: 'Asked by', value: showLine(email) },
    { label: 'In groups', value: groups.map((name) => showLine(name)).join(', ') || 'none' },
    { label: 'Asked', value: describeMoment(request.createdAt, now) },
    { label: 'Application', value: showLine(request.application) || 'not named' },
    { label: 'Approval by', value: request.approvers.map((name) => showLine(name)).join(' or ') || 'nobody' },
  ];
}

function wasApproved({ unmask, reviews }: ApprovalRequest): boolean {
  return unmask !== undefined && reviews.some(({ decision }) => decision === 'approve');
}

function describeDuration(minutes: number): string {
  return `for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} from the approval`;
}

function hasExpired({ expiresAt }: ApprovalRequest, now: Date): boolean {
  return Date.parse(expiresAt) <= now.getTime();
}

/** `2026-03-04 15:06 (5 min ago)` in the reader's time zone; what lies ahead has no age. */
function describeMoment(at: string, now: Date): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return 'an unknown time';
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  const text = `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
  return moment > now ? text : `${text} (${describeAge(at, now)})`;
}

function markPart({ text, findings }: RequestView['lines'][number][number]): string {
  return findings.length === 0 ? text : `[${findings.join(',')}:${text}]`;
}
