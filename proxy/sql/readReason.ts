/** Why somebody wants a statement to run, in the words of a comment of it: `/* reason: ticket 4711 *\/`, `-- reason: …`. */
import type { SqlParser } from './parser.ts';

/** As much as a reviewer is shown. */
const longestReason = 500;
const form = /^(?:--|\/\*)\s*reason\s*[:=]\s*([\s\S]*?)\s*(?:\*\/)?$/i;
const controls = /[\s\p{Cc}\p{Cf}]+/gu;

/** On one line; empty where no comment gives one. The first counts. */
export function readReason(parser: Pick<SqlParser, 'scan'>, text: string): string {
  // Most texts have none, and need not be looked through.
  if (!/reason/i.test(text)) return '';
  const bytes = Buffer.from(text);
  for (const { kind, start, end } of parser.scan(text)) {
    if (kind !== 'comment') continue;
    const [, reason = ''] = form.exec(bytes.toString('utf8', start, end)) ?? [];
    const shown = reason.replace(controls, ' ').trim();
    if (shown !== '') return [...shown].slice(0, longestReason).join('');
  }
  return '';
}
