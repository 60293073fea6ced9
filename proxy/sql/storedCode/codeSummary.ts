/** What a piece of stored code does, from its text: read once and remembered by text. */
import type { Effect, EffectKind, RelationName, StatementFacts } from '../facts.ts';
import type { SqlParser } from '../parser.ts';
import { readFacts } from '../readFacts.ts';

export interface CodeSummary {
  /** Of the code, not of defining it. */
  readonly effects: readonly Effect[];
  readonly relations: readonly RelationName[];
  readonly functions: readonly string[];
  readonly operators: readonly string[];
  readonly types: readonly string[];
}

/** Texts are some 1 kB, summaries smaller. */
const keptSummaries = 4000;

/** Defining a function, trigger or rule has effects that using it has not. */
const definingKinds: ReadonlySet<EffectKind> = new Set<EffectKind>(['create', 'privilege']);

/** What computes only. */
function isPlainRead({ kind, relation }: Effect): boolean {
  return kind === 'read' && relation === undefined;
}

export class CodeReader {
  readonly #parser: SqlParser;
  readonly #known = new Map<string, CodeSummary | undefined>();

  constructor(parser: SqlParser) {
    this.#parser = parser;
  }

  /** A query, or an expression as `SELECT expression`; undefined where our grammar does not read it. */
  readQuery(text: string): CodeSummary | undefined {
    return this.#read(text, () => true);
  }

  /** The text of CREATE FUNCTION, TRIGGER or RULE, as the server gives it back. */
  readDefinition(text: string): CodeSummary | undefined {
    return this.#read(text, (effect) => !definingKinds.has(effect.kind));
  }

  #read(text: string, keep: (effect: Effect) => boolean): CodeSummary | undefined {
    if (this.#known.has(text)) return this.#known.get(text);
    const summary = this.#summarise(text, keep);
    if (this.#known.size >= keptSummaries) this.#known.clear();
    this.#known.set(text, summary);
    return summary;
  }

  #summarise(text: string, keep: (effect: Effect) => boolean): CodeSummary | undefined {
    let all: StatementFacts[];
    try {
      all = readFacts(this.#parser.parse(text), text);
    } catch {
      return undefined; // What cannot be read counts as opaque: the caller says so.
    }
    const effects = all.flatMap((facts) =>
      facts.effects
        .filter((effect) => keep(effect) && !isPlainRead(effect))
        .map(({ location: _location, ...effect }): Effect => effect),
    );
    return {
      effects,
      relations: all.flatMap((facts) => facts.relations),
      functions: all.flatMap((facts) => [...facts.functions, ...(facts.attributeNames ?? [])]),
      operators: all.flatMap((facts) => facts.operators ?? []),
      types: all.flatMap((facts) => facts.types ?? []),
    };
  }
}
