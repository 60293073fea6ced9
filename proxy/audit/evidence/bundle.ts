/**
 * Writes an evidence bundle as its events come: what is held of them in memory is one part of `partBytes`. The manifest,
 * which names every part by its hash, is signed at the end and stands there.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonicalJson.ts';
import type { JournalEvent } from '../events.ts';
import type { Hash } from '../log/merkleTree.ts';
import type { NoteSigner } from '../log/signedNote.ts';
import { toCloudEvents } from '../ocsf/cloudEvents.ts';
import { ArchiveWriter, type Write } from './archive.ts';
import type { EvidenceFilter } from './evidenceFilter.ts';
import { type Manifest, manifestName, signManifest } from './manifest.ts';
import { NumberRanges } from './numberRanges.ts';
import { renderSummary } from './summary.ts';
import { SummaryCounts } from './summaryCounts.ts';

/** An event as the log holds it. */
export interface ProvenEvent {
  readonly proxy: string;
  /** When the collector took it, RFC 3339. */
  readonly receivedAt: string;
  readonly event: JournalEvent;
  /** Of its leaf in the log. */
  readonly index: number;
  /** RFC 6962, section 2.1.1, to the root of the checkpoint. */
  readonly proof: readonly Hash[];
}

export interface PolicyVersion {
  readonly version: string;
  /** RFC 3339: from when on the collector handed it out. */
  readonly since: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

export interface EvidenceKeys {
  readonly origin: string;
  readonly keys: readonly { readonly key: string; readonly since: string; readonly until?: string }[];
  readonly witnesses: readonly string[];
}

export interface EvidenceParts {
  readonly madeAt: string;
  readonly madeFor: { readonly subject: string; readonly email: string };
  readonly filter: EvidenceFilter;
  readonly onlySubject?: string;
  /** By proxy: how far its events had been taken. */
  readonly taken: ReadonlyMap<string, number>;
  readonly policies: readonly PolicyVersion[];
  readonly keys: EvidenceKeys;
  /** A signed note. */
  readonly checkpoint: string;
  readonly checkpointSize: number;
  readonly signers: readonly NoteSigner[];
}

export const memberNames = {
  summary: 'summary.html',
  events: 'events.jsonl',
  /** Only where something was removed. */
  retention: 'retention.jsonl',
  ocsf: 'events.ocsf.json',
  policies: 'policies.json',
  checkpoint: 'checkpoint',
  keys: 'keys.json',
} as const;

/** A part is closed when it has reached this size, and the next event begins another. */
export const partBytes = 8 * 2 ** 20;

/** `events.jsonl`, `events-2.jsonl` and so on. */
export function partName(name: string, number: number): string {
  return number === 1 ? name : name.replace(/^[a-z]+/, (word) => `${word}-${number}`);
}

/** Whether `name` is that of a part that is `first` or goes on with it. */
export function isPartOf(name: string, first: string): boolean {
  const [, number = '1'] = /^[a-z]+-([1-9]\d{0,8})\./.exec(name) ?? [];
  return name === partName(first, Number(number));
}

/** @throws whatever `write` throws; then there is no bundle */
export class BundleWriter {
  readonly #parts: EvidenceParts;
  readonly #archive: ArchiveWriter;
  readonly #members: Manifest['members'][number][] = [];
  readonly #counts = new SummaryCounts();
  readonly #numbers = new NumberRanges();
  readonly #events = new GrowingPart(memberNames.events);
  readonly #ocsf = new GrowingPart(memberNames.ocsf);
  readonly #removals = new GrowingPart(memberNames.retention);

  constructor(parts: EvidenceParts, write: Write) {
    this.#parts = parts;
    this.#archive = new ArchiveWriter(write);
  }

