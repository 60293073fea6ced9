/** What is wrong with a policy, with places, and the error that keeps Portcullis from starting with it. */

export interface PolicyProblem {
  /** Relative to the policy's directory; absent where the directory itself is meant. */
  readonly file?: string;
  /** 1-based, in lines and characters. */
  readonly line?: number;
  readonly column?: number;
  /** One past the last character that is meant, on the same line. */
  readonly endColumn?: number;
  readonly message: string;
  /** How to mend it, as a full sentence. */
  readonly hint?: string;
}

/** A policy that cannot be used. Its message names every problem: file:line:column, what is wrong, how to mend it. */
export class PolicyLoadError extends Error {
  readonly directory: string;
  readonly problems: readonly PolicyProblem[];

  constructor(directory: string, problems: readonly PolicyProblem[]) {
    super(`the policy in ${directory} cannot be used\n${problems.map(describeProblem).join('\n')}`);
    this.name = 'PolicyLoadError';
    this.directory = directory;
    this.problems = problems;
  }

  static is(error: unknown): error is PolicyLoadError {
    return error instanceof PolicyLoadError;
  }
}

/** One problem as `file:line:column: message`, its hint on a second line. */
export function describeProblem(problem: PolicyProblem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const first = place === '' ? `  ${problem.message}` : `  ${place}: ${problem.message}`;
  return problem.hint === undefined ? first : `${first}\n    ${problem.hint}`;
}

/** Where a part of a text stands: lines and columns from 1, in characters. What runs on is cut at the end of its line. */
export interface PolicyPlace {
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
}

/** The place of what stands between two offsets in UTF-16 code units. */
export function placeOf(text: string, start: number, end: number): PolicyPlace {
  const lines = text.slice(0, start).split('\n');
  const column = [...(lines.at(-1) ?? '')].length + 1;
  const [meant = ''] = text.slice(start, end).split(/\r?\n/, 1);
  return { line: lines.length, column, endColumn: column + [...meant].length };
}

/** The same for offsets in bytes of UTF-8. */
export function placeOfBytes(text: string, start: number, end: number): PolicyPlace {
  const bytes = Buffer.from(text);
  return placeOf(
    text,
    ...([start, end].map((at) => bytes.toString('utf8', 0, at).length) as [number, number]),
  );
}
