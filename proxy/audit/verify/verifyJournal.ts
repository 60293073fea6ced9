/** Checks a journal's folder, offline: every line against the commitments after it, and that nothing lacks its end. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../canonicalJson.ts';
import type { JournalEvent, TornTail } from '../events.ts';
import { headName, type JournalHead, readHead } from '../journal/journalHead.ts';
import { describeJournalHolder, lockName } from '../journal/journalLock.ts';
import { isTreeHead, JournalTree } from '../journal/journalTree.ts';
import { parseEvent, readFirstSeq, seqAfter } from '../journal/readJournal.ts';
import { readLines, type SegmentLine, segmentName } from '../journal/segmentFiles.ts';
import { readSyncPosition } from '../syncPosition.ts';
import { reportMisshapen } from './misshapen.ts';
import { OpenEnds } from './openEnds.ts';
import { Findings, type Verification } from './verdicts.ts';

/** @param folder holds the segments, `00000001.jsonl` and on */
export async function verifyJournal(folder: string): Promise<Verification> {
  const findings = new Findings();
  // First what names the end, then the lines: a proxy that runs writes them in the other order.
  const head = readHead(folder);
  const holder = describeJournalHolder(folder);
  const { acknowledged } = readSyncPosition(join(folder, '..'));
  const check = new JournalCheck(folder, findings, head === 'unreadable' ? undefined : head);
  const segments = findSegments(folder, findings);
  for (const number of segments) {
    const isLast = number === segments.at(-1);
    await check.readSegment(number, isLast, isLast && holder !== undefined);
  }
  check.end(holder, head === 'unreadable');
  if (acknowledged > check.lastSeq && segments.length > 0) {
    findings.missing(
      `the journal ends with event ${check.lastSeq}, and the collector has acknowledged event ${acknowledged} (sync.json)`,
    );
  }
  return {
    kind: 'journal',
    path: folder,
    subject: check.describe(segments.length),
    events: check.events,
    ...findings.verdicts(),
    notProven: describeLimits(check),
  };
}

/** Numbers of the segments that are there, ascending. */
function findSegments(folder: string, findings: Findings): number[] {
  const numbers: number[] = [];
  for (const name of readdirSync(folder).sort()) {
    const [, digits] = /^(\d{8,})\.jsonl$/.exec(name) ?? [];
    if (digits !== undefined && segmentName(Number(digits)) === name) numbers.push(Number(digits));
    else if (name !== headName && !name.startsWith(lockName) && !name.endsWith('.torn')) {
      findings.note(`${name} is no part of the journal and was not looked at.`);
    }
  }
  numbers.sort((a, b) => a - b);
  if (numbers.length === 0) findings.missing('there is no journal here: not one segment (00000001.jsonl)');
  for (let number = 1; number <= (numbers.at(-1) ?? 0); number += 1) {
    if (!numbers.includes(number)) findings.missing('the file is missing', { file: segmentName(number) });
  }
  return numbers;
}

class JournalCheck {
  events = 0;
  lastSeq = 0;
  /** Number of the newest event that a commitment covers, or that the head names. */
  coveredThrough = 0;
  readonly #ends: OpenEnds;
  readonly #kept = new Map<string, TornTail>();
  #tree = new JournalTree();
  #hasCommitments = false;
  /** Where the stretch began that the next commitment covers. */
  #stretch = { file: segmentName(1), byte: 0, event: 1 };
  /** True after a line that is no event: which numbers it held cannot be told. */
  #isAdrift = false;
  #isHeadSeen = false;
  #first = '';
  #last = '';

  constructor(
    readonly folder: string,
    readonly findings: Findings,
    readonly head: JournalHead | undefined,
  ) {
    this.#ends = new OpenEnds(findings);
  }

