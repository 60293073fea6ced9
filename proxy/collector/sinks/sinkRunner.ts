/**
 * Hands the log to one sink: in order, nothing left out, as often as it takes.
 *
 *   hold the sink ─▶ read leaves ─▶ deliver ─▶ taken:   the position moves on
 *         ▲                            │        refused: smaller batches, at last one event, which is put aside
 *         └────────── wait ◀───────────┘        later:   the same again, after a while
 *
 * The position is the store's, and moves only after the receiver has said that it has everything before it. Whoever is
 * killed between the two sends a batch twice; nobody leaves one out.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from '../../kit/log.ts';
import { findWanted, settleDeadLetters } from '../store/sinks/deadLetters.ts';
import { readContext, readLeaves, readLeavesAt } from '../store/sinks/leaves.ts';
import {
  type Holder,
  type Holding,
  holdSink,
  lookAtSink,
  noteFailure,
  putAside,
  registerSink,
  releaseSink,
  settle,
} from '../store/sinks/sinkRows.ts';
import type { Store } from '../store/store.ts';
import type { Delivery, Sink, SinkItem, SinkSettings } from './sink.ts';
import { projectLeaves } from './sinkItems.ts';

export interface SinkTimes {
  /** How often to look for new events. */
  readonly pollMs: number;
  /** After the first failure, and the longest; doubled in between. */
  readonly retryMs: { readonly first: number; readonly longest: number };
  /** How long what is being sent may take when the collector stops. */
  readonly stopMs: number;
}

export const usualSinkTimes: SinkTimes = {
  pollMs: 500,
  retryMs: { first: 1_000, longest: 300_000 },
  stopMs: 4_000,
};

/** A batch is closed when it has come to this. */
const batchBytes = 2 ** 20;
/** Beyond what sending may take: for reading, writing, and clocks that measure differently. */
const leaseMarginMs = 5_000;

/** What was read and is not settled yet. */
interface Window {
  readonly items: readonly SinkItem[];
  /** The position after all of it; undefined for dead letters. */
  readonly end: number | undefined;
}

export class SinkRunner {
  readonly #settings: SinkSettings;
  readonly #store: Store;
  readonly #sink: Sink;
  readonly #times: SinkTimes;
  readonly #log: Log;
  readonly #held: Holder;
  readonly #leaseMs: number;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #renewAt = 0;
  #isRegistered = false;
  #window: Window | undefined;
  #batchEvents: number;
  #told = '';
  #isStopped = false;
  #wake: () => void = () => undefined;

  /** Starts at once. */
  constructor(settings: SinkSettings, sink: Sink, store: Store, log: Log, times: SinkTimes) {
    this.#settings = settings;
    this.#sink = sink;
    this.#store = store;
    this.#times = times;
    this.#log = log.named(`sink ${settings.name}`);
    this.#held = { sink: settings.name, holder: randomUUID() };
    this.#leaseMs = settings.timeoutMs + leaseMarginMs;
    this.#batchEvents = settings.batchEvents;
    this.#running = this.#run();
  }

