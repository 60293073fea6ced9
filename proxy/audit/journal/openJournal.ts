/** Opens a journal: takes the folder, recovers what a crash left, and records the start. */
import { mkdirSync } from 'node:fs';
import { PortcullisError } from '../../kit/errors.ts';
import type { OwnerFile } from '../../kit/ownerFile.ts';
import type { StartedFields } from '../events.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { readHead } from './journalHead.ts';
import { takeJournalLock } from './journalLock.ts';
import { unavailable } from './journalUnavailable.ts';
import { JournalWriter } from './journalWriter.ts';
import { readLastRun } from './lastRun.ts';
import { recoverJournal } from './recoverJournal.ts';
import { realDisk } from './segmentFile.ts';
import { listSegments } from './segmentFiles.ts';

/**
 * Opens the journal in `folder` (made when missing), recovers it from a crash, and records that it started.
 * @throws PortcullisError JOURNAL_LOCKED, JOURNAL_DAMAGED, or JOURNAL_UNAVAILABLE where it cannot be written
 */
export async function openJournal(folder: string, options: JournalOptions = {}): Promise<Journal> {
  let lock: OwnerFile | undefined;
  let journal: Journal | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    lock = takeJournalLock(folder);
    const recovered = await recoverJournal(folder);
    const lastRun = await readLastRun(folder, listSegments(folder));
    const writer = JournalWriter.open(
      folder,
      recovered,
      lastRun.tree,
      options.segmentBytes ?? 64 * 2 ** 20,
      options.disk ?? realDisk,
    );
    journal = new Journal(folder, writer, lock, recovered.lastSeq, options);
    await journal.start(
      {
        pid: process.pid,
        ...(recovered.torn && { torn: recovered.torn }),
        ...findLost(readHead(folder), recovered.lastSeq),
      },
      lastRun,
    );
    return journal;
  } catch (error) {
    await journal?.close().catch(() => undefined);
    lock?.release();
    throw PortcullisError.is(error) ? error : unavailable(error);
  }
}

function findLost(head: ReturnType<typeof readHead>, lastSeq: number): Pick<StartedFields, 'lost'> {
  if (head === undefined || head === 'unreadable' || head.seq <= lastSeq) return {};
  return { lost: { from: lastSeq + 1, through: head.seq } };
}
