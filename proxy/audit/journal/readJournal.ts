/** Reads a journal and checks on the way that nothing is missing, doubled or out of form. */
import { canonicalJson } from '../canonicalJson.ts';
import { eventKinds, type JournalEvent } from '../events.ts';
import { damaged, listSegments, readLines, segmentName, segmentPath } from './segmentFiles.ts';

/**
 * Yields every event in order. A last line without line feed is passed over: a writer may be in the middle of it.
 * Where a segment could not be made durable, the next one repeats its tail; the repetition counts.
 * @throws PortcullisError JOURNAL_DAMAGED with file and line at the first thing that is wrong
 */
export async function* readJournal(folder: string): AsyncGenerator<JournalEvent> {
  const segments = listSegments(folder);
  let expected = 1;
  for (const [index, number] of segments.entries()) {
    const isLast = index === segments.length - 1;
    const supersededFrom = isLast ? undefined : await readFirstSeq(segmentPath(folder, number + 1));
    for await (const line of readLines(segmentPath(folder, number))) {
      if (expected === supersededFrom) break;
      if (!line.isWhole && supersededFrom === undefined) break;
      const event = line.isWhole ? parseEvent(line.text) : undefined;
      if (event === undefined) throw damaged(segmentName(number), line.number, 'this is not an event');
      if (canonicalJson(event) !== line.text) {
        throw damaged(segmentName(number), line.number, 'the event is not in canonical form');
      }
      if (event.seq !== expected) {
        throw damaged(
          segmentName(number),
          line.number,
          `event ${expected} should stand here, not ${event.seq}`,
        );
      }
      yield event;
      expected = seqAfter(event);
    }
    if (supersededFrom !== undefined && expected !== supersededFrom) {
      throw damaged(segmentName(number + 1), 1, `event ${expected} should stand here, not ${supersededFrom}`);
    }
  }
}

/** The event in a line, or undefined where the line is none. Checks the head's form, not every field. */
export function parseEvent(text: string | undefined): JournalEvent | undefined {
  if (text === undefined) return undefined;
  try {
    return asEvent(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** As {@link parseEvent}, of what was parsed already. */
export function asEvent(value: unknown): JournalEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, kind, seq, through } = value as Readonly<Record<string, unknown>>;
  if (typeof at !== 'string' || typeof kind !== 'string' || !eventKinds.has(kind)) return undefined;
  if (!isSeq(seq)) return undefined;
  if (kind === 'withdrawn' && !(isSeq(through) && through >= seq)) return undefined;
  return value as JournalEvent;
}

/** The number that follows an event: withdrawn statements take several places at once. */
export function seqAfter(event: JournalEvent): number {
  return (event.kind === 'withdrawn' ? event.through : event.seq) + 1;
}

/** seq of a segment's first event; undefined where the segment is empty or starts with no event. */
export async function readFirstSeq(path: string): Promise<number | undefined> {
  for await (const line of readLines(path)) return line.isWhole ? parseEvent(line.text)?.seq : undefined;
  return undefined;
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
