/** Promises of the journal when the disk fails: nothing runs unrecorded, nothing recorded is lost, memory is bounded. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Journal } from '../../../../proxy/audit/journal/journal.ts';
import { type JournalDisk, realDisk } from '../../../../proxy/audit/journal/segmentFile.ts';
import { PortcullisError } from '../../../../proxy/kit/errors.ts';
import { intentFields, makeIntent } from '../events.ts';
import { bytesOf, makeFolder, open, readAll, segmentsOf } from '../fixtures.ts';

/** A real disk whose calls can be made to fail. */
function makeFailingDisk(): JournalDisk & {
  writes?: string | undefined;
  partial: number;
  syncs: number;
  isCutImpossible: boolean;
} {
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    /** Code that writes fail with, after taking `partial` bytes. */
    writes: undefined,
    partial: 0,
    /** How many of the next fdatasyncs fail with EIO. */
    syncs: 0,
    isCutImpossible: false,
    write(fd, bytes, from, length, position) {
      if (this.writes === undefined) return realDisk.write(fd, bytes, from, length, position);
      if (this.partial === 0) return fail(this.writes);
      const taken = realDisk.write(fd, bytes, from, Math.min(this.partial, length), position);
      this.partial = 0;
      return taken;
    },
    async sync(fd) {
      if (this.syncs > 0) {
        this.syncs -= 1;
        fail('EIO');
      }
      await realDisk.sync(fd);
    },
    syncNow: realDisk.syncNow,
    truncate(fd, length) {
      if (this.isCutImpossible) fail('EIO');
      realDisk.truncate(fd, length);
    },
  };
}

function runStatement(journal: Journal, text: string): number {
  const seq = journal.intent(makeIntent(text));
  try {
    journal.flush();
    return seq;
  } catch (error) {
    journal.withdraw(seq);
    throw error;
  }
}

test('a statement that cannot be recorded is refused with 53100 and leaves no gap in the numbers', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const faults: string[] = [];
  let resumed = 0;
  const journal = await open(folder, {
    disk,
    onFault: (error) => faults.push(error.message),
    onResume: () => resumed++,
  });
  const before = runStatement(journal, 'SELECT 1');
  disk.writes = 'ENOSPC';
  for (let i = 0; i < 50; i += 1) {
    disk.partial = i * 10;
    expect(() => runStatement(journal, 'SELECT 2')).toThrow(
      expect.objectContaining({ code: 'JOURNAL_UNAVAILABLE', sqlState: '53100' }),
    );
  }
  expect(journal.unavailability?.message).toContain('the disk is full');
  disk.writes = undefined;
  const after = runStatement(journal, 'SELECT 3');
  expect(journal.unavailability).toBeUndefined();
  await journal.close();
  const events = await readAll(folder);
  expect(events.map((event) => event.kind)).toEqual(['started', 'intent', 'withdrawn', 'intent', 'stopped']);
  expect(events[2]).toMatchObject({ seq: before + 1, through: before + 50 });
  expect(events[3]).toMatchObject({ seq: after });
  expect(bytesOf(folder)).not.toContain('SELECT 2');
  expect(faults).toEqual(['the statement was not run because it cannot be recorded: the disk is full']);
  expect(resumed).toBe(1);
});

test('half a line that could not even be cut off is gone before the next line is written', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  disk.writes = 'ENOSPC';
  disk.partial = 500;
  disk.isCutImpossible = true;
  expect(() => runStatement(journal, `SELECT '${'x'.repeat(5000)}'`)).toThrow(PortcullisError);
  expect(bytesOf(folder).endsWith('\n')).toBe(false);
  disk.writes = undefined;
  expect(() => runStatement(journal, 'SELECT 1')).toThrow(PortcullisError);
  disk.isCutImpossible = false;
  runStatement(journal, 'SELECT 2');
  await journal.close();
  expect((await readAll(folder)).map((event) => event.kind)).toEqual([
    'started',
    'withdrawn',
    'intent',
    'stopped',
  ]);
});

/** A disk whose next fdatasync runs `during` before it ends. */
function makeInterruptedDisk(): JournalDisk & {
  during: (() => void) | undefined;
  errors: number;
  calls: string[];
} {
  return {
    ...realDisk,
    during: undefined,
    errors: 0,
    calls: [],
    async sync(fd) {
      this.calls.push('sync');
      const { during } = this;
      this.during = undefined;
      if (during === undefined && this.errors > 0) {
        this.errors -= 1;
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      }
      await realDisk.sync(fd);
      during?.();
    },
    syncNow(fd) {
      this.calls.push('syncNow');
      realDisk.syncNow(fd);
    },
  };
}

