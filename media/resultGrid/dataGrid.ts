/** The grid itself: draws the rows and columns that are seen, and keeps focus, selection and widths. */
import { render } from 'lit';
import type { GridColumn, GridRange } from '../../extension/kit/gridMessages.ts';
import { columnAt, columnsWithin, type Measure, narrowest, placeOfColumn, widthsOf } from './columnLayout.ts';
import {
  type CellPlace,
  type GridSelection,
  type GridSize,
  moveTo,
  pressKey,
  rangeOf,
  selectAll,
  startSelection,
} from './gridSelection.ts';
import { gridTemplate } from './gridTemplate.ts';
import type { RowWindows } from './rowWindows.ts';
import { mapScroll, type ScrollMap } from './scrollMap.ts';

const rowHeight = 22;
const headerHeight = 26;
const overscanRows = 8;
const overscanPixels = 200;

export interface GridListener {
  /** The menu of a column is wanted there, in pixels of the page. */
  onMenu(column: number, x: number, y: number): void;
  /** Enter or a double click: show the whole value. */
  onOpen(place: CellPlace): void;
  onSelect(active: CellPlace): void;
  /** What `view` answers may have changed. */
  onView(): void;
}

/** Where a person stands in a grid, as plain data. */
export interface GridPlace {
  /** In all the rows, in pixels. */
  readonly top: number;
  readonly left: number;
  readonly widths: readonly number[];
  readonly selection: GridSelection;
}

export class DataGrid {
  readonly #host: HTMLElement;
  readonly #windows: RowWindows;
  readonly #listener: GridListener;
  readonly #measure: Measure;
  #columns: readonly GridColumn[] = [];
  #widths: number[] = [];
  #isFitted = false;
  #selection: GridSelection = startSelection;
  #isDragging = false;
  #frame = 0;
  /** Where to go as soon as there is room. */
  #goal: GridPlace | undefined;

