/** Promises of the event's schema: it is the one that types are made from, and real events of every kind fit it. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { eventKinds, type JournalEvent } from '../../../proxy/audit/events.ts';
import { eventSchema, eventSchemas } from '../../../proxy/audit/schema/eventSchemas.ts';
import { collectorEvents } from './collectorEvents.ts';
import { makeFolder, readAll } from './fixtures.ts';
import { writeWholeJournal } from './wholeJournal.ts';

const ajv = new Ajv2020({ strict: true, validateFormats: false });
const isEvent = ajv.compile(eventSchema);

/** Kinds that a journal only holds after a fault. */
const rare: readonly JournalEvent[] = [
  { at: '2026-11-03T09:15:00.123Z', seq: 9, kind: 'withdrawn', reason: 'the disk was full', through: 12 },
];

async function everyKind(): Promise<readonly JournalEvent[]> {
  const folder = makeFolder();
  await writeWholeJournal(folder);
  return [...(await readAll(folder)), ...rare, ...collectorEvents];
}

test('events of every kind, as they are written, fit the schema', async () => {
  const events = await everyKind();
  expect(new Set(events.map(({ kind }) => kind))).toEqual(eventKinds);
  // The journal's heartbeats, which come by time, are among them through its commitments.
  for (const event of events) {
    isEvent(event);
    expect({ event, errors: isEvent.errors }).toEqual({ event, errors: null });
  }
});

test('a field that the types do not have, one that is missing, or of another type, does not fit', async () => {
  for (const event of await everyKind()) {
    expect(isEvent({ ...event, colour: 'red' })).toBe(false);
    expect(isEvent({ ...event, seq: '1' })).toBe(false);
    for (const name of eventSchemas[event.kind]['required'] as string[]) {
      const { [name]: _left, ...others } = event as unknown as Record<string, unknown>;
      expect({ name, fits: isEvent(others) }).toEqual({ name, fits: false });
    }
  }
  expect(isEvent({ at: '2026-11-03T09:15:00.123Z', seq: 1, kind: 'unheardOf' })).toBe(false);
});