  /** What is being sent gets a moment; another collector may go on at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    const timer = setTimeout(() => this.#abort.abort(), this.#times.stopMs);
    await this.#running;
    clearTimeout(timer);
    await releaseSink(this.#store, this.#held).catch((error) =>
      this.#log.warn('another collector has to wait until it may go on', error),
    );
    await this.#sink.close();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      let pauseMs = this.#times.pollMs;
      try {
        pauseMs = await this.#step();
      } catch (error) {
        this.#lose();
        if (!this.#isStopped) this.#tell('it cannot go on', error);
      }
      await this.#pause(pauseMs);
    }
  }

  /** Answers how long to wait before the next. */
  async #step(): Promise<number> {
    const holding = await this.#hold();
    if (holding === undefined) return this.#times.pollMs;
    if (holding.waitMs > 0) return Math.min(holding.waitMs, this.#leaseMs / 3);
    this.#window ??= await this.#read(holding);
    if (this.#window === undefined) return this.#times.pollMs;
    const batch = cutBatch(this.#window.items, this.#batchEvents);
    if (batch.length === 0) {
      await this.#advance(this.#window, 0, 0);
      return 0;
    }
    const delivery = await this.#sink.deliver(batch, this.#abort.signal);
    // Cut off by us: it says nothing about the receiver.
    if (this.#abort.signal.aborted && delivery.kind !== 'taken') return 0;
    return this.#conclude(delivery, batch, this.#window, holding);
  }

  async #hold(): Promise<Holding | undefined> {
    if (!this.#isRegistered) {
      const { name, target, start } = this.#settings;
      await registerSink(this.#store, name, target.kind, start);
      this.#isRegistered = true;
    }
    const now = performance.now();
    const isRenewed = now >= this.#renewAt;
    const holding = isRenewed
      ? await holdSink(this.#store, this.#held, this.#leaseMs)
      : await lookAtSink(this.#store, this.#held);
    // Renewed long before it ends: what is sent has to be over by then.
    if (isRenewed) this.#renewAt = now + leaseMarginMs / 2;
    if (holding === undefined) this.#lose();
    return holding;
  }

  /** What this collector has read may be settled by another. */
  #lose(): void {
    this.#window = undefined;
    this.#renewAt = 0;
  }

  /** Dead letters first: somebody waits for them. */
  async #read({ position, size }: Holding): Promise<Window | undefined> {
    const wanted = await findWanted(this.#store, this.#settings.name, this.#settings.batchEvents);
    if (wanted.length > 0) return this.#readAgain(wanted);
    if (position >= size) return undefined;
    const leaves = await readLeaves(this.#store, position, size);
    const last = leaves.at(-1);
    if (last === undefined) throw new Error(`the log does not hold its entry ${position}`);
    const { items, gone } = projectLeaves(leaves, await readContext(this.#store, leaves), this.#settings);
    const end = last.index + 1;
    if (gone.length > 0) {
      this.#log.warn(`${gone.length} events were no longer kept when they were to be sent`);
      const isHeld = await this.#settle({ position: items[0]?.index ?? end, sent: 0, gone: gone.length });
      if (!isHeld) return undefined;
    }
    return { items, end };
  }

  async #readAgain(wanted: readonly number[]): Promise<Window | undefined> {
    const leaves = await readLeavesAt(this.#store, wanted);
    // The filter let them through once; they are wanted whatever it says now.
    const { items, gone } = projectLeaves(leaves, await readContext(this.#store, leaves), {});
    if (gone.length > 0) {
      await putAside(this.#store, this.#held, gone, 'the event is no longer kept', undefined);
    }
    return items.length === 0 ? undefined : { items, end: undefined };
  }

  async #conclude(
    delivery: Delivery,
    batch: readonly SinkItem[],
    window: Window,
    { tries, strikes }: Holding,
  ): Promise<number> {
    if (delivery.kind === 'taken') {
      if (this.#told !== '') this.#log.info('it takes events again');
      this.#told = '';
      await this.#advance(window, batch.length, batch.length);
      this.#batchEvents = Math.min(this.#settings.batchEvents, this.#batchEvents * 2);
      return 0;
    }
    this.#tell(delivery.reason);
    if (delivery.kind === 'later' && (delivery.isAway || strikes + 1 < this.#settings.tries)) {
      const { first, longest } = this.#times.retryMs;
      const usual = Math.min(longest, first * 2 ** Math.min(tries, 30)) * (0.5 + Math.random() / 2);
      await noteFailure(
        this.#store,
        this.#held,
        `Events wait to be sent: ${delivery.reason}.`,
        !delivery.isAway,
        Math.max(usual, delivery.afterMs ?? 0),
      );
      return 0;
    }
    const canSplit = delivery.kind === 'later' || delivery.canSplit;
    if (canSplit && batch.length > 1) {
      this.#batchEvents = Math.ceil(batch.length / 2);
      return 0;
    }
    const why =
      delivery.kind === 'later' ? `${delivery.reason}, ${strikes + 1} times in a row` : delivery.reason;
    await this.#bury(batch, window, `It was refused: ${why}.`);
    return 0;
  }

  /** Goes on after the first `count` items of the window. */
  async #advance(window: Window, count: number, sent: number): Promise<void> {
    const rest = window.items.slice(count);
    if (window.end === undefined) {
      const indexes = window.items.slice(0, count).map(({ index }) => index);
      if (!(await settleDeadLetters(this.#store, this.#held, indexes))) return this.#lose();
    } else {
      const position = rest[0]?.index ?? window.end;
      if (!(await this.#settle({ position, sent, gone: 0 }))) return;
    }
    this.#window = rest.length === 0 ? undefined : { ...window, items: rest };
  }

  async #bury(batch: readonly SinkItem[], window: Window, problem: string): Promise<void> {
    const rest = window.items.slice(batch.length);
    const position = window.end === undefined ? undefined : (rest[0]?.index ?? window.end);
    const indexes = batch.map(({ index }) => index);
    if (!(await putAside(this.#store, this.#held, indexes, problem, position))) return this.#lose();
    this.#window = rest.length === 0 ? undefined : { ...window, items: rest };
  }

  async #settle(done: Parameters<typeof settle>[2]): Promise<boolean> {
    const isHeld = await settle(this.#store, this.#held, done);
    if (!isHeld) this.#lose();
    return isHeld;
  }

  /** Once, until it changes: a receiver that is away for a day is no thousand lines. */
  #tell(words: string, cause?: unknown): void {
    const told = cause instanceof Error ? `${words}: ${cause.message}` : words;
    if (told === this.#told) return;
    this.#told = told;
    this.#log.warn(told);
  }

  #pause(millis: number): Promise<void> {
    if (this.#isStopped || millis <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), millis);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}

/** At least one, where there is any. */
function cutBatch(items: readonly SinkItem[], most: number): readonly SinkItem[] {
  let bytes = 0;
  let count = 0;
  for (const { text } of items.slice(0, most)) {
    bytes += Buffer.byteLength(text);
    if (count > 0 && bytes > batchBytes) break;
    count += 1;
  }
  return items.slice(0, count);
}