  /** @param isWritten whether a process may be in the middle of a line */
  async readSegment(number: number, isLast: boolean, isWritten: boolean): Promise<void> {
    const file = segmentName(number);
    const next = join(this.folder, segmentName(number + 1));
    // Where a segment could not be made durable, the next one repeats its tail; the repetition counts.
    const repeatedFrom = isLast || !existsSync(next) ? undefined : await readFirstSeq(next);
    let lines = 0;
    for await (const line of readLines(join(this.folder, file))) {
      const event = line.isWhole ? parseEvent(line.text) : undefined;
      if (repeatedFrom === this.lastSeq + 1 && (event === undefined || event.seq === repeatedFrom)) {
        // Of a segment that was replaced something had reached the disk, or it would have been replaced under its own number.
        if (lines === 0) this.findings.altered('the next file repeats this one as a whole', { file });
        this.findings.note(
          `What stands in ${file} from byte ${line.offset} on could not be brought to the disk; the next file repeats it, and that was checked.`,
        );
        return;
      }
      lines += 1;
      this.#takeLine(file, line, event, isWritten);
    }
    if (lines === 0) this.findings.missing('the file is empty', { file });
  }

  #takeLine(file: string, line: SegmentLine, event: JournalEvent | undefined, isWritten: boolean): void {
    const where = { file, byte: line.offset };
    if (!line.isWhole) {
      if (isWritten) return;
      this.findings.missing(
        `the last line is cut off: ${line.bytes.length} bytes of an event that was being written`,
        where,
      );
      return;
    }
    if (event === undefined) {
      this.findings.altered(`line ${line.number} is not an event`, where);
      this.#isAdrift = true;
    } else {
      const at = { ...where, event: event.seq };
      reportMisshapen(this.findings, at, () => this.#takeEvent(event, line, at));
    }
    this.#tree.add(Buffer.concat([line.bytes, lineFeed]));
  }

