/** One case of the leak corpus: a way to a protected value (BYPASSES.md, M01 to M34) that must end with a mask or a refusal. */

export type Base = 'shop' | 'clinic';

/**
 * A text is sent as a statement in the mode of the run, bytes as they are, and one ReadyForQuery is awaited. `other` goes through
 * a second session of the same person; `beside` runs past the proxy, as the owner. `{{email 3}}` stands for the value of that row.
 */
export type Step =
  | string
  | Buffer
  | { readonly other: string }
  | { readonly beside: string }
  /** A FunctionCall message, for a function of one integer. */
  | { readonly call: string; readonly argument: number };

export interface LeakCase {
  readonly id: string;
  readonly base: Base;
  readonly run: string | readonly Step[];
  /** Changes the database: runs between BEGIN and ROLLBACK. */
  readonly isRolledBack?: true;
  /** Takes a transaction number and leaves nothing: NOTIFY. */
  readonly leavesNothing?: true;
  /** Changes the database and commits: it is restored afterwards. */
  readonly isCommitted?: true;
  /** Not one statement a step, or none that the extended protocol takes. */
  readonly isSimpleOnly?: true;
  /** Rows come in no order that anybody asked for: they are compared as a set. */
  readonly isUnordered?: true;
  /** Tells nothing in one go: it is to be refused. */
  readonly isRefused?: true;
  /** The client knows the value; the record must not. */
  readonly isRecordOnly?: true;
  /** Settings that the session starts with. */
  readonly startup?: Readonly<Record<string, string>>;
  /** Servers from this version on only. */
  readonly since?: 18;
}

export interface Verdict {
  readonly leakCase: LeakCase;
  /** What came through, in words; undefined where nothing did. */
  readonly leaked: string | undefined;
  /** Why it proves nothing: without the proxy nothing came through either. */
  readonly unproven: string | undefined;
  /** Whether an answer came, rather than a refusal. */
  readonly isAnswered: boolean;
}

type Extra = Omit<LeakCase, 'id' | 'base' | 'run'>;
type Line = LeakCase['run'] | readonly [run: LeakCase['run'], more: Extra];

/** Numbers the cases of a row: `M08-a01`. The letter keeps the ids of one list from moving with another's length. */
export function leaks(
  row: string,
  letter: string,
  base: Base,
  lines: readonly Line[],
  common: Extra = {},
): LeakCase[] {
  return lines.map((line, index) => {
    const id = `${row}-${letter}${String(index + 1).padStart(2, '0')}`;
    const hasMore = typeof line !== 'string' && isExtra(line[1]);
    const [run, more] = hasMore ? (line as [LeakCase['run'], Extra]) : [line as LeakCase['run'], {}];
    return { id, base, run, ...common, ...more };
  });
}

function isExtra(value: unknown): value is Extra {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Buffer.isBuffer(value))
    return false;
  return !('other' in value || 'beside' in value || 'call' in value);
}
