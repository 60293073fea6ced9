/** The activity page as a template: search, how the events stand, and the table. */
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ActivityRow, ActivityScope, ActivitySnapshot } from '../../extension/kit/activityMessages.ts';
import { findRows, searchFields } from './searchTokens.ts';
import { statementGraph } from './statementGraph.ts';

export interface PageState {
  readonly search: string;
  /** The one row that the tab key reaches. */
  readonly focused: string | undefined;
  readonly onSearch: (text: string) => void;
  readonly onScope: (scope: ActivityScope) => void;
  readonly onOpen: (id: string) => void;
  readonly onFocus: (id: string) => void;
  readonly onMore: () => void;
  readonly onVerify: () => void;
  readonly onExport: () => void;
}

const scopes: readonly { readonly scope: ActivityScope; readonly label: string; readonly title: string }[] = [
  { scope: 'machine', label: 'This machine', title: 'Your latest statements on this machine' },
  {
    scope: 'collector',
    label: 'Collector',
    title:
      'All that the collector holds: everybody’s for auditors and admins, your own from every machine for others',
  },
];

/** On this machine all are one's own; at the collector all have been sent. */
const columns: Readonly<Record<ActivityScope, readonly string[]>> = {
  machine: ['Time', 'Statement', 'Target', 'Decision', 'Rows', 'Masked', 'Duration', 'Event'],
  collector: ['Time', 'Who', 'Statement', 'Target', 'Decision', 'Rows', 'Masked', 'Duration'],
};

export function pageTemplate(snapshot: ActivitySnapshot, state: PageState): TemplateResult {
  const rows = snapshot.rows ?? [];
  const found = findRows(rows, state.search);
  const shown = rows.find(({ id }) => id === state.focused);
  return html`
    <header>
      <div class="search">
        <div class="scopes" role="radiogroup" aria-label="Whose statements">${scopes.map(
          ({ scope, label, title }) => html`
          <button type="button" role="radio" title=${title} aria-checked=${snapshot.scope === scope}
            @click=${() => state.onScope(scope)}>${label}</button>`,
        )}</div>
        <input id="search" type="search" spellcheck="false" autocomplete="off" aria-label="Search statements"
          aria-describedby="help" placeholder="Search: words, who:ana@, table:orders, decision:deny, agent:, masked:pii.email"
          .value=${state.search} @input=${(event: Event) => state.onSearch((event.target as HTMLInputElement).value)}>
        <span class="count" role="status">${snapshot.isSearching ? 'Searching…' : countText(found.length, rows.length, snapshot.hasMore)}</span>
        <span class="actions">
          <button type="button" class="action" title="Check that the records on this machine are unchanged and complete" @click=${state.onVerify}><i class="codicon codicon-verified" aria-hidden="true"></i> Verify</button>
          <button type="button" class="action" title="Write an evidence bundle that anybody can check offline" @click=${state.onExport}><i class="codicon codicon-archive" aria-hidden="true"></i> Export…</button>
        </span>
      </div>
      <p id="help" class="hidden">Tokens: ${searchFields.map((field) => `${field}:`).join(', ')}. A minus excludes.</p>
      <p class=${snapshot.sync.isTrouble ? 'sync trouble' : 'sync'} role="status">
        <i class="codicon codicon-${snapshot.sync.isTrouble ? 'warning' : 'cloud-upload'}" aria-hidden="true"></i>
        <span>${snapshot.sync.text} ${snapshot.sync.hint}</span>
      </p>
      ${
        snapshot.sinks === undefined
          ? nothing
          : html`<p class=${snapshot.sinks.isTrouble ? 'sync sinks trouble' : 'sync sinks'} role="status">
        <i class="codicon codicon-${snapshot.sinks.isTrouble ? 'warning' : 'broadcast'}" aria-hidden="true"></i>
        <span>${snapshot.sinks.text}</span>
      </p>`
      }
      ${snapshot.problem === undefined ? nothing : html`<p class="sync trouble" role="alert"><i class="codicon codicon-error" aria-hidden="true"></i><span>${snapshot.problem}</span></p>`}
    </header>
    ${found.length === 0 ? emptyTemplate(snapshot, rows.length, state.search) : tableTemplate(found, rows.length, snapshot.scope, state)}
    ${snapshot.hasMore ? html`<p class="more"><button type="button" class="action" ?disabled=${snapshot.isSearching} @click=${state.onMore}>Show older statements</button></p>` : nothing}
    ${shown === undefined || !found.includes(shown) ? nothing : detailTemplate(shown, state)}
  `;
}

