/** What a running proxy does with its collector: sends its events, shows it the schemas, hears what changes. */
import type { EventSync } from '../audit/sync.ts';
import { startSync } from '../audit/sync.ts';
import type { CollectorClient } from '../kit/collectorClient.ts';
import type { Log } from '../kit/log.ts';
import type { SchemaSnapshot } from '../schema/snapshot.ts';
import type { RunningProxy } from '../startProxy.ts';
import type { SyncStatus } from './messages.ts';

export interface CollectorLinkOptions {
  readonly proxy: RunningProxy;
  readonly client: CollectorClient;
  /** Where the sync position is kept. */
  readonly dataDirectory: string;
  readonly log: Log;
  readonly onSync?: (status: SyncStatus) => void;
  readonly onSnapshot?: (connection: string) => void;
}

/** How long stopping waits for the last events to be taken. What is not sent then is sent at the next start. */
const lastEventsMs = 3_000;

export class CollectorLink {
  readonly sync: EventSync;
  readonly #options: CollectorLinkOptions;
  readonly #snapshots = new Map<string, SchemaSnapshot>();
  readonly #watched = new Map<string, () => void>();

  constructor(options: CollectorLinkOptions) {
    this.#options = options;
    const { proxy, client, dataDirectory, log, onSync } = options;
    this.sync = startSync({
      folder: proxy.journalFolder,
      dataDirectory,
      client,
      journal: proxy.journal,
      log,
      ...(onSync === undefined ? {} : { onChange: onSync }),
    });
  }

  /** Shows the collector the schema of a connection now, and again whenever it changes. Call once it is open. */
  async watch(name: string): Promise<void> {
    const connection = this.#options.proxy.connections.get(name);
    if (connection === undefined || this.#watched.has(name)) return;
    const show = () => this.refresh(name).catch((error) => this.#warn(name, error));
    this.#watched.set(
      name,
      connection.onSchemaChange(() => void show()),
    );
    await show();
  }

  /** Reads the schema anew and shows it to the collector. Answers what was read, also where nobody could be shown it. */
  async refresh(name: string): Promise<SchemaSnapshot> {
    const connection = this.#options.proxy.connections.get(name);
    if (connection === undefined) throw new Error(`the connection "${name}" is not open`);
    const snapshot = await connection.readSnapshot();
    this.#snapshots.set(name, snapshot);
    await this.#options.client
      .call('PUT', `/v1/snapshots/${encodeURIComponent(name)}`, snapshot)
      .catch((error) => this.#warn(name, error));
    this.#options.onSnapshot?.(name);
    return snapshot;
  }

  /** As last read; reads it where it never was. */
  async snapshot(name: string): Promise<SchemaSnapshot> {
    return this.#snapshots.get(name) ?? this.refresh(name);
  }

  async stop(): Promise<void> {
    for (const stopWatching of this.#watched.values()) stopWatching();
    await this.sync.flush(lastEventsMs).catch(() => false);
    await this.sync.stop();
  }

  #warn(name: string, error: unknown): void {
    this.#options.log.warn(`the schema of ${name} could not be shown to the collector`, error);
  }
}
