/** The results page: draws the snapshot that the host sends, and asks it for the rows that are looked at. */
import { render } from 'lit';
import type { CopyFormat, GridToHost, HostToGrid, ResultSnapshot } from '../../extension/kit/gridMessages.ts';
import { openHostChannel } from '../kit/vscodeApi.ts';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-context-menu/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import '@vscode-elements/elements/dist/vscode-textarea/index.js';
import { DataGrid, type GridPlace } from './dataGrid.ts';
import { type CellPlace, cellCount } from './gridSelection.ts';
import { type OpenCell, pageTemplate } from './pageTemplate.ts';
import { RowWindows } from './rowWindows.ts';
import { SightControl } from './sightControl.ts';
import './style.css';

const channel = openHostChannel<GridToHost, HostToGrid>();
const root = document.getElementById('root') ?? document.body;
/** Kept apart from the page's template: it draws itself, at every scroll. */
const gridHost = document.createElement('div');
gridHost.className = 'grid';

let snapshot: ResultSnapshot | undefined;
/** When the snapshot came, to count on from its elapsed time. */
let receivedAt = 0;
let openCell: OpenCell | undefined;
let isCopyMenuOpen = false;
let isDrawAsked = false;
let isKeepAsked = false;

const windows = new RowWindows((offset, count) => {
  if (snapshot !== undefined) channel.post({ kind: 'window', result: snapshot.result, offset, count });
});
const grid = new DataGrid(gridHost, windows, {
  onOpen: openCellAt,
  // An open viewer follows the active cell.
  onSelect: (place) => (openCell === undefined ? draw() : openCellAt(place)),
  onView: keepViewSoon,
  onMenu: (column, x, y) => sight.openMenu(column, x, y),
});
const sight = new SightControl({
  post: (message) => channel.post(message),
  draw,
  onClosed: () => grid.focus(),
});

channel.listen((message) => {
  if (message.kind === 'state') {
    takeState(message.snapshot);
    return;
  }
  if (message.kind === 'sight') {
    sight.accept(message.sight);
    return;
  }
  if (message.result !== snapshot?.result) return;
  if (message.kind === 'cell') {
    if (openCell?.row === message.row && openCell.column === message.column)
      openCell = { ...openCell, value: message.value };
    draw();
  } else if (message.rowSet === snapshot.rowSet) {
    windows.accept(message.offset, message.rows);
    grid.drawSoon();
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  if (sight.isOpen) sight.close();
  else if (openCell !== undefined) closeCell();
});
document.addEventListener('copy', (event) => {
  if (!gridHost.contains(document.activeElement)) return;
  event.preventDefault();
  copy('tsv', false);
});
setInterval(() => {
  if (snapshot?.state.kind === 'running' || snapshot?.state.kind === 'held') draw();
}, 200);
draw();
channel.post({ kind: 'ready' });

function takeState(next: ResultSnapshot | undefined): void {
  const isOther = next?.result !== snapshot?.result || next?.rowSet !== snapshot?.rowSet;
  snapshot = next;
  receivedAt = performance.now();
  if (isOther) {
    windows.reset();
    openCell = undefined;
    sight.reset();
  }
  windows.grow(next?.rowCount ?? 0);
  draw();
  if (isOther) grid.reset(next?.columns ?? [], keptViewOf(next));
  else grid.update(next?.columns ?? []);
}

/** A page that is hidden is taken down: the next one begins where this one was left. */
function keepViewSoon(): void {
  if (isKeepAsked) return;
  isKeepAsked = true;
  setTimeout(keepView, 100);
}

function keepView(): void {
  isKeepAsked = false;
  channel.state.set({ of: keyOf(snapshot), view: grid.view });
}

function keptViewOf(shown: ResultSnapshot | undefined): GridPlace | undefined {
  const kept = channel.state.get() as { readonly of: string; readonly view: GridPlace } | undefined;
  return kept?.of === keyOf(shown) ? kept.view : undefined;
}

/** Results are counted anew when the editor is, so a number alone may be another's. */
function keyOf(shown: ResultSnapshot | undefined): string {
  return shown === undefined ? '' : `${shown.result} ${shown.rowSet} ${shown.sql}`;
}

function openCellAt({ row, column }: CellPlace): void {
  if (snapshot === undefined || windows.rowCount === 0) return;
  openCell = { row, column, value: undefined };
  channel.post({ kind: 'cell', result: snapshot.result, row, column });
  draw();
}

function closeCell(): void {
  openCell = undefined;
  draw();
  grid.focus();
}

function copy(format: CopyFormat, isWithHeader: boolean): void {
  if (snapshot === undefined || windows.rowCount === 0) return;
  const whole = {
    firstRow: 0,
    lastRow: windows.rowCount - 1,
    firstColumn: 0,
    lastColumn: snapshot.columns.length - 1,
  };
  // One cell is what the focus stands on, not a choice: the menu copies everything then.
  const range = isWithHeader && cellCount(grid.range) === 1 ? whole : grid.range;
  channel.post({ kind: 'copy', result: snapshot.result, format, range, isWithHeader });
}

/** Not at once: taking an element away moves the focus, whose event asks for the next drawing within this one. */
function draw(): void {
  if (isDrawAsked) return;
  isDrawAsked = true;
  queueMicrotask(drawNow);
}

function drawNow(): void {
  isDrawAsked = false;
  const result = snapshot?.result ?? 0;
  const counted = snapshot?.state.kind === 'running' || snapshot?.state.kind === 'held';
  render(
    pageTemplate(
      {
        snapshot,
        elapsedMs: (snapshot?.elapsedMs ?? 0) + (counted ? performance.now() - receivedAt : 0),
        selectedCells: windows.rowCount === 0 ? 0 : cellCount(grid.range),
        openCell,
        isCopyMenuOpen,
        gridHost,
        sight,
      },
      {
        onCancel: () => channel.post({ kind: 'cancel', result }),
        onEndTransaction: (how) => channel.post({ kind: 'endTransaction', result, how }),
        onCopyMenu: (isOpen) => {
          isCopyMenuOpen = isOpen;
          draw();
        },
        onCopy: (format) => {
          isCopyMenuOpen = false;
          copy(format, true);
          draw();
        },
        onCloseCell: closeCell,
      },
    ),
    root,
  );
  sight.takeFocus(root);
}
