/** Records what the collector does and is asked, in its own name: several events at a time in one transaction. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { canonicalJson } from '../../audit/canonicalJson.ts';
import type { CollectorEvent } from '../../audit/events.ts';
import type { Log } from '../../kit/log.ts';
import { Problem } from '../problem.ts';
import { appendOwn, lockOwn, type OwnEvent } from '../store/appendOwn.ts';
import { ownPrefix } from '../store/ownPrefix.ts';
import type { Queries, Store } from '../store/store.ts';

/** What a caller tells; the time, the number and which collector it was are added. */
type Told<Event> = Event extends unknown ? Omit<Event, 'at' | 'seq' | 'collector'> : never;
export type OwnFields = Told<CollectorEvent>;

interface Waiting extends OwnEvent {
  readonly settle: (error?: unknown) => void;
}

/** Of those that are tried again: more than these are not kept in memory. */
const maxRetried = 10_000;
const retryMs = 5_000;
const maxGroup = 500;

export class OwnEvents {
  /** The id under which the events are kept: one for all collectors over a store. */
  readonly writer: string;
  readonly #store: Store;
  readonly #log: Log;
  readonly #collector = `${hostname()}:${process.pid}`;
  readonly #waiting: Waiting[] = [];
  readonly #retried = new Set<OwnEvent>();
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param origin the log's name */
  constructor(store: Store, origin: string, log: Log) {
    this.#store = store;
    this.#log = log;
    this.writer = `${ownPrefix}${createHash('sha256').update(origin).digest('hex').slice(0, 16)}`;
  }

  /** Answers once it is recorded. @throws Problem 400 where it has no recordable form, and what the store throws */
  async record(fields: OwnFields): Promise<void> {
    await this.#enqueue({ event: this.#make(fields) });
  }

  /**
   * Recorded once for `key`, now or when the store is back: what is told does not depend on it. Answers after the first
   * attempt, and never rejects.
   */
  async recordOnce(fields: OwnFields, key: string, until: Date): Promise<void> {
    const own: OwnEvent = { event: this.#make(fields), once: { key, until } };
    try {
      await this.#enqueue(own);
    } catch (error) {
      if (error instanceof Problem) return;
      this.#log.warn('an event of the collector could not be recorded, and is tried again', error);
      if (this.#retried.size < maxRetried) this.#retried.add(own);
      this.#retryLater();
    }
  }

  /**
   * As part of a transaction, for what is recorded together with what it tells of.
   * @param decide is asked while no other collector records
   */
  async recordIn(queries: Queries, decide: () => Promise<readonly OwnFields[]>): Promise<void> {
    await lockOwn(queries, this.writer);
    const events = (await decide()).map((fields) => ({ event: this.#make(fields) }));
    if (events.length > 0) await appendOwn(queries, this.writer, events);
  }

  /** Waits for what is being written. What could not be written is lost, as it is when a collector is killed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    await this.#writing;
    if (this.#retried.size === 0) return;
    await this.#retryAll();
    if (this.#retried.size > 0)
      this.#log.error(`${this.#retried.size} events of the collector could not be recorded`);
  }

  #make(fields: OwnFields): OwnEvent['event'] {
    return { at: new Date().toISOString(), collector: this.#collector, ...fields };
  }

  #enqueue(own: OwnEvent): Promise<void> {
    requireRecordable(own.event);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...own, settle: (error) => (error === undefined ? resolve() : reject(error)) });
      this.#writing ??= this.#writeAll().finally(() => {
        this.#writing = undefined;
      });
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, maxGroup);
      const failure = await this.#store
        .transaction((queries) => appendOwn(queries, this.writer, group))
        .then(
          () => undefined,
          (error: unknown) => error ?? new Error('unknown'),
        );
      for (const { settle } of group) settle(failure);
    }
  }

  #retryLater(): void {
    if (this.#isStopped || this.#retry !== undefined) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      void this.#retryAll().then(() => {
        if (this.#retried.size > 0) this.#retryLater();
      });
    }, retryMs);
    this.#retry.unref();
  }

  async #retryAll(): Promise<void> {
    const group = [...this.#retried].slice(0, maxGroup);
    try {
      // Keys keep one from being recorded twice whose first attempt was committed though nobody heard of it.
      await this.#store.transaction((queries) => appendOwn(queries, this.writer, group));
      for (const own of group) this.#retried.delete(own);
    } catch {
      // Said once already.
    }
  }
}

/** One that cannot be recorded must not keep those from it that are written with it. */
function requireRecordable(event: object): void {
  try {
    // jsonb takes no U+0000 (PostgreSQL manual, 8.14).
    if (!canonicalJson(event).includes('\\u0000')) return;
  } catch {
    // Half a surrogate pair.
  }
  throw new Problem(400, 'What was asked for holds characters that cannot be recorded.');
}
