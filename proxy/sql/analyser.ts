/** Text to facts, remembered by text: the facts of a tree depend on nothing else. */
import type { StatementFacts } from './facts.ts';
import { loadParser, type SqlParser } from './parser.ts';
import { readFacts } from './readFacts.ts';

export interface AnalyserLimits {
  readonly entries: number;
  /** UTF-16 units of the texts remembered. */
  readonly text: number;
}

/** A tree takes some 30 times the memory of its text. */
const defaultLimits: AnalyserLimits = { entries: 2000, text: 1024 * 1024 };

export async function loadAnalyser(limits: AnalyserLimits = defaultLimits): Promise<Analyser> {
  return new Analyser(await loadParser(), limits);
}

export class Analyser {
  readonly parser: SqlParser;
  readonly #limits: AnalyserLimits;
  /** Least recently used first: a Map keeps the order of insertion. */
  readonly #known = new Map<string, StatementFacts[]>();
  #knownText = 0;

  constructor(parser: SqlParser, limits: AnalyserLimits = defaultLimits) {
    this.parser = parser;
    this.#limits = limits;
  }

  /** True where `analyse` answers at once: the text is known, or is certain to parse quickly. */
  isSimple(text: string): boolean {
    return this.#known.has(text) || this.parser.isSimple(text);
  }

  /**
   * Facts of each statement of a message; an empty list for an empty message.
   * @throws PortcullisError STATEMENT_NOT_PARSED, STATEMENT_TOO_LONG, STATEMENT_TOO_COMPLEX.
   */
  analyse(text: string): StatementFacts[] {
    return this.#recall(text) ?? this.#remember(text, readFacts(this.parser.parse(text), text));
  }

  /** The same for texts that are not simple, without holding up this thread. */
  async analyseInWorker(text: string, deadlineMs?: number): Promise<StatementFacts[]> {
    const known = this.#recall(text);
    if (known !== undefined) {
      return known;
    }
    return this.#remember(text, readFacts(await this.parser.parseInWorker(text, deadlineMs), text));
  }

  async close(): Promise<void> {
    await this.parser.close();
  }

  #recall(text: string): StatementFacts[] | undefined {
    const facts = this.#known.get(text);
    if (facts !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, facts);
    }
    return facts;
  }

  #remember(text: string, facts: StatementFacts[]): StatementFacts[] {
    // One long text must not push out all the others.
    if (text.length > this.#limits.text / 16 || this.#known.has(text)) {
      return facts;
    }
    this.#known.set(text, facts);
    this.#knownText += text.length;
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#limits.entries && this.#knownText <= this.#limits.text) {
        break;
      }
      this.#known.delete(oldest);
      this.#knownText -= oldest.length;
    }
    return facts;
  }
}
