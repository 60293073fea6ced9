/** One case of the guardrail corpus: a way round (BYPASSES.md, G01 to G20) that must be stopped, or its harmless twin that must pass. */
import { serialize } from 'pg-protocol';
import type { Person } from '../../kit/governed.ts';

/** A connection of the arena: each has the environment of its name, except `misspelt`. */
export type Place = 'production' | 'staging' | 'development' | 'misspelt';

/**
 * A text goes as one Query message; bytes go as they are, and one ReadyForQuery is awaited; `beside` runs past the proxy, which
 * looks at the schema then unless `isSeen` is false.
 */
export type Step =
  | string
  | Buffer
  | { readonly beside: string; readonly isSeen?: false }
  | { readonly bytes: Buffer; readonly ends: 'closed' };

/**
 * - `deny`: refused for good. `approve`: refused for want of an approval.
 * - `refuse`: one of both; which, depends on how deep the analysis looks.
 * - `allow`: answer and effect are those of a direct connection.
 * - `sqlState`: refused with it, by whom does not matter. `closed`: the connection ends. `without`: nothing that is heard matches.
 */
export type Expectation =
  | 'deny'
  | 'approve'
  | 'refuse'
  | 'allow'
  | 'closed'
  | { readonly sqlState: string }
  | { readonly without: RegExp };

export interface GuardCase {
  readonly id: string;
  readonly run: string | readonly Step[];
  readonly expect: Expectation;
  /** A harmless one, close to those that are refused. */
  readonly isTwin?: true;
  /** `production` unless told. */
  readonly on?: Place;
  /** `dev` unless told. */
  readonly as?: Person;
  /** Run past the proxy by the owner, before the case. */
  readonly setup?: string;
  /** Settings that the session starts with. */
  readonly startup?: Readonly<Record<string, string>>;
  /** Sent to the proxy's port instead of logging in. */
  readonly opening?: Buffer;
  /** Why it is not shown to work without the proxy, in words; it is where this is absent. */
  readonly unproven?: string;
  /** Servers from this version on only. */
  readonly since?: 18;
  /** Words for what is still missing: the test then holds that it is. */
  readonly knownGap?: string;
}

/** What came of a case. */
export interface Verdict {
  readonly guardCase: GuardCase;
  /** What is wrong, in words; undefined where all is as it should be. */
  readonly wrong: string | undefined;
  /** Why it would not have worked without the proxy either. */
  readonly unproven: string | undefined;
}

/** True where nobody need show that it works without the proxy: it is harmless, or says why not. */
export function isUnproven({ isTwin, expect, unproven }: GuardCase): boolean {
  return isTwin === true || expect === 'allow' || unproven !== undefined;
}

type Extra = Omit<GuardCase, 'id' | 'run' | 'expect'> & { readonly expect?: Expectation };
type Line = readonly [run: GuardCase['run'], more?: Extra];

/** Numbers the cases of a row: `G08-a01`. The letter keeps the ids of one list from moving with another's length. */
export function cases(
  row: string,
  letter: string,
  expect: Expectation,
  lines: readonly (string | Line)[],
  common: Extra = {},
): GuardCase[] {
  return lines.map((line, index) => {
    const [run, more] = typeof line === 'string' ? [line] : line;
    const id = `${row}-${letter}${String(index + 1).padStart(2, '0')}`;
    return { id, run, expect, ...common, ...more };
  });
}

/** Harmless twins. */
export function twins(
  row: string,
  letter: string,
  lines: readonly (string | Line)[],
  common: Extra = {},
): GuardCase[] {
  return cases(row, letter, 'allow', lines, { isTwin: true, ...common });
}

const { parse, bind, execute, sync } = serialize;

/** Parse, Bind, Describe, Execute, Sync. */
export function extended(text: string, values: (string | null)[] = []): Buffer {
  const describePortal = serialize.describe({ type: 'P', name: '' });
  return Buffer.concat([
    parse({ name: '', text, types: [] }),
    bind({ values }),
    describePortal,
    execute(),
    sync(),
  ]);
}
