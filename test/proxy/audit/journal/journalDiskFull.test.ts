/** Promises of the journal on a disk that is really full: a small tmpfs, and a file size limit where mounting is not allowed. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openJournal } from '../../../../proxy/audit/journal/openJournal.ts';
import { PortcullisError } from '../../../../proxy/kit/errors.ts';
import { makeIntent } from '../events.ts';
import { bytesOf, makeFolder, open, readAll, segmentsOf } from '../fixtures.ts';

function mountSmallDisk(): string | undefined {
  const folder = makeFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

test('on a full disk statements are refused, and resume by themselves once there is space', async ({
  skip,
}) => {
  const disk = mountSmallDisk();
  if (disk === undefined)
    return skip('mounting a tmpfs is not allowed here; the file size limit below stands in');
  const folder = join(disk, 'journal');
  mkdirSync(folder);
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(160 * 1024));
  const journal = await open(folder);
  const ran: number[] = [];
  const run = (): void => {
    const seq = journal.intent(makeIntent());
    try {
      journal.flush();
      ran.push(seq);
    } catch (error) {
      journal.withdraw(seq);
      throw error;
    }
  };
  expect(() => {
    for (let i = 0; i < 10_000; i += 1) run();
  }).toThrow(expect.objectContaining({ code: 'JOURNAL_UNAVAILABLE', sqlState: '53100' }));
  expect(ran.length).toBeGreaterThan(20);
  expect(bytesOf(folder).endsWith('}\n')).toBe(true);
  for (const seq of ran) journal.outcome({ for: seq, status: 'ok', rows: 1, micros: 1 });
  expect(run).toThrow(PortcullisError);
  await expect(journal.sync()).rejects.toThrow('the disk is full');
  await expect(openJournal(join(disk, 'other'))).rejects.toThrow('the disk is full');
  rmSync(filler);
  await expect.poll(() => journal.unavailability, { timeout: 5000 }).toBeUndefined();
  run();
  await journal.close();
  const events = await readAll(folder);
  expect(events.flatMap((event) => (event.kind === 'intent' ? event.seq : []))).toEqual(ran);
  expect(events.flatMap((event) => (event.kind === 'outcome' ? event.for : []))).toEqual(ran.slice(0, -1));
  expect(events.filter((event) => event.kind === 'withdrawn')).toHaveLength(2);
  expect(segmentsOf(folder)).toHaveLength(1);
});

test.skipIf(process.platform !== 'linux')(
  'at a file size limit statements are refused, and resume by themselves once it is raised',
  async () => {
    const folder = makeFolder();
    const path = fileURLToPath(new URL('./cappedChild.ts', import.meta.url));
    const child = spawn(
      'prlimit',
      ['--fsize=40001:unlimited', process.execPath, '--import', 'tsx', path, folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await expect
      .poll(() => text, { timeout: 20_000 })
      .toMatch(/refused after \d+: .*the file size limit is reached/);
    const size = readFileSync(join(folder, '00000001.jsonl')).length;
    expect(size).toBeLessThanOrEqual(40_001);
    expect(bytesOf(folder).endsWith('}\n')).toBe(true);
    execFileSync('prlimit', [`--pid=${child.pid}`, '--fsize=unlimited:unlimited']);
    await once(child, 'close');
    const [, ran] = /resumed: (\d+) ran, \d+ refused/.exec(text) ?? [];
    const events = await readAll(folder);
    expect(events.filter((event) => event.kind === 'intent')).toHaveLength(Number(ran));
    expect(events.filter((event) => event.kind === 'outcome')).toHaveLength(Number(ran));
    expect(events.some((event) => event.kind === 'withdrawn')).toBe(true);
  },
);
