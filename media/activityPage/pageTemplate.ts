/** The activity page as a template: search, how the events stand, and the table. */
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ActivityRow, ActivitySnapshot } from '../../extension/kit/activityMessages.ts';
import { findRows, searchFields } from './searchTokens.ts';

export interface PageState {
  readonly search: string;
  /** The one row that the tab key reaches. */
  readonly focused: number | undefined;
  readonly onSearch: (text: string) => void;
  readonly onOpen: (seq: number) => void;
  readonly onFocus: (seq: number) => void;
}

const columns = ['Time', 'Statement', 'Target', 'Decision', 'Rows', 'Masked', 'Duration', 'Event'] as const;

export function pageTemplate(snapshot: ActivitySnapshot, state: PageState): TemplateResult {
  const rows = snapshot.rows ?? [];
  const found = findRows(rows, state.search);
  return html`
    <header>
      <div class="search">
        <i class="codicon codicon-search" aria-hidden="true"></i>
        <input id="search" type="search" spellcheck="false" autocomplete="off" aria-label="Search statements"
          aria-describedby="help" placeholder="Search: words, decision:deny, table:orders, masked:email"
          .value=${state.search} @input=${(event: Event) => state.onSearch((event.target as HTMLInputElement).value)}>
        <span class="count" role="status">${countText(found.length, rows.length)}</span>
      </div>
      <p id="help" class="hidden">Tokens: ${searchFields.map((field) => `${field}:`).join(', ')}. A minus excludes.</p>
      <p class=${snapshot.sync.isTrouble ? 'sync trouble' : 'sync'} role="status">
        <i class="codicon codicon-${snapshot.sync.isTrouble ? 'warning' : 'cloud-upload'}" aria-hidden="true"></i>
        <span>${snapshot.sync.text} ${snapshot.sync.hint}</span>
      </p>
      ${snapshot.problem === undefined ? nothing : html`<p class="sync trouble" role="alert"><i class="codicon codicon-error" aria-hidden="true"></i><span>${snapshot.problem}</span></p>`}
    </header>
    ${found.length === 0 ? emptyTemplate(snapshot, rows.length) : tableTemplate(found, rows.length, state)}
  `;
}

function countText(found: number, all: number): string {
  if (found === all) return all === 1 ? '1 statement' : `${all} statements`;
  return `${found} of ${all}`;
}

function emptyTemplate(snapshot: ActivitySnapshot, all: number): TemplateResult {
  if (snapshot.rows === undefined)
    return html`<p class="empty">Statements appear here once you are signed in.</p>`;
  if (all > 0)
    return html`<p class="empty">None of the latest ${all} statements matches. Press Escape to see all of them.</p>`;
  return html`<p class="empty">No statement was recorded for you yet. Run one: from the editor, from psql in a terminal, from any tool that connects through Portcullis.</p>`;
}

function tableTemplate(rows: readonly ActivityRow[], all: number, state: PageState): TemplateResult {
  const reachable = rows.find(({ seq }) => seq === state.focused)?.seq ?? rows[0]?.seq;
  return html`
    <table role="grid" aria-label="Latest statements, newest first" aria-rowcount=${all + 1}>
      <thead><tr>${columns.map((name) => html`<th scope="col" class=${name.toLowerCase()}>${name}</th>`)}</tr></thead>
      <tbody>${repeat(
        rows,
        ({ seq }) => seq,
        (row) => rowTemplate(row, row.seq === reachable, state),
      )}</tbody>
    </table>`;
}

function rowTemplate(row: ActivityRow, isReachable: boolean, state: PageState): TemplateResult {
  const target = row.connection === '' ? '' : `${row.connection} · ${row.environment}`;
  return html`
    <tr data-seq=${row.seq} tabindex=${isReachable ? 0 : -1}
      @focus=${() => state.onFocus(row.seq)} @dblclick=${() => state.onOpen(row.seq)}>
      <td role="gridcell" class="time" title=${row.at}>${row.time}</td>
      <td role="gridcell" class="statement" title=${row.what}>
        <span class="what">${row.what}</span>
        ${row.reason === '' ? nothing : html`<span class="reason" title=${row.reason}>${row.reason}</span>`}
      </td>
      <td role="gridcell" class="target" title=${row.application === '' ? target : `${target}, from ${row.application}`}>${target}</td>
      <td role="gridcell" class=${row.isTrouble ? 'decision trouble' : 'decision'}>
        <i class="codicon codicon-${iconOf(row)}" aria-hidden="true"></i> ${row.outcome}
      </td>
      <td role="gridcell" class="rows">${row.rows}</td>
      <td role="gridcell" class="masked" title=${row.maskedColumns.join(', ')}>${row.maskedColumns.length || ''}</td>
      <td role="gridcell" class="duration">${row.duration}</td>
      <td role="gridcell" class="event">${row.isSynced ? 'sent' : 'waiting'}</td>
    </tr>`;
}

function iconOf(row: ActivityRow): string {
  if (row.outcome === 'running') return 'sync';
  if (row.outcome === 'denied' || row.outcome === 'refused') return 'circle-slash';
  if (row.outcome === 'needs approval') return 'clock';
  if (row.isTrouble) return 'error';
  return row.decision === 'approve' ? 'pass-filled' : 'pass';
}
