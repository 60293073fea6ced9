/** Which request stands in which section of the tree, and what is worth telling when the list changes. */
import type { ApprovalRequest, SignedInIdentity } from '../../proxy/control/messages.ts';
import { showLine } from '../kit/visibleText.ts';
import { isMine, isShowingClear } from './requestView.ts';

export type SectionName = 'Waiting for me' | 'Mine' | 'Waiting for others' | 'Decided';

export interface Section {
  readonly name: SectionName;
  readonly requests: readonly ApprovalRequest[];
}

/** Every request stands in exactly one section. `Waiting for others` appears only where it holds something. */
export function sortRequests(
  requests: readonly ApprovalRequest[],
  me: SignedInIdentity | undefined,
): Section[] {
  const newestFirst = [...requests].sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const held = (name: SectionName): Section => ({
    name,
    requests: newestFirst.filter((request) => sectionOf(request, me) === name),
  });
  const others = held('Waiting for others');
  return [
    held('Waiting for me'),
    held('Mine'),
    ...(others.requests.length === 0 ? [] : [others]),
    held('Decided'),
  ];
}

function sectionOf(request: ApprovalRequest, me: SignedInIdentity | undefined): SectionName {
  if (isMine(request, me) && isShowingClear(request)) return 'Mine';
  if (request.state !== 'open') return 'Decided';
  if (isMine(request, me)) return 'Mine';
  return request.mayReview ? 'Waiting for me' : 'Waiting for others';
}

export interface Telling {
  readonly text: string;
  /** The request to open; absent where it is about several. */
  readonly id?: string;
  readonly action: 'Review' | 'Show';
}

/** What the reader is told after a change of the list: one sentence for what waits, one for each own decision. */
export function tellChanges(
  before: readonly ApprovalRequest[],
  after: readonly ApprovalRequest[],
  me: SignedInIdentity | undefined,
): Telling[] {
  const known = new Map(before.map((request) => [request.id, request]));
  const waits = (request: ApprovalRequest | undefined) =>
    request !== undefined && sectionOf(request, me) === 'Waiting for me';
  const arrived = after.filter((request) => waits(request) && !waits(known.get(request.id)));
  const decided = after.filter(
    (request) => isMine(request, me) && request.reviews.length > (known.get(request.id)?.reviews.length ?? 0),
  );
  return [...tellArrived(arrived), ...decided.map(tellDecided)];
}

function tellArrived(arrived: readonly ApprovalRequest[]): Telling[] {
  const [first] = arrived;
  if (first === undefined) return [];
  if (arrived.length > 1)
    return [{ text: `${arrived.length} requests wait for your review.`, action: 'Review' }];
  // No SQL in the sentence: notifications are read over shoulders and shared on screens.
  const what = first.unmask === undefined ? 'asks for your approval' : 'asks to see columns in clear';
  const text = `${showLine(first.requester.email)} ${what} on ${showLine(first.connection)} (${showLine(first.environment)}).`;
  return [{ text, id: first.id, action: 'Review' }];
}

function tellDecided(request: ApprovalRequest): Telling {
  const review = request.reviews.at(-1);
  const verb = { approve: 'approved', deny: 'denied', changes: 'asked for changes to' }[
    review?.decision ?? 'changes'
  ];
  const comment = showLine(review?.comment ?? '');
  const why = comment === '' ? 'No comment was given.' : `“${comment}”`;
  const next =
    review?.decision === 'approve' && isShowingClear(request)
      ? ` For ${request.unmask?.minutes} minutes you see the columns in clear: run the statement again.`
      : '';
  const text = `${showLine(review?.by ?? '')} ${verb} your request on ${showLine(request.connection)}. ${why}${next}`;
  return { text, id: request.id, action: 'Show' };
}
