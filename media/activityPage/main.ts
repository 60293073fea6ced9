/** The activity page: draws the snapshots of the host, searches in them, and works by keyboard alone. */
import { render } from 'lit';
import type { ActivityPageMessage, ActivitySnapshot } from '../../extension/kit/activityMessages.ts';
import { openHostChannel } from '../kit/vscodeApi.ts';
import { pageTemplate } from './pageTemplate.ts';
import './style.css';

const channel = openHostChannel<ActivityPageMessage, ActivitySnapshot>();
const root = document.getElementById('root') ?? document.body;

let snapshot: ActivitySnapshot = {
  kind: 'activity',
  sync: { text: 'Reading the journal…', hint: '', isTrouble: false },
};
/** The editor tears a hidden page down: the search comes back with it. */
let search = keptSearch();
let focused: number | undefined;

channel.listen((message) => {
  snapshot = message;
  draw();
});
document.addEventListener('keydown', onKey);
draw();
channel.post({ kind: 'ready' });

function draw(): void {
  render(
    pageTemplate(snapshot, {
      search,
      focused,
      onSearch: setSearch,
      onOpen: (seq) => channel.post({ kind: 'openStatement', seq }),
      onFocus: (seq) => {
        if (focused === seq) return;
        focused = seq;
        draw();
      },
    }),
    root,
  );
}

function setSearch(text: string): void {
  search = text;
  channel.state.set({ search });
  draw();
}

function keptSearch(): string {
  const kept = channel.state.get() as { readonly search?: unknown } | undefined;
  return typeof kept?.search === 'string' ? kept.search : '';
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
  } else if (event.key === 'Enter' && !isInBox && focused !== undefined) {
    event.preventDefault();
    channel.post({ kind: 'openStatement', seq: focused });
  } else if (!isInBox || event.key === 'ArrowDown') moveFocus(event);
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
