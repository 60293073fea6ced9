/**
 * The events of a bundle: each in the log under the checkpoint, all of them there, and nothing without its end. They pass
 * by one after the other; what is held of them is one bit each, and what has begun and not ended yet.
 */
import { isUtf8 } from 'node:buffer';
import { canonicalJson } from '../canonicalJson.ts';
import type { JournalEvent } from '../events.ts';
import { memberNames } from '../evidence/bundle.ts';
import { isUnfiltered, type Manifest } from '../evidence/manifest.ts';
import { maxRanges, NumberRanges } from '../evidence/numberRanges.ts';
import { asEvent, seqAfter } from '../journal/readJournal.ts';
import type { TreeHead } from '../log/checkpoint.ts';
import { logEntryOf } from '../log/logEntry.ts';
import { leafHash, verifyInclusion } from '../log/merkleTree.ts';
import type { BundleLine } from './bundleFile.ts';
import { EntrySet } from './entrySet.ts';
import { reportMisshapen } from './misshapen.ts';
import { OpenEnds } from './openEnds.ts';
import { RemovedEvents } from './removedEvents.ts';
import { Findings } from './verdicts.ts';

interface Line {
  readonly proxy: string;
  readonly event: JournalEvent;
  /** The event in its canonical form: what the log has hashed. */
  readonly eventText: string;
  readonly index: number;
  readonly proof: readonly string[];
}

/** What is known of a proxy's events that have passed by. */
interface Passed {
  readonly first: JournalEvent;
  last: JournalEvent;
  readonly ends: OpenEnds;
  readonly isListed: boolean;
}

/** No proxy can send under such an id: what is told under it, the collector told. */
const collectorPrefix = 'collector:';
const maxPolicies = 10_000;

export class BundleEvents {
  count = 0;
  readonly #indices = new EntrySet();
  readonly #removed = new RemovedEvents();
  readonly #numbers: NumberRanges;
  readonly #passed = new Map<string, Passed>();
  readonly #versions = new Set<string>();
  /** Proxies of which the manifest lists all ranges of numbers: their gaps are found there. */
  readonly #listed: ReadonlySet<string>;
  /** Found on the way, and told after what concerns the bundle as a whole. */
  readonly #gaps = new Findings();
  readonly #ends = new Findings();
  #before: { readonly proxy: string; readonly event: JournalEvent } | undefined;

  constructor(
    readonly findings: Findings,
    readonly manifest: Manifest | undefined,
    /** Undefined where no checkpoint can be believed. */
    readonly head: TreeHead | undefined,
    /** Versions of the policies whose texts are in the bundle. */
    readonly policies: ReadonlySet<string>,
  ) {
    this.#numbers = new NumberRanges(manifest?.form === 1 ? Number.POSITIVE_INFINITY : maxRanges);
    const listed = manifest?.proxies.filter(({ further }) => further === undefined) ?? [];
    this.#listed = new Set(listed.map(({ proxy }) => proxy));
  }

