/**
 * One connection's exchange with the collector: takes what other proxies have found on its columns, and tells what this one
 * has. Nothing waits for it but the opening of the connection, for a moment: without the collector everything goes on with
 * what is known here, and what it was not told is told when it is back. What is to be told is not queued but found by
 * comparing what is known here with what the collector has, so none is lost and the memory is bounded by the columns.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { type CollectorClient, CollectorRefusal, requireList } from '../../kit/collectorClient.ts';
import type { Log } from '../../kit/log.ts';
import { keyOfShared, type SharedClassification } from '../../masking/sharedClassification.ts';
import type { GovernedConnection } from '../governedConnection.ts';
import type { KeptClassifications } from './keptClassifications.ts';
import { describeFound, findNews, isShared } from './sharedColumns.ts';

export interface ConnectionSharingOptions {
  readonly connection: GovernedConnection;
  readonly client: CollectorClient;
  /** Id of this proxy, as its events carry it. */
  readonly proxy: string;
  readonly kept: KeptClassifications;
  readonly log: Log;
}

interface Page {
  readonly items?: readonly unknown[];
  readonly next?: string | null;
  readonly seen?: string;
}

/** Asked without being told that something is new: a notice that got lost is made up for so. */
const pollMs = 15_000;
const retryMs = { first: 1_000, longest: 30_000 };
/** How long a new table waits for what others know of it. */
const askMs = 500;
/** How long it may take whoever has made a table to tell of it. */
const tellingMs = 250;
/** How long a statement waits until others know of the columns that it copies protected values into. */
const tellMs = 5_000;
/** What was made last may not be in the catalog yet when the proxy stops. */
const lastLookMs = 1_000;
/** Fewer than the collector takes at a time. */
const batchSize = 200;

export class ConnectionSharing {
  readonly #options: ConnectionSharingOptions;
  /** All that was received, by key: a table that comes to light later is found in it. */
  readonly #received = new Map<string, SharedClassification>();
  /** Keys of what the collector has, or has refused for good. */
  readonly #settled = new Set<string>();
  /** Of tables that the database shows already, and this connection not yet: others may be about to read them. */
  #urgent: readonly SharedClassification[] = [];
  readonly #unlisten: () => void;
  #described: { readonly stamp: string; readonly all: readonly SharedClassification[] } | undefined;
  #since: string | undefined;
  #isWanted = false;
  #running: Promise<void> | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #delayMs = retryMs.first;
  #isAway = false;
  /** When the collector was last found to be there: milliseconds since the process began. */
  #exchangedAt = 0;
  #isStopped = false;

