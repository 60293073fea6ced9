/** Asks for columns to be seen in clear, for the editor: what it would come to, and the asking itself. */
import type { ApprovalDesk } from '../approvals/approvalDesk.ts';
import type { ApprovalRequest } from '../approvals/request.ts';
import { cleanText } from '../masking/detecting/cleanText.ts';
import { Clearance } from '../session/clearance.ts';
import { type AskParts, askableMinutes, findColumns, makeAsk } from '../session/judging/askToSee.ts';
import { recordedText } from '../sql/recordedText.ts';
import type { ControlRequests, SightTerms } from './messages.ts';

export interface SightParts extends AskParts {
  readonly desk: ApprovalDesk;
}

export function readSightTerms(
  parts: SightParts,
  { columns, text }: ControlRequests['readSightTerms']['params'],
): SightTerms {
  const found = findColumns(parts, seenBy(parts), columns, askableMinutes[0] ?? 0);
  return {
    columns: found.map(({ column, classification, permit }) => ({
      column,
      classification,
      mayAsk: permit !== undefined,
    })),
    approvers: [...new Set(found.flatMap(({ permit }) => permit?.approvers ?? []))].sort(),
    minutes: askableMinutes,
    text:
      text === undefined ? '' : recordedText(parts.parser, text, { keepLiterals: false, clean: cleanText }),
  };
}

export function askToSee(
  parts: SightParts,
  { columns, text, minutes, reason }: ControlRequests['askToSee']['params'],
): Promise<ApprovalRequest> {
  const found = findColumns(parts, seenBy(parts), columns, minutes);
  const ask = makeAsk(parts, found, { minutes, reason, text, application: 'Portcullis for VS Code' });
  return parts.desk.askToSee(ask);
}

function seenBy({ policy, identity, connection, desk }: SightParts) {
  return new Clearance(policy, identity, connection).follow(desk.grants).classifications;
}
