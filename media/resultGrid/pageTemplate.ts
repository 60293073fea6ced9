/** What stands around the grid: toolbar, problems, messages, empty states, the viewer of one cell. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CopyFormat, ResultProblem, ResultSnapshot } from '../../extension/kit/gridMessages.ts';
import { visibleLine, visibleText } from '../kit/visibleText.ts';
import { maskWords } from './cellText.ts';
import type { SightControl } from './sightControl.ts';
import { commandWords, count, duration, stateWords } from './words.ts';

/** The value is undefined until the host has sent it. */
export interface OpenCell {
  readonly row: number;
  readonly column: number;
  readonly value: string | null | undefined;
}

export interface PageState {
  readonly snapshot: ResultSnapshot | undefined;
  readonly elapsedMs: number;
  readonly selectedCells: number;
  readonly openCell: OpenCell | undefined;
  readonly isCopyMenuOpen: boolean;
  readonly gridHost: HTMLElement;
  readonly sight: SightControl;
}

export interface PageActions {
  onCancel(): void;
  onEndTransaction(how: 'COMMIT' | 'ROLLBACK'): void;
  onCopyMenu(isOpen: boolean): void;
  onCopy(format: CopyFormat): void;
  onCloseCell(): void;
}

const copyItems: readonly { readonly label: string; readonly value: CopyFormat }[] = [
  { label: 'Tab-Separated, with Header', value: 'tsv' },
  { label: 'CSV', value: 'csv' },
  { label: 'JSON', value: 'json' },
  { label: 'Markdown', value: 'markdown' },
];

export function pageTemplate(state: PageState, actions: PageActions): TemplateResult {
  const { snapshot } = state;
  if (snapshot === undefined) return html`<p class="empty">Run a statement to see its rows here.</p>`;
  const isBusy = snapshot.state.kind === 'running' || snapshot.state.kind === 'held';
  return html`<div class="page">
    ${toolbar(snapshot, state, actions)}
    <div class="progress">
      ${isBusy ? html`<vscode-progress-bar aria-label="Running"></vscode-progress-bar>` : nothing}
    </div>
    ${banner(snapshot, state.elapsedMs, actions)} ${messages(snapshot)}
    <div class="body">
      ${snapshot.columns.length > 0 && !(snapshot.rowCount === 0 && snapshot.state.kind === 'failed') ? grid(snapshot, state) : withoutRows(snapshot)}
      ${state.sight.panel(snapshot) ?? (state.openCell === undefined ? nothing : cellViewer(snapshot, state.openCell, actions))}
    </div>
    ${state.sight.menu(snapshot)}
  </div>`;
}

function toolbar(snapshot: ResultSnapshot, state: PageState, actions: PageActions): TemplateResult {
  const { icon, text, tone } = stateWords(snapshot);
  const isBusy = snapshot.state.kind === 'running' || snapshot.state.kind === 'held';
  const { isProduction } = snapshot;
  return html`<div class="toolbar" role="toolbar" aria-label="Result">
    <span class="state is-${tone}" role="status"><i class="codicon codicon-${icon}"></i> ${text}</span>
    <span class="fact" title="Elapsed time">${duration(state.elapsedMs)}</span>
    ${snapshot.columns.length > 0 ? html`<span class="fact">${count(snapshot.rowCount, 'row')}</span>` : nothing}
    ${state.selectedCells > 1 ? html`<span class="fact">${count(state.selectedCells, 'cell')} selected</span>` : nothing}
    <span class="target ${isProduction ? 'isProduction' : ''}" title="Connection and environment">
      <i class="codicon codicon-${isProduction ? 'warning' : 'database'}"></i>
      ${snapshot.connection} · ${isProduction ? snapshot.environment.toUpperCase() : snapshot.environment}
    </span>
    <code class="sql" title=${visibleText(snapshot.sql)}>${visibleLine(snapshot.sql.replace(/\s+/g, ' ')).slice(0, 500)}</code>
    ${snapshot.transaction === 'none' || isBusy ? nothing : transactionBar(snapshot.transaction, actions)}
    ${
      snapshot.state.kind === 'running'
        ? html`<vscode-button secondary icon="debug-stop" @click=${actions.onCancel}>Cancel</vscode-button>`
        : nothing
    }
    ${snapshot.rowCount > 0 ? copyMenu(state, actions) : nothing}
  </div>`;
}

function transactionBar(transaction: 'open' | 'failed', actions: PageActions): TemplateResult {
  return html`<span class="transaction is-${transaction === 'open' ? 'warning' : 'error'}">
      ${transaction === 'open' ? 'Transaction open' : 'Transaction failed'}
    </span>
    ${
      transaction === 'open'
        ? html`<vscode-button secondary @click=${() => actions.onEndTransaction('COMMIT')}>Commit</vscode-button>`
        : nothing
    }
    <vscode-button secondary @click=${() => actions.onEndTransaction('ROLLBACK')}>Roll Back</vscode-button>`;
}