  constructor(host: HTMLElement, windows: RowWindows, listener: GridListener) {
    this.#host = host;
    this.#windows = windows;
    this.#listener = listener;
    this.#measure = measureIn(host);
    host.setAttribute('role', 'grid');
    host.setAttribute('aria-multiselectable', 'true');
    host.setAttribute('aria-readonly', 'true');
    host.addEventListener('scroll', () => this.drawSoon(), { passive: true });
    host.addEventListener('keydown', (event) => this.#onKey(event));
    host.addEventListener('pointerdown', (event) => this.#onPointerDown(event));
    host.addEventListener('pointermove', (event) => this.#onPointerMove(event));
    host.addEventListener('pointerup', () => {
      this.#isDragging = false;
    });
    host.addEventListener('dblclick', (event) => {
      if (event.target instanceof Element && event.target.closest('[role=gridcell]') !== null)
        listener.onOpen(this.#selection.active);
    });
    new ResizeObserver(() => this.drawSoon()).observe(host);
  }

  get range(): GridRange {
    return rangeOf(this.#selection);
  }

  get view(): GridPlace {
    const { scrollTop, scrollLeft: left } = this.#host;
    return { top: this.#scroll.toContent(scrollTop), left, widths: this.#widths, selection: this.#selection };
  }

  /** Another result, or other rows in its place; or the same rows on a new page, shown as they were left. */
  reset(columns: readonly GridColumn[], left?: GridPlace): void {
    this.#columns = columns;
    this.#isFitted = left !== undefined;
    this.#widths = left === undefined ? widthsOf(columns, [], this.#measure) : [...left.widths];
    this.#selection = left?.selection ?? startSelection;
    this.#goal = left;
    this.#host.scrollTo(0, 0);
    this.drawSoon();
  }

  /** The same columns, of which more may be known. */
  update(columns: readonly GridColumn[]): void {
    this.#columns = columns;
    this.drawSoon();
  }

  focus(): void {
    this.#activeCell()?.focus({ preventScroll: true });
  }

  drawSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  get #size(): GridSize {
    const page = Math.max(1, Math.floor(this.#viewHeight / rowHeight) - 1);
    return { rows: this.#windows.rowCount, columns: this.#columns.length, page };
  }

  get #viewHeight(): number {
    return Math.max(0, this.#host.clientHeight - headerHeight);
  }

  get #scroll(): ScrollMap {
    return mapScroll(this.#windows.rowCount, rowHeight, this.#viewHeight);
  }

  get #numberWidth(): number {
    return Math.round(this.#measure(String(this.#windows.rowCount)) + 20);
  }

  #draw(): void {
    const host = this.#host;
    if (host.clientHeight === 0) return;
    const spacer = this.#goToGoal();
    const { rows } = this.#size;
    const scroll = this.#scroll;
    const top = scroll.toContent(host.scrollTop);
    const first = Math.max(0, Math.floor(top / rowHeight) - overscanRows);
    const last = Math.min(rows - 1, Math.ceil((top + this.#viewHeight) / rowHeight) + overscanRows);
    this.#windows.want(first, last);
    this.#fit(first);
    const numberWidth = this.#numberWidth;
    const left = host.scrollLeft;
    const active = this.#selection.active;
    const placed = columnsWithin(
      this.#widths,
      left - overscanPixels,
      left + host.clientWidth + overscanPixels,
      active.column,
    );
    const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    // The focus must have a cell to stand on, wherever the view has been scrolled to.
    if (rows > 0 && (active.row < first || active.row > last)) shown.push(active.row);
    const placeOf = (row: number) => {
      const place = headerHeight + host.scrollTop + (row * rowHeight - top);
      return Math.round(Math.max(headerHeight, Math.min(place, headerHeight + scroll.height - rowHeight)));
    };
    host.setAttribute('aria-rowcount', String(rows + 1));
    host.setAttribute('aria-colcount', String(this.#columns.length + 1));
    const hadFocus = host.contains(document.activeElement);
    render(
      gridTemplate({
        columns: this.#columns,
        placed,
        rows: shown.map((index) => ({ index, top: placeOf(index), cells: this.#windows.row(index) })),
        width: numberWidth + this.#widths.reduce((sum, each) => sum + each, 0),
        height: headerHeight + scroll.height,
        numberWidth,
        active,
        range: this.range,
        onResize: (event, column) => this.#resize(event, column),
        onFit: (event, column) => this.#fitColumn(event, column),
        onMenu: (event, column) => this.#openMenu(event, event.currentTarget as HTMLElement, column),
      }),
      host,
    );
    spacer?.remove();
    if (hadFocus && !this.#activeCell()?.contains(document.activeElement)) this.focus();
    this.#listener.onView();
  }

  /** Before anything is drawn there is nothing to scroll: an element as high goes ahead, until the rows are drawn. */
  #goToGoal(): HTMLElement | undefined {
    const goal = this.#goal;
    if (goal === undefined) return undefined;
    this.#goal = undefined;
    const spacer = document.createElement('div');
    const width = this.#numberWidth + this.#widths.reduce((sum, each) => sum + each, 0);
    spacer.style.cssText = `height: ${headerHeight + this.#scroll.height}px; width: ${width}px`;
    this.#host.append(spacer);
    this.#host.scrollTo(goal.left, this.#scroll.toScroll(goal.top));
    return spacer;
  }

  #activeCell(): HTMLElement | null {
    return this.#host.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]');
  }

  /** Once, from the first rows that are there. */
  #fit(first: number): void {
    if (this.#isFitted || this.#windows.row(first) === undefined) return;
    this.#isFitted = true;
    this.#widths = widthsOf(this.#columns, this.#rowsHeld(first), this.#measure);
  }

  #fitColumn(event: Event, index: number): void {
    event.stopPropagation();
    const top = Math.floor(this.#scroll.toContent(this.#host.scrollTop) / rowHeight);
    const width = widthsOf(this.#columns, this.#rowsHeld(top), this.#measure)[index];
    if (width !== undefined) this.#widths[index] = width;
    this.drawSoon();
  }

  #openMenu(event: Event, under: HTMLElement, column: number): void {
    event.preventDefault();
    event.stopPropagation();
    const { left, bottom } = under.getBoundingClientRect();
    this.#listener.onMenu(column, left, bottom);
  }

  #rowsHeld(first: number) {
    return Array.from({ length: 100 }, (_, index) => this.#windows.row(first + index)).filter(
      (row) => row !== undefined,
    );
  }

  #resize(event: PointerEvent, index: number): void {
    event.stopPropagation();
    event.preventDefault();
    const edge = event.currentTarget as HTMLElement;
    const startWidth = this.#widths[index] ?? 0;
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = (move) => {
      this.#widths[index] = Math.max(narrowest, startWidth + move.clientX - event.clientX);
      this.drawSoon();
    };
    edge.onpointerup = () => {
      edge.onpointermove = null;
    };
  }

  /** @param isFollowed the view goes where the active cell is; not when a whole row or column is taken. */
  #select(selection: GridSelection, isFollowed = false): void {
    this.#selection = selection;
    if (isFollowed) this.#reveal(selection.active);
    this.#draw();
    this.focus();
    this.#listener.onSelect(selection.active);
  }

  #reveal({ row, column }: CellPlace): void {
    const host = this.#host;
    const scroll = this.#scroll;
    const top = scroll.toContent(host.scrollTop);
    const bottom = top + this.#viewHeight;
    if (row * rowHeight < top) host.scrollTop = scroll.toScroll(row * rowHeight);
    else if ((row + 1) * rowHeight > bottom)
      host.scrollTop = scroll.toScroll((row + 1) * rowHeight - this.#viewHeight);
    const { left, width } = placeOfColumn(this.#widths, column);
    const room = host.clientWidth - this.#numberWidth;
    if (left < host.scrollLeft) host.scrollLeft = left;
    else if (left + width > host.scrollLeft + room) host.scrollLeft = Math.min(left, left + width - room);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') {
      event.preventDefault();
      this.#listener.onOpen(this.#selection.active);
      return;
    }
    if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) {
      const cell = this.#activeCell();
      if (cell !== null) this.#openMenu(event, cell, this.#selection.active.column);
      return;
    }
    const pressed = { key: event.key, isShift: event.shiftKey, isCommand: event.ctrlKey || event.metaKey };
    const next = pressKey(this.#selection, pressed, this.#size);
    if (next === undefined) return;
    event.preventDefault();
    this.#select(next, event.key.toLowerCase() !== 'a');
  }

  #onPointerDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    const many = this.#lineUnder(event);
    if (many !== undefined) this.#select(many);
    else if (event.target instanceof Element && event.target.closest('[role=gridcell]') !== null) {
      this.#isDragging = true;
      this.#host.setPointerCapture(event.pointerId);
      this.#select(moveTo(this.#selection, this.#placeUnder(event), event.shiftKey, this.#size), true);
    } else return;
    // The browser would put the focus elsewhere.
    event.preventDefault();
  }

  /** Everything, a column or a row: what a press on a header or a row number takes. */
  #lineUnder({ target, shiftKey }: PointerEvent): GridSelection | undefined {
    if (!(target instanceof Element)) return undefined;
    const size = this.#size;
    if (target.closest('.corner') !== null) return selectAll(size);
    const header = target.closest<HTMLElement>('[data-column]');
    if (header !== null) {
      const column = Number(header.dataset['column']);
      const from = shiftKey ? this.#selection.anchor.column : column;
      return { active: { row: 0, column }, anchor: { row: size.rows - 1, column: from } };
    }
    const number = target.closest<HTMLElement>('[data-row]');
    if (number === null) return undefined;
    const row = Number(number.dataset['row']);
    const from = shiftKey ? this.#selection.anchor.row : row;
    return { active: { row, column: 0 }, anchor: { row: from, column: size.columns - 1 } };
  }

  #onPointerMove(event: PointerEvent): void {
    if (!this.#isDragging) return;
    const place = this.#placeUnder(event);
    const { active } = this.#selection;
    if (place.row !== active.row || place.column !== active.column)
      this.#select(moveTo(this.#selection, place, true, this.#size), true);
  }

  #placeUnder(event: PointerEvent): CellPlace {
    const box = this.#host.getBoundingClientRect();
    const y = event.clientY - box.top - headerHeight + this.#scroll.toContent(this.#host.scrollTop);
    const x = event.clientX - box.left - this.#numberWidth + this.#host.scrollLeft;
    return { row: Math.floor(y / rowHeight), column: columnAt(this.#widths, x) };
  }
}

function measureIn(host: HTMLElement): Measure {
  const context = document.createElement('canvas').getContext('2d');
  return (text) => {
    if (context === null) return text.length * 8;
    context.font = getComputedStyle(host).font;
    return context.measureText(text).width;
  };
}
