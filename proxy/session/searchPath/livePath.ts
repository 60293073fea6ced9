/**
 * The schemas in which the server looks for a name of this session now: by its own answer, asked for when a name needs it,
 * and good until something has passed that may have changed it. What may have, is noted when it is sent, not when it is
 * answered: what comes behind it would mean the new path already.
 */
import { TransactionStatus } from '../../wire/protocol.ts';
import type { NameMove } from './nameMoves.ts';
import type { OnPath } from './pathProbe.ts';
import { SchemaChanges } from './schemaChanges.ts';

/** What names stand on: the number of a path that is known for sure, or `unsure`. */
export const unsure = 0;

/** Paths with a number of their own; beyond, numbers are given anew, and what was judged before is judged again. */
const keptPaths = 64;

interface Ground {
  /** The catalog that it is looked up in. */
  readonly catalog: { readonly version: number };
  /** Changes of the schema by any session of the connection. */
  readonly changes: SchemaChanges;
  refresh(): Promise<void>;
}

interface KnownPath {
  readonly schemas: readonly string[];
  readonly id: number;
  readonly moves: number;
  readonly catalogVersion: number;
}

export class LivePath {
  readonly #ground: Ground;
  /** What this session has made for itself. */
  readonly #own: SchemaChanges;
  /** Grows with everything after which names may mean something else. */
  #moves = 0;
  /** True while the end of the transaction may take a move back. */
  #mayRevert = false;
  /** The transaction has failed, and nothing that could end it is under way: the server answers nothing. */
  #isFailed = false;
  #known: KnownPath | undefined;
  readonly #ids = new Map<string, number>();
  #lastId: number = unsure;
  #ask: ((onPath: OnPath) => void) | undefined;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#own = new SchemaChanges(() => ground.refresh());
  }

  /** @param ask sends the question behind all that was sent before; it is answered whatever happens */
  connect(ask: (onPath: OnPath) => void): void {
    this.#ask = ask;
  }

  /** Schemas in the order in which the server looks into them; undefined where that, or what they hold, is not sure. */
  get schemas(): readonly string[] | undefined {
    return this.#current?.schemas;
  }

  /** Changes with the path: same number, same path. {@link unsure} where there is none for sure. */
  get id(): number {
    return this.#current?.id ?? unsure;
  }

  /** True where {@link find} may tell what is not sure now. */
  get mayBeFound(): boolean {
    return (
      this.#ask !== undefined && !this.#isFailed && this.#own.maySettle && this.#ground.changes.maySettle
    );
  }

  /** True where what was judged on that ground would be judged on the same now. */
  holds(id: number): boolean {
    return id === this.id && (id !== unsure || !this.mayBeFound);
  }

  /** True where a statement behind one with that move, in one message, may mean another path. */
  isMovedBy(move: NameMove): boolean {
    return move !== 'none' && (move !== 'transaction' || this.#mayRevert);
  }

  /** Asks the server. Afterwards `schemas` are there, unless it cannot tell: then names stay in doubt. */
  async find(): Promise<void> {
    // What was under way when it was asked may have moved it: once more, then it is left in doubt.
    for (let tries = 0; tries < 3 && this.#current === undefined && this.mayBeFound; tries += 1) {
      await this.#own.settle();
      await this.#ground.changes.settle();
      await this.#askOnce();
    }
  }

  /** Judges as if nothing were known. */
  inDoubt<T>(judge: () => T): T {
    const known = this.#known;
    this.#known = undefined;
    try {
      return judge();
    } finally {
      this.#known = known;
    }
  }

  /** A statement with that move has been sent. */
  noteSent(move: NameMove): void {
    if (!this.isMovedBy(move)) return;
    this.#moves += 1;
    this.#mayRevert = true;
    if (move === 'session' || move === 'everyone') this.#own.begin(this);
    if (move === 'everyone') this.#ground.changes.begin(this);
  }

  /** The server has reported another value of a setting. PostgreSQL 18 reports search_path itself (manual 55.2.7). */
  noteReported(setting: string): void {
    if (setting === 'search_path' || setting === 'session_authorization' || setting === 'is_superuser') {
      this.#moves += 1;
    }
  }

  /** A statement has failed: what its transaction had moved may be taken back. */
  noteError(): void {
    if (this.#mayRevert) this.#moves += 1;
  }

  /**
   * @param status of the transaction, as ReadyForQuery tells it
   * @param isDrained nothing more is under way
   */
  noteReady(status: number | undefined, isDrained: boolean): void {
    this.#isFailed = status === TransactionStatus.failed && isDrained;
    if (status !== TransactionStatus.idle || !this.#mayRevert) return;
    this.#moves += 1; // SET LOCAL is over.
    if (!isDrained) return;
    this.#mayRevert = false;
    this.#end();
  }

  /** The session is over, and what it had open with it. */
  close(): void {
    this.#ask = undefined;
    this.#end();
  }

  #end(): void {
    this.#own.end(this);
    this.#ground.changes.end(this);
  }

  get #current(): KnownPath | undefined {
    const known = this.#known;
    const holds =
      known !== undefined &&
      known.moves === this.#moves &&
      known.catalogVersion === this.#ground.catalog.version &&
      this.#own.isSettled &&
      this.#ground.changes.isSettled;
    return holds ? known : undefined;
  }

  #askOnce(): Promise<void> {
    const ask = this.#ask;
    if (ask === undefined) return Promise.resolve();
    const moves = this.#moves;
    const catalogVersion = this.#ground.catalog.version;
    return new Promise((resolve) => {
      ask((schemas) => {
        if (schemas !== undefined) {
          this.#known = { schemas, id: this.#idOf(schemas), moves, catalogVersion };
        }
        resolve();
      });
    });
  }

  #idOf(schemas: readonly string[]): number {
    const key = JSON.stringify(schemas);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#ids.size >= keptPaths) this.#ids.clear();
    this.#lastId += 1;
    this.#ids.set(key, this.#lastId);
    return this.#lastId;
  }
}
