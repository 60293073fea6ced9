/** The elements of the grid that are seen: header, row numbers, cells, with the roles of the W3C APG grid pattern. */
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { styleMap } from 'lit/directives/style-map.js';
import type { GridCell, GridColumn, GridRange } from '../../extension/kit/gridMessages.ts';
import { visibleLine } from '../kit/visibleText.ts';
import { cellText, maskWords } from './cellText.ts';
import type { PlacedColumn } from './columnLayout.ts';
import { type CellPlace, isWithin } from './gridSelection.ts';
import type { GridRow } from './rowWindows.ts';

export interface GridView {
  readonly columns: readonly GridColumn[];
  /** Those that are drawn. */
  readonly placed: readonly PlacedColumn[];
  readonly rows: readonly {
    readonly index: number;
    readonly top: number;
    readonly cells: GridRow | undefined;
  }[];
  readonly width: number;
  readonly height: number;
  readonly numberWidth: number;
  readonly active: CellPlace;
  readonly range: GridRange;
  onResize(event: PointerEvent, column: number): void;
  onFit(event: MouseEvent, column: number): void;
  onMenu(event: MouseEvent, column: number): void;
}

export function gridTemplate(view: GridView): TemplateResult {
  const { width, height, numberWidth } = view;
  return html`<div class="canvas" style=${styleMap({ width: `${width}px`, height: `${height}px` })}>
    <div class="gridHeader" role="row" aria-rowindex="1" style=${styleMap({ width: `${width}px` })}>
      <div
        class="corner" role="columnheader" aria-colindex="1" aria-label="Row" title="Select all"
        style=${styleMap({ width: `${numberWidth}px` })}
      ></div>
      ${view.placed.map((place) => header(view, place))}
    </div>
    ${repeat(
      view.rows,
      ({ index }) => index,
      (row) => rowTemplate(view, row),
    )}
  </div>`;
}

function header(view: GridView, { index, left, width }: PlacedColumn): TemplateResult | typeof nothing {
  const column = view.columns[index];
  if (column === undefined) return nothing;
  const { name, type, mask, why } = column;
  const known = mask === undefined ? `${name}: ${type}` : `${name}: ${type}; ${maskWords(mask)}`;
  const words = why === undefined ? known : `${known}\n${visibleLine(why)}`;
  return html`<div
    class="columnHeader" role="columnheader" @contextmenu=${(event: MouseEvent) => view.onMenu(event, index)} aria-colindex=${index + 2} aria-label=${known} data-column=${index}
    style=${styleMap({ left: `${left + view.numberWidth}px`, width: `${width}px` })}
  >
    <span class="columnName" title=${words}
      >${
        mask === undefined
          ? nothing
          : html`<button
              class="lock" tabindex="-1" title="${maskWords(mask)}. Why, and how to see it…" aria-label="Why ${name} is masked"
              @pointerdown=${(event: Event) => event.stopPropagation()}
              @click=${(event: MouseEvent) => view.onMenu(event, index)}
            ><i class="codicon codicon-lock"></i></button>`
      }${cellText(name).text}<span class="columnType">${type}</span></span
    >
    <span
      class="edge" title="Drag to resize, double-click to fit"
      @pointerdown=${(event: PointerEvent) => view.onResize(event, index)}
      @dblclick=${(event: MouseEvent) => view.onFit(event, index)}
    ></span>
  </div>`;
}

function rowTemplate(view: GridView, { index, top, cells }: GridView['rows'][number]): TemplateResult {
  return html`<div
    class="gridRow ${index % 2 === 1 ? 'isOdd' : ''}" role="row" aria-rowindex=${index + 2}
    style=${styleMap({ transform: `translateY(${top}px)`, width: `${view.width}px` })}
  >
    <div
      class="rowNumber" role="rowheader" aria-colindex="1" data-row=${index}
      style=${styleMap({ width: `${view.numberWidth}px` })}
    >${index + 1}</div>
    ${view.placed.map((place) => cellTemplate(view, index, place, cells?.[place.index]))}
  </div>`;
}

/** @param value undefined while the row has not come yet. */
function cellTemplate(
  view: GridView,
  row: number,
  { index, left, width }: PlacedColumn,
  value: GridCell | undefined,
): TemplateResult {
  const isActive = view.active.row === row && view.active.column === index;
  const isSelected = isWithin(view.range, row, index);
  const column = view.columns[index];
  const mask = column?.mask;
  const { kind, text } = value === undefined ? { kind: 'text', text: '' } : cellText(value);
  const names = [
    'cell',
    `is-${kind}`,
    ...(column?.isNumeric === true ? ['isNumeric'] : []),
    ...(mask !== undefined && kind !== 'null' ? ['isMasked'] : []),
    ...(isSelected ? ['isSelected'] : []),
  ];
  return html`<div
    class=${names.join(' ')} role="gridcell" aria-colindex=${index + 2}
    aria-selected=${isSelected ? 'true' : 'false'} tabindex=${isActive ? 0 : -1}
    title=${mask === undefined ? text : `${text}\n${maskWords(mask)}`}
    aria-label=${kind === 'empty' ? 'empty text' : nothing}
    style=${styleMap({ left: `${left + view.numberWidth}px`, width: `${width}px` })}
  >${text}</div>`;
}
