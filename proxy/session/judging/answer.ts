/** What a held message waits for, and how one kind of answer is told from another. */
import type { Admission, ApprovedMessage, JudgedMessage } from './judgement.ts';

/** What a held message may wait for. */
export type Answer = Admission | ApprovedMessage | JudgedMessage | 'goOn';

export function isAdmission(answer: Answer | undefined): answer is Admission {
  return typeof answer === 'object' && 'kind' in answer && answer.kind !== 'approved';
}

export function isRefused(answer: Answer | undefined): answer is Extract<Admission, { kind: 'refused' }> {
  return isAdmission(answer) && answer.kind === 'refused';
}

export function isApproved(answer: Answer | undefined): answer is ApprovedMessage {
  return typeof answer === 'object' && 'kind' in answer && answer.kind === 'approved';
}

export function isJudged(answer: Answer | undefined): answer is JudgedMessage {
  return typeof answer === 'object' && 'statements' in answer;
}

export function needsApproval(judged: JudgedMessage): boolean {
  return judged.approval !== undefined && judged.refusal === undefined;
}
