/** A journal can be read from any event on, quickly, while it is written, and over repeated tails. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { JournalCursor } from '../../../proxy/audit/journal/readJournalFrom.ts';
import { makeIntent } from './events.ts';
import { makeFolder, makeRandom, open, readAll } from './fixtures.ts';

const all = { events: 1e9, bytes: 1e9, through: 1e9 };

it('finds every event in a large segment, also between very long ones', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  const random = makeRandom(3);
  const templates = [10, 3000, 400_000].map((length) => makeIntent(`SELECT '${'x'.repeat(length)}'`));
  for (let i = 0; i < 3000; i += 1) {
    const template = templates[random() < 0.005 ? 2 : random() < 0.2 ? 1 : 0];
    if (template !== undefined) journal.intent(template);
    if (i % 50 === 0) journal.flush();
  }
  await journal.sync();
  for (let i = 0; i < 60; i += 1) {
    const seq = 1 + Math.floor(random() * journal.lastSeq);
    const piece = await new JournalCursor(folder, seq).read({ ...all, events: 3 });
    expect(piece.map((event) => event.seq)).toEqual(
      [seq, seq + 1, seq + 2].filter((wanted) => wanted <= journal.lastSeq),
    );
  }
});

it('passes over what the next segment repeats, and over what a failed disk left before it', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  for (let i = 0; i < 20; i += 1) journal.intent(makeIntent(`SELECT ${i}`));
  await journal.close();
  const expected = await readAll(folder);
  const first = join(folder, '00000001.jsonl');
  const lines = readFileSync(first, 'utf8').split(/(?<=\n)/);
  writeFileSync(join(folder, '00000002.jsonl'), lines.slice(10).join(''));
  writeFileSync(first, lines.slice(0, 15).join(''));
  appendFileSync(first, '{"at":"2026');
  for (const next of [1, 5, 11, 12, 15, 16, 20]) {
    const cursor = new JournalCursor(folder, next);
    const events = [];
    for (;;) {
      const piece = await cursor.read({ ...all, events: 4 });
      if (piece.length === 0) break;
      events.push(...piece);
    }
    expect(events).toEqual(expected.slice(next - 1));
  }
});

it('refuses a journal in which an event is missing', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  for (let i = 0; i < 5; i += 1) journal.intent(makeIntent(`SELECT ${i}`));
  await journal.close();
  const path = join(folder, '00000001.jsonl');
  const lines = readFileSync(path, 'utf8').split(/(?<=\n)/);
  writeFileSync(path, lines.filter((_, index) => index !== 3).join(''));
  await expect(new JournalCursor(folder).read(all)).rejects.toThrow(
    /event 4 should stand at byte \d+, not 5/,
  );
});
