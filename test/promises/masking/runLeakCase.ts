/** Runs one case against both twins, through the proxy in each mode and once without it. */

import { Sessions } from '../guardrails/sessions.ts';
import type { Arena } from './arena.ts';
import { findDifference } from './compareAnswers.ts';
import type { LeakCase, Verdict } from './leakCase.ts';
import type { Twin } from './secrets.ts';
import { type Heard, type Mode, speak } from './speak.ts';

/** Sessions without the proxy serve all cases of an arena. */
const directSessions = new WeakMap<Arena, Sessions>();

export async function runLeakCase(arena: Arena, leakCase: LeakCase): Promise<Verdict> {
  const { base, isSimpleOnly, isCommitted, isRecordOnly } = leakCase;
  const isPlain = isSimpleOnly || isCommitted || isRecordOnly;
  const modes: readonly Mode[] = isPlain ? ['simple'] : ['simple', 'extended', 'binary'];
  const leaked: string[] = [];
  let isAnswered = false;
  // Its own: what a session has run before may make the proxy more careful.
  const sessions = new Sessions();
  for (const mode of modes) {
    const [one, other] = await runTwins(arena, leakCase, mode, sessions, (twin) => arena.url(base, twin));
    const found = await judge(arena, leakCase, one, other);
    if (found !== undefined) leaked.push(`${mode}: ${found}`);
    isAnswered ||= errorIn(one) === undefined;
  }
  sessions.closeAll();
  return {
    leakCase,
    leaked: leaked.length > 0 ? leaked.join('; ') : undefined,
    unproven: await disprove(arena, leakCase),
    isAnswered,
  };
}

/** Why the case proves nothing, in words: without the proxy nothing comes through either. */
async function disprove(arena: Arena, leakCase: LeakCase): Promise<string | undefined> {
  const { base, isRefused, isRecordOnly, run } = leakCase;
  if (isRecordOnly) return arena.fill('a', String(run)) === run ? 'it names no value' : undefined;
  const sessions = directSessions.get(arena) ?? new Sessions();
  directSessions.set(arena, sessions);
  const [one, other] = await runTwins(arena, leakCase, 'simple', sessions, (twin) =>
    arena.direct(base, twin),
  );
  const error = errorIn(one);
  if (one.isChange) return 'it changes the database, and does not say so';
  if (isRefused) return error;
  const found = await judge(arena, leakCase, one, other);
  return found === undefined ? (error ?? 'the server tells nothing either') : undefined;
}

async function judge(
  arena: Arena,
  leakCase: LeakCase,
  one: Heard,
  other: Heard,
): Promise<string | undefined> {
  const { isUnordered, isRefused, isRecordOnly, run } = leakCase;
  if (isRefused) return errorIn(one) === undefined ? 'it ran' : undefined;
  if (isRecordOnly) {
    const records = await arena.readRecords();
    const values =
      String(run)
        .match(/\{\{\w+ \d+\}\}/g)
        ?.map((name) => arena.fill('a', name)) ?? [];
    const kept = values.find((value) => records.includes(value));
    return kept === undefined ? undefined : `${kept} stands in the records`;
  }
  const mark = arena.finder.find(one.answers.flat());
  if (mark !== undefined) return `found ${mark}`;
  const difference = findDifference(one, other, isUnordered === true);
  return difference === undefined ? undefined : `the twins answer differently: ${difference}`;
}

function errorIn({ answers }: Heard): string | undefined {
  const error = answers.flat().find(({ type }) => type === 'E');
  return error?.body.toString('utf8').replaceAll('\0', ' ').slice(0, 200);
}

async function runTwins(
  arena: Arena,
  leakCase: LeakCase,
  mode: Mode,
  sessions: Sessions,
  url: (twin: Twin) => string,
): Promise<[Heard, Heard]> {
  const { base, isCommitted, isRolledBack, leavesNothing } = leakCase;
  const before = await arena.mark();
  const ran = (twin: Twin) =>
    speak(
      {
        url: url(twin),
        fill: (text) => arena.fill(twin, text),
        beside: (sql) => arena.beside(base, twin, sql),
        oid: (signature) => arena.oid(base, twin, signature),
      },
      leakCase,
      mode,
      sessions,
    );
  const heard = await Promise.all([ran('a'), ran('b')]);
  const isChanged = !leavesNothing && (await arena.mark()) !== before;
  if (isChanged && !isRolledBack) {
    sessions.closeAll();
    await arena.restore(base);
  }
  if (isChanged && !isCommitted && !isRolledBack) heard[0].isChange = true;
  return heard;
}
