/** Checkpoints (C2SP tlog-checkpoint): which log, how many leaves, which root; the text of a signed note. */
import { isCount } from './leafRanges.ts';
import { type Hash, hashBytes } from './merkleTree.ts';
import { NoteError, type NoteKey, type NoteSigner, openNote, parseNote, signNote } from './signedNote.ts';

export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

export interface Checkpoint extends TreeHead {
  /** Which log: a name that no other has. */
  readonly origin: string;
}

/** The text of the note, unsigned. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/**
 * @param text of a note, its signatures checked; further lines are passed over, as the specification allows
 * @throws NoteError where it is no checkpoint
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', count = '', base64 = ''] = lines;
  const size = Number(count);
  const root = Buffer.from(base64, 'base64');
  const isWhole = lines.length >= 4 && lines.pop() === '' && lines.every((line) => line !== '');
  if (!isWhole || !/^(0|[1-9][0-9]*)$/.test(count) || !isCount(size)) {
    throw new NoteError('it does not say which log it is of, and how large that is');
  }
  if (root.length !== hashBytes || root.toString('base64') !== base64) {
    throw new NoteError('it has no root hash');
  }
  return { origin, size, root };
}

export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/**
 * @param keys those that are believed, of whichever logs
 * @throws NoteError where none of them has signed it, or it is the checkpoint of another log
 */
export function openCheckpoint(note: string, origin: string, keys: readonly NoteKey[]): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, keys).text);
  if (checkpoint.origin === origin) return checkpoint;
  throw new NoteError(`it is of the log ${checkpoint.origin.slice(0, 200)}, not of ${origin}`);
}

/** What a checkpoint says, whoever has signed it. @throws NoteError */
export function readUnverifiedCheckpoint(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).text);
}
