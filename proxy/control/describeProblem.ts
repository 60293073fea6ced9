/** Anything that was thrown, as words for a person: what happened and what to do. Never a stack, never a token. */
import { CollectorUnreachable } from '../kit/collectorClient.ts';
import type { Problem } from './messages.ts';

export function describeProblem(error: unknown): Problem {
  if (!(error instanceof Error)) return { message: String(error) };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined;
  if (hint !== undefined) return { message: error.message, hint };
  const { message } = error;
  return CollectorUnreachable.is(error)
    ? { message, hint: 'Check the address and the network.' }
    : { message };
}
