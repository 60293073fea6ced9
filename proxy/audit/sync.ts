/**
 * Hands the journal's events to the collector: in order, none left out, as often as it takes.
 *
 *   ask (empty batch) ─▶ send from there on ─▶ wait for more
 *          ▲                     │ any failure
 *          └──────── wait ◀──────┘
 *
 * The collector's answer alone says what it holds. An event is sent once it is on this machine's disk: otherwise a power
 * cut could leave the collector with events that the journal lost, and their numbers would be given out again.
 *
 * Each answer carries a receipt: a collector whose log is not what it was is sent nothing more ({@link CollectorLog}).
 */
import type { SyncStatus } from '../control/messages.ts';
import { isoNow } from '../kit/clock.ts';
import { type CollectorClient, CollectorRefusal, isOnThisMachine } from '../kit/collectorClient.ts';
import type { Log } from '../kit/log.ts';
import { CollectorLog } from './collectorLog.ts';
import type { JournalEvent } from './events.ts';
import type { Journal } from './journal/journal.ts';
import { seqAfter } from './journal/readJournal.ts';
import { JournalCursor } from './journal/readJournalFrom.ts';
import { readProxyId, readSyncPosition, writeSyncPosition } from './syncPosition.ts';
import { describeSyncProblem, SyncConflict } from './syncProblem.ts';

export interface SyncOptions {
  /** The journal's. */
  readonly folder: string;
  /** Where proxy.id, sync.json and collectorLog.json are kept. */
  readonly dataDirectory: string;
  readonly client: Pick<CollectorClient, 'call' | 'url'>;
  readonly journal: Pick<Journal, 'lastSeq' | 'sync'>;
  readonly log: Log;
  /** Told when anything in the status has changed. */
  readonly onChange?: (status: SyncStatus) => void;
  /** Whether batches are compressed: unless told, where the collector is on another machine. */
  readonly packs?: boolean;
  /** How often to look for new events, milliseconds. */
  readonly pollMs?: number;
  /** First delay after a failure, and the longest, milliseconds. */
  readonly retryMs?: { readonly first: number; readonly longest: number };
}

const batchEvents = 500;
/** Events that may wait before the sync gives way to nothing any more: minutes of a machine at its busiest. */
const longBacklog = 1_000_000;
/** How much longer than it sends the sync pauses while new events come in. */
const givenWay = 9;
const longestPauseMs = 1000;
const batchBytes = 4 * 2 ** 20;
const smallestBatchBytes = 1 << 16;
const hintMs = 1000;
const stopMs = 1000;

/** Starts at once. @throws Error where the proxy's id cannot be read or made, or what was kept of the collector's log */
export function startSync(options: SyncOptions): EventSync {
  return new EventSync(options, readProxyId(options.dataDirectory));
}

export class EventSync {
  readonly #options: SyncOptions;
  readonly #proxy: string;
  readonly #log: CollectorLog;
  readonly #retryMs: { readonly first: number; readonly longest: number };
  readonly #waiters = new Set<() => void>();
  readonly #running: Promise<void>;
  #acknowledged: number;
  #lastSentAt: string | undefined;
  #problem: SyncStatus['problem'];
  /** Undefined while the collector has to be asked how far it is. */
  #cursor: JournalCursor | undefined;
  #batchBytes = batchBytes;
  #isPacked: boolean;
  #conflicts = 0;
  #failures = 0;
  #isStopped = false;
  #wake: () => void = () => undefined;
  #hintedAt = 0;
  #waitedBefore = 0;
  #told = '';

