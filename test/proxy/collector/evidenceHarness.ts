/** Journals of real form, sent to a collector, and evidence bundles fetched from it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { ArchiveWriter } from '../../../proxy/audit/evidence/archive.ts';
import { readJournal } from '../../../proxy/audit/journal/readJournal.ts';
import { type BundleSource, readMembers as readHeads } from '../../../proxy/audit/verify/bundleFile.ts';
import { verifyBundleSource } from '../../../proxy/audit/verify/verifyBundle.ts';
import { type WholeJournal, writeWholeJournal } from '../audit/wholeJournal.ts';
import type { Harness } from './collectorHarness.ts';
import type { Person } from './issuer.ts';

/** The events of a journal that a proxy of this person wrote. */
export async function makeEvents(who: Person, options: WholeJournal = {}): Promise<JournalEvent[]> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-evidence-'));
  try {
    const identity = { subject: who.sub, email: who.email, groups: who.groups };
    await writeWholeJournal(folder, { identity, ...options });
    const events: JournalEvent[] = [];
    for await (const event of readJournal(folder)) events.push(event);
    return events;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** In batches, as a proxy does. */
export async function send(
  harness: Harness,
  who: Person,
  proxy: string,
  events: readonly JournalEvent[],
): Promise<void> {
  for (let start = 0; start < events.length; start += 7) {
    const batch = events.slice(start, start + 7);
    const { status, body } = await harness.call(who, 'POST', '/v1/events', { proxy, events: batch });
    if (status !== 200) throw new Error(`the collector answered ${status}: ${JSON.stringify(body)}`);
  }
}

export async function fetchEvidence(
  harness: Harness,
  who: Person,
  query: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const response = await fetch(`${harness.collector.url}/v1/evidence?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${await harness.issuer.token(who)}` },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${response.status}: ${bytes.toString('utf8')}`);
  return bytes;
}

export interface Member {
  readonly name: string;
  readonly bytes: Buffer;
}

export function sourceOf(bytes: Buffer): BundleSource {
  return { size: bytes.length, read: async (from, length) => bytes.subarray(from, from + length) };
}

/** The members of a bundle in memory. */
export async function readMembers(bundle: Buffer): Promise<Member[]> {
  const { members } = await readHeads(sourceOf(bundle));
  return members.map(({ name, begin, size }) => ({ name, bytes: bundle.subarray(begin, begin + size) }));
}

/** A bundle in memory, of these members. */
export async function makeArchive(members: readonly Member[]): Promise<Buffer> {
  const written: Buffer[] = [];
  const archive = new ArchiveWriter(async (bytes) => void written.push(bytes));
  for (const { name, bytes } of members) await archive.add(name, [bytes]);
  await archive.end();
  return Buffer.concat(written);
}

/** As a manifest names them. */
export function listMembers(members: readonly Member[]) {
  return members.map(({ name, bytes }) => ({
    name,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
}

export async function textOf(bundle: Buffer, member: string): Promise<string> {
  const found = (await readMembers(bundle)).find(({ name }) => name === member);
  if (found === undefined) throw new Error(`the bundle has no ${member}`);
  return found.bytes.toString('utf8');
}

export async function linesOf(
  bundle: Buffer,
): Promise<{ proxy: string; event: JournalEvent; index: number }[]> {
  const text = await textOf(bundle, 'events.jsonl');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The problems of a bundle, and whether it holds. */
export async function verdictsOf(bundle: Buffer, keys: readonly string[] = []) {
  const { integrity, completeness, notes, notProven, subject, events } = await verifyBundleSource(
    sourceOf(bundle),
    'the bundle',
    { keys },
  );
  return {
    holds: integrity.holds && completeness.holds,
    integrity: integrity.problems,
    completeness: completeness.problems,
    notes,
    notProven,
    subject,
    events,
  };
}
