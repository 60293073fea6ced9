/** Promises of the journal's lock: one writer at a time, and a dead one is in nobody's way. */
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockName, takeJournalLock } from '../../../../proxy/audit/journal/journalLock.ts';
import { openJournal } from '../../../../proxy/audit/journal/openJournal.ts';
import { collect, makeFolder, open, readAll, startChild } from '../fixtures.ts';

test('a second opener in the same process is refused until the first has closed', async () => {
  const folder = makeFolder();
  const journal = await open(folder);
  await expect(openJournal(folder)).rejects.toMatchObject({
    code: 'JOURNAL_LOCKED',
    message: `the journal folder ${folder} is in use by this process already`,
  });
  await journal.close();
  await (await openJournal(folder)).close();
  expect(readdirSync(folder)).toEqual(['00000001.jsonl', 'journal.head']);
});

test('a live process is named, and its journal stays untouched; once it is killed the folder is free', async () => {
  const folder = makeFolder();
  const child = startChild('openingChild.ts', folder);
  await once(child.stdout, 'data');
  const before = readFileSync(join(folder, '00000001.jsonl'), 'utf8');
  await expect(openJournal(folder)).rejects.toThrow(`is in use by process ${child.pid}`);
  expect(readFileSync(join(folder, '00000001.jsonl'), 'utf8')).toBe(before);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  await (await openJournal(folder)).close();
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'started', 'stopped']);
});

test('of many processes that open at once, over a stale lock too, one gets the folder', async () => {
  const folder = makeFolder();
  const boot = takeJournalLock(folder);
  const held = JSON.parse(readFileSync(join(folder, lockName), 'utf8')) as object;
  boot.release();
  writeFileSync(join(folder, lockName), JSON.stringify({ ...held, startedAt: '1' }));
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => collect(startChild('openingChild.ts', folder, '4000'))),
  );
  expect(answers.filter((answer) => answer === 'opened\n')).toHaveLength(1);
  expect(answers.filter((answer) => answer.startsWith('JOURNAL_LOCKED: '))).toHaveLength(5);
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'stopped']);
}, 60_000);

function writeLock(folder: string, change: Readonly<Record<string, unknown>>): void {
  const lock = takeJournalLock(folder);
  const held = JSON.parse(readFileSync(join(folder, lockName), 'utf8')) as object;
  lock.release();
  writeFileSync(join(folder, lockName), JSON.stringify({ ...held, ...change }));
}

test.skipIf(process.platform !== 'linux')(
  'a pid that was given to another process since, or a lock from before a restart of the machine, does not hold the folder',
  async () => {
    for (const change of [{ startedAt: '12345' }, { boot: 'earlier' }, { pid: 2 ** 22 + 1 }]) {
      const folder = makeFolder();
      writeLock(folder, change);
      await (await openJournal(folder)).close();
    }
  },
);

test.skipIf(process.platform !== 'linux')(
  'a lock of another machine, or one that cannot be read, is respected: the words say what to do',
  async () => {
    const folder = makeFolder();
    writeLock(folder, { boot: 'elsewhere', host: `not-${hostname()}` });
    await expect(openJournal(folder)).rejects.toThrow(/on the machine not-.*remove journal\.lock/);
    writeFileSync(join(folder, lockName), 'nonsense');
    await expect(openJournal(folder)).rejects.toThrow(/journal\.lock cannot be read/);
    expect(readFileSync(join(folder, lockName), 'utf8')).toBe('nonsense');
  },
);

test('releasing twice, or after another has taken over, removes nobody else’s lock', () => {
  const folder = makeFolder();
  const lock = takeJournalLock(folder);
  lock.release();
  lock.release();
  writeFileSync(join(folder, lockName), 'of another');
  lock.release();
  expect(readFileSync(join(folder, lockName), 'utf8')).toBe('of another');
});
