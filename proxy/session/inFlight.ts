/** What the server still owes an answer to, in the order in which it was sent: the key to whose answer arrives. */
import type { PortcullisError } from '../kit/errors.ts';
import type { ColumnProbe } from './columnProbe.ts';
import type { TableProbe } from './following/tableProbe.ts';
import type { JudgedMessage, JudgedStatement, StatementRun } from './judging/judgement.ts';
import type { Portal, PreparedStatement } from './names.ts';
import type { PathProbe } from './searchPath/pathProbe.ts';

export type Expectation =
  /** Q or F: answers until ReadyForQuery. One run a statement, in order. */
  | {
      readonly kind: 'query';
      readonly runs: readonly StatementRun[];
      next: number;
      readonly changesNames: boolean;
      readonly touchesClassified: boolean;
      /** Set where the rows that it changes are counted. */
      readonly change: CountedChange | undefined;
    }
  /** BEGIN of ours before a Query whose changes are counted: the client sees nothing of it. */
  | { readonly kind: 'begin' }
  /** COMMIT or ROLLBACK of ours after it: with its end the Query's own answer ends. */
  | {
      readonly kind: 'end';
      readonly run: StatementRun;
      readonly change: CountedChange;
      /** Why it is rolled back; undefined where the server said so itself, or it is committed. */
      readonly error: PortcullisError | undefined;
      readonly touchesClassified: boolean;
      hasFailed: boolean;
    }
  /** A statement that was refused: a message that the server must reject stands in its place. */
  | {
      readonly kind: 'refusal';
      readonly error: PortcullisError;
      readonly endsWithReady: boolean;
      hasFailed: boolean;
    }
  | {
      readonly kind: 'parse';
      readonly name: string;
      readonly statement: PreparedStatement;
      readonly sentAt: number;
    }
  | { readonly kind: 'bind'; readonly name: string; readonly portal: Portal }
  | {
      readonly kind: 'describe';
      readonly target: Portal | PreparedStatement;
      readonly isPortal: boolean;
      /** Asked by the proxy for its own use; the client does not see the answer. */
      readonly isOurs: boolean;
    }
  | {
      readonly kind: 'execute';
      readonly portal: Portal;
      readonly run: StatementRun | undefined;
      /** How many rows it may change; undefined where that is not limited. */
      readonly rowsChanged: number | undefined;
    }
  | { readonly kind: 'close'; readonly isPortal: boolean; readonly name: string; readonly closes: unknown }
  /** A question of our own: nothing of the answer is for the client. */
  | { readonly kind: 'probe'; readonly probe: ColumnProbe | TableProbe | PathProbe }
  | { readonly kind: 'sync' };

/** A Query whose changes are counted: it is complete once its transaction is, or its rows fit into the limit. */
export interface CountedChange {
  readonly limit: number;
  /** The transaction around it is ours, and ends with it. */
  readonly isOurs: boolean;
  /** The server's CommandComplete, which the client is not told before that. */
  complete: Buffer | undefined;
  tag: string | undefined;
}

export class InFlight {
  #items: Expectation[] = [];
  #first = 0;
  #waiting: (() => void)[] = [];
  /** How many Query messages under way may define or drop prepared statements by SQL. */
  nameChanges = 0;

  get head(): Expectation | undefined {
    return this.#items[this.#first];
  }

  get isEmpty(): boolean {
    return this.#first === this.#items.length;
  }

  /** The statement that runs, or is to run next. Behind the head: the server keeps short answers until it has more. */
  get run(): StatementRun | undefined {
    for (let index = this.#first; index < this.#items.length; index += 1) {
      const run = currentRun(this.#items[index]);
      if (run !== undefined && !run.isFinished) return run;
    }
    return undefined;
  }

  /** True where messages of the extended protocol are under way: after an error the server skips up to the next Sync. */
  get isInSegment(): boolean {
    const last = this.#items.at(-1);
    return last !== undefined && !isWhole(last);
  }

  push(expectation: Expectation): void {
    this.#items.push(expectation);
  }

  /** Takes the head off; wakes who waits for the queue to be empty. */
  shift(): Expectation | undefined {
    const head = this.#items[this.#first];
    if (head === undefined) return undefined;
    this.#first++;
    if (this.#first === this.#items.length) {
      this.#items = [];
      this.#first = 0;
      this.#wake();
    } else if (this.#first > 1_024) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return head;
  }

  /** Resolves when every answer has come. */
  drained(): Promise<void> {
    if (this.isEmpty) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/**
 * The judgement behind what is expected, where it reads data: it says whether error texts may hold protected values.
 * Describe reads none.
 */
export function judgementOf(expectation: Expectation | undefined): JudgedMessage | undefined {
  switch (expectation?.kind) {
    case 'parse':
      return expectation.statement.judged;
    case 'bind':
      return expectation.portal.statement.judged;
    case 'execute':
      return expectation.portal.statement.judged;
    default:
      return undefined;
  }
}

export function currentRun(head: Expectation | undefined): StatementRun | undefined {
  if (head?.kind === 'execute') return head.run;
  return head?.kind === 'query' ? head.runs[head.next] : undefined;
}

/** When that was sent whose rows are described: microseconds of the monotonic clock. */
export function sentAt(head: Expectation | undefined): number {
  if (head?.kind !== 'describe') return currentRun(head)?.startedAt ?? 0;
  return 'plan' in head.target ? head.target.sentAt : 0;
}

/** What the server ends with ReadyForQuery. */
function isWhole(expectation: Expectation): boolean {
  switch (expectation.kind) {
    case 'query':
    case 'sync':
      return true;
    case 'refusal':
      return expectation.endsWithReady;
    case 'probe':
      return expectation.probe.endsWithReady;
    default:
      return false;
  }
}

/** The runs that an expectation stands for. */
export function runsOf(expectation: Expectation): readonly StatementRun[] {
  if (expectation.kind === 'end') return [expectation.run];
  if (expectation.kind === 'query') return expectation.runs;
  return expectation.kind === 'execute' && expectation.run !== undefined ? [expectation.run] : [];
}

/** PREPARE and DEALLOCATE: names mean something else once it has run. */
export function isNameChange(run: StatementRun | undefined): boolean {
  const role = run?.judged.facts.role.kind;
  return role === 'prepare' || role === 'deallocate';
}

/** Whether what the server says in place of an answer may quote protected values. */
export function mayHoldProtectedValues(head: Expectation | undefined): boolean {
  if (head?.kind === 'query' || head?.kind === 'end') return head.touchesClassified;
  if (head?.kind === 'probe') return head.probe.touchesClassified;
  return judgementOf(head)?.touchesClassified ?? false;
}

/**
 * Whether what runs is code that may read protected values and decide by them: of what it says itself, and of how it fails, nothing
 * may pass that it can choose.
 */
export function mayDecideByValues(head: Expectation | undefined): boolean {
  if (head === undefined) return false;
  if (head.kind === 'probe') return 'judged' in head.probe && head.probe.judged.isOpaque;
  const judged = judgementOf(head)?.statements ?? runsOf(head).map((run) => run.judged);
  return judged.some(({ isOpaque }) => isOpaque);
}

/** The statement whose rows are described. */
export function judgedRows(head: Expectation | undefined): JudgedStatement | undefined {
  if (head?.kind === 'query') return currentRun(head)?.judged;
  const target = head?.kind === 'describe' ? head.target : undefined;
  return target !== undefined && 'plan' in target ? target.statement.judged.statements[0] : undefined;
}
