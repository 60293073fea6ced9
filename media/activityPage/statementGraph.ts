/** One statement as a picture: who, through what, where, what was decided, and what it touched. */
import { html, nothing, type SVGTemplateResult, svg, type TemplateResult } from 'lit';
import type { ActivityRow } from '../../extension/kit/activityMessages.ts';

const width = 190;
const height = 44;
const gap = 46;
const rowGap = 12;
/** More tables than this are counted, not drawn. */
const mostTables = 6;

interface Node {
  readonly title: string;
  readonly detail: string;
  readonly className?: string;
}

/** The columns of the picture from left to right; what is not known is left out. */
function columnsOf(row: ActivityRow): readonly (readonly Node[])[] {
  const tables: Node[] = row.relations
    .slice(0, mostTables)
    .map((title) => ({ title, detail: row.effects.join(', ') || 'touched' }));
  const more = row.relations.length - tables.length;
  if (more > 0) tables.push({ title: `${more} more`, detail: 'tables and views' });
  const columns: Node[][] = [
    row.agent === ''
      ? [{ title: row.who, detail: 'person' }]
      : [{ title: row.agent, detail: `agent, for ${row.who}` }],
    [{ title: row.application || 'a client', detail: row.address || 'this machine' }],
    [
      {
        title: row.outcome,
        detail: row.policies.join(', ') || row.decision,
        className: row.isTrouble ? 'refused' : 'passed',
      },
    ],
    [{ title: row.connection || 'no connection', detail: row.environment }],
    tables,
  ];
  return columns.filter((column) => column.length > 0);
}

/** In words, for who cannot see it. */
export function describeGraph(row: ActivityRow): string {
  const who = row.agent === '' ? row.who : `agent ${row.agent} for ${row.who}`;
  const tables = row.relations.length === 0 ? '' : `, touching ${row.relations.join(', ')}`;
  return `${who}, through ${row.application || 'a client'}, ${row.outcome} on ${row.connection}${tables}`;
}

export function statementGraph(row: ActivityRow): TemplateResult {
  const columns = columnsOf(row);
  const tallest = Math.max(...columns.map(({ length }) => length));
  const total = {
    width: columns.length * width + (columns.length - 1) * gap,
    height: tallest * (height + rowGap) - rowGap,
  };
  const topOf = (column: readonly Node[], at: number) =>
    (total.height - (column.length * (height + rowGap) - rowGap)) / 2 + at * (height + rowGap);
  const edges = columns.slice(1).flatMap((column, i) =>
    (columns[i] ?? []).flatMap((_from, j) =>
      column.map((_to, k) => {
        const x = (i + 1) * width + i * gap;
        const from = topOf(columns[i] ?? [], j) + height / 2;
        const to = topOf(column, k) + height / 2;
        return svg`<path class="edge" d="M${x + 1} ${from} C${x + gap / 2} ${from} ${x + gap / 2} ${to} ${x + gap - 5} ${to}" marker-end="url(#arrow)"></path>`;
      }),
    ),
  );
  const nodes = columns.flatMap((column, i) =>
    column.map((node, j) => nodeTemplate(node, i * (width + gap), topOf(column, j))),
  );
  return html`
    <svg class="graph" role="img" aria-label=${describeGraph(row)} viewBox="-1 -1 ${total.width + 2} ${total.height + 2}"
      style="max-width:${total.width}px">
      <defs><marker id="arrow" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0 L8 4 L0 8 z"></path></marker></defs>
      ${edges}${nodes}
    </svg>`;
}

function nodeTemplate({ title, detail, className = '' }: Node, x: number, y: number): SVGTemplateResult {
  return svg`<g class="node ${className}" transform="translate(${x} ${y})">
    <title>${title}, ${detail}</title>
    <rect width=${width} height=${height} rx="3"></rect>
    <text x="10" y="18">${shorten(title, 25)}</text>
    <text class="detail" x="10" y="34">${detail === '' ? nothing : shorten(detail, 29)}</text>
  </g>`;
}

/** SVG text does not cut itself off; the whole of it is in the title. */
function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
