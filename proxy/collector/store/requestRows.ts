/** From rows of requests and reviews to what everybody else sees. */
import type { ApprovalRequest, NewRequest, RequestState, Review } from '../../approvals/request.ts';
import type { Identity } from '../../identity/identity.ts';

export interface RequestRow {
  readonly id: string;
  readonly subject: string;
  readonly email: string;
  readonly groups: readonly string[];
  /** Already `expired` where its time is over, by the store's clock. */
  readonly state: RequestState;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly request: NewRequest;
  readonly reviews: readonly ReviewRow[];
  /** Milliseconds until it expires. */
  readonly left_ms: number;
}

export interface ReviewRow {
  readonly subject: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly decision: Review['decision'];
  readonly comment: string;
  readonly at: string;
}

const currentState = `CASE WHEN state IN ('open', 'approved') AND expires_at <= now() THEN 'expired' ELSE state END`;

/** The columns of {@link RequestRow}, of `portcullis.requests AS r`. */
export const requestColumns = `
  r.id, r.subject, r.email, r.groups, r.created_at, r.expires_at, r.request, ${currentState} AS state,
  extract(epoch FROM r.expires_at - now())::float8 * 1000 AS left_ms,
  (SELECT coalesce(json_agg(json_build_object('subject', v.subject, 'email', v.email, 'groups', v.groups,
     'decision', v.decision, 'comment', v.comment, 'at', v.at AT TIME ZONE 'UTC') ORDER BY v.id), '[]')
   FROM portcullis.reviews AS v WHERE v.request = r.id) AS reviews`;

/** In words why `identity` may not review it now; undefined where they may. */
export function whyNotReview(row: RequestRow, identity: Identity): string | undefined {
  if (row.subject === identity.subject) return 'Nobody reviews their own request. Ask one of its approvers.';
  if (identity.agent !== undefined) return 'An agent may not review requests: a person has to do it.';
  if (!identity.groups.some((group) => row.request.approvers.includes(group))) {
    return `Only members of ${row.request.approvers.join(', ')} may review this request, and ${identity.email} is in none of them.`;
  }
  return undefined;
}

/** Each group that has to approve does so by the last word of one of its members. */
export function isApprovedByAll(approvers: readonly string[], reviews: readonly ReviewRow[]): boolean {
  const lastWords = new Map(reviews.map((review) => [review.subject, review]));
  const approvals = [...lastWords.values()].filter(({ decision }) => decision === 'approve');
  return approvers.every((group) => approvals.some(({ groups }) => groups.includes(group)));
}

/** Approved to see columns in clear, and its time is not over: who reviews it may still end it. */
export function isShowingClear({ state, request }: RequestRow): boolean {
  return state === 'approved' && request.unmask !== undefined;
}

export function showRequest(row: RequestRow, viewer: Identity): ApprovalRequest {
  return {
    ...row.request,
    id: row.id,
    state: row.state,
    requester: { subject: row.subject, email: row.email, groups: row.groups },
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    reviews: row.reviews.map(({ email, decision, comment, at }) => ({
      by: email,
      decision,
      comment,
      at: new Date(`${at}Z`).toISOString(),
    })),
    mayReview: row.state === 'open' && whyNotReview(row, viewer) === undefined,
    ...(isShowingClear(row) && {
      mayRevoke: whyNotReview(row, viewer) === undefined,
      clearForMs: row.left_ms,
    }),
  };
}