test('what was written while an fdatasync ran is not taken for synced', async () => {
  const folder = makeFolder();
  const disk = makeInterruptedDisk();
  const journal = await open(folder, { disk });
  runStatement(journal, 'SELECT early');
  const sizeCovered = bytesOf(folder).length;
  disk.during = () => runStatement(journal, 'SELECT late');
  disk.errors = 1;
  await journal.sync();
  await journal.sync();
  expect(disk.errors).toBe(0);
  expect(readFileSync(join(folder, '00000001.jsonl'), 'utf8')).toHaveLength(sizeCovered);
  expect(readFileSync(join(folder, '00000002.jsonl'), 'utf8')).toContain('SELECT late');
});

test('a segment is left for the next only when everything in it is on disk', async () => {
  const folder = makeFolder();
  const disk = makeInterruptedDisk();
  const journal = await open(folder, { disk, segmentBytes: 300 });
  runStatement(journal, 'SELECT early');
  disk.during = () => runStatement(journal, 'SELECT late');
  disk.calls.length = 0;
  await journal.sync();
  expect(disk.calls).toEqual(['sync', 'syncNow']);
  expect(readFileSync(join(folder, '00000001.jsonl'), 'utf8')).toContain('SELECT late');
  expect(segmentsOf(folder)).toHaveLength(2);
});

test('outcomes of statements that ran wait for the disk and are then all written', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  const ran = [1, 2, 3].map((n) => runStatement(journal, `SELECT ${n}`));
  disk.writes = 'ENOSPC';
  for (const seq of ran) {
    disk.partial = 40;
    journal.outcome({ for: seq, status: 'ok', rows: 1, micros: 5 });
    expect(() => runStatement(journal, 'SELECT 9')).toThrow(PortcullisError);
  }
  await sleep(100);
  disk.writes = undefined;
  await expect.poll(() => bytesOf(folder), { timeout: 5000 }).toContain(`"for":${ran[2]},`);
  await journal.close();
  const events = await readAll(folder);
  expect(events.flatMap((event) => (event.kind === 'outcome' ? event.for : []))).toEqual(ran);
  expect(events.filter((event) => event.kind === 'withdrawn')).toHaveLength(3);
});

test('what another session has recorded but not flushed outlives the refusal of a neighbour', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  const theirs = journal.intent(makeIntent('SELECT theirs'));
  disk.writes = 'ENOSPC';
  expect(() => runStatement(journal, 'SELECT ours')).toThrow(PortcullisError);
  disk.writes = undefined;
  journal.flush();
  expect(bytesOf(folder)).toContain(`"seq":${theirs},`);
  expect(bytesOf(folder)).toContain('SELECT theirs');
});

test('memory is bounded while nothing can be written: new records are refused, outcomes are still taken', async () => {
  const disk = makeFailingDisk();
  const folder = makeFolder();
  const journal = await open(folder, { disk, pendingBytes: 10_000 });
  disk.writes = 'ENOSPC';
  const refuse = (): number =>
    journal.refusal({
      client: intentFields.client,
      reason: { code: 'STATEMENT_DENIED', message: 'no', sqlState: '42501' },
    });
  let taken = 0;
  expect(() => {
    for (; taken < 1000; taken += 1) refuse();
  }).toThrow(PortcullisError);
  expect(taken).toBeGreaterThan(10);
  expect(taken).toBeLessThan(100);
  expect(() => journal.intent(makeIntent())).toThrow(PortcullisError);
  journal.outcome({ for: 1, status: 'ok', rows: 0, micros: 0 });
  disk.writes = undefined;
  journal.flush();
  journal.intent(makeIntent());
  await journal.close();
  const kinds = (await readAll(folder)).map((event) => event.kind);
  expect(kinds.filter((kind) => kind === 'refusal')).toHaveLength(taken);
});

test('a hundred thousand refused statements leave one line', async () => {
  const disk = makeFailingDisk();
  const folder = makeFolder();
  const journal = await open(folder, { disk });
  const intent = makeIntent();
  disk.writes = 'EROFS';
  for (let i = 0; i < 100_000; i += 1) journal.withdraw(journal.intent(intent));
  disk.writes = undefined;
  await journal.close();
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'withdrawn', 'stopped']);
});

test('after a failed fdatasync the segment is left, its unsynced events stand in the next, and sync answers', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const faults: string[] = [];
  const journal = await open(folder, { disk, onFault: (error) => faults.push(error.message) });
  runStatement(journal, 'SELECT 1');
  await journal.sync();
  const sizeSynced = readFileSync(join(folder, '00000001.jsonl')).length;
  disk.syncs = 1;
  runStatement(journal, 'DELETE 1');
  runStatement(journal, 'DELETE 2');
  await journal.sync();
  expect(faults).toEqual([
    'the statement was not run because it cannot be recorded: the disk reports an error',
  ]);
  expect(segmentsOf(folder)).toEqual(['00000001.jsonl', '00000002.jsonl']);
  expect(readFileSync(join(folder, '00000001.jsonl'))).toHaveLength(sizeSynced);
  expect(readFileSync(join(folder, '00000002.jsonl'), 'utf8')).toContain('DELETE 2');
  runStatement(journal, 'SELECT 3');
  await journal.close();
  expect((await readAll(folder)).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  await (await open(folder)).close();
});

