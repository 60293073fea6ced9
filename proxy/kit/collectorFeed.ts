/** Follows what the collector tells by itself (server-sent events): which kind of thing has changed, never what it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CollectorClient } from './collectorClient.ts';
import type { Log } from './log.ts';

export type ChangeKind = 'requests' | 'drift' | 'catalog' | 'policy' | 'classifications';

const kinds: ReadonlySet<string> = new Set<ChangeKind>([
  'requests',
  'drift',
  'catalog',
  'policy',
  'classifications',
]);
const retryMs = { first: 500, longest: 30_000 };
/** A stream that held this long was a good one: the next attempt comes soon. */
const healthyMs = 10_000;

export class CollectorFeed {
  readonly #client: CollectorClient;
  readonly #log: Log;
  readonly #listeners = new Map<ChangeKind, Set<() => void>>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  /** Follows until `stop`. What changed while it was not connected is told when it is again: as all kinds at once. */
  constructor(client: CollectorClient, log: Log) {
    this.#client = client;
    this.#log = log;
    this.#running = this.#follow();
  }

  /** Answers how to stop listening. */
  on(kind: ChangeKind, listener: () => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  onRequests(listener: () => void): () => void {
    return this.on('requests', listener);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    let delay = retryMs.first;
    let isFirst = true;
    while (!signal.aborted) {
      const since = Date.now();
      try {
        const events = this.#client.stream('/v1/stream', signal, () => {
          if (!isFirst) for (const kind of this.#listeners.keys()) this.#tell(kind);
          isFirst = false;
        });
        for await (const name of events) if (kinds.has(name)) this.#tell(name as ChangeKind);
      } catch (error) {
        if (!signal.aborted) this.#log.debug(`the collector's stream ended: ${String(error)}`);
      }
      if (Date.now() - since > healthyMs) delay = retryMs.first;
      await sleep(delay * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      delay = Math.min(delay * 2, retryMs.longest);
    }
  }

  #tell(kind: ChangeKind): void {
    for (const listener of this.#listeners.get(kind) ?? []) listener();
  }
}
