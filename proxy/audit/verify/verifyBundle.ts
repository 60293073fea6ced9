/**
 * Checks an evidence bundle, offline: its bytes against the signed manifest, its events against the log's checkpoint. The
 * file is read twice, piece by piece. Held in memory are, whatever its size: a piece, the parts without events, one bit for
 * each of its events (by their places in the log), what has begun and not ended, and the numbers that retention removed.
 */
import { createHash } from 'node:crypto';
import { crc32 } from '../evidence/archive.ts';
import { isPartOf, memberNames } from '../evidence/bundle.ts';
import { type Manifest, manifestName, openManifest, readUnverifiedManifest } from '../evidence/manifest.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { findCosignatures } from '../log/cosignature.ts';
import { type NoteKey, parseNoteKey } from '../log/signedNote.ts';
import { BundleEvents } from './bundleEvents.ts';
import {
  type BundleSource,
  findStrayByte,
  type Member,
  type Members,
  readBundleLines,
  readMembers,
  readPieces,
  readText,
  withBundleFile,
} from './bundleFile.ts';
import { Findings, type Verification } from './verdicts.ts';

export interface BundleOptions {
  /** Keys that are believed, `name+id+key`. Without them those that the bundle brings are, and that is said. */
  readonly keys?: readonly string[];
  /** What it is called in the answer, where it does not have its name yet. */
  readonly path?: string;
}

/** @param path of a file @throws NoteError where one of the keys given is none; Error where it cannot be read */
export function verifyBundle(path: string, options: BundleOptions = {}): Promise<Verification> {
  return withBundleFile(path, (source) => verifyBundleSource(source, options.path ?? path, options));
}

/** As {@link verifyBundle}, for a bundle that is somewhere else. */
export async function verifyBundleSource(
  source: BundleSource,
  path: string,
  options: BundleOptions = {},
): Promise<Verification> {
  const findings = new Findings();
  const given = (options.keys ?? []).map(parseNoteKey);
  const found = await readMembers(source);
  const { members } = found;
  const hashed = await hashMembers(source, members);
  await checkForm(source, found, hashed, findings);
  const texts = await readTexts(source, members);
  const keys = given.length > 0 ? given : readKeys(texts.get(memberNames.keys), findings);
  const manifest = checkManifest(texts.get(manifestName), keys, findings);
  if (manifest !== undefined) checkMembers(manifest, hashed, findings);
  const head = checkCheckpoint(texts.get(memberNames.checkpoint), manifest, keys, findings);
  const events = new BundleEvents(findings, manifest, head, readVersions(texts.get(memberNames.policies)));
  await readEvents(source, members, events, findings);
  events.end();
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

interface Hashed extends Member {
  readonly sha256: string;
  /** Of its bytes, whatever its head says. */
  readonly ownCrc: number;
}

async function hashMembers(source: BundleSource, members: readonly Member[]): Promise<Hashed[]> {
  const hashed: Hashed[] = [];
  for (const member of members) {
    const hash = createHash('sha256');
    let ownCrc = 0;
    for await (const piece of readPieces(source, member.begin, member.begin + member.size)) {
      hash.update(piece);
      ownCrc = crc32(piece, ownCrc);
    }
    hashed.push({ ...member, sha256: hash.digest('hex'), ownCrc });
  }
  return hashed;
}

/** There is one form for given members: every byte between them is compared with it. */
async function checkForm(
  source: BundleSource,
  found: Members,
  hashed: readonly Hashed[],
  findings: Findings,
): Promise<void> {
  const { members, end, cutOff } = found;
  if (source.size === 0) {
    findings.missing('the file is empty');
    findings.altered('there is nothing here that could be checked');
    return;
  }
  if (cutOff !== undefined) {
    findings.altered(`the file is cut off in ${cutOff}: it was not fetched, or not copied, to its end`, {
      byte: source.size,
    });
    return;
  }
  if (members.length === 0) {
    findings.altered('it is no evidence bundle: no part of one is in it');
    return;
  }
  const crcs = hashed.map(({ ownCrc }) => ownCrc);
  const byte = await findStrayByte(source, found, crcs);
  if (byte === undefined) return;
  if (byte === source.size) {
    findings.altered('the file is cut off', { byte });
    return;
  }
  const where = byte < end ? memberAt(members, byte) : 'the list of parts at the end of the file';
  findings.altered(`${where} is not as the bundle was written`, { byte });
}

function memberAt(members: readonly Member[], byte: number): string {
  const found = members.find(({ begin, size }) => byte < begin + size);
  return found === undefined ? 'the end of the file' : `what stands before ${found.name}`;
}

/** Of the parts that are read as a whole. Of two with one name, the last. */
async function readTexts(source: BundleSource, members: readonly Member[]): Promise<Map<string, string>> {
  const { keys, checkpoint, policies } = memberNames;
  const texts = new Map<string, string>();
  for (const name of [keys, checkpoint, policies, manifestName]) {
    const member = members.findLast((own) => own.name === name);
    const text = member === undefined ? undefined : await readText(source, member);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

async function readEvents(
  source: BundleSource,
  members: readonly Member[],
  events: BundleEvents,
  findings: Findings,
): Promise<void> {
  for (const member of members.filter(({ name }) => isPartOf(name, memberNames.retention))) {
    for await (const line of readBundleLines(source, member)) events.takeRemoval(member.name, line);
  }
  const parts = members.filter(({ name }) => isPartOf(name, memberNames.events));
  if (parts.length === 0) findings.missing('the part is missing', { file: memberNames.events });
  for (const member of parts) {
    for await (const line of readBundleLines(source, member)) events.take(member.name, line);
  }
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
function checkMembers(manifest: Manifest, hashed: readonly Hashed[], findings: Findings): void {
  const isManifest = ({ name }: Hashed) => name === manifestName;
  const [own, others] =
    manifest.form === 1 ? [hashed[0], hashed.slice(1)] : [hashed.at(-1), hashed.slice(0, -1)];
  if (own === undefined || !isManifest(own)) {
    const place = manifest.form === 1 ? 'first' : 'last';
    findings.altered(`the manifest is not the ${place} part`, { file: manifestName });
  }
  const byName = new Map(others.map((member) => [member.name, member]));
  const named = new Set(manifest.members.map(({ name }) => name));
  manifest.members.forEach(({ name, bytes, sha256 }, place) => {
    const found = byName.get(name);
    if (found === undefined) findings.missing('the part is missing', { file: name });
    else if (found.size !== bytes || found.sha256 !== sha256) {
      findings.altered(`the part is not what was signed (${bytes} bytes, SHA-256 ${sha256})`, { file: name });
    } else if (others[place] !== found) {
      findings.altered('the part is not in its place', { file: name });
    }
  });
  for (const { name } of others) {
    if (named.has(name)) continue;
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
