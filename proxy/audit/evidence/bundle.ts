/** Makes an evidence bundle: a pure function of what the collector found, so that the same question has one answer. */
import { canonicalJson } from '../canonicalJson.ts';
import type { JournalEvent } from '../events.ts';
import { seqAfter } from '../journal/readJournal.ts';
import type { Hash } from '../log/merkleTree.ts';
import type { NoteSigner } from '../log/signedNote.ts';
import { toCloudEvents } from '../ocsf/cloudEvents.ts';
import { type Member, makeArchive } from './archive.ts';
import type { EvidenceFilter } from './evidenceFilter.ts';
import { listMembers, type Manifest, manifestName, type ProxyRange, signManifest } from './manifest.ts';
import { renderSummary } from './summary.ts';

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
  /** By proxy, then number. */
  readonly events: readonly ProvenEvent[];
  /** What tells of events that are no longer kept: it explains the numbers that are missing. */
  readonly removals: readonly ProvenEvent[];
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

/** @throws RangeError where it would be larger than 4 GiB */
export function makeBundle(parts: EvidenceParts): Buffer {
  const { events, filter, onlySubject } = parts;
  const about = {
    form: 1,
    madeAt: parts.madeAt,
    madeFor: parts.madeFor,
    filter,
    ...(onlySubject !== undefined && { onlySubject }),
    log: { origin: parts.keys.origin, size: parts.checkpointSize },
    events: events.length,
    proxies: rangesOf(events).map((own) => ({ ...own, taken: parts.taken.get(own.proxy) ?? 0 })),
  } as const;
  const { summary, events: eventsName, retention, ocsf, policies, checkpoint, keys } = memberNames;
  const { removals } = parts;
  const members: Member[] = [
    text(summary, renderSummary({ ...about, members: [] }, parts)),
    text(eventsName, events.map(renderEvent).join('')),
    ...(removals.length > 0 ? [text(retention, removals.map(renderEvent).join(''))] : []),
    text(ocsf, `${JSON.stringify(toCloudEvents(events), null, 1)}\n`),
    text(policies, `${JSON.stringify(parts.policies, null, 1)}\n`),
    text(checkpoint, parts.checkpoint),
    text(keys, `${JSON.stringify(parts.keys, null, 1)}\n`),
  ];
  const manifest: Manifest = { ...about, members: listMembers(members) };
  return makeArchive([text(manifestName, signManifest(manifest, parts.signers)), ...members]);
}

/** One line of events.jsonl. */
export function renderEvent({ proxy, receivedAt, event, index, proof }: ProvenEvent): string {
  const hashes = proof.map((hash) => Buffer.from(hash).toString('base64'));
  return `${canonicalJson({ proxy, receivedAt, event, index, proof: hashes })}\n`;
}

/** @param events by proxy, then number */
export function rangesOf(
  events: readonly { readonly proxy: string; readonly event: JournalEvent }[],
): Omit<ProxyRange, 'taken'>[] {
  const byProxy = new Map<string, { events: number; ranges: [number, number][] }>();
  for (const { proxy, event } of events) {
    const own = byProxy.get(proxy) ?? { events: 0, ranges: [] };
    byProxy.set(proxy, own);
    own.events += 1;
    const last = own.ranges.at(-1);
    const through = seqAfter(event) - 1;
    if (last !== undefined && last[1] + 1 === event.seq) last[1] = through;
    else own.ranges.push([event.seq, through]);
  }
  return [...byProxy].map(([proxy, own]) => ({ proxy, ...own }));
}

function text(name: string, content: string): Member {
  return { name, bytes: Buffer.from(content, 'utf8') };
}
