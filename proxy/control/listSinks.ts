/** Where the collector hands events on to, and how far each has got: for whoever may see it. */
import { type CollectorClient, CollectorRefusal, requireList } from '../kit/collectorClient.ts';
import type { SinkStatus } from './messages.ts';

/** Undefined where whoever is signed in may not know. @throws CollectorUnreachable; CollectorRefusal for what else it is */
export async function listSinks(client: CollectorClient): Promise<readonly SinkStatus[] | undefined> {
  try {
    const { items } = await client.call<{ items?: SinkStatus[] }>('GET', '/v1/sinks');
    return requireList(client.url, items).map(({ name, kind, state, waiting, failed, gone, problem }) => ({
      name,
      kind,
      state,
      waiting,
      failed,
      gone,
      ...(problem !== undefined && { problem }),
    }));
  } catch (error) {
    // 404: a collector that is older than sinks.
    if (CollectorRefusal.is(error, 403) || CollectorRefusal.is(error, 404)) return undefined;
    throw error;
  }
}
