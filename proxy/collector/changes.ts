/** Tells every listener of every collector that something is new: LISTEN and NOTIFY of the store. */
import pg from 'pg';
import type { Log } from '../kit/log.ts';
import type { Queries } from './store/store.ts';

export type Topic = 'requests' | 'drift' | 'catalog' | 'policy' | 'classifications';

export const topics: readonly Topic[] = ['requests', 'drift', 'catalog', 'policy', 'classifications'];

const channel = 'portcullis_changes';

/** In a transaction: told when it commits, and only then. */
export async function announce(queries: Queries, topic: Topic): Promise<void> {
  await queries.query('SELECT pg_notify($1, $2)', [channel, topic]);
}

export interface Changes {
  /** @returns what ends it */
  listen(listener: (topic: Topic) => void): () => void;
  stop(): Promise<void>;
}

/** Answers when it listens. Comes back by itself after the store was away. */
export async function startChanges(databaseUrl: string, log: Log): Promise<Changes> {
  const listeners = new Set<(topic: Topic) => void>();
  const tell = (topic: Topic): void => {
    for (const listener of listeners) listener(topic);
  };
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'portcullis collector changes',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
    });
    let isLost = false;
    const lose = (error?: Error): void => {
      if (isLost) return;
      isLost = true;
      if (client !== next || isStopped) return;
      log.warn('the store no longer tells about changes; trying again', error);
      client = undefined;
      reconnectLater(250);
    };
    next.on('error', lose);
    next.on('end', () => lose());
    next.on('notification', ({ payload }) => {
      const topic = topics.find((name) => name === payload);
      if (topic !== undefined) tell(topic);
    });
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
    } catch (error) {
      isLost = true;
      await next.end().catch(() => undefined);
      throw error;
    }
    if (isStopped) await next.end();
    else client = next;
  };
  const reconnectLater = (waitMs: number): void => {
    if (isStopped) return;
    retry = setTimeout(() => {
      connect().then(
        // What was announced in between was missed: everything may be new.
        () => topics.forEach(tell),
        () => reconnectLater(Math.min(5_000, waitMs * 2)),
      );
    }, waitMs);
  };

  await connect();
  return {
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(retry);
      listeners.clear();
      await client?.end().catch(() => undefined);
    },
  };
}