  /** Call it before {@link take}, for each line of the parts that tell what is no longer kept. */
  takeRemoval(file: string, { bytes, byte }: BundleLine): void {
    const line = parseLine(bytes);
    if (line?.event.kind !== 'eventsRemoved' || !line.proxy.startsWith(collectorPrefix)) {
      this.findings.altered('this does not tell of events that were removed', { file, byte });
      return;
    }
    const { proxy, event, index } = line;
    const where = { file, byte, proxy, event: event.seq };
    if (!this.#isInLog(line)) this.findings.altered(`the log holds no such event as entry ${index}`, where);
    else reportMisshapen(this.findings, where, () => this.#removed.take(proxy, event));
  }

  /** @param file the part that it is a line of */
  take(file: string, { bytes, byte, isWhole }: BundleLine): void {
    if (!isWhole) this.findings.missing('the last line is cut off', { file, byte });
    const line = parseLine(bytes);
    if (line === undefined) {
      this.findings.altered('this is not an event with its proof', { file, byte });
      return;
    }
    const { proxy, event, index } = line;
    const where = { file, byte, proxy, event: event.seq };
    this.count += 1;
    const isEntry = this.head !== undefined && index >= 0 && index < this.head.size;
    if (isEntry && !this.#indices.add(index)) {
      this.findings.altered(`entry ${index} of the log stands here again`, where);
    }
    if (this.#before !== undefined && !isBefore(this.#before, line)) {
      this.findings.altered('the event is not in its place', where);
    }
    this.#before = { proxy, event };
    this.#numbers.take(proxy, event);
    if (this.head !== undefined && !this.#isInLog(line)) {
      this.findings.altered(`the log holds no such event as entry ${index}`, where);
    }
    reportMisshapen(this.findings, where, () => this.#pass(line, where));
  }

  #pass({ proxy, event }: Line, where: { readonly file: string; readonly event: number }): void {
    if ('decision' in event && event.decision !== undefined && this.#versions.size < maxPolicies) {
      this.#versions.add(event.decision.version);
    }
    if (this.manifest === undefined || !isUnfiltered(this.manifest)) return;
    const known = this.#passed.get(proxy);
    if (known !== undefined) {
      if (!known.isListed) this.#reportLost(proxy, seqAfter(known.last), event.seq - 1);
      known.last = event;
      known.ends.take(event, where);
      return;
    }
    const isListed = this.#listed.has(proxy);
    const passed = { first: event, last: event, ends: new OpenEnds(this.#ends, false), isListed };
    this.#passed.set(proxy, passed);
    passed.ends.take(event, where);
  }

  #isInLog({ proxy, event, eventText, index, proof }: Line): boolean {
    if (this.head === undefined) return false;
    const leaf = leafHash(logEntryOf(proxy, event.seq, eventText));
    const hashes = proof.map((hash) => Buffer.from(hash, 'base64'));
    // The last character has bits to spare (RFC 4648, 3.5): what was written otherwise is not what was made.
    if (hashes.some((hash, at) => hash.toString('base64') !== proof[at])) return false;
    return verifyInclusion(leaf, index, this.head.size, hashes, this.head.root);
  }

  /** After the last line. */
  end(): void {
    reportMisshapen(this.findings, { file: memberNames.events }, () => this.#end());
  }

  #end(): void {
    if (this.count === 0) this.findings.note('No event matches what was asked for.');
    this.#checkPolicies();
    this.#checkCounts();
    this.findings.append(this.#gaps);
    for (const [proxy, { ends }] of this.#passed) ends.endOfRange(proxy);
    this.findings.append(this.#ends);
  }

  #checkPolicies(): void {
    for (const version of this.#versions) {
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
    const file = memberNames.events;
    const found = new Map(this.#numbers.list().map((own) => [own.proxy, own]));
    for (const { taken: _taken, ...signed } of manifest.proxies) {
      const { proxy, events, ranges } = signed;
      const own = found.get(proxy);
      found.delete(proxy);
      if (own !== undefined && canonicalJson(own) === canonicalJson(signed)) continue;
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
    for (const { proxy, ranges, further, taken } of manifest.proxies) {
      if (further === undefined) {
        ranges.slice(1).forEach(([next], i) => {
          this.#reportLost(proxy, (ranges[i]?.[1] ?? 0) + 1, next - 1);
        });
      }
      const passed = this.#passed.get(proxy);
      if (passed === undefined) continue;
      const { first, last } = passed;
      // The event before the period is there to show that the period begins after it; so with the one that follows.
      if (isInPeriod(first)) this.#reportLost(proxy, 1, first.seq - 1);
      if (isInPeriod(last)) this.#reportLost(proxy, seqAfter(last), taken);
    }
    this.#removed.note(this.#gaps);
    if (from !== undefined || to !== undefined || head === undefined) return;
    if (this.#removed.total > 0)
      this.#gaps.note(`Of the log’s ${head.size} entries, ${this.#removed.total} are no longer kept.`);
    const missing = head.size - this.#indices.size - this.#removed.total;
    if (missing > 0) {
      const file = memberNames.events;
      findings.missing(`${missing} of the log’s ${head.size} entries are not here`, { file });
    }
  }

  #reportLost(proxy: string, first: number, last: number): void {
    if (first > last) return;
    for (const { from, through } of this.#removed.explain(proxy, { from: first, through: last }))
      this.#reportGap(proxy, from, through);
  }

  #reportGap(proxy: string, from: number, through: number): void {
    const range = from === through ? `event ${from} is` : `events ${from} to ${through} are`;
    this.#gaps.missing(
      `${range} missing: the log’s store no longer has ${from === through ? 'it' : 'them'}`,
      {
        proxy,
      },
    );
  }
}

function parseLine(bytes: Buffer): Line | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const { proxy, event, index, proof, receivedAt } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const parsed = asEvent(event);
    const isProof = Array.isArray(proof) && proof.every((hash) => typeof hash === 'string');
    if (parsed === undefined || typeof proxy !== 'string' || typeof receivedAt !== 'string') return undefined;
    if (!Number.isSafeInteger(index) || !isProof) return undefined;
    const eventText = canonicalJson(parsed);
    // The keys in their order: the line has these and no others.
    if (`{"event":${eventText},${canonicalJson({ index, proof, proxy, receivedAt }).slice(1)}` !== text) {
      return undefined;
    }
    return { proxy, event: parsed, eventText, index: index as number, proof };
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
function isBefore(
  before: { readonly proxy: string; readonly event: JournalEvent },
  { proxy, event }: Line,
): boolean {
  return before.proxy === proxy ? seqAfter(before.event) <= event.seq : before.proxy < proxy;
}
