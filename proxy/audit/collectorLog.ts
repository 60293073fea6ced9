/**
 * Holds the collector to its log. Its first checkpoint is believed and kept; each later one has to be signed by a key that
 * is known, and to prove that the log only grew. Whoever changes, cuts or swaps the log after that is found out here, at
 * each machine that sends events, without anybody having to look.
 */

import { type KeptLog, keepLog, readKeptLog } from './collectorLogFile.ts';
import type { JournalEvent } from './events.ts';
import {
  type Checkpoint,
  openCheckpoint,
  parseCheckpoint,
  readUnverifiedCheckpoint,
} from './log/checkpoint.ts';
import { growTree, rootOfPeaks } from './log/growTree.ts';
import { logEntry } from './log/logEntry.ts';
import { leafHash, verifyConsistency } from './log/merkleTree.ts';
import {
  formatNoteKey,
  NoteError,
  type NoteKey,
  openNote,
  parseNote,
  parseNoteKey,
} from './log/signedNote.ts';

/** The collector's log is not the one that it was, or events are not in it: nothing more may be sent to it. */
export class LogChanged extends Error {
  static is(error: unknown): error is LogChanged {
    return error instanceof LogChanged;
  }
}

export interface CollectorLogOptions {
  readonly dataDirectory: string;
  /** Of the collector: each has a log of its own. */
  readonly url: string;
  /** `GET /v1/log/keys`. */
  readonly fetchKeys: () => Promise<unknown>;
}

/** How often the newest checkpoint is written down; an older one is as true. */
const keepMs = 1000;

export class CollectorLog {
  readonly #options: CollectorLogOptions;
  #kept: KeptLog | undefined;
  #newest: Checkpoint | undefined;
  #keptAt = 0;
  #isKept = true;
  #writing = Promise.resolve();

  /** @throws Error where what was kept cannot be read */
  constructor(options: CollectorLogOptions) {
    this.#options = options;
    this.#kept = readKeptLog(options.dataDirectory, options.url);
    this.#newest = this.#kept && readUnverifiedCheckpoint(this.#kept.checkpoint);
  }

  /** Size of the log as it was last seen: the collector has to prove that it grew from there. */
  get knownSize(): number | undefined {
    return this.#newest?.size;
  }

  /**
   * Takes the answer to a batch.
   * @param events as they were sent
   * @throws LogChanged where it does not hold
   */
  async take(receipt: unknown, proxy: string, events: readonly JournalEvent[]): Promise<void> {
    if (receipt === undefined && this.#newest === undefined) return; // a collector from before there was a log
    const { checkpoint: note, first, before, consistency } = readReceipt(receipt);
    try {
      const { checkpoint, keys } = await this.#open(note);
      this.#requireGrown(checkpoint, consistency);
      if (first !== undefined) requireIncluded(checkpoint, first, before, proxy, events);
      this.#isKept = this.#isKept && this.#kept?.checkpoint === note;
      this.#newest = checkpoint;
      this.#kept = { checkpoint: note, keys };
    } catch (error) {
      if (error instanceof NoteError)
        throw new LogChanged(`its checkpoint cannot be believed: ${error.message}`);
      throw error;
    }
    if (Date.now() - this.#keptAt >= keepMs) await this.keep();
  }

  /** Writes down what was last seen, where that is new. */
  async keep(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    await this.#writing;
  }

  async #write(): Promise<void> {
    const kept = this.#kept;
    if (this.#isKept || kept === undefined) return;
    this.#keptAt = Date.now();
    await keepLog(this.#options.dataDirectory, this.#options.url, kept);
    this.#isKept = this.#kept === kept;
  }

  /** By a known key; the first keys are taken as they come, and later ones from checkpoints that a known one signed too. */
  async #open(note: string): Promise<{ checkpoint: Checkpoint; keys: readonly string[] }> {
    const kept = this.#kept?.keys ?? [];
    const known = kept.map(parseNoteKey);
    const { signatures } = parseNote(note);
    const isNew = signatures.some(({ name, id }) => !known.some((key) => key.name === name && key.id === id));
    if (known.length > 0 && !isNew) return { checkpoint: this.#openBy(note, known), keys: kept };
    const listed = readKeys(await this.#options.fetchKeys());
    const checkpoint = this.#openBy(note, known.length > 0 ? known : listed);
    const signed = openNote(note, [...known, ...listed]).keys.map(formatNoteKey);
    return { checkpoint, keys: [...new Set([...kept, ...signed])] };
  }

  #openBy(note: string, keys: readonly NoteKey[]): Checkpoint {
    const origin = this.#newest?.origin ?? parseCheckpoint(parseNote(note).text).origin;
    return openCheckpoint(note, origin, keys);
  }

  #requireGrown({ size, root }: Checkpoint, consistency: readonly Buffer[] | undefined): void {
    const known = this.#newest;
    if (known === undefined) return;
    if (size < known.size) {
      throw new LogChanged(`it had ${known.size} entries, and now has ${size}`);
    }
    if (known.size === 0) return; // everything grows from that
    if (consistency === undefined || !verifyConsistency(known.size, known.root, size, root, consistency)) {
      throw new LogChanged(`its ${size} entries do not begin with the ${known.size} that it had`);
    }
  }
}

/** The new events are the last ones that were sent. */
function requireIncluded(
  { size, root }: Checkpoint,
  first: number,
  before: readonly Buffer[],
  proxy: string,
  events: readonly JournalEvent[],
): void {
  const count = size - first;
  const isPossible = count >= 0 && count <= events.length;
  const leaves = isPossible
    ? events.slice(events.length - count).map((event) => leafHash(logEntry(proxy, event)))
    : [];
  try {
    const { peaks } = growTree({ size: first, peaks: before }, leaves);
    if (isPossible && Buffer.from(root).equals(rootOfPeaks(peaks))) return;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new LogChanged(`events that were sent to it are not in it as entries ${first} to ${size - 1}`);
}

interface ReadReceipt {
  readonly checkpoint: string;
  readonly first: number | undefined;
  readonly before: readonly Buffer[];
  readonly consistency: readonly Buffer[] | undefined;
}

function readReceipt(receipt: unknown): ReadReceipt {
  const { checkpoint, first, before, consistency } = (receipt ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof checkpoint !== 'string') throw new LogChanged('it no longer answers with a checkpoint');
  return {
    checkpoint,
    first: typeof first === 'number' ? first : undefined,
    before: readHashes(before) ?? [],
    consistency: readHashes(consistency),
  };
}

function readHashes(value: unknown): readonly Buffer[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((hash: unknown) => Buffer.from(typeof hash === 'string' ? hash : '', 'base64'));
}

function readKeys(answer: unknown): NoteKey[] {
  const { keys } = (answer ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys)) throw new NoteError('the collector does not say which keys sign it');
  return keys.map((entry: unknown) =>
    parseNoteKey(String((entry as { readonly key?: unknown } | null)?.key)),
  );
}
