/** What is wrong with a policy, with places, and the error that keeps Portcullis from starting with it. */

export interface PolicyProblem {
  /** Relative to the policy's directory; absent where the directory itself is meant. */
  readonly file?: string;
  /** 1-based, in lines and characters. */
  readonly line?: number;
  readonly column?: number;
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

/** Line and column, both 1-based and in characters, of a byte offset in UTF-8 text. */
export function placeOf(text: string, byteOffset: number): { line: number; column: number } {
  const before = Buffer.from(text).subarray(0, byteOffset).toString();
  const lines = before.split('\n');
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}
