/**
 * Whether somebody wants to see what a statement reads in clear, in the words of a comment of it, which any client can send:
 * `/* unmask: a customer cannot sign in *\/`, `/* unmask 30 min: … *\/`.
 */
import type { SqlParser } from './parser.ts';

export interface UnmaskWish {
  /** Undefined where none are said. */
  readonly minutes: number | undefined;
  /** On one line; empty where none is given. */
  readonly reason: string;
}

const form =
  /^(?:--|\/\*)\s*unmask(?:\s+(?:for\s+)?(\d{1,4})\s*(?:m|min|mins|minutes?)?)?\s*(?:[:=]\s*([\s\S]*?))?\s*(?:\*\/)?$/i;
const controls = /[\s\p{Cc}\p{Cf}]+/gu;

/** The first that the text holds. */
export function readUnmaskWish(parser: Pick<SqlParser, 'scan'>, text: string): UnmaskWish | undefined {
  // Most texts have none, and need not be looked through.
  if (!/\bunmask\b/i.test(text)) return undefined;
  const bytes = Buffer.from(text);
  for (const { kind, start, end } of parser.scan(text)) {
    if (kind !== 'comment') continue;
    const found = form.exec(bytes.toString('utf8', start, end));
    if (found === null) continue;
    const [, minutes, reason = ''] = found;
    return {
      minutes: minutes === undefined ? undefined : Number(minutes),
      reason: reason.replace(controls, ' ').trim(),
    };
  }
  return undefined;
}
