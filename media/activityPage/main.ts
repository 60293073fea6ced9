/** The activity page: draws the snapshots of the host, searches in them, and works by keyboard alone. */
import { render } from 'lit';
import type {
  ActivityPageMessage,
  ActivityScope,
  ActivitySnapshot,
} from '../../extension/kit/activityMessages.ts';
import { openHostChannel } from '../kit/vscodeApi.ts';
import { pageTemplate } from './pageTemplate.ts';
import { toStatementSearch } from './searchTokens.ts';
import './style.css';

const channel = openHostChannel<ActivityPageMessage, ActivitySnapshot>();
const root = document.getElementById('root') ?? document.body;

let snapshot: ActivitySnapshot = {
  kind: 'activity',
  scope: 'machine',
  hasMore: false,
  isSearching: false,
  sync: { text: 'Reading the journal…', hint: '', isTrouble: false },
};
/** The editor tears a hidden page down: the search comes back with it. */
let { search, scope } = keptState();
let focused: string | undefined;
/** The collector is asked once the person has stopped typing. */
let asking: ReturnType<typeof setTimeout> | undefined;
const typingMs = 350;

channel.listen((message) => {
  snapshot = message;
  draw();
});
document.addEventListener('keydown', onKey);
draw();
channel.post({ kind: 'ready' });
if (scope === 'collector') ask();

function draw(): void {
  render(
    pageTemplate(snapshot, {
      search,
      focused,
      onSearch: setSearch,
      onScope: setScope,
      onOpen: (id) => channel.post({ kind: 'openStatement', id }),
      onFocus: (id) => {
        if (focused === id) return;
        focused = id;
        draw();
      },
      onMore: () => channel.post({ kind: 'more' }),
      onVerify: () => channel.post({ kind: 'verify' }),
      onExport: () => channel.post({ kind: 'export', search: toStatementSearch(search) }),
    }),
    root,
  );
}

function setSearch(text: string): void {
  search = text;
  channel.state.set({ search, scope });
  draw();
  if (scope !== 'collector') return;
  clearTimeout(asking);
  asking = setTimeout(ask, typingMs);
}

function setScope(chosen: ActivityScope): void {
  if (scope === chosen) return;
  scope = chosen;
  channel.state.set({ search, scope });
  ask();
}

function ask(): void {
  clearTimeout(asking);
  channel.post({ kind: 'search', scope, search: toStatementSearch(search) });
}

function keptState(): { search: string; scope: ActivityScope } {
  const kept = channel.state.get() as { readonly search?: unknown; readonly scope?: unknown } | undefined;
  return {
    search: typeof kept?.search === 'string' ? kept.search : '',
    scope: kept?.scope === 'collector' ? 'collector' : 'machine',
  };
}

function onKey(event: KeyboardEvent): void {
  const box = document.getElementById('search');
  const isInBox = document.activeElement === box;
  const wantsBox = (event.key === '/' && !isInBox) || (event.key === 'f' && (event.ctrlKey || event.metaKey));
  if (wantsBox) {
    event.preventDefault();
    box?.focus();
  } else if (event.key === 'Escape' && search !== '') {
    event.preventDefault();
    setSearch('');
  } else if (event.key === 'Enter' && isRow(document.activeElement) && focused !== undefined) {
    event.preventDefault();
    channel.post({ kind: 'openStatement', id: focused });
  } else if (!isInBox || event.key === 'ArrowDown') moveFocus(event);
}

function isRow(element: Element | null): boolean {
  return element?.matches('tbody tr') === true;
}

/** Up, Down, Page Up, Page Down, Home and End move between rows (APG grid pattern). */
function moveFocus(event: KeyboardEvent): void {
  const rows = [...root.querySelectorAll<HTMLElement>('tbody tr')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const targets: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + 15,
    PageUp: at - 15,
    Home: 0,
    End: rows.length - 1,
  };
  const target = targets[event.key];
  if (target === undefined || rows.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (event.key === 'ArrowUp' && at === 0) document.getElementById('search')?.focus();
  else rows[Math.min(rows.length - 1, Math.max(0, target))]?.focus();
}