test('while no segment can be brought to disk every statement is refused, and all is there once one can', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  const ran = runStatement(journal, 'SELECT 1');
  disk.syncs = 1_000_000;
  await expect(journal.sync()).rejects.toThrow(PortcullisError);
  expect(() => runStatement(journal, 'SELECT 2')).toThrow(PortcullisError);
  journal.outcome({ for: ran, status: 'ok', rows: 1, micros: 1 });
  await sleep(150);
  expect(() => runStatement(journal, 'SELECT 3')).toThrow(PortcullisError);
  disk.syncs = 0;
  await expect.poll(() => journal.unavailability, { timeout: 5000 }).toBeUndefined();
  runStatement(journal, 'SELECT 4');
  await journal.close();
  expect(readdirSync(folder).filter((name) => !/^(\d{8}\.jsonl|journal\.head)$/.test(name))).toEqual([]);
  expect(segmentsOf(folder)).toHaveLength(2);
  const events = await readAll(folder);
  expect(events.flatMap((event) => (event.kind === 'intent' ? event.statement.text : []))).toEqual([
    'SELECT 1',
    'SELECT 4',
  ]);
  expect(events.flatMap((event) => (event.kind === 'outcome' ? event.for : []))).toEqual([ran]);
});

test('an intent that was written but not synced gets the outcome notRun when its statement is given up', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  disk.syncs = 2;
  const seq = journal.intent(makeIntent('DROP TABLE t'));
  await expect(journal.sync()).rejects.toThrow(PortcullisError);
  journal.withdraw(seq);
  await expect.poll(() => journal.unavailability, { timeout: 5000 }).toBeUndefined();
  await journal.close();
  const events = await readAll(folder);
  expect(events).toContainEqual(expect.objectContaining({ kind: 'outcome', for: seq, status: 'notRun' }));
});

test('a segment that failed while full of garbage is readable where the next one repeats its tail', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  await journal.sync();
  const kept = readFileSync(join(folder, '00000001.jsonl'));
  runStatement(journal, 'SELECT 1');
  runStatement(journal, 'SELECT 2');
  const before = readFileSync(join(folder, '00000001.jsonl'));
  disk.syncs = 1;
  await journal.sync();
  await journal.close();
  // As if cutting the failed segment had failed too: whole, torn and zeroed tails.
  for (const tail of [
    before,
    before.subarray(0, -9),
    Buffer.concat([kept, Buffer.alloc(4096), Buffer.from('\n')]),
  ]) {
    writeFileSync(join(folder, '00000001.jsonl'), tail);
    expect((await readAll(folder)).map((event) => event.seq)).toEqual([1, 2, 3, 4]);
  }
  const again = await open(folder);
  expect(again.lastSeq).toBe(5);
});

test('a segment or folder that is removed under the journal is noticed: statements are refused or it goes on elsewhere', async () => {
  const folder = makeFolder();
  const faults: string[] = [];
  const journal = await open(folder, { onFault: (error) => faults.push(error.message) });
  rmSync(join(folder, '00000001.jsonl'));
  runStatement(journal, 'SELECT 1');
  await journal.sync();
  expect(faults[0]).toContain('the file of the segment was removed');
  expect(readFileSync(join(folder, '00000002.jsonl'), 'utf8')).toContain('SELECT 1');
  renameSync(folder, `${folder}-moved`);
  rmSync(`${folder}-moved`, { recursive: true });
  runStatement(journal, 'SELECT 2');
  await expect(journal.sync()).rejects.toThrow('the journal folder is missing');
  expect(() => runStatement(journal, 'SELECT 3')).toThrow(PortcullisError);
});

test('closing while nothing can be written says so and frees the folder', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  const journal = await open(folder, { disk });
  disk.writes = 'EIO';
  journal.outcome({ for: 1, status: 'ok', rows: 0, micros: 0 });
  await expect(journal.close()).rejects.toThrow('the disk reports an error');
  await (await open(folder)).close();
});

test('a journal whose disk takes nothing does not open, and leaves no lock', async () => {
  const folder = makeFolder();
  const disk = makeFailingDisk();
  disk.writes = 'ENOSPC';
  await expect(open(folder, { disk })).rejects.toThrow('the disk is full');
  disk.writes = undefined;
  await (await open(folder, { disk })).close();
  expect((await readAll(folder)).map((event) => event.kind)).toEqual(['started', 'stopped']);
});
