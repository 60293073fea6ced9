/** Checks an evidence bundle, offline: its bytes against the signed manifest, its events against the log's checkpoint. */
import { readFileSync } from 'node:fs';
import { type Member, makeArchive, readMembers } from '../evidence/archive.ts';
import { memberNames } from '../evidence/bundle.ts';
import {
  type Manifest,
  manifestName,
  openManifest,
  readUnverifiedManifest,
  sha256Of,
} from '../evidence/manifest.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { findCosignatures } from '../log/cosignature.ts';
import { type NoteKey, parseNoteKey } from '../log/signedNote.ts';
import { BundleEvents } from './bundleEvents.ts';
import { Findings, type Verification } from './verdicts.ts';

export interface BundleOptions {
  /** Keys that are believed, `name+id+key`. Without them those that the bundle brings are, and that is said. */
  readonly keys?: readonly string[];
}

/** @param path of a file @throws NoteError where one of the keys given is none */
export async function verifyBundle(path: string, options: BundleOptions = {}): Promise<Verification> {
  return verifyBundleBytes(readFileSync(path), path, options);
}

/** As {@link verifyBundle}, for a bundle that is in memory. */
export function verifyBundleBytes(archive: Buffer, path: string, options: BundleOptions = {}): Verification {
  const findings = new Findings();
  const given = (options.keys ?? []).map(parseNoteKey);
  const { members, end } = readMembers(archive);
  checkForm(archive, members, end, findings);
  const texts = new Map(members.map(({ name, bytes }) => [name, bytes.toString('utf8')]));
  const keys = given.length > 0 ? given : readKeys(texts.get(memberNames.keys), findings);
  const manifest = checkManifest(texts.get(manifestName), keys, findings);
  if (manifest !== undefined) checkMembers(manifest, members, findings);
  const head = checkCheckpoint(texts.get(memberNames.checkpoint), manifest, keys, findings);
  const events = new BundleEvents(findings, manifest, head, readVersions(texts.get(memberNames.policies)));
  events.readRemovals(members.find(({ name }) => name === memberNames.retention)?.bytes);
  events.read(members.find(({ name }) => name === memberNames.events)?.bytes);
  noteWitnesses(texts, findings);
  return {
    kind: 'bundle',
    path,
    subject: describe(manifest, events.count),
    events: events.count,
    ...findings.verdicts(),
    notProven: describeLimits(manifest, given.length > 0, keys),
  };
}

/** There is one form for given members: every byte of the archive is compared with it. */
function checkForm(archive: Buffer, members: readonly Member[], end: number, findings: Findings): void {
  if (archive.length === 0) {
    findings.missing('the file is empty');
    findings.altered('there is nothing here that could be checked');
    return;
  }
  if (members.length === 0) {
    findings.altered('it is no evidence bundle: no part of one is in it');
    return;
  }
  const expected = makeArchive(members);
  if (expected.equals(archive)) return;
  let byte = 0;
  while (byte < archive.length && archive[byte] === expected[byte]) byte += 1;
  const isCut = byte === archive.length;
  const where = byte < end ? memberAt(members, byte) : 'the list of parts at the end of the file';
  const what = isCut ? 'the file is cut off' : `${where} is not as the bundle was written`;
  findings.altered(what, { byte });
}

function memberAt(members: readonly Member[], byte: number): string {
  let end = 0;
  for (const { name, bytes } of members) {
    end += 30 + name.length + bytes.length;
    if (byte < end) return `what stands before ${name}`;
  }
  return 'the end of the file';
}

function readKeys(text: string | undefined, findings: Findings): NoteKey[] {
  try {
    const { keys } = JSON.parse(text ?? '') as { readonly keys: readonly { readonly key: string }[] };
    return keys.map(({ key }) => parseNoteKey(key));
  } catch {
    findings.altered('the keys cannot be read', { file: memberNames.keys });
    return [];
  }
}

function readVersions(text: string | undefined): ReadonlySet<string> {
  try {
    const policies = JSON.parse(text ?? '') as readonly { readonly version: string }[];
    return new Set(policies.map(({ version }) => version));
  } catch {
    return new Set(); // a part that is not what was signed is reported
  }
}

