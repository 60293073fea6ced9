/** One writer per journal folder. */
import { join } from 'node:path';
import { PortcullisError } from '../../kit/errors.ts';
import { describeOwner, HeldElsewhere, type OwnerFile, takeOwnerFile } from '../../kit/ownerFile.ts';

/** Name of the lock file in the journal folder. */
export const lockName = 'journal.lock';

/**
 * Takes the folder for this process.
 * @throws PortcullisError JOURNAL_LOCKED where a living process holds it, or one on another machine might
 */
export function takeJournalLock(folder: string): OwnerFile {
  try {
    return takeOwnerFile(join(folder, lockName));
  } catch (error) {
    if (!(error instanceof HeldElsewhere)) throw error;
    throw new PortcullisError('JOURNAL_LOCKED', { folder, holder: error.holder });
  }
}

/** Words for whoever writes the journal now; undefined where nobody does. Takes nothing. */
export function describeJournalHolder(folder: string): string | undefined {
  return describeOwner(join(folder, lockName));
}
