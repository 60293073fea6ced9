/** Why the journal cannot be written, in words that somebody who never saw an errno understands. */
import { PortcullisError } from '../../kit/errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EROFS: 'the disk is read-only',
  EIO: 'the disk reports an error',
  EACCES: 'access to the journal folder is denied',
  ENOENT: 'the journal folder is missing',
};

/** The error that refuses statements while nothing can be recorded. */
export function unavailable(error: unknown): PortcullisError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new PortcullisError(
    'JOURNAL_UNAVAILABLE',
    { message: words[code ?? ''] ?? message },
    { cause: error },
  );
}