  /** Use {@link startSync}. */
  constructor(options: SyncOptions, proxy: string) {
    this.#options = options;
    this.#proxy = proxy;
    const { dataDirectory, client } = options;
    const fetchKeys = () => client.call<unknown>('GET', '/v1/log/keys');
    this.#log = new CollectorLog({ dataDirectory, url: client.url, fetchKeys });
    this.#isPacked = options.packs ?? !isOnThisMachine(client.url);
    this.#retryMs = options.retryMs ?? { first: 500, longest: 60_000 };
    const hint = readSyncPosition(options.dataDirectory);
    this.#acknowledged = Math.min(hint.acknowledged, options.journal.lastSeq);
    this.#lastSentAt = hint.lastSentAt;
    this.#running = this.#run();
  }

  /** Number of the last event that the collector is known to hold, it and everything before it. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get status(): SyncStatus {
    return {
      waiting: Math.max(0, this.#options.journal.lastSeq - this.#acknowledged),
      ...(this.#lastSentAt !== undefined && { lastSentAt: this.#lastSentAt }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  /** Tries at once, whatever went wrong before: for a new sign-in, say. */
  retryNow(): void {
    this.#wake();
  }

  /** Whether the collector holds everything recorded before this call; answers after `timeoutMs` at the latest. */
  flush(timeoutMs: number): Promise<boolean> {
    const wanted = this.#options.journal.lastSeq;
    this.#wake();
    return new Promise((resolve) => {
      const end = (isDone: boolean) => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(isDone);
      };
      const check = () => {
        if (this.#cursor !== undefined && this.#acknowledged >= wanted) end(true);
        else if (this.#isStopped) end(false);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#waiters.add(check);
      check();
    });
  }

  /** Ends without sending what waits; a request under way gets a moment. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopMs);
    });
    await Promise.race([this.#running, patience]);
    clearTimeout(timer);
    this.#writeHint();
    await this.#log.keep().catch(() => undefined); // what was kept before is as true
    this.#tell();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#cursor ??= await this.#ask();
        const begun = performance.now();
        const wasSent = await this.#sendBatch(this.#cursor);
        // Where numbers are disputed, only a batch that was taken settles it.
        if (this.#conflicts === 0) this.#resume();
        await this.#pause(wasSent ? this.#giveWay(performance.now() - begun) : (this.#options.pollMs ?? 100));
      } catch (error) {
        if (this.#isStopped) break;
        await this.#pause(this.#fail(error));
      }
    }
  }

  /** Learns how far the collector is. The cursor stands before its last event, so that it sees whether ours is the same. */
  async #ask(): Promise<JournalCursor> {
    const acknowledged = await this.#post([]);
    if (!this.#isStopped) this.#acknowledged = acknowledged;
    return new JournalCursor(this.#options.folder, Math.max(1, acknowledged));
  }

  /** Answers false where nothing waits. */
  async #sendBatch(cursor: JournalCursor): Promise<boolean> {
    const events = await this.#readBatch(cursor);
    const last = events.at(-1);
    if (last === undefined || this.#isStopped) return false;
    const before = this.#acknowledged;
    const answer = await this.#post(events);
    if (this.#isStopped) return false;
    if (answer < last.seq) {
      if (answer <= before) throw new Error('the collector took none of the events and did not say why');
      this.#cursor = new JournalCursor(this.#options.folder, answer + 1);
    }
    this.#conflicts = 0;
    // A mark for withdrawn statements takes several numbers: acknowledging its first acknowledges it.
    this.#acknowledged = answer >= last.seq ? Math.max(answer, seqAfter(last) - 1) : answer;
    if (this.#acknowledged > before) this.#lastSentAt = isoNow();
    if (Date.now() - this.#hintedAt >= hintMs) this.#writeHint();
    return true;
  }

  async #readBatch(cursor: JournalCursor): Promise<JournalEvent[]> {
    const through = this.#options.journal.lastSeq;
    if (cursor.next > through) return [];
    try {
      await this.#options.journal.sync();
    } catch {
      return []; // The journal says so itself and tries again; what it holds back is not on disk.
    }
    const events = await cursor.read({ events: batchEvents, bytes: this.#batchBytes, through });
    if (events.length === 0) throw new Error(`the journal does not hold event ${cursor.next}`);
    return events;
  }

  async #post(events: readonly JournalEvent[]): Promise<number> {
    const { client, journal } = this.#options;
    const { knownSize } = this.#log;
    const batch = { proxy: this.#proxy, events, ...(knownSize !== undefined && { knownSize }) };
    const send = () => client.call<unknown>('POST', '/v1/events', batch, { gzip: this.#isPacked });
    const answer = await send().catch((error: unknown) => {
      const isUnread = CollectorRefusal.is(error, 400) || CollectorRefusal.is(error, 415);
      if (!isUnread || !this.#isPacked || events.length === 0) throw error;
      // One from before collectors knew compression: it is sent plain batches from now on.
      this.#isPacked = false;
      return send();
    });
    const { acknowledged, receipt } = (answer ?? {}) as Readonly<Record<string, unknown>>;
    if (!Number.isSafeInteger(acknowledged) || (acknowledged as number) < 0) {
      throw new Error('the collector gave an answer that is not understood');
    }
    if ((acknowledged as number) > journal.lastSeq) {
      throw new SyncConflict(
        `the collector holds ${acknowledged} events of this proxy, but its journal has only ${journal.lastSeq}`,
      );
    }
    await this.#log.take(receipt, this.#proxy, events);
    return acknowledged as number;
  }

  #resume(): void {
    if (this.#problem !== undefined) this.#options.log.info('events reach the collector again');
    this.#problem = undefined;
    this.#failures = 0;
    this.#tell();
  }

  /** Answers how long to wait. */
  #fail(cause: unknown): number {
    this.#cursor = undefined;
    if (this.#canRetryAtOnce(cause)) return 0;
    const error = CollectorRefusal.is(cause, 409)
      ? new SyncConflict('the collector holds other events under these numbers')
      : cause;
    const { problem, isSlow } = describeSyncProblem(error);
    if (problem.message !== this.#problem?.message) this.#options.log.warn(problem.message);
    this.#problem = problem;
    this.#tell();
    const { first, longest } = this.#retryMs;
    // Somebody who waits in `flush` does so for moments.
    const limit = this.#waiters.size > 0 ? first : longest;
    const delay = isSlow ? limit : Math.min(limit, first * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return delay * (0.5 + Math.random() / 2);
  }

  /**
   * A batch may collide with one sent before that arrived late: asking again shows. What is between us and the collector
   * may take smaller requests only.
   */
  #canRetryAtOnce(error: unknown): boolean {
    if (CollectorRefusal.is(error, 409)) {
      this.#conflicts += 1;
      return this.#conflicts === 1;
    }
    if (!CollectorRefusal.is(error, 413) || this.#batchBytes <= smallestBatchBytes) return false;
    this.#batchBytes = Math.max(smallestBatchBytes, this.#batchBytes / 2);
    return true;
  }

  /**
   * Statements go first: while new ones come in, sending takes a tenth of the time, until too much waits or somebody
   * waits for it. Answers how long to pause after a batch that took `millis`.
   */
  #giveWay(millis: number): number {
    const { waiting } = this.status;
    if (waiting < batchEvents || waiting > longBacklog || this.#waiters.size > 0) return 0;
    const isGrowing = waiting > this.#waitedBefore;
    this.#waitedBefore = waiting;
    return isGrowing ? Math.min(longestPauseMs, givenWay * millis) : 0;
  }

  #tell(): void {
    for (const check of [...this.#waiters]) check();
    const { status } = this;
    const text = JSON.stringify(status);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.onChange?.(status);
  }

  #writeHint(): void {
    this.#hintedAt = Date.now();
    const lastSentAt = this.#lastSentAt;
    writeSyncPosition(this.#options.dataDirectory, {
      acknowledged: this.#acknowledged,
      ...(lastSentAt !== undefined && { lastSentAt }),
    });
  }

  #pause(millis: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), millis);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}
