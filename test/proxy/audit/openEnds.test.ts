/** A period may end between any two events: where it ends is no reason to miss what comes after it. */
import { expect, test } from 'vitest';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { OpenEnds } from '../../../proxy/audit/verify/openEnds.ts';
import { Findings } from '../../../proxy/audit/verify/verdicts.ts';

/** One run, cut off with a session and a statement open, and the next one, which closes them and goes on. */
const story = [
  { kind: 'started' },
  { kind: 'sessionOpened', session: 'one' },
  { kind: 'intent', session: 'one' },
  { kind: 'started' },
  { kind: 'outcome', for: 3, status: 'unknown' },
  { kind: 'sessionClosed', session: 'one', reason: 'crashed' },
  { kind: 'sessionOpened', session: 'two' },
  { kind: 'sessionClosed', session: 'two', reason: 'client' },
  { kind: 'stopped' },
].map((event, index) => ({
  ...event,
  seq: index + 1,
  at: new Date(1_800_000_000_000 + index).toISOString(),
})) as unknown as JournalEvent[];

function verdictsOf(events: readonly JournalEvent[]) {
  const findings = new Findings();
  const ends = new OpenEnds(findings, false);
  for (const event of events) ends.take(event, { event: event.seq });
  ends.endOfRange('p');
  return findings.verdicts();
}

test.each(story.map((_, index) => index))(
  'a period that begins with event %i is whole to wherever it ends',
  (from) => {
    for (let to = from + 1; to <= story.length; to++) {
      const { completeness, integrity } = verdictsOf(story.slice(from, to));
      expect([to, ...completeness.problems, ...integrity.problems]).toEqual([to]);
    }
  },
);

test('what a run had open, and the next did not close, has no end', () => {
  const isClosing = ({ seq }: JournalEvent) => seq === 5 || seq === 6;
  const { completeness } = verdictsOf(story.filter((event) => !isClosing(event)));
  expect(completeness.problems.map(({ message }) => message)).toEqual([
    'session one, opened here, has no end',
    'statement 3 has no outcome',
  ]);
  const [, , , , closed] = story;
  const halfClosed = verdictsOf([...story.slice(0, 4), ...story.slice(5, 7)]);
  expect(closed?.kind).toBe('outcome');
  expect(halfClosed.completeness.problems.map(({ message }) => message)).toEqual([
    'statement 3 has no outcome',
  ]);
});

test('what was cut off is told wherever the period begins or ends', () => {
  for (const cut of [3, 4, 5]) {
    const notes = [story.slice(0, cut), story.slice(cut)].flatMap((events) => verdictsOf(events).notes);
    expect([
      cut,
      notes.filter((note) => note.includes('The proxy was cut off') && note.includes('(one)')),
    ]).toEqual([cut, [expect.stringContaining('1 session (one)')]]);
  }
});
