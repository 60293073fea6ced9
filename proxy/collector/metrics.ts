/** What a monitoring system asks of each collector: how much it does, how fast, and whether its store is there. */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { registerSinkMetrics } from './sinks/sinkMetrics.ts';
import type { Queries, Store } from './store/store.ts';

export interface Metrics {
  /** Events that this collector has taken, those it was sent twice counted once. */
  countEvents(count: number): void;
}

interface StoreRow {
  readonly log_size: string;
  readonly open_requests: string;
}

/** Serves `GET /metrics` in the text format of Prometheus. Nothing in it names people, databases or statements. */
export function registerMetrics(app: FastifyInstance, store: Store, sinks: readonly string[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'portcullis_http_request_duration_seconds',
    help: 'Time to answer a request, by route',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.02, 0.05, 0.15, 0.5, 2, 10],
    registers,
  });
  const taken = new Counter({
    name: 'portcullis_events_taken_total',
    help: 'Events that this collector has stored',
    registers,
  });
  const isStoreUp = new Gauge({
    name: 'portcullis_store_up',
    help: '1 where the store answers, 0 where it does not',
    registers,
  });
  const logSize = new Gauge({
    name: 'portcullis_log_size',
    help: 'Events in the log of all collectors over the store',
    registers,
  });
  const openRequests = new Gauge({
    name: 'portcullis_requests_open',
    help: 'Requests that wait for a review',
    registers,
  });

  const readSinks = registerSinkMetrics(registry, store, sinks);

  // The route as it is registered: addresses name people, and there is no end of them.
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Numbers for Prometheus',
        security: [],
        response: {
          200: {
            description: 'In the text format.',
            content: { 'text/plain': { schema: { type: 'string' } } },
          },
        },
      },
    },
    async (_request, reply) => {
      const counts = await readCounts(store).catch(() => undefined);
      isStoreUp.set(counts === undefined ? 0 : 1);
      // An old number would look like a new one.
      logSize.set(Number(counts?.log_size ?? Number.NaN));
      openRequests.set(Number(counts?.open_requests ?? Number.NaN));
      await readSinks();
      return reply
        .type(registry.contentType)
        .serializer(String)
        .send(await registry.metrics());
    },
  );
  return { countEvents: (count) => taken.inc(count) };
}

async function readCounts(queries: Queries): Promise<StoreRow | undefined> {
  const { rows } = await queries.query<StoreRow>(
    `SELECT (SELECT size FROM portcullis.log) AS log_size,
       (SELECT count(*) FROM portcullis.requests WHERE state = 'open' AND expires_at > now()) AS open_requests`,
  );
  return rows[0];
}