  constructor(options: ConnectionSharingOptions) {
    this.#options = options;
    const { connection } = options;
    this.#unlisten = connection.onSchemaChange(() => {
      this.reapply();
      void this.exchange();
    });
    this.#readKept();
    connection.shareWith({
      noteLearned: () => void this.exchange(),
      noteShown: (found, shown) => {
        this.#urgent = describeFound(found, shown, connection.database);
        void this.exchange();
      },
      ask: (areTheirs) => this.#ask(areTheirs),
      tell: async () => {
        const askedAt = performance.now();
        await within(tellMs, this.exchange());
        return (
          this.#exchangedAt > askedAt && this.#describe().every((one) => this.#settled.has(keyOfShared(one)))
        );
      },
    });
  }

  /** Resolves when it has been tried once; never rejects. Calls while it is under way make it begin anew after. */
  exchange(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  /** After a change of the schema, or of what the policy takes out: what was received may count now. */
  reapply(): void {
    this.#apply(this.#received.values(), false);
  }

  /** Keeps what was learned last. What is being sent is not waited for: it is sent again at the next start. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#unlisten();
    this.#options.connection.shareWith(undefined);
    await within(lastLookMs, this.#options.connection.refresh());
    await this.#keep();
  }

  /** Where they cannot be asked, nothing waits for it. */
  async #ask(areTheirs: boolean): Promise<void> {
    const known = this.#received.size;
    if (!this.#isAway) await within(askMs, this.exchange());
    if (!areTheirs || this.#isAway || this.#received.size > known) return;
    await sleep(tellingMs);
    if (!this.#isAway && this.#received.size === known) await within(askMs, this.exchange());
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let waitMs = pollMs;
    while (this.#isWanted && !this.#isStopped) {
      // Not in the middle of an answer to a client, and once for all that is learned in it.
      await setImmediate();
      this.#isWanted = false;
      try {
        await this.#tell(this.#urgent);
        void this.#keep();
        await this.#receive();
        await this.#tell(this.#describe());
        this.#noteSuccess();
        waitMs = pollMs;
      } catch (error) {
        this.#noteFailure(error);
        waitMs = this.#delayMs;
        this.#delayMs = Math.min(this.#delayMs * 2, retryMs.longest);
        break;
      }
    }
    this.#running = undefined;
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.exchange(), waitMs);
    this.#timer.unref();
  }

  #readKept(): void {
    const { kept, log } = this.#options;
    try {
      const found = kept.read();
      for (const one of found) this.#received.set(keyOfShared(one), one);
      this.#apply(found, false);
    } catch (error) {
      log.error(`${this.#name}: what was known of its columns could not be read`, error);
    }
  }

  /** One after the other. */
  #keep(): Promise<void> {
    const { kept, log } = this.#options;
    this.#keeping = this.#keeping
      .then(() => kept.keep(this.#describe()))
      .catch((error) => log.error(`${this.#name}: what is known of its columns could not be kept`, error));
    return this.#keeping;
  }

  async #receive(): Promise<void> {
    const { client, connection } = this.#options;
    const isFirst = this.#since === undefined;
    for (let isMore = true; isMore; ) {
      const since = this.#since === undefined ? '' : `&since=${encodeURIComponent(this.#since)}`;
      const path = `/v1/classifications?limit=1000&connection=${encodeURIComponent(connection.info.name)}${since}`;
      const page = await client.call<Page>('GET', path).catch((error) => {
        if (CollectorRefusal.is(error, 400)) this.#forget();
        throw error;
      });
      if (this.#isStopped) return;
      const items = requireList(client.url, page.items).filter(isShared);
      for (const one of items) {
        this.#received.set(keyOfShared(one), one);
        this.#settled.add(keyOfShared(one));
      }
      this.#apply(items, !isFirst);
      // Of what comes later, the tables may be so new that the catalog does not show them.
      if (!isFirst && items.length > 0) connection.noteSchemaChange();
      this.#since = page.seen;
      isMore = typeof page.next === 'string' && page.seen !== undefined;
    }
  }

  /** The collector's store is another than it was: everything is asked for, and told, anew. */
  #forget(): void {
    this.#since = undefined;
    this.#settled.clear();
  }

  async #tell(all: readonly SharedClassification[]): Promise<void> {
    const { client, connection, proxy, log } = this.#options;
    const untold = all.filter((one) => !this.#settled.has(keyOfShared(one)));
    for (let start = 0; start < untold.length && !this.#isStopped; start += batchSize) {
      const found = untold.slice(start, start + batchSize);
      try {
        await client.call('POST', '/v1/classifications', { connection: connection.info.name, proxy, found });
      } catch (error) {
        if (!CollectorRefusal.is(error) || !finalStatuses.has(error.status)) throw error;
        log.error(`${connection.info.name}: others are not told of ${found.length} columns`, error);
      }
      for (const one of found) this.#settled.add(keyOfShared(one));
    }
  }

  /** Looks through all columns only where something has changed. */
  #describe(): readonly SharedClassification[] {
    const { connection } = this.#options;
    const stamp = `${connection.database} ${connection.stamp}`;
    if (this.#described?.stamp !== stamp) {
      const { unforeseen, catalog, database } = connection;
      this.#described = { stamp, all: describeFound(unforeseen, catalog.relations, database) };
    }
    return this.#described.all;
  }

  #apply(shared: Iterable<SharedClassification>, areNew: boolean): void {
    const { connection } = this.#options;
    const news = findNews(connection, shared, areNew);
    if (news.length > 0) connection.learn(news);
  }

  #noteSuccess(): void {
    if (this.#isAway) this.#options.log.info(`${this.#name}: what is found on columns is shared again`);
    this.#isAway = false;
    this.#exchangedAt = performance.now();
    this.#delayMs = retryMs.first;
  }

  /** Said once, until it is well again. */
  #noteFailure(error: unknown): void {
    if (!this.#isAway) {
      this.#options.log.warn(`${this.#name}: what is found on columns is not shared for now`, error);
    }
    this.#isAway = true;
  }

  get #name(): string {
    return this.#options.connection.info.name;
  }
}

/** Resolves when `work` has ended, well or not, or the time is over. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), patience]);
  clearTimeout(timer);
}

/** Bad request, no room, too large, not understood: it would be refused again. */
const finalStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422]);