  #takeEvent(
    event: JournalEvent,
    line: SegmentLine,
    where: { readonly file: string; readonly byte: number; readonly event: number },
  ): void {
    const { findings } = this;
    if (this.#first === '') this.#first = event.at;
    this.#last = event.at;
    if (!isCanonical(event, line.text))
      findings.altered('the event is not in the form it was written in', where);
    this.#checkNumber(event, where);
    this.#checkCommitment(event, where);
    this.#ends.take(event, where);
    if (event.kind === 'started' && event.torn !== undefined) this.#checkTorn(event.torn, where);
    this.events += 1;
    this.lastSeq = seqAfter(event) - 1;
    if (event.seq === this.head?.seq) this.#checkHead(line, where);
  }

  #checkNumber(event: JournalEvent, where: { readonly event: number }): void {
    const expected = this.lastSeq + 1;
    const isExpected = event.seq === expected || (this.#isAdrift && event.seq > expected);
    this.#isAdrift = false;
    if (isExpected) return;
    if (event.seq > expected) {
      const range =
        event.seq - expected === 1 ? `event ${expected} is` : `events ${expected} to ${event.seq - 1} are`;
      this.findings.missing(`${range} missing before this one`, where);
    } else {
      this.findings.altered(`event ${expected} should stand here`, where);
    }
  }

  #checkCommitment(
    event: JournalEvent,
    where: { readonly file: string; readonly byte: number; readonly event: number },
  ): void {
    if (event.kind !== 'started' && event.kind !== 'heartbeat' && event.kind !== 'stopped') return;
    const { tree } = event;
    if (tree === undefined) {
      if (this.#hasCommitments) this.findings.altered('the commitment to the events before is gone', where);
      return;
    }
    this.#hasCommitments = true;
    const { size, root } = this.#tree.close();
    if (!isTreeHead(tree)) {
      this.findings.altered('the commitment to the events before is not one', where);
    } else {
      if (tree.size !== size || tree.root !== root) {
        const { file, byte, event: from } = this.#stretch;
        this.findings.altered(
          `what stands before this is not what event ${event.seq} commits to: something was changed, added, moved or removed in it`,
          { file, byte, event: from },
        );
      }
      // What follows is judged by what this event says, so that one change is reported once.
      this.#tree = new JournalTree(tree);
    }
    this.coveredThrough = event.seq - 1;
    this.#stretch = where;
  }

  #checkHead(line: SegmentLine, where: { readonly event: number }): void {
    this.#isHeadSeen = true;
    const sha256 = createHash('sha256').update(line.bytes).update(lineFeed).digest('hex');
    if (sha256 !== this.head?.sha256) {
      this.findings.altered(`this is not the event that ${headName} names`, where);
    }
    this.coveredThrough = Math.max(this.coveredThrough, where.event);
  }

  /** What a crash left unfinished is kept beside the journal, and the event says what. */
  #checkTorn(torn: TornTail, where: { readonly event: number }): void {
    const path = join(this.folder, torn.file);
    this.#kept.set(torn.file, torn);
    if (!/^[\w.]+\.torn$/.test(torn.file) || !existsSync(path)) {
      this.findings.missing(`${torn.bytes} bytes that a crash left unfinished are not there`, {
        ...where,
        file: torn.file,
      });
      return;
    }
    const bytes = readFileSync(path);
    const isSame =
      bytes.length === torn.bytes &&
      (torn.sha256 === undefined || createHash('sha256').update(bytes).digest('hex') === torn.sha256);
    if (isSame) {
      this.findings.note(
        `A crash left ${torn.bytes} bytes of unfinished lines before event ${where.event}; they are kept in ${torn.file}.`,
      );
    } else {
      this.findings.altered('the bytes that a crash left unfinished are not those that were kept', {
        file: torn.file,
      });
    }
  }

  end(holder: string | undefined, isHeadUnreadable: boolean): void {
    const { findings } = this;
    if (this.events === 0) {
      findings.altered('there is nothing here that could be checked');
      return;
    }
    this.#ends.end(holder);
    if (!this.#hasCommitments) {
      findings.altered(
        'no event commits to those before it, so that nothing can be checked: the journal is of an older version. Its next start commits to all of it',
      );
      return;
    }
    if (isHeadUnreadable) findings.altered('the file does not name a commitment', { file: headName });
    else if (this.head === undefined) {
      findings.missing('the file is missing: whether the journal was cut off at its end cannot be told', {
        file: headName,
      });
    } else if (!this.#isHeadSeen) {
      findings.missing(
        `event ${this.head.seq} had been on the disk (${headName}), and the journal ends with event ${this.lastSeq}`,
      );
    }
    for (const name of readdirSync(this.folder)) {
      if (!name.endsWith('.torn') || this.#kept.has(name)) continue;
      findings.note(
        `${name} holds unfinished lines of a crash that no event tells of; it was not looked at.`,
      );
    }
  }

  describe(segments: number): string {
    if (this.events === 0) return 'nothing';
    return `${this.events} events (up to number ${this.lastSeq}) in ${segments} ${segments === 1 ? 'file' : 'files'}, from ${this.#first} to ${this.#last}`;
  }
}

const lineFeed = Buffer.from('\n');

function isCanonical(event: JournalEvent, text: string | undefined): boolean {
  try {
    return canonicalJson(event) === text;
  } catch {
    return false; // half a surrogate pair: nothing that was ever written
  }
}

function describeLimits({ coveredThrough, lastSeq, events }: JournalCheck): string[] {
  const uncovered =
    events > 0 && coveredThrough < lastSeq
      ? [
          `No commitment covers events ${coveredThrough + 1} to ${lastSeq} yet (one follows within a minute while the proxy runs, and at its next start): a change in them that keeps their form would not show, nor would their removal from the end.`,
        ]
      : [];
  return [
    ...uncovered,
    'A journal alone is no proof against whoever can write its folder: all of it, commitments and journal.head too, could have been written anew. That shows against what the collector holds: compare with an evidence bundle, or look for "the collector holds other events" in the sync state.',
    'Times are those of the machine’s clock. That the proxy saw every statement is a matter of how the databases can be reached, not of this file.',
    'Statements are stored with their literals masked; a commitment (HMAC) proves an exact text only together with the key on the proxy’s machine.',
  ];
}
