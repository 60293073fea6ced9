/** Promises of the journal while disk and process are well. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openJournal } from '../../../../proxy/audit/journal/openJournal.ts';
import { type JournalDisk, realDisk } from '../../../../proxy/audit/journal/segmentFile.ts';
import { PortcullisError } from '../../../../proxy/kit/errors.ts';
import { intentFields, makeIntent } from '../events.ts';
import { bytesOf, makeCountingDisk, makeFolder, open, readAll, segmentsOf } from '../fixtures.ts';

test('a statement, its outcome, a refusal and a session stand in the journal in order, numbered from 1', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  const { client, connection, environment, identity, session } = intentFields;
  journal.sessionOpened({ client, connection, environment, identity, session });
  const seq = journal.intent(makeIntent());
  journal.flush();
  journal.outcome({ for: seq, status: 'ok', rows: 2, micros: 300, tag: 'SELECT 2' });
  journal.refusal({
    client,
    session,
    reason: { code: 'STATEMENT_DENIED', message: 'no', sqlState: '42501' },
  });
  journal.sessionClosed({ session, reason: 'clientClosed', statements: 1 });
  await journal.close();
  const events = await readAll(folder);
  expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(events.map((event) => event.kind)).toEqual([
    'started',
    'sessionOpened',
    'intent',
    'outcome',
    'refusal',
    'sessionClosed',
    'stopped',
  ]);
  expect(events[2]).toMatchObject({ ...intentFields, seq });
  expect(events[3]).toMatchObject({ for: seq, status: 'ok', rows: 2, tag: 'SELECT 2' });
});

test('numbers go on over restarts, and files are for their owner alone', async () => {
  const folder = join(makeFolder(), 'made', 'when-missing');
  for (let run = 0; run < 3; run += 1) {
    const journal = await open(folder);
    journal.intent(makeIntent());
    await journal.close();
  }
  const events = await readAll(folder);
  expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(segmentsOf(folder)).toEqual(['00000001.jsonl']);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, '00000001.jsonl')).mode & 0o777).toBe(0o600);
});

test('after flush the events can be read by another process, before it they are not there', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  const seq = journal.intent(makeIntent());
  expect(bytesOf(folder)).not.toContain(`"seq":${seq},`);
  journal.flush();
  expect(bytesOf(folder)).toContain(`"seq":${seq},`);
});

test('an outcome reaches the disk by itself within a moment, and nothing runs when nothing is recorded', async () => {
  const folder = makeFolder();
  const disk = makeCountingDisk();
  const journal = await open(folder, { disk });
  await sleep(60);
  const before = disk.syncs;
  await sleep(100);
  expect(disk.syncs).toBe(before);
  journal.outcome({ for: 1, status: 'ok', rows: 0, micros: 1 });
  await expect.poll(() => bytesOf(folder), { timeout: 2000 }).toContain('"kind":"outcome"');
  await expect.poll(() => disk.syncs, { timeout: 2000 }).toBe(before + 1);
});

test('an intent that was only flushed is synced by itself within a moment', async () => {
  const disk = makeCountingDisk();
  const journal = await open(makeFolder(), { disk });
  await sleep(60);
  const before = disk.syncs;
  journal.intent(makeIntent());
  journal.flush();
  await expect.poll(() => disk.syncs, { timeout: 2000 }).toBe(before + 1);
});

test('one flush is one write, however many events wait', async () => {
  const disk = makeCountingDisk();
  const journal = await open(makeFolder(), { disk });
  const before = disk.writes;
  for (let i = 0; i < 100; i += 1) journal.intent(makeIntent());
  journal.flush();
  journal.flush();
  expect(disk.writes).toBe(before + 1);
});

test('sync answers only after an fdatasync that began after the event was written; callers share it', async () => {
  const folder = makeFolder();
  const running: (() => void)[] = [];
  const covered: string[] = [];
  let isSlow = false;
  const disk: JournalDisk = {
    ...realDisk,
    async sync(fd) {
      const bytes = bytesOf(folder);
      if (isSlow) await new Promise<void>((resolve) => running.push(resolve));
      await realDisk.sync(fd);
      covered.push(bytes);
    },
  };
  const journal = await open(folder, { disk });
  isSlow = true;
  covered.length = 0;
  const answered: string[] = [];
  const recordAndSync = (name: string): Promise<void> => {
    journal.intent(makeIntent(name));
    return journal.sync().then(() => {
      expect(covered.some((bytes) => bytes.includes(`"text":"${name}"`))).toBe(true);
      answered.push(name);
    });
  };
  const all = [recordAndSync('a'), recordAndSync('b'), recordAndSync('c')];
  await expect.poll(() => running.length).toBe(1);
  running[0]?.();
  await expect.poll(() => running.length).toBe(2);
  expect(answered).toEqual(['a']);
  running[1]?.();
  await Promise.all(all);
  expect(answered).toEqual(['a', 'b', 'c']);
  expect(covered).toHaveLength(2);
  isSlow = false;
});

test('a sync with nothing new waits for the one that is running, and for none otherwise', async () => {
  const disk = makeCountingDisk();
  const journal = await open(makeFolder(), { disk });
  await sleep(60);
  journal.intent(makeIntent());
  const before = disk.syncs;
  const first = journal.sync();
  await Promise.all([first, journal.sync(), journal.sync()]);
  await journal.sync();
  expect(disk.syncs).toBe(before + 1);
});

test('a full segment is followed by the next, and everything is read back in order', async () => {
  const folder = makeFolder();
  const journal = await open(folder, { segmentBytes: 4096 });
  for (let i = 0; i < 100; i += 1) {
    journal.intent(makeIntent(`SELECT ${i}`));
    if (i % 7 === 0) await journal.sync();
    else journal.flush();
  }
  await journal.close();
  expect(segmentsOf(folder).length).toBeGreaterThan(8);
  expect(segmentsOf(folder)[1]).toBe('00000002.jsonl');
  const again = await open(folder, { segmentBytes: 4096 });
  await again.close();
  const events = await readAll(folder);
  expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 104 }, (_, index) => index + 1));
  const texts = events.flatMap((event) => (event.kind === 'intent' ? event.statement.text : []));
  expect(texts).toEqual(Array.from({ length: 100 }, (_, index) => `SELECT ${index}`));
});

test('a statement of many megabytes is recorded whole', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  const text = `SELECT '${'é😀x'.repeat(1_000_000)}'`;
  journal.intent(makeIntent(text));
  journal.flush();
  await journal.close();
  const intent = (await readAll(folder)).find((event) => event.kind === 'intent');
  expect(intent?.statement.text === text).toBe(true);
});

test('a closed journal records nothing, says so, and frees its folder; closing twice is closing once', async () => {
  const folder = makeFolder();
  const journal = await openJournal(folder);
  await Promise.all([journal.close(), journal.close()]);
  await journal.close();
  expect(() => journal.intent(makeIntent())).toThrow(/the journal is closed/);
  expect(() => journal.flush()).toThrow(PortcullisError);
  await expect(journal.sync()).rejects.toThrow(/the journal is closed/);
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'stopped']);
  await (await openJournal(folder)).close();
});

test('a reader of a journal in use passes over a line that is being written', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  journal.intent(makeIntent());
  journal.flush();
  writeFileSync(join(folder, '00000001.jsonl'), '{"at":"2026', { flag: 'a' });
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'intent']);
});

test('an event in another byte form than the canonical one is found by the reader', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  journal.intent(makeIntent('SELECT 1'));
  await journal.close();
  const path = join(folder, '00000001.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"SELECT 1"', '"SELECT \\u0031"'));
  await expect(readAll(folder)).rejects.toThrow('00000001.jsonl, line 2: the event is not in canonical form');
});
