/** Runs a service of the command line until a signal ends it, and undoes in reverse what was started. */
import type { Log } from '../kit/log.ts';

export interface Service {
  /** Is given what undoes each step, as it is done. */
  readonly closers: (() => Promise<void>)[];
  /** Aborted by the first signal, or by `end`. */
  readonly stopping: AbortSignal;
  /** Ends it from within. */
  end(): void;
}

/** Answers the exit code. Rejects, with nothing left running, where `start` cannot start. */
export async function runUntilStopped(log: Log, start: (service: Service) => Promise<void>): Promise<number> {
  const closers: (() => Promise<void>)[] = [];
  const control = new AbortController();
  const end = () => control.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  // Signals after the first change nothing: stopping is under way.
  for (const signal of signals) process.on(signal, end);
  const stopped = new Promise<void>((resolve) => control.signal.addEventListener('abort', () => resolve()));
  try {
    await start({ closers, stopping: control.signal, end });
    await stopped;
  } catch (error) {
    // Stopped while it was starting: what was cut short is no failure.
    if (!control.signal.aborted) throw error;
  } finally {
    for (const close of closers.splice(0).reverse()) {
      await close().catch((error) => log.error('something did not stop in order', error));
    }
    for (const signal of signals) process.off(signal, end);
  }
  return 0;
}
