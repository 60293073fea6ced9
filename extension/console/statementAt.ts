/** Finds the statement that a person means who stands at a place in a text. */
import type { CheckedStatement } from '../../proxy/control/messages.ts';

type Range = Pick<CheckedStatement, 'start' | 'end'>;

/**
 * The statement around the cursor; else the one that ended before it on the same line or the line above; else the one
 * below without an empty line between, so that a comment belongs to what follows it. Undefined in open space: running
 * something that was not meant is worse than running nothing.
 */
export function statementAt<Statement extends Range>(
  statements: readonly Statement[],
  text: string,
  cursor: number,
): Statement | undefined {
  const around = statements.find(({ start, end }) => start <= cursor && cursor <= end);
  if (around !== undefined) return around;
  const before = statements.findLast(({ end }) => end < cursor);
  if (before !== undefined && isNear(text.slice(before.end, cursor))) return before;
  const after = statements.find(({ start }) => start > cursor);
  if (after === undefined) return undefined;
  const lineStart = text.lastIndexOf('\n', cursor - 1) + 1;
  return /\n[ \t\r]*\n/.test(`\n${text.slice(lineStart, after.start)}`) ? undefined : after;
}

/** Nothing but the semicolon and blanks, and at most one line further. */
function isNear(between: string): boolean {
  return /^\s*;?\s*$/.test(between) && between.split('\n').length <= 2;
}
