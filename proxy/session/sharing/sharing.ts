/** What the proxies of all people find on columns, shared through the collector: for every connection that is open. */
import { readProxyId } from '../../audit/syncPosition.ts';
import type { CollectorClient } from '../../kit/collectorClient.ts';
import type { CollectorFeed } from '../../kit/collectorFeed.ts';
import type { Log } from '../../kit/log.ts';
import type { GovernedConnection } from '../governedConnection.ts';
import { ConnectionSharing, within } from './connectionSharing.ts';
import { KeptClassifications } from './keptClassifications.ts';

export interface SharingOptions {
  readonly client: CollectorClient;
  readonly feed: CollectorFeed;
  readonly dataDirectory: string;
  readonly log: Log;
}

/** How long a connection that opens waits for what others know of it; after that it opens with what is known here. */
const patienceMs = 3_000;

export class Sharing {
  readonly #options: SharingOptions;
  readonly #proxy: string;
  readonly #connections = new Map<string, ConnectionSharing>();
  readonly #unlisten: () => void;
  #isStopped = false;

  /** @throws Error where the id of this proxy cannot be read */
  constructor(options: SharingOptions) {
    this.#options = options;
    this.#proxy = readProxyId(options.dataDirectory);
    this.#unlisten = options.feed.on('classifications', () => {
      for (const connection of this.#connections.values()) void connection.exchange();
    });
  }

  /** Call before anybody uses the connection. Resolves when what others know of it counts, or could not be had in time. */
  async watch(connection: GovernedConnection): Promise<void> {
    const { client, dataDirectory, log } = this.#options;
    const { name } = connection.info;
    const kept = new KeptClassifications(dataDirectory, name);
    const sharing = new ConnectionSharing({ connection, client, proxy: this.#proxy, kept, log });
    if (this.#isStopped) return sharing.stop();
    await this.#connections.get(name)?.stop();
    this.#connections.set(name, sharing);
    await within(patienceMs, sharing.exchange());
  }

  /** Another policy is in force. */
  reapply(): void {
    for (const connection of this.#connections.values()) {
      connection.reapply();
      void connection.exchange();
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#unlisten();
    await Promise.all([...this.#connections.values()].map((connection) => connection.stop()));
  }
}
