/** The form at the end of the page: a comment, and Approve, Ask for Changes, Deny; for the requester, Withdraw. */
import { html, nothing, type TemplateResult } from 'lit';
import type { RequestView, ReviewPageMessage } from '../../extension/kit/reviewMessages.ts';

export type Decision = Extract<ReviewPageMessage, { kind: 'review' }>['decision'];

export interface FormState {
  readonly comment: string;
  readonly missing: string;
  readonly onComment: (text: string) => void;
  readonly onDecide: (decision: Decision) => void;
  readonly onWithdraw: () => void;
}

interface DecisionButton {
  readonly decision: Decision;
  readonly label: string;
}

const buttons: readonly DecisionButton[] = [
  { decision: 'approve', label: 'Approve' },
  { decision: 'changes', label: 'Ask for Changes' },
  { decision: 'deny', label: 'Deny' },
];

/** Ends what was approved: columns that are seen in clear by it are masked again. */
const revoking: readonly DecisionButton[] = [{ decision: 'deny', label: 'Revoke' }];

export function decisionForm(request: RequestView, isBusy: boolean, form: FormState): TemplateResult {
  const { mayRevoke } = request;
  const refusal = mayRevoke ? undefined : request.refusal;
  const isOff = isBusy || refusal !== undefined;
  return html`<section class="decision" aria-label="Your review">
    <h2>Your review</h2>
    ${refusal === undefined ? nothing : html`<p id="refusal" class="refusal">${refusal}</p>`}
    ${
      refusal === undefined
        ? html`<label for="comment">Comment (required${mayRevoke ? '' : ' unless you approve'})</label>
          <vscode-textarea
            id="comment"
            label="Comment"
            rows="3"
            resize="vertical"
            .value=${form.comment}
            ?invalid=${form.missing !== ''}
            ?disabled=${isBusy}
            @input=${(event: Event) => form.onComment((event.target as HTMLTextAreaElement).value)}
          ></vscode-textarea>
          <p class="missing" role="alert">${form.missing}</p>`
        : nothing
    }
    <div class="buttons">
      ${(mayRevoke ? revoking : buttons).map(
        ({ decision, label }) => html`<vscode-button
          id=${decision}
          ?secondary=${decision !== 'approve'}
          ?disabled=${isOff}
          aria-disabled=${isOff ? 'true' : 'false'}
          aria-describedby=${isOff ? 'refusal' : nothing}
          @click=${() => form.onDecide(decision)}
          >${label}</vscode-button
        >`,
      )}
      ${
        request.mayWithdraw
          ? html`<vscode-button
            id="withdraw"
            secondary
            ?disabled=${isBusy}
            @click=${() => !isBusy && form.onWithdraw()}
            >Withdraw</vscode-button
          >`
          : nothing
      }
      ${isBusy ? html`<span role="status">Sending…</span>` : nothing}
    </div>
    ${isOff || mayRevoke ? nothing : html`<p class="keys">Ctrl+Enter (⌘Enter) goes to Approve; once more approves.</p>`}
  </section>`;
}
