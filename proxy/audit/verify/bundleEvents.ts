/** The events of a bundle: each in the log under the checkpoint, all of them there, and nothing without its end. */
import { isUtf8 } from 'node:buffer';
import { canonicalJson } from '../canonicalJson.ts';
import type { JournalEvent } from '../events.ts';
import { memberNames, rangesOf } from '../evidence/bundle.ts';
import { isUnfiltered, type Manifest } from '../evidence/manifest.ts';
import { parseEvent, seqAfter } from '../journal/readJournal.ts';
import type { TreeHead } from '../log/checkpoint.ts';
import { logEntryOf } from '../log/logEntry.ts';
import { leafHash, verifyInclusion } from '../log/merkleTree.ts';
import { reportMisshapen } from './misshapen.ts';
import { OpenEnds } from './openEnds.ts';
import { RemovedEvents } from './removedEvents.ts';
import type { Findings, Problem } from './verdicts.ts';

interface Line {
  readonly proxy: string;
  readonly event: JournalEvent;
  readonly index: number;
  readonly proof: readonly string[];
}

const file = memberNames.events;
/** No proxy can send under such an id: what is told under it, the collector told. */
const collectorPrefix = 'collector:';

interface SeenEvent {
  readonly proxy: string;
  readonly event: JournalEvent;
}

export class BundleEvents {
  count = 0;
  readonly #seen: SeenEvent[] = [];
  readonly #indices = new Set<number>();
  readonly #removed = new RemovedEvents();

  constructor(
    readonly findings: Findings,
    readonly manifest: Manifest | undefined,
    /** Undefined where no checkpoint can be believed. */
    readonly head: TreeHead | undefined,
    /** Versions of the policies whose texts are in the bundle. */
    readonly policies: ReadonlySet<string>,
  ) {}