function checkManifest(
  note: string | undefined,
  keys: readonly NoteKey[],
  findings: Findings,
): Manifest | undefined {
  if (note === undefined) {
    findings.missing('the part is missing', { file: manifestName });
    return undefined;
  }
  try {
    return openManifest(note, keys);
  } catch (error) {
    findings.altered(`the manifest cannot be believed: ${wordsOf(error)}`, { file: manifestName });
  }
  try {
    // So that the rest is still looked at: what it names is no longer proven.
    return readUnverifiedManifest(note);
  } catch {
    return undefined;
  }
}

/** Every part is in its place, with the length and hash that were signed. */
function checkMembers(manifest: Manifest, members: readonly Member[], findings: Findings): void {
  const [first, ...others] = members;
  if (first?.name !== manifestName)
    findings.altered('the manifest is not the first part', { file: manifestName });
  manifest.members.forEach(({ name, bytes, sha256 }, place) => {
    const found = others.find((member) => member.name === name);
    if (found === undefined) findings.missing('the part is missing', { file: name });
    else if (found.bytes.length !== bytes || sha256Of(found.bytes) !== sha256) {
      findings.altered(`the part is not what was signed (${bytes} bytes, SHA-256 ${sha256})`, { file: name });
    } else if (others[place] !== found) {
      findings.altered('the part is not in its place', { file: name });
    }
  });
  for (const { name } of others) {
    if (manifest.members.some((member) => member.name === name)) continue;
    findings.altered('the part is not in the manifest', { file: name });
  }
  if (others.length > manifest.members.length)
    findings.altered('there are more parts than the manifest names');
}

function checkCheckpoint(
  note: string | undefined,
  manifest: Manifest | undefined,
  keys: readonly NoteKey[],
  findings: Findings,
) {
  const where = { file: memberNames.checkpoint };
  if (note === undefined) {
    findings.missing('the part is missing', where);
    return undefined;
  }
  try {
    const head = openCheckpoint(note, manifest?.log.origin ?? keys[0]?.name ?? '', keys);
    if (manifest !== undefined && manifest.log.size !== head.size) {
      findings.altered(`it is of ${head.size} entries, and the manifest says ${manifest.log.size}`, where);
    }
    return head;
  } catch (error) {
    findings.altered(`the checkpoint cannot be believed: ${wordsOf(error)}`, where);
    return undefined;
  }
}

function noteWitnesses(texts: ReadonlyMap<string, string>, findings: Findings): void {
  try {
    const { witnesses } = JSON.parse(texts.get(memberNames.keys) ?? '') as {
      readonly witnesses: readonly string[];
    };
    const found = findCosignatures(texts.get(memberNames.checkpoint) ?? '', witnesses.map(parseNoteKey));
    for (const { key, time } of found) {
      findings.note(
        `The witness ${key.name} has cosigned the checkpoint at ${new Date(time * 1000).toISOString()}.`,
      );
    }
  } catch {
    // What cannot be read was reported.
  }
}

function describe(manifest: Manifest | undefined, count: number): string {
  if (manifest === undefined) return `${count} events`;
  const { filter, madeAt, madeFor, log } = manifest;
  const period = `${filter.from ?? 'the beginning'} to ${filter.to ?? madeAt}`;
  return `${count} events of the log ${log.origin} (${log.size} entries), ${period}; made ${madeAt} for ${madeFor.email}`;
}

function describeLimits(
  manifest: Manifest | undefined,
  isKeyKnown: boolean,
  keys: readonly NoteKey[],
): string[] {
  const names = keys.map(({ name, id }) => `${name}+${id.toString(16).padStart(8, '0')}`).join(', ');
  const { from, to, ...asked } = manifest?.filter ?? {};
  const isFiltered = Object.keys(asked).length > 0 || manifest?.onlySubject !== undefined;
  return [
    ...(isKeyKnown
      ? []
      : [
          `The keys (${names === '' ? 'none' : names}) came with the bundle: whoever made it could have made them too. Compare them with the key that the log is known by, or give that with --key.`,
        ]),
    isFiltered
      ? 'That no other event of the log matches the filter is the word of the collector, which has signed the counts; a bundle without a filter shows every number of each proxy.'
      : 'That no further proxy has sent events in the period is the word of the collector, which has signed the list.',
    'The log says that an event was recorded as it is here, and when it was taken. That the proxy saw every statement is a matter of how the databases can be reached; times are those of the machines’ clocks.',
    'That the collector shows the same log to everybody is shown by witnesses, and by proxies, which keep the last checkpoint and refuse another history; not by one bundle alone.',
    'The summary and the OCSF form are the collector’s rendering of the events, under its signature.',
  ];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
