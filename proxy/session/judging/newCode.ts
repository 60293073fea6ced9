/** Whether the session may have made functions, operators, casts or triggers that the catalog does not show yet. */
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import { type CodeBody, readDefinitions } from '../../sql/storedCode/codeBody.ts';
import type { GovernedConnection } from '../governedConnection.ts';

const codeObjects: ReadonlySet<string> = new Set([
  'function',
  'procedure',
  'routine',
  'aggregate',
  'operator',
  'operator class',
  'cast',
  'type',
  'domain',
  'extension',
  'schema',
]);

/**
 * A function `lower(varchar)` of somebody's own goes before PostgreSQL's for a varchar column (manual 10.3). Until the
 * transaction that may have made one has ended and the catalog was read again, no function is taken for PostgreSQL's own.
 */
export class NewCode {
  /** Grows with every change of `isThere`, for what was judged before may not hold. */
  #changes = 0;
  #notes = 0;
  #isThere = false;
  /** By the last part of their names, then by the texts that define them. */
  readonly #bodies = new Map<string, Map<string, CodeBody>>();
  #mayRunMore = false;
  #mayTrigger = false;
  #mayHide = false;

  get isThere(): boolean {
    return this.#isThere;
  }

  /** True where more than the catalog shows may see what is written into tables that were there: triggers, rules, constraints. */
  get mayRunMore(): boolean {
    return this.#mayRunMore;
  }

  /** True where triggers may be there that the catalog does not show. */
  get mayTrigger(): boolean {
    return this.#mayTrigger;
  }

  /** True where functions may be there that neither the catalog nor a text of the session shows: code has made them. */
  get mayHide(): boolean {
    return this.#mayHide;
  }

  get stamp(): number {
    return this.#changes;
  }

  /** Bodies of functions of that name that the catalog does not show yet. */
  named(names: readonly string[]): readonly CodeBody[] {
    return [...(this.#bodies.get(names.at(-1) ?? '')?.values() ?? [])];
  }

  /** Notes what a statement may make, whether or not it comes to run. */
  note({
    effects,
    node,
    text,
    tree,
    bodies = [],
  }: Pick<StatementFacts, 'effects' | 'node' | 'text' | 'tree' | 'bodies'>): void {
    for (const [index, body] of readDefinitions(tree, bodies).entries()) {
      if (body.name !== undefined) this.#noteBody(body.name, `${index} ${text}`, body);
    }
    if (!this.#mayHide && !showsAll.has(node) && effects.some(makesFunctions)) {
      this.#mayHide = true;
      this.#changes += 1;
    }
    const isCode = effects.some(makesCode);
    if (!isCode && !effects.some(altersTables)) return;
    this.#notes += 1;
    // What a function does it does when it is called.
    const mayTrigger = node !== 'CreateFunctionStmt' && effects.some(makesTriggers);
    if (this.#mayRunMore && (this.#isThere || !isCode) && (this.#mayTrigger || !mayTrigger)) return;
    this.#isThere ||= isCode;
    this.#mayTrigger ||= mayTrigger;
    this.#mayRunMore = true;
    this.#changes += 1;
  }

  /** A statement is about to be sent: what was settled of those before says nothing about it, though its text was judged before. */
  noteRun({ effects }: Pick<StatementFacts, 'effects'>): void {
    if (effects.some(makesCode) || effects.some(altersTables)) this.#notes += 1;
  }

  #noteBody(name: string, text: string, body: CodeBody): void {
    const known = this.#bodies.get(name) ?? new Map<string, CodeBody>();
    if (known.has(text)) return;
    this.#bodies.set(name, known.set(text, body));
    this.#changes += 1;
  }

  /** The transaction has ended: what it made is known once the catalog has been looked at. */
  settle(connection: Pick<GovernedConnection, 'refresh'>): void {
    const seen = this.#notes;
    connection.refresh().then(
      () => {
        if (this.#notes !== seen || !this.#mayRunMore) return;
        this.#isThere = false;
        this.#bodies.clear();
        this.#mayRunMore = false;
        this.#mayTrigger = false;
        this.#mayHide = false;
        this.#changes += 1;
      },
      () => undefined, // It stays in doubt until the catalog can be read.
    );
  }
}

/** New relations change nothing for those that are there. */
const newRelations: ReadonlySet<string> = new Set([
  'table',
  'view',
  'materialized view',
  'sequence',
  'index',
]);

function altersTables({ kind, object }: Effect): boolean {
  switch (kind) {
    case 'alter':
    case 'alterAdditive':
    case 'privilege':
    case 'call':
      return true;
    case 'create':
      return object === undefined || !newRelations.has(object);
    default:
      return false;
  }
}

function makesCode({ kind, object }: Effect): boolean {
  switch (kind) {
    case 'procedural':
    case 'unknown':
      return true;
    case 'create':
    case 'alter':
    case 'alterAdditive':
      return object !== undefined && codeObjects.has(object);
    default:
      return false;
  }
}

/** Statements that show the functions which they make. */
const showsAll: ReadonlySet<string> = new Set(['CreateFunctionStmt', 'DefineStmt', 'DoStmt']);

const functionObjects: ReadonlySet<string> = new Set(['function', 'procedure', 'routine', 'aggregate']);

function makesFunctions({ kind, object }: Effect): boolean {
  return object === 'extension' || (kind === 'create' && functionObjects.has(object ?? ''));
}

function makesTriggers({ kind, object }: Effect): boolean {
  return kind === 'procedural' || kind === 'unknown' || (kind === 'create' && object === 'trigger');
}
