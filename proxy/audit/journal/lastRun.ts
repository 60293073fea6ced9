/** What the last run of the proxy left in its journal: the tree to go on with, and what it began without recording an end. */
import type { JournalEvent } from '../events.ts';
import { isTreeHead, JournalTree } from './journalTree.ts';
import { parseEvent, readFirstSeq } from './readJournal.ts';
import { damaged, readLines, segmentName, segmentPath } from './segmentFiles.ts';

export interface LastRun {
  readonly tree: JournalTree;
  /** Numbers of intents without an outcome. */
  readonly openIntents: readonly number[];
  /** Sessions opened and not closed, with the number of statements each had forwarded. */
  readonly openSessions: ReadonlyMap<string, number>;
}

/**
 * Reads on from where the last run started or stopped; a journal from before there were commitments is read whole, once.
 * The journal must have been recovered: every line whole, every segment there.
 * @throws PortcullisError JOURNAL_DAMAGED at a line that is no event
 */
export async function readLastRun(folder: string, segments: readonly number[]): Promise<LastRun> {
  const anchor = await findAnchor(folder, segments);
  let tree = new JournalTree();
  const openIntents = new Set<number>();
  const openSessions = new Map<string, number>();
  for (const segment of segments.slice(anchor.segment - 1)) {
    // Where a segment could not be made durable, the next one repeats its tail; the repetition counts.
    const repeatedFrom = segments.includes(segment + 1)
      ? await readFirstSeq(segmentPath(folder, segment + 1))
      : undefined;
    for await (const line of readLines(segmentPath(folder, segment))) {
      if (segment === anchor.segment && line.offset < anchor.offset) continue;
      const event = line.isWhole ? parseEvent(line.text) : undefined;
      if (event?.seq === repeatedFrom && event !== undefined) break;
      if (event === undefined) throw damaged(segmentName(segment), line.number, 'this is not an event');
      const head = treeOf(event);
      if (head !== undefined) tree = new JournalTree(head);
      tree.add(Buffer.from(`${line.text}\n`, 'utf8'));
      takeEnds(event, openIntents, openSessions);
    }
  }
  return { tree, openIntents: [...openIntents], openSessions };
}

/** The head that an event carries; undefined where it carries none. */
export function treeOf(event: JournalEvent) {
  return 'tree' in event && isTreeHead(event.tree) ? event.tree : undefined;
}

function takeEnds(event: JournalEvent, intents: Set<number>, sessions: Map<string, number>): void {
  switch (event.kind) {
    case 'started':
    case 'stopped':
      // Nothing outlives its process. What an older version left open stays so: too late to say what came of it.
      intents.clear();
      sessions.clear();
      return;
    case 'intent':
      intents.add(event.seq);
      if (sessions.has(event.session)) sessions.set(event.session, (sessions.get(event.session) ?? 0) + 1);
      return;
    case 'outcome':
      intents.delete(event.for);
      return;
    case 'sessionOpened':
      sessions.set(event.session, 0);
      return;
    case 'sessionClosed':
      sessions.delete(event.session);
      return;
    default:
      return;
  }
}

/** Where the last event stands that says that the proxy started or stopped, and carries a head. */
async function findAnchor(folder: string, segments: readonly number[]) {
  for (const segment of [...segments].reverse()) {
    let offset: number | undefined;
    for await (const line of readLines(segmentPath(folder, segment))) {
      // Parsing only what can be one: most lines are statements.
      if (line.text === undefined || !/"kind":"(started|stopped)"/.test(line.text)) continue;
      const event = parseEvent(line.text);
      const isAnchor = event?.kind === 'started' || event?.kind === 'stopped';
      if (isAnchor && treeOf(event) !== undefined) offset = line.offset;
    }
    if (offset !== undefined) return { segment, offset };
  }
  return { segment: segments[0] ?? 1, offset: 0 };
}
