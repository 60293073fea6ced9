/** What is asked about a column: its menu, the panel beside the grid, and what is typed into it. */
import { html, type TemplateResult } from 'lit';
import { styleMap } from 'lit/directives/style-map.js';
import type { GridColumn, GridToHost, ResultSnapshot, SightView } from '../../extension/kit/gridMessages.ts';
import { visibleLine } from '../kit/visibleText.ts';
import { sightPanel } from './sightPanel.ts';

type SightMessage = Extract<
  GridToHost,
  { kind: 'openSight' | 'askSight' | 'withdrawSight' | 'closeSight' | 'runAgain' }
>;

export interface SightHost {
  post(message: SightMessage): void;
  draw(): void;
  /** The panel or the menu is gone: the focus goes back. */
  onClosed(): void;
}

type MenuItem = 'ask' | 'why';

export class SightControl {
  readonly #host: SightHost;
  #menu: { readonly column: number; readonly x: number; readonly y: number } | undefined;
  /** The column whose panel is open; its state is the host's where something is asked for. */
  #column: number | undefined;
  #sight: SightView | undefined;
  #reason = '';
  #minutes: number | undefined;
  #missing = '';
  #wantsFocus = '';

  constructor(host: SightHost) {
    this.#host = host;
  }

  get isOpen(): boolean {
    return this.#column !== undefined;
  }

  openMenu(column: number, x: number, y: number): void {
    this.#menu = { column, x, y };
    this.#host.draw();
  }

  /** What the host says of the asking; undefined where there is none. */
  accept(sight: SightView | undefined): void {
    const kind = sight?.state.kind;
    if (sight !== undefined) this.#column = sight.column;
    if (kind !== this.#sight?.state.kind) {
      if (kind === 'form') this.#wantsFocus = '#reason';
      if (kind === 'approved') this.#wantsFocus = '#runAgain';
      if (kind === 'waiting') this.#reason = '';
    }
    this.#sight = sight;
    this.#host.draw();
  }

  /** Another result is shown. */
  reset(): void {
    this.#menu = undefined;
    this.#column = undefined;
    this.#sight = undefined;
    this.#missing = '';
  }

  close(): void {
    const result = this.#sight?.result;
    this.reset();
    if (result !== undefined) this.#host.post({ kind: 'closeSight', result });
    this.#host.draw();
    this.#host.onClosed();
  }

  /** Once it is drawn: what has come up takes the focus. */
  takeFocus(root: ParentNode): void {
    const goal = this.#wantsFocus === '' ? null : root.querySelector<HTMLElement>(this.#wantsFocus);
    if (goal === null) return;
    this.#wantsFocus = '';
    // An answer that comes while somebody writes elsewhere must not take the keys from there.
    if (!document.hasFocus()) return;
    // The textarea has its inner element only once it has drawn itself.
    requestAnimationFrame(() => goal.focus());
  }

  menu({ columns, result }: ResultSnapshot): TemplateResult {
    const menu = this.#menu;
    const column = columns[menu?.column ?? -1];
    return html`<vscode-context-menu
      class="columnMenu" aria-label="Column"
      style=${styleMap({ left: `${menu?.x ?? 0}px`, top: `${menu?.y ?? 0}px` })}
      .data=${column === undefined ? [] : menuItems(column)} .show=${column !== undefined}
      @focusout=${() => this.#closeMenu()}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        this.#closeMenu();
        this.#host.onClosed();
      }}
      @vsc-context-menu-select=${(event: CustomEvent<{ value: MenuItem }>) => this.#choose(event.detail.value, result)}
    ></vscode-context-menu>`;
  }

  panel(snapshot: ResultSnapshot): TemplateResult | undefined {
    const column = snapshot.columns[this.#column ?? -1];
    if (column === undefined) return undefined;
    const isAsked = this.#sight?.column === this.#column && this.#sight?.result === snapshot.result;
    const { result } = snapshot;
    return sightPanel(
      {
        column,
        state: isAsked ? this.#sight?.state : undefined,
        reason: this.#reason,
        minutes: this.#minutes,
        missing: this.#missing,
      },
      {
        onReason: (text) => {
          this.#reason = text;
          if (this.#missing === '' || text.trim() === '') return;
          this.#missing = '';
          this.#host.draw();
        },
        onMinutes: (minutes) => {
          this.#minutes = minutes;
          this.#host.draw();
        },
        onOpen: () => this.#open(result),
        onAsk: () => this.#ask(result),
        onWithdraw: () => this.#host.post({ kind: 'withdrawSight', result }),
        onRunAgain: () => this.#host.post({ kind: 'runAgain', result }),
        onClose: () => this.close(),
      },
    );
  }

  #choose(item: MenuItem, result: number): void {
    const column = this.#menu?.column;
    this.#menu = undefined;
    if (column === undefined) return;
    if (this.#column !== column) this.reset();
    this.#column = column;
    if (item === 'ask') this.#open(result);
    else this.#wantsFocus = '.why';
    this.#host.draw();
  }

  #open(result: number): void {
    if (this.#column !== undefined) this.#host.post({ kind: 'openSight', result, column: this.#column });
  }

  #ask(result: number): void {
    const sight = this.#sight;
    if (sight?.state.kind !== 'form') return;
    const reason = this.#reason.trim();
    const minutes = this.#minutes ?? sight.state.minutes[0];
    if (reason === '') {
      this.#missing = 'Say why: the reviewer decides by it, and it goes on record.';
      this.#wantsFocus = '#reason';
      this.#host.draw();
      return;
    }
    if (minutes !== undefined)
      this.#host.post({ kind: 'askSight', result, column: sight.column, minutes, reason });
  }

  #closeMenu(): void {
    if (this.#menu === undefined) return;
    this.#menu = undefined;
    this.#host.draw();
  }
}

function menuItems({ mask, source, name }: GridColumn): { label: string; value: MenuItem }[] {
  const why = { label: `Why Is It ${mask === undefined ? 'Not ' : ''}Masked?`, value: 'why' as const };
  if (mask === undefined || source === undefined) return [why];
  return [{ label: `Ask to See ${visibleLine(name)}…`, value: 'ask' }, why];
}
