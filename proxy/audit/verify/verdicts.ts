/** What a verification says: two verdicts with every problem, and what it could not look at. */

export interface Problem {
  readonly message: string;
  /** Name of the file, or of the part of a bundle. */
  readonly file?: string;
  /** Number of the event. */
  readonly event?: number;
  /** Where in the file, from 0. */
  readonly byte?: number;
  /** Id of the proxy, where there are several. */
  readonly proxy?: string;
}

export interface Verdict {
  readonly holds: boolean;
  /** In the order found; at most {@link keptProblems}. */
  readonly problems: readonly Problem[];
  /** How many there are. */
  readonly found: number;
}

export interface Verification {
  readonly kind: 'journal' | 'bundle';
  readonly path: string;
  /** What was looked at, in one sentence. */
  readonly subject: string;
  readonly events: number;
  /** Whether what is there is what was recorded. */
  readonly integrity: Verdict;
  /** Whether what was recorded is all there. */
  readonly completeness: Verdict;
  /** What is worth knowing and no problem. */
  readonly notes: readonly string[];
  /** Whole sentences. */
  readonly notProven: readonly string[];
}

const keptProblems = 200;

/** Collects problems and notes while something is looked at. */
export class Findings {
  readonly #integrity: Problem[] = [];
  readonly #completeness: Problem[] = [];
  readonly #notes: string[] = [];
  #integrityCount = 0;
  #completenessCount = 0;

  /** Something is not as it was recorded. */
  altered(message: string, where: Omit<Problem, 'message'> = {}): void {
    this.#integrityCount += 1;
    if (this.#integrity.length < keptProblems) this.#integrity.push({ message, ...where });
  }

  /** Something that was recorded, or had to be, is not there. */
  missing(message: string, where: Omit<Problem, 'message'> = {}): void {
    this.#completenessCount += 1;
    if (this.#completeness.length < keptProblems) this.#completeness.push({ message, ...where });
  }

  note(text: string): void {
    if (this.#notes.length < keptProblems && !this.#notes.includes(text)) this.#notes.push(text);
  }

  /** What `other` has found comes after what was found here. */
  append(other: Findings): void {
    this.#integrity.push(...other.#integrity.slice(0, keptProblems - this.#integrity.length));
    this.#completeness.push(...other.#completeness.slice(0, keptProblems - this.#completeness.length));
    this.#integrityCount += other.#integrityCount;
    this.#completenessCount += other.#completenessCount;
    for (const text of other.#notes) this.note(text);
  }

  verdicts(): Pick<Verification, 'integrity' | 'completeness' | 'notes'> {
    return {
      integrity: {
        holds: this.#integrityCount === 0,
        problems: this.#integrity,
        found: this.#integrityCount,
      },
      completeness: {
        holds: this.#completenessCount === 0,
        problems: this.#completeness,
        found: this.#completenessCount,
      },
      notes: this.#notes,
    };
  }
}
