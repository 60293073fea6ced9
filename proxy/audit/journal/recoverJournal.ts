/** What happens to a journal's folder before it is written again: a torn tail is cut off, anything else refuses. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TornTail } from '../events.ts';
import { parseEvent, readFirstSeq, seqAfter } from './readJournal.ts';
import { damaged, listSegments, readLines, segmentName, segmentPath, syncFolder } from './segmentFiles.ts';

/** Where writing goes on. */
export interface RecoveredJournal {
  /** Number of the last segment; 0 where there is none yet. */
  readonly segment: number;
  /** Its size in bytes, all of it whole lines. */
  readonly size: number;
  /** 0 where there is no event yet. */
  readonly lastSeq: number;
  readonly torn: TornTail | undefined;
}

/**
 * Makes the folder fit for appending. The last segment is read from start to end; of the ones before it, that their
 * numbers join (`readJournal` checks every line). A tail is torn where no whole event follows the first bad line: a
 * crash leaves that, and its bytes are kept in a `.torn` file. A bad line with an event after it is no crash.
 * @throws PortcullisError JOURNAL_DAMAGED
 */
export async function recoverJournal(folder: string): Promise<RecoveredJournal> {
  keepUnfinishedSegments(folder);
  let torn: TornTail | undefined;
  for (;;) {
    const segments = listSegments(folder);
    const segment = segments.length;
    if (segment === 0) return { segment, size: 0, lastSeq: 0, torn };
    const tail = await readTail(folder, segment);
    if (tail.wholeSize < tail.fileSize) torn = cutTail(folder, segment, tail.wholeSize, tail.fileSize);
    if (tail.firstSeq !== undefined) {
      await checkJoints(folder, segments, tail.firstSeq);
      return { segment, size: tail.wholeSize, lastSeq: tail.lastSeq, torn };
    }
    // Made, but nothing whole was written to it: the segment before it is the last one.
    unlinkSync(segmentPath(folder, segment));
    syncFolder(folder);
  }
}

interface SegmentTail {
  readonly firstSeq: number | undefined;
  readonly lastSeq: number;
  readonly wholeSize: number;
  readonly fileSize: number;
}

async function readTail(folder: string, segment: number): Promise<SegmentTail> {
  let firstSeq: number | undefined;
  let nextSeq: number | undefined;
  let wholeSize = 0;
  let badLine: number | undefined;
  const file = segmentName(segment);
  for await (const line of readLines(segmentPath(folder, segment))) {
    const event = line.isWhole ? parseEvent(line.text) : undefined;
    if (event === undefined) {
      badLine ??= line.number;
      continue;
    }
    if (badLine !== undefined) throw damaged(file, badLine, 'this is not an event, and events follow it');
    if (nextSeq !== undefined && event.seq !== nextSeq) {
      throw damaged(file, line.number, `event ${nextSeq} should stand here, not ${event.seq}`);
    }
    firstSeq ??= event.seq;
    nextSeq = seqAfter(event);
    wholeSize = line.end;
  }
  const fileSize = statSync(segmentPath(folder, segment)).size;
  return { firstSeq, lastSeq: (nextSeq ?? 1) - 1, wholeSize, fileSize };
}

/** Every segment must end where the next begins, or run into what the next repeats (after a failed fdatasync). */
async function checkJoints(folder: string, segments: readonly number[], lastFirstSeq: number): Promise<void> {
  let following = lastFirstSeq;
  for (const segment of [...segments].reverse().slice(1)) {
    const first = await readFirstSeq(segmentPath(folder, segment));
    if (first === undefined) throw damaged(segmentName(segment), 1, 'this is not an event');
    if (readLastNextSeq(segmentPath(folder, segment)) !== following)
      await findSeq(folder, segment, following);
    following = first;
  }
  if (following !== 1) throw damaged(segmentName(1), 1, `event 1 should stand here, not ${following}`);
}

/** Reads on from the start until the event before `following`; what comes after it is repeated elsewhere. */
async function findSeq(folder: string, segment: number, following: number): Promise<void> {
  let next: number | undefined;
  for await (const line of readLines(segmentPath(folder, segment))) {
    if (next === following) return;
    const event = line.isWhole ? parseEvent(line.text) : undefined;
    if (event === undefined) throw damaged(segmentName(segment), line.number, 'this is not an event');
    if (next !== undefined && event.seq !== next) {
      throw damaged(segmentName(segment), line.number, `event ${next} should stand here, not ${event.seq}`);
    }
    next = seqAfter(event);
  }
  if (next === following) return;
  throw damaged(segmentName(segment + 1), 1, `event ${next} should stand here, not ${following}`);
}

/** The number that must follow a segment, from its last line alone; undefined where that is no whole event. */
function readLastNextSeq(path: string): number | undefined {
  const { size } = statSync(path);
  const fd = openSync(path, 'r');
  try {
    for (let length = Math.min(size, 1 << 16); ; length = Math.min(size, length * 4)) {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, size - length);
      if (bytes.at(-1) !== 10) return undefined;
      const start = bytes.lastIndexOf(10, length - 2);
      if (start === -1 && length < size) continue;
      const event = parseEvent(bytes.toString('utf8', start + 1, length - 1));
      return event && seqAfter(event);
    }
  } finally {
    closeSync(fd);
  }
}

/** Moves the bytes after the last whole line to a file of their own: first kept, then cut. */
function cutTail(folder: string, segment: number, wholeSize: number, fileSize: number): TornTail {
  const bytes = Buffer.alloc(fileSize - wholeSize);
  const fd = openSync(segmentPath(folder, segment), 'r+');
  try {
    readSync(fd, bytes, 0, bytes.length, wholeSize);
    const file = freeName(folder, `${segmentName(segment)}.${wholeSize}`);
    const kept = openSync(join(folder, file), 'wx', 0o600);
    try {
      writeFileSync(kept, bytes);
      fsyncSync(kept);
    } finally {
      closeSync(kept);
    }
    syncFolder(folder);
    ftruncateSync(fd, wholeSize);
    fsyncSync(fd);
    return { bytes: bytes.length, file, sha256: createHash('sha256').update(bytes).digest('hex') };
  } finally {
    closeSync(fd);
  }
}

/** A segment that a crash interrupted before it got its name repeats lines of another one: it is kept, not read. */
function keepUnfinishedSegments(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.jsonl.new')) renameSync(join(folder, name), join(folder, freeName(folder, name)));
  }
}

function freeName(folder: string, stem: string): string {
  const taken = new Set(readdirSync(folder));
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? `${stem}.torn` : `${stem}.${n}.torn`;
    if (!taken.has(name)) return name;
  }
}
