/** The journal's folder: names and order of its segments, their lines, and making a change of the folder durable. */
import { isUtf8 } from 'node:buffer';
import { closeSync, createReadStream, fsyncSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PortcullisError } from '../../kit/errors.ts';

/** `00000001.jsonl` for segment 1. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

/** Path of a segment. */
export function segmentPath(folder: string, number: number): string {
  return join(folder, segmentName(number));
}

/**
 * The numbers of all segments, ascending from 1.
 * @throws PortcullisError JOURNAL_DAMAGED where one is missing in between or at the start
 */
export function listSegments(folder: string): number[] {
  const numbers = readdirSync(folder)
    .flatMap((name) => /^(\d{8,})\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  for (const [index, number] of numbers.entries()) {
    if (number !== index + 1) throw damaged(segmentName(index + 1), 1, 'the file is missing');
  }
  return numbers;
}

/** Makes created, renamed and removed names of a folder durable (POSIX: a file's own fsync does not). */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there; NTFS journals names by itself
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** One line of a segment. */
export interface SegmentLine {
  /** Without the line feed. Good until the next line is asked for. */
  readonly bytes: Buffer;
  /** Its text without the line feed; undefined where the bytes are not UTF-8. */
  readonly text: string | undefined;
  /** From 1. */
  readonly number: number;
  /** Where it starts, in bytes. */
  readonly offset: number;
  /** Where the next one starts, in bytes. */
  readonly end: number;
  /** Whether a line feed ends it; only the last one may lack it. */
  readonly isWhole: boolean;
}

/** Reads a segment line by line; memory is bounded by the longest line. */
export async function* readLines(path: string): AsyncGenerator<SegmentLine> {
  let rest: Buffer[] = [];
  let offset = 0;
  let number = 1;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const bytes =
        rest.length === 0 ? chunk.subarray(from, at) : Buffer.concat([...rest, chunk.subarray(from, at)]);
      rest = [];
      yield {
        bytes,
        text: decode(bytes),
        number,
        offset,
        end: offset + bytes.length + 1,
        isWhole: true,
      };
      offset += bytes.length + 1;
      number += 1;
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length === 0) return;
  const bytes = Buffer.concat(rest);
  yield { bytes, text: decode(bytes), number, offset, end: offset + bytes.length, isWhole: false };
}

function decode(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The error for a journal that cannot be trusted from `line` of `file` on. */
export function damaged(file: string, line: number, message: string): PortcullisError {
  return new PortcullisError('JOURNAL_DAMAGED', { file, line, message });
}
