/** All sinks of this collector. Several collectors over one store take turns: each sink is one's at a time. */
import type { Log } from '../../kit/log.ts';
import type { Store } from '../store/store.ts';
import { openSink } from './openSink.ts';
import type { SinkSettings } from './sink.ts';
import { SinkRunner, type SinkTimes, usualSinkTimes } from './sinkRunner.ts';

/** Starts at once. Answers what ends it, after what is under way. */
export function startSinks(
  sinks: readonly SinkSettings[],
  store: Store,
  log: Log,
  times: Partial<SinkTimes> = {},
): () => Promise<void> {
  const runners = sinks.map(
    (settings) => new SinkRunner(settings, openSink(settings), store, log, { ...usualSinkTimes, ...times }),
  );
  return async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
  };
}
