/** The statement of a request, cut into numbered lines and marked where its findings are. */
import type { RequestFinding } from '../../proxy/control/messages.ts';
import type { TextPart } from '../kit/reviewMessages.ts';
import { splitVisible } from '../kit/visibleText.ts';

/** A lone carriage return ends a line too, as it ends a `--` comment for the server (manual 4.1.5, `scan.l`). */
const lineEnd = /\r\n|\r|\n/g;

/** Lines in order; offsets of the findings count UTF-16 code units of `text`. */
export function splitLines(text: string, findings: readonly RequestFinding[]): TextPart[][] {
  const lines: TextPart[][] = [];
  let start = 0;
  for (const match of text.matchAll(lineEnd)) {
    lines.push(splitLine(text, start, match.index, findings));
    start = match.index + match[0].length;
  }
  lines.push(splitLine(text, start, text.length, findings));
  return lines;
}

function splitLine(
  text: string,
  start: number,
  end: number,
  findings: readonly RequestFinding[],
): TextPart[] {
  const cuts = new Set([start, end]);
  for (const finding of findings) {
    for (const offset of [finding.start, finding.end])
      if (offset !== undefined && offset > start && offset < end) cuts.add(offset);
  }
  const offsets = [...cuts].sort((a, b) => a - b);
  const parts: TextPart[] = [];
  for (const [index, from] of offsets.entries()) {
    const to = offsets[index + 1];
    if (to === undefined) break;
    const marks = marksOf(findings, from, to);
    for (const piece of splitVisible(text.slice(from, to))) parts.push({ ...piece, findings: marks });
  }
  return parts;
}

/** Numbers, from 1, of the findings that span the whole piece. */
function marksOf(findings: readonly RequestFinding[], from: number, to: number): number[] {
  return findings.flatMap(({ start, end }, index) =>
    start !== undefined && end !== undefined && start <= from && end >= to ? [index + 1] : [],
  );
}