function countText(found: number, all: number, hasMore: boolean): string {
  const of = hasMore ? `${all}+` : String(all);
  if (found === all) return all === 1 && !hasMore ? '1 statement' : `${of} statements`;
  return `${found} of ${of}`;
}

function emptyTemplate(snapshot: ActivitySnapshot, all: number, search: string): TemplateResult {
  if (snapshot.rows === undefined) {
    if (snapshot.isSearching) return html`<p class="empty">Asking the collector…</p>`;
    return snapshot.problem === undefined
      ? html`<p class="empty">Statements appear here once you are signed in.</p>`
      : html`<p class="empty">Nothing can be shown until that is mended.</p>`;
  }
  if (snapshot.scope === 'collector' && all === 0 && search !== '')
    return html`<p class="empty">The collector holds no statement like that which you may see. Names are matched whole: table:orders, who:ana@example.com. Press Escape to see all.</p>`;
  if (all > 0)
    return html`<p class="empty">None of the latest ${all} statements matches. Press Escape to see all of them.</p>`;
  return html`<p class="empty">No statement was recorded for you yet. Run one: from the editor, from psql in a terminal, from any tool that connects through Portcullis.</p>`;
}

function tableTemplate(
  rows: readonly ActivityRow[],
  all: number,
  scope: ActivityScope,
  state: PageState,
): TemplateResult {
  const reachable = rows.find(({ id }) => id === state.focused)?.id ?? rows[0]?.id;
  return html`
    <table role="grid" aria-label="Latest statements, newest first" aria-rowcount=${all + 1}>
      <thead><tr>${columns[scope].map((name) => html`<th scope="col" class=${name.toLowerCase()}>${name}</th>`)}</tr></thead>
      <tbody>${repeat(
        rows,
        ({ id }) => id,
        (row) => rowTemplate(row, row.id === reachable, scope, state),
      )}</tbody>
    </table>`;
}

function rowTemplate(
  row: ActivityRow,
  isReachable: boolean,
  scope: ActivityScope,
  state: PageState,
): TemplateResult {
  const target = row.connection === '' ? '' : `${row.connection} · ${row.environment}`;
  return html`
    <tr data-id=${row.id} tabindex=${isReachable ? 0 : -1} aria-selected=${row.id === state.focused}
      @focus=${() => state.onFocus(row.id)} @dblclick=${() => state.onOpen(row.id)}>
      <td role="gridcell" class="time" title=${row.at}>${row.time}</td>
      ${scope === 'collector' ? html`<td role="gridcell" class="who" title=${row.agent === '' ? row.who : `${row.agent}, for ${row.who}`}>${row.agent === '' ? row.who : html`<i class="codicon codicon-hubot" aria-hidden="true"></i> ${row.agent}`}</td>` : nothing}
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
      ${scope === 'machine' ? html`<td role="gridcell" class="event">${row.isSynced ? 'sent' : 'waiting'}</td>` : nothing}
    </tr>`;
}

/** All about the row that has the focus, as a picture first. */
function detailTemplate(row: ActivityRow, state: PageState): TemplateResult {
  const facts: readonly (readonly [string, string])[] = [
    ['Policies', row.policies.join(', ')],
    ['Masked', row.maskedColumns.join(', ')],
    ['In clear', row.unmaskedColumns.join('; ')],
    ['Refused', row.reason],
  ];
  return html`
    <section class="detail" aria-label="The chosen statement">
      ${statementGraph(row)}
      <p class="full">${row.what}</p>
      <dl>${facts.filter(([, value]) => value !== '').map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
      <button type="button" class="action" @click=${() => state.onOpen(row.id)}><i class="codicon codicon-go-to-file" aria-hidden="true"></i> Open as SQL</button>
    </section>`;
}

function iconOf(row: ActivityRow): string {
  if (row.outcome === 'running') return 'sync';
  if (row.outcome === 'denied' || row.outcome === 'refused') return 'circle-slash';
  if (row.outcome === 'needs approval') return 'clock';
  if (row.isTrouble) return 'error';
  return row.decision === 'approve' ? 'pass-filled' : 'pass';
}