function copyMenu(state: PageState, actions: PageActions): TemplateResult {
  const what = state.selectedCells > 1 ? 'Copy the selection as …' : 'Copy all rows as …';
  return html`<span class="copy">
    <vscode-button secondary icon="copy" icon-after="chevron-down" title=${what} aria-haspopup="menu"
      aria-expanded=${state.isCopyMenuOpen ? 'true' : 'false'}
      @click=${(event: Event) => {
        event.stopPropagation();
        actions.onCopyMenu(!state.isCopyMenuOpen);
      }}>Copy</vscode-button>
    <vscode-context-menu .data=${copyItems} .show=${state.isCopyMenuOpen}
      @focusout=${() => actions.onCopyMenu(false)}
      @vsc-context-menu-select=${(event: CustomEvent<{ value: CopyFormat }>) =>
        actions.onCopy(event.detail.value)}></vscode-context-menu>
  </span>`;
}

function banner(snapshot: ResultSnapshot, elapsedMs: number, actions: PageActions) {
  const { state } = snapshot;
  if (state.kind === 'failed') return problem(state.problem);
  if (state.kind === 'stopped')
    return html`<div class="banner is-warning" role="alert"><i class="codicon codicon-warning"></i> ${state.message}</div>`;
  if (state.kind !== 'held') return nothing;
  return html`<div class="banner is-warning" role="alert">
    <i class="codicon codicon-clock"></i>
    <div>
      <strong>Waiting for approval</strong> for ${duration(elapsedMs)}
      <div>${visibleText(state.message)}</div>
      <div class="dim">The rows appear here as soon as a reviewer approves.</div>
    </div>
    <vscode-button secondary icon="debug-stop" @click=${actions.onCancel}>Cancel</vscode-button>
  </div>`;
}

function problem({ message, detail, hint, sqlState, place }: ResultProblem): TemplateResult {
  const caret = place === undefined ? '' : `${' '.repeat(Math.min(place.column - 1, place.text.length))}^`;
  return html`<div class="banner is-error" role="alert">
    <i class="codicon codicon-error"></i>
    <div>
      <strong>${visibleText(message)}</strong>
      ${detail === undefined ? nothing : html`<div>${visibleText(detail)}</div>`}
      ${hint === undefined ? nothing : html`<div>Hint: ${visibleText(hint)}</div>`}
      ${
        place === undefined
          ? nothing
          : html`<pre class="place">${place.line} | ${visibleLine(place.text)}\n${' '.repeat(String(place.line).length)} | ${caret}</pre>`
      }
      ${sqlState === undefined ? nothing : html`<div class="dim">SQLSTATE ${sqlState}</div>`}
    </div>
  </div>`;
}

/** Tags of the commands where there were several, and what the server had to say. */
function messages({ commands, notices, columns }: ResultSnapshot) {
  const lines = [
    ...(columns.length > 0 && commands.length > 1 ? commands.map(commandWords) : []),
    ...notices,
  ];
  if (lines.length === 0) return nothing;
  return html`<details class="messages" ?open=${lines.length <= 3}>
    <summary>${count(lines.length, 'message')}</summary>
    ${lines.map((line) => html`<div>${visibleText(line)}</div>`)}
  </details>`;
}

function grid(snapshot: ResultSnapshot, { gridHost }: PageState) {
  gridHost.setAttribute('aria-label', snapshot.title === '' ? 'Result rows' : `Rows of ${snapshot.title}`);
  const isEmpty = snapshot.rowCount === 0 && snapshot.state.kind === 'done';
  return html`${gridHost}${isEmpty ? html`<p class="empty isOverGrid">0 rows</p>` : nothing}`;
}

function withoutRows({ state, commands }: ResultSnapshot) {
  if (state.kind !== 'done') return nothing;
  if (commands.length === 0) return html`<p class="empty">The text holds no statement.</p>`;
  return html`<div class="commands">${commands.map((tag) => html`<div><i class="codicon codicon-check"></i> ${commandWords(tag)}</div>`)}</div>`;
}

function cellViewer(snapshot: ResultSnapshot, { row, column, value }: OpenCell, actions: PageActions) {
  const told = snapshot.columns[column];
  return html`<section class="viewer" aria-label="Cell">
    <header>
      <strong>${visibleLine(told?.name ?? '')}</strong>
      <span class="dim">${told?.type}, row ${(row + 1).toLocaleString('en-US')}${
        told?.mask === undefined ? '' : `, ${maskWords(told.mask)}`
      }</span>
      <button class="close" title="Close (Escape)" aria-label="Close" @click=${actions.onCloseCell}><i class="codicon codicon-close"></i></button>
    </header>
    <pre tabindex="0">${
      value === undefined
        ? 'Loading'
        : value === null
          ? html`<em class="dim">NULL</em>`
          : value === ''
            ? html`<em class="dim">empty text</em>`
            : visibleText(pretty(value, told?.type))
    }</pre>
  </section>`;
}

/** JSON is set in lines; its digits stay as they are where a number would lose some. */
function pretty(value: string, type: string | undefined): string {
  if (type !== 'json' && type !== 'jsonb') return value;
  if (/\d{16}/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), undefined, 2);
  } catch {
    return value;
  }
}
