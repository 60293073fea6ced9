/** What the proxy said of each connection's schema and drift: asked when needed, kept until it changes. */
import type { SchemaState } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';

export interface ReadSchema {
  /** The last that was read; it stays while a later reading fails. */
  readonly state?: SchemaState;
  /** Why the last reading failed, in words; absent where it did not. */
  readonly problem?: string;
}

export class SchemaStates {
  readonly #link: Pick<ProxyLink, 'request'>;
  readonly #changed: () => void;
  readonly #read = new Map<string, ReadSchema>();
  readonly #running = new Map<string, Promise<void>>();
  /** Grows when all is forgotten: answers from before are of another person, or of another collector. */
  #generation = 0;

  /** `changed` is called after every answer. */
  constructor(link: Pick<ProxyLink, 'request'>, changed: () => void) {
    this.#link = link;
    this.#changed = changed;
  }

  get(connection: string): ReadSchema {
    return this.#read.get(connection) ?? {};
  }

  /**
   * Reads once; answers with what is known then. A reading that failed is not repeated: the tree asks again after every
   * answer, so that would never end.
   */
  async ensure(connection: string): Promise<ReadSchema> {
    const { state, problem } = this.get(connection);
    if (state === undefined && problem === undefined)
      await (this.#running.get(connection) ?? this.load(connection, false));
    return this.get(connection);
  }

  /** Reads again, after a reading that runs already: that one may have begun before the change. Never rejects. */
  load(connection: string, refresh: boolean): Promise<void> {
    const generation = this.#generation;
    const before = this.#running.get(connection) ?? Promise.resolve();
    const reading = before.then(() => this.#load(connection, refresh, generation));
    this.#running.set(connection, reading);
    return reading.finally(() => {
      if (this.#running.get(connection) === reading) this.#running.delete(connection);
    });
  }

  async #load(connection: string, refresh: boolean, generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    let read: ReadSchema;
    try {
      read = { state: await this.#link.request('readSchema', { connection, refresh }) };
    } catch (error) {
      const { state } = this.get(connection);
      read = { problem: describeProblem(error), ...(state === undefined ? {} : { state }) };
    }
    if (generation !== this.#generation) return;
    this.#read.set(connection, read);
    this.#changed();
  }

  forgetAll(): void {
    this.#generation++;
    this.#read.clear();
    this.#running.clear();
  }
}
