/** What a piece of stored code does, from its text: read once and remembered by text. */
import type { Effect, EffectKind, RelationName, StatementFacts } from '../facts.ts';
import type { SqlParser } from '../parser.ts';
import { readFacts } from '../readFacts.ts';
import { type CodeBody, isOpaque, readFunctionBody, readInnerDefinitions } from './codeBody.ts';

export interface CodeSummary {
  /** Of the code, not of defining it. */
  readonly effects: readonly Effect[];
  readonly relations: readonly RelationName[];
  readonly functions: readonly string[];
  readonly operators: readonly string[];
  readonly types: readonly string[];
  /** It does more than can be read. */
  readonly isOpaque: boolean;
  /** It makes functions. */
  readonly makesCode: boolean;
}

/** Texts are some 1 kB, summaries smaller. */
const keptSummaries = 4000;

/** Trees are larger. */
const keptBodies = 500;

/** Defining a function, trigger or rule has effects that using it has not. */
const definingKinds: ReadonlySet<EffectKind> = new Set<EffectKind>(['create', 'privilege']);

/** What computes only. */
function isPlainRead({ kind, relation }: Effect): boolean {
  return kind === 'read' && relation === undefined;
}

export class CodeReader {
  readonly #parser: SqlParser;
  readonly #known = new Map<string, CodeSummary | undefined>();
  readonly #bodies = new Map<string, CodeBody | undefined>();

  readonly #trees = new Map<string, Readonly<Record<string, unknown>> | undefined>();

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

  /** What a function does, from that text; undefined where it cannot be read. */
  readBody(text: string): CodeBody | undefined {
    if (this.#bodies.has(text)) return this.#bodies.get(text);
    const body = this.#parseBody(text);
    if (this.#bodies.size >= keptBodies) this.#bodies.clear();
    this.#bodies.set(text, body);
    return body;
  }

  /** The tree of a view's query; undefined where it cannot be read. */
  readTree(text: string): Readonly<Record<string, unknown>> | undefined {
    if (this.#trees.has(text)) return this.#trees.get(text);
    const tree = this.#parseTree(text);
    if (this.#trees.size >= keptBodies) this.#trees.clear();
    this.#trees.set(text, tree);
    return tree;
  }

  #parseTree(text: string): Readonly<Record<string, unknown>> | undefined {
    try {
      return this.#parser.parse(text).statements[0]?.tree;
    } catch {
      return undefined;
    }
  }

  #parseBody(text: string): CodeBody | undefined {
    try {
      const [statement] = this.#parser.parse(text).statements;
      return statement && readFunctionBody(statement.tree, statement.bodies);
    } catch {
      return undefined;
    }
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
      isOpaque: all.some((facts) => isOpaque(facts.bodies ?? [])),
      makesCode: all.some((facts) => readInnerDefinitions(facts.bodies ?? []).length > 0),
    };
  }
}
