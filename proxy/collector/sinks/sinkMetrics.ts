/** Numbers about sinks for Prometheus: of the store, and so the same at every collector. */
import { Gauge, type Registry } from 'prom-client';
import { readSinkStates, type SinkState } from '../store/sinks/sinkStates.ts';
import type { Queries } from '../store/store.ts';

const numbers: readonly (readonly [name: string, help: string, of: (state: SinkState) => number])[] = [
  ['portcullis_sink_waiting', 'Events of the log that a sink has not been offered yet', (s) => s.waiting],
  ['portcullis_sink_sent', 'Events that a sink has taken', (s) => s.sent],
  ['portcullis_sink_dead_letters', 'Events that a sink has refused for good', (s) => s.failed],
  ['portcullis_sink_gone', 'Events that were no longer kept when it was their turn', (s) => s.gone],
  ['portcullis_sink_up', '1 unless the last try failed', (s) => (s.state === 'retrying' ? 0 : 1)],
];

/** Answers what reads them anew. Where the store is away there are none: an old number would look like a new one. */
export function registerSinkMetrics(
  register: Registry,
  queries: Queries,
  sinks: readonly string[],
): () => Promise<void> {
  if (sinks.length === 0) return async () => undefined;
  const gauges = numbers.map(([name, help, of]) => {
    const gauge = new Gauge({ name, help, labelNames: ['sink'] as const, registers: [register] });
    return { gauge, of };
  });
  return async () => {
    const states = await readSinkStates(queries, sinks).catch(() => []);
    for (const { gauge, of } of gauges) {
      gauge.reset();
      for (const state of states) gauge.set({ sink: state.name }, of(state));
    }
  };
}
