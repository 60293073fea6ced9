/** What the collector records in its own name, put together: who signs in, who reads, what changes. */
import type { Log } from '../../kit/log.ts';
import type { Store } from '../store/store.ts';
import { OwnEvents } from './ownEvents.ts';
import { Readings } from './readings.ts';
import { SignIns } from './signIns.ts';

export interface Own {
  readonly events: OwnEvents;
  readonly readings: Readings;
  readonly signIns: SignIns;
}

/** @param origin the log's name */
export function startOwn(store: Store, origin: string, log: Log): Own & { stop(): Promise<void> } {
  const events = new OwnEvents(store, origin, log);
  const readings = new Readings(events);
  const signIns = new SignIns(events);
  return {
    events,
    readings,
    signIns,
    stop: async () => {
      await Promise.all([readings.stop(), signIns.stop()]);
      await events.stop();
    },
  };
}
