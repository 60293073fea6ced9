/** The manifest of an evidence bundle: what was asked for, what is in it, and the hash of every part; signed as a note. */
import { canonicalJson } from '../canonicalJson.ts';
import { type NoteKey, type NoteSigner, openNote, parseNote, signNote } from '../log/signedNote.ts';
import type { EvidenceFilter } from './evidenceFilter.ts';
import type { Numbers } from './numberRanges.ts';

/** What the bundle holds of one proxy; a mark for withdrawn statements counts with all its numbers. */
export interface ProxyRange extends Numbers {
  /** How far the collector had taken the proxy's events, just before it looked for these. */
  readonly taken: number;
}

export interface Manifest {
  /**
   * 1: the manifest is the first member, each kind of part is one member, all ranges are listed: at most 20,000 events.
   * 2: the manifest is the last member, for what comes before it is written as it is found; large parts are several.
   */
  readonly form: 1 | 2;
  /** RFC 3339. */
  readonly madeAt: string;
  readonly madeFor: { readonly subject: string; readonly email: string };
  readonly filter: EvidenceFilter;
  /** Set where only events of this subject were looked at, because who asked may not see those of others. */
  readonly onlySubject?: string;
  readonly log: { readonly origin: string; readonly size: number };
  readonly events: number;
  readonly proxies: readonly ProxyRange[];
  readonly members: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
}

export const manifestName = 'manifest.note';

/** A line for each proxy, and for each part of a few MiB: far more than any other note. */
const maxBytes = 64 * 2 ** 20;

/** First line of the signed text: keeps it from being taken for a checkpoint, which the same key signs. */
const title = 'Portcullis evidence bundle';

/** Whether every event of the proxies between the first and the last must be there. */
export function isUnfiltered({ filter, onlySubject }: Pick<Manifest, 'filter' | 'onlySubject'>): boolean {
  const { from, to, ...others } = filter;
  return onlySubject === undefined && Object.keys(others).length === 0;
}

export function signManifest(manifest: Manifest, signers: readonly NoteSigner[]): string {
  return signNote(`${title}\n${canonicalJson(manifest)}\n`, signers);
}

/** @throws NoteError where none of `keys` has signed it · Error where it is no manifest */
export function openManifest(note: string, keys: readonly NoteKey[]): Manifest {
  return parseManifest(openNote(note, keys, maxBytes).text);
}

/** What it says, whoever has signed it. @throws NoteError, Error */
export function readUnverifiedManifest(note: string): Manifest {
  return parseManifest(parseNote(note, maxBytes).text);
}

function parseManifest(text: string): Manifest {
  const [first, json = '', ...rest] = text.split('\n');
  if (first !== title || rest.join('\n') !== '') throw new Error('it is not that of an evidence bundle');
  const value = JSON.parse(json) as Manifest;
  if (value.form !== 1 && value.form !== 2)
    throw new Error('it is of a form that this version does not know');
  // Signed by a key that is believed, so its parts have their types; this keeps what is not signed from breaking us.
  const isWhole =
    Array.isArray(value.members) &&
    value.members.every(
      (member) =>
        typeof member?.name === 'string' &&
        typeof member.sha256 === 'string' &&
        Number.isSafeInteger(member.bytes),
    ) &&
    Array.isArray(value.proxies) &&
    value.proxies.every(
      (proxy) =>
        typeof proxy?.proxy === 'string' &&
        Array.isArray(proxy.ranges) &&
        proxy.ranges.every(Array.isArray) &&
        (proxy.further === undefined || Number.isSafeInteger(proxy.further)),
    ) &&
    typeof value.log?.origin === 'string' &&
    typeof value.filter === 'object' &&
    value.filter !== null &&
    typeof value.madeAt === 'string' &&
    typeof value.madeFor?.email === 'string' &&
    Number.isSafeInteger(value.events);
  if (!isWhole) throw new Error('it lacks what a manifest has');
  return value;
}
