/** Journals of real form, sent to a collector, and evidence bundles fetched from it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { readMembers } from '../../../proxy/audit/evidence/archive.ts';
import { readJournal } from '../../../proxy/audit/journal/readJournal.ts';
import { verifyBundleBytes } from '../../../proxy/audit/verify/verifyBundle.ts';
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

export function textOf(bundle: Buffer, member: string): string {
  const found = readMembers(bundle).members.find(({ name }) => name === member);
  if (found === undefined) throw new Error(`the bundle has no ${member}`);
  return found.bytes.toString('utf8');
}

export function linesOf(bundle: Buffer): { proxy: string; event: JournalEvent; index: number }[] {
  return textOf(bundle, 'events.jsonl')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** The problems of a bundle, and whether it holds. */
export function verdictsOf(bundle: Buffer, keys: readonly string[] = []) {
  const { integrity, completeness, notes, notProven, subject, events } = verifyBundleBytes(
    bundle,
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
