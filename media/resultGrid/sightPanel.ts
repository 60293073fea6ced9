/** Beside the grid: why a column is masked or not, and asking to see it in clear. */
import { html, nothing, type TemplateResult } from 'lit';
import type { GridColumn, SightState } from '../../extension/kit/gridMessages.ts';
import { visibleLine, visibleText } from '../kit/visibleText.ts';
import { maskWords } from './cellText.ts';

export interface SightPanelState {
  readonly column: GridColumn;
  /** Undefined where only the reason is looked at. */
  readonly state: SightState | undefined;
  readonly reason: string;
  readonly minutes: number | undefined;
  /** What the form misses. */
  readonly missing: string;
}

export interface SightActions {
  onReason(text: string): void;
  onMinutes(minutes: number): void;
  onOpen(): void;
  onAsk(): void;
  onWithdraw(): void;
  onRunAgain(): void;
  onClose(): void;
}

export function sightPanel(panel: SightPanelState, actions: SightActions): TemplateResult {
  const { column, state } = panel;
  const { name, type, mask, why, source } = column;
  return html`<section class="viewer sight" aria-label="Column ${visibleLine(name)}">
    <header>
      <strong>${visibleLine(name)}</strong>
      <span class="dim">${type}${mask === undefined ? '' : `, ${maskWords(mask)}`}</span>
      <button class="close" title="Close (Escape)" aria-label="Close" @click=${actions.onClose}><i class="codicon codicon-close"></i></button>
    </header>
    <div class="sightBody">
      <p class="why" tabindex="-1">${visibleText(why ?? 'The proxy has said nothing about this column.')}</p>
      ${
        state !== undefined
          ? stateTemplate(panel, state, actions)
          : mask !== undefined && source !== undefined
            ? html`<div class="buttons">
              <vscode-button secondary icon="eye" @click=${actions.onOpen}>Ask to see ${visibleLine(source)}…</vscode-button>
            </div>`
            : nothing
      }
    </div>
  </section>`;
}

function stateTemplate(panel: SightPanelState, state: SightState, actions: SightActions): TemplateResult {
  switch (state.kind) {
    case 'reading':
      return html`<p role="status" class="dim">Reading what the policy says…</p>`;
    case 'refused':
      return html`<p role="alert">${visibleText(state.message)}</p>`;
    case 'form':
      return formTemplate(panel, state, actions);
    case 'waiting':
      return html`<vscode-progress-bar aria-label="Waiting for a reviewer"></vscode-progress-bar>
        <p role="status"><strong>Waiting for approval.</strong> ${visibleText(state.message)}</p>
        <div class="buttons">
          <vscode-button secondary ?disabled=${state.isSending} @click=${actions.onWithdraw}>Withdraw</vscode-button>
        </div>`;
    case 'approved':
      return html`<p role="status"><i class="codicon codicon-pass"></i> ${visibleText(state.message)}</p>
        <div class="buttons">
          <vscode-button id="runAgain" icon="play" @click=${actions.onRunAgain}>Run Again</vscode-button>
        </div>`;
    case 'ended':
      return html`<p role="alert"><i class="codicon codicon-circle-slash"></i> ${visibleText(state.message)}</p>
        <div class="buttons">
          <vscode-button secondary @click=${actions.onOpen}>Ask Again…</vscode-button>
        </div>`;
  }
}

function formTemplate(
  { column, reason, minutes, missing }: SightPanelState,
  form: Extract<SightState, { kind: 'form' }>,
  actions: SightActions,
): TemplateResult {
  const chosen = minutes ?? form.minutes[0];
  return html`<form
    aria-label="Ask to see ${visibleLine(column.source ?? column.name)}"
    @submit=${(event: Event) => event.preventDefault()}
  >
    <label for="reason">Why you need to see ${visibleLine(column.source ?? column.name)} in clear</label>
    <vscode-textarea
      id="reason" label="Reason" rows="3" resize="vertical" maxlength="1000" .value=${reason}
      ?invalid=${missing !== ''} ?disabled=${form.isSending}
      @input=${(event: Event) => actions.onReason((event.target as HTMLTextAreaElement).value)}
    ></vscode-textarea>
    ${missing === '' ? nothing : html`<p class="is-error" role="alert">${missing}</p>`}
    <fieldset>
      <legend>For how long, from the approval</legend>
      ${form.minutes.map(
        (each) => html`<label class="choice"
          ><input type="radio" name="minutes" value=${each} .checked=${each === chosen} ?disabled=${form.isSending}
            @change=${() => actions.onMinutes(each)} />${each} min</label
        >`,
      )}
    </fieldset>
    <div class="label">The statement, as ${visibleLine(form.approvers)} will read it</div>
    <pre class="asked" tabindex="0" aria-label="Statement">${visibleText(form.text)}</pre>
    ${form.problem === undefined ? nothing : html`<p class="is-error" role="alert">${visibleText(form.problem)}</p>`}
    <div class="buttons">
      <vscode-button id="ask" ?disabled=${form.isSending} @click=${actions.onAsk}>Ask ${visibleLine(form.approvers)}</vscode-button>
      <vscode-button secondary ?disabled=${form.isSending} @click=${actions.onClose}>Cancel</vscode-button>
      ${form.isSending ? html`<span role="status">Sending…</span>` : nothing}
    </div>
  </form>`;
}