  /** Call it before {@link read}. @param bytes of the part that tells what is no longer kept; undefined where all is */
  readRemovals(bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    const name = memberNames.retention;
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(10, from);
      const stop = end === -1 ? bytes.length : end;
      const line = parseLine(bytes.subarray(from, stop));
      if (line?.event.kind !== 'eventsRemoved' || !line.proxy.startsWith(collectorPrefix)) {
        this.findings.altered('this does not tell of events that were removed', { file: name, byte: from });
      } else if (this.#isInLog(line)) {
        this.#removed.take(line.proxy, line.event);
      } else {
        const { proxy, event, index } = line;
        const where = { file: name, byte: from, proxy, event: event.seq };
        this.findings.altered(`the log holds no such event as entry ${index}`, where);
      }
      from = stop + 1;
    }
  }

  read(bytes: Buffer | undefined): void {
    reportMisshapen(this.findings, { file }, () => this.#read(bytes));
  }

  #read(bytes: Buffer | undefined): void {
    if (bytes === undefined) {
      this.findings.missing('the part is missing', { file });
      return;
    }
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(10, from);
      const line = bytes.subarray(from, end === -1 ? bytes.length : end);
      if (end === -1) this.findings.missing('the last line is cut off', { file, byte: from });
      this.#takeLine(line, from);
      from += line.length + 1;
    }
    if (this.count === 0) this.findings.note('No event matches what was asked for.');
    this.#checkPolicies();
    this.#checkCounts();
    this.#checkEnds();
  }

  #takeLine(bytes: Buffer, byte: number): void {
    const line = parseLine(bytes);
    if (line === undefined) {
      this.findings.altered('this is not an event with its proof', { file, byte });
      return;
    }
    const { proxy, event, index } = line;
    const where = { file, byte, proxy, event: event.seq };
    this.count += 1;
    if (this.#indices.has(index)) this.findings.altered(`entry ${index} of the log stands here again`, where);
    this.#indices.add(index);
    const before = this.#seen.at(-1);
    if (before !== undefined && !isBefore(before, { proxy, event })) {
      this.findings.altered('the event is not in its place', where);
    }
    this.#seen.push({ proxy, event });
    if (this.head === undefined || this.#isInLog(line)) return;
    this.findings.altered(`the log holds no such event as entry ${index}`, where);
  }

  #isInLog({ proxy, event, index, proof }: Line): boolean {
    if (this.head === undefined) return false;
    const leaf = leafHash(logEntryOf(proxy, event.seq, canonicalJson(event)));
    const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
    // The last character has bits to spare (RFC 4648, 3.5): what was written otherwise is not what was made.
    if (hashes.some((hash, at) => hash.toString('base64') !== proof[at])) return false;
    return verifyInclusion(leaf, index, this.head.size, hashes, this.head.root);
  }

  #checkPolicies(): void {
    const versions = this.#seen.flatMap(({ event }) =>
      'decision' in event && event.decision !== undefined ? [event.decision.version] : [],
    );
    for (const version of new Set(versions)) {
      if (this.policies.has(version)) continue;
      this.findings.note(
        `Decisions were made by policy version ${version}, whose texts the collector did not hand out in the period.`,
      );
    }
  }

  /** What is there against what the collector has signed that it put in. */
  #checkCounts(): void {
    const { manifest, findings } = this;
    if (manifest === undefined) return;
    const found = new Map(rangesOf(this.#seen).map((own) => [own.proxy, own]));
    for (const { proxy, events, ranges } of manifest.proxies) {
      const own = found.get(proxy);
      found.delete(proxy);
      if (canonicalJson(own?.ranges ?? []) === canonicalJson(ranges) && own?.events === events) continue;
      findings.missing(
        `${events} events were put in (${describeRanges(ranges)}), and ${own?.events ?? 0} are there (${describeRanges(own?.ranges ?? [])})`,
        { file, proxy },
      );
    }
    for (const [proxy, own] of found) {
      findings.altered(`${own.events} events are there that were not put in`, { file, proxy });
    }
    if (this.count !== manifest.events) {
      findings.missing(`${manifest.events} events were put in, and ${this.count} are there`, { file });
    }
    if (isUnfiltered(manifest)) this.#checkWhole(manifest);
  }

  /** Without a filter, every number of a proxy in the period is there; without a period too, every entry of the log. */
  #checkWhole(manifest: Manifest): void {
    const { findings, head } = this;
    const { from, to } = manifest.filter;
    const isInPeriod = ({ at }: JournalEvent) =>
      (from === undefined || Date.parse(at) >= Date.parse(from)) &&
      (to === undefined || Date.parse(at) < Date.parse(to));
    for (const { proxy, ranges, taken } of manifest.proxies) {
      const own = this.#seen.filter((seen) => seen.proxy === proxy).map(({ event }) => event);
      const [first] = own;
      const last = own.at(-1);
      ranges.slice(1).forEach(([next], i) => {
        this.#reportLost(proxy, (ranges[i]?.[1] ?? 0) + 1, next - 1);
      });
      // The event before the period is there to show that the period begins after it; so with the one that follows.
      if (first !== undefined && isInPeriod(first)) this.#reportLost(proxy, 1, first.seq - 1);
      if (last !== undefined && isInPeriod(last)) this.#reportLost(proxy, seqAfter(last), taken);
    }
    this.#removed.note(findings);
    if (from !== undefined || to !== undefined || head === undefined) return;
    if (this.#removed.total > 0)
      findings.note(`Of the log’s ${head.size} entries, ${this.#removed.total} are no longer kept.`);
    const missing = head.size - this.#indices.size - this.#removed.total;
    if (missing > 0) findings.missing(`${missing} of the log’s ${head.size} entries are not here`, { file });
  }

  #reportLost(proxy: string, first: number, last: number): void {
    if (first > last) return;
    for (const { from, through } of this.#removed.explain(proxy, { from: first, through: last }))
      this.#reportGap(proxy, from, through);
  }

  #reportGap(proxy: string, from: number, through: number): void {
    const range = from === through ? `event ${from} is` : `events ${from} to ${through} are`;
    this.findings.missing(
      `${range} missing: the log’s store no longer has ${from === through ? 'it' : 'them'}`,
      {
        proxy,
      },
    );
  }

  #checkEnds(): void {
    const { manifest } = this;
    if (manifest === undefined || !isUnfiltered(manifest)) return;
    const byProxy = new Map<string, OpenEnds>();
    for (const { proxy, event } of this.#seen) {
      const ends = byProxy.get(proxy) ?? new OpenEnds(this.findings, false);
      byProxy.set(proxy, ends);
      const where: Omit<Problem, 'message'> = { file, proxy, event: event.seq };
      ends.take(event, where);
    }
    for (const [proxy, ends] of byProxy) ends.endOfRange(proxy);
  }
}

function parseLine(bytes: Buffer): Line | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { proxy, event, index, proof, receivedAt } = value;
    const parsed = parseEvent(JSON.stringify(event));
    const isProof = Array.isArray(proof) && proof.every((hash) => typeof hash === 'string');
    if (parsed === undefined || typeof proxy !== 'string' || typeof receivedAt !== 'string') return undefined;
    if (!Number.isSafeInteger(index) || !isProof || canonicalJson(value) !== text) return undefined;
    return { proxy, event: parsed, index: index as number, proof };
  } catch {
    return undefined;
  }
}

function describeRanges(ranges: readonly (readonly [number, number])[]): string {
  const shown = ranges
    .slice(0, 5)
    .map(([from, through]) => (from === through ? `${from}` : `${from}–${through}`));
  if (ranges.length > 5) shown.push('…');
  return shown.length === 0 ? 'none' : `numbers ${shown.join(', ')}`;
}

/** Bundles have their events by proxy, then by number. */
function isBefore(before: SeenEvent, { proxy, event }: SeenEvent): boolean {
  return before.proxy === proxy ? seqAfter(before.event) <= event.seq : before.proxy < proxy;
}
