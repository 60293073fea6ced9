/** The manifest of an evidence bundle: what was asked for, what is in it, and the hash of every part; signed as a note. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonicalJson.ts';
import { type NoteKey, type NoteSigner, openNote, parseNote, signNote } from '../log/signedNote.ts';
import type { Member } from './archive.ts';
import type { EvidenceFilter } from './evidenceFilter.ts';

/** What the bundle holds of one proxy. */
export interface ProxyRange {
  readonly proxy: string;
  readonly events: number;
  /** Numbers of the events, from and through, in order; a mark for withdrawn statements counts with all its numbers. */
  readonly ranges: readonly (readonly [number, number])[];
  /** How far the collector had taken the proxy's events, just before it looked for these. */
  readonly taken: number;
}

export interface Manifest {
  readonly form: 1;
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

/** First line of the signed text: keeps it from being taken for a checkpoint, which the same key signs. */
const title = 'Portcullis evidence bundle';

/** Whether every event of the proxies between the first and the last must be there. */
export function isUnfiltered({ filter, onlySubject }: Pick<Manifest, 'filter' | 'onlySubject'>): boolean {
  const { from, to, ...others } = filter;
  return onlySubject === undefined && Object.keys(others).length === 0;
}

export function listMembers(members: readonly Member[]): Manifest['members'] {
  return members.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sha256Of(bytes) }));
}

export function signManifest(manifest: Manifest, signers: readonly NoteSigner[]): string {
  return signNote(`${title}\n${canonicalJson(manifest)}\n`, signers);
}

/** @throws NoteError where none of `keys` has signed it · Error where it is no manifest */
export function openManifest(note: string, keys: readonly NoteKey[]): Manifest {
  return parseManifest(openNote(note, keys).text);
}

/** What it says, whoever has signed it. @throws NoteError, Error */
export function readUnverifiedManifest(note: string): Manifest {
  return parseManifest(parseNote(note).text);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parseManifest(text: string): Manifest {
  const [first, json = '', ...rest] = text.split('\n');
  if (first !== title || rest.join('\n') !== '') throw new Error('it is not that of an evidence bundle');
  const value = JSON.parse(json) as Manifest;
  if (value.form !== 1) throw new Error('it is of a form that this version does not know');
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
        typeof proxy?.proxy === 'string' && Array.isArray(proxy.ranges) && proxy.ranges.every(Array.isArray),
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