  /**
   * @param events by proxy, then number, over all calls
   * @param context outcomes of these statements and beginnings of these sessions, as far as they are not among `events`
   */
  async add(
    events: readonly ProvenEvent[],
    context: readonly { readonly proxy: string; readonly event: JournalEvent }[],
  ): Promise<void> {
    for (const proven of events) {
      this.#events.push(renderEvent(proven));
      this.#counts.take(proven.event);
      this.#numbers.take(proven.proxy, proven.event);
    }
    for (const event of toCloudEvents(events, context)) {
      this.#ocsf.push(`${this.#ocsf.isEmpty ? '[\n' : ',\n'}${JSON.stringify(event)}`);
    }
    if (this.#events.bytes >= partBytes) await this.#closeEvents();
  }

  /** @param removals tell of events that are no longer kept: why numbers are missing */
  async addRemovals(removals: readonly ProvenEvent[]): Promise<void> {
    for (const proven of removals) {
      this.#removals.push(renderEvent(proven));
      this.#counts.takeRemoval(proven.event);
    }
    if (this.#removals.bytes >= partBytes) await this.#close(this.#removals);
  }

  /** Writes what is left, and the manifest. */
  async end(): Promise<void> {
    const { taken, policies, checkpoint, keys, signers, madeAt, madeFor, filter, onlySubject } = this.#parts;
    if (!this.#events.isEmpty || this.#events.number === 1) await this.#closeEvents();
    if (!this.#removals.isEmpty) await this.#close(this.#removals);
    const about = {
      form: 2,
      madeAt,
      madeFor,
      filter,
      ...(onlySubject !== undefined && { onlySubject }),
      log: { origin: keys.origin, size: this.#parts.checkpointSize },
      events: this.#counts.events,
      proxies: this.#numbers.list().map((own) => ({ ...own, taken: taken.get(own.proxy) ?? 0 })),
    } as const;
    await this.#add(memberNames.policies, [Buffer.from(`${JSON.stringify(policies, null, 1)}\n`)]);
    await this.#add(memberNames.checkpoint, [Buffer.from(checkpoint)]);
    await this.#add(memberNames.keys, [Buffer.from(`${JSON.stringify(keys, null, 1)}\n`)]);
    const summary = renderSummary({ ...about, members: [] }, this.#parts, this.#counts);
    await this.#add(memberNames.summary, [Buffer.from(summary)]);
    const note = signManifest({ ...about, members: this.#members }, signers);
    await this.#archive.add(manifestName, [Buffer.from(note)]);
    await this.#archive.end();
  }

  /** Both forms of the same events. */
  async #closeEvents(): Promise<void> {
    this.#ocsf.push(this.#ocsf.isEmpty ? '[]\n' : '\n]\n');
    await this.#close(this.#events);
    await this.#close(this.#ocsf);
  }

  async #close(part: GrowingPart): Promise<void> {
    const { name, content } = part.close();
    await this.#add(name, content);
  }

  async #add(name: string, content: readonly Buffer[]): Promise<void> {
    const hash = createHash('sha256');
    for (const bytes of content) hash.update(bytes);
    const bytes = content.reduce((sum, { length }) => sum + length, 0);
    this.#members.push({ name, bytes, sha256: hash.digest('hex') });
    await this.#archive.add(name, content);
  }
}

/** What is written once it is large enough, and then goes on as another part. */
class GrowingPart {
  readonly #name: string;
  /** Of the part that grows. */
  number = 1;
  bytes = 0;
  #texts: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  push(text: string): void {
    this.#texts.push(text);
    this.bytes += Buffer.byteLength(text);
  }

  close(): { readonly name: string; readonly content: readonly Buffer[] } {
    const closed = { name: partName(this.#name, this.number), content: [Buffer.from(this.#texts.join(''))] };
    this.#texts = [];
    this.bytes = 0;
    this.number += 1;
    return closed;
  }
}

/** One line of events.jsonl. */
export function renderEvent({ proxy, receivedAt, event, index, proof }: ProvenEvent): string {
  const hashes = proof.map((hash) => Buffer.from(hash).toString('base64'));
  return `${canonicalJson({ proxy, receivedAt, event, index, proof: hashes })}\n`;
}
