/** The page in an evidence bundle that a person reads: what was asked for, counts, controls, how to check. No scripts. */
import type { JournalEvent } from '../events.ts';
import type { EvidenceParts } from './bundle.ts';
import { controls } from './controls.ts';
import type { Manifest } from './manifest.ts';

/** @param about the manifest as far as it is known: the page is itself one of its members */
export function renderSummary(about: Manifest, parts: EvidenceParts): string {
  const events = parts.events.map(({ event }) => event);
  const period = about.filter;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portcullis evidence</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #d0d7de; overflow-wrap: anywhere; }
td.n { text-align: right; font-variant-numeric: tabular-nums; } code { font-size: .9em; }
</style>
</head>
<body>
<h1>Portcullis evidence</h1>
${table(
  ['', ''],
  [
    ['Made', `${about.madeAt}, for ${about.madeFor.email}`],
    ['Asked for', describeFilter(about)],
    ['Period', `${period.from ?? 'from the beginning'} to ${period.to ?? 'when it was made'}`],
    ['Log', `${about.log.origin}, ${about.log.size} entries at the checkpoint`],
    ['Events here', String(about.events)],
  ],
)}
<h2>Counts</h2>
${table(['', 'Events'], countRows(events), true)}
<h2>People</h2>
${table(['Identity', 'Statements and refusals'], tally(events, identityOf), true)}
<h2>Connections</h2>
${table(['Connection', 'Statements and refusals'], tally(events, connectionOf), true)}
<h2>Relations</h2>
${table(['Relation', 'Statements and refusals'], tally(events, relationsOf), true)}
<h2>Masked data</h2>
${table(['Classification', 'Statements that read it, masked'], tally(events, masksOf), true)}
<h2>Policy versions in force</h2>
${table(
  ['Version', 'Handed out from', 'Files'],
  parts.policies.map(({ version, since, files }) => [
    version,
    since,
    files.map(({ name }) => name).join(', '),
  ]),
)}
<h2>Where the events come from</h2>
<p>Every proxy numbers its events without gaps. A number that is missing in a bundle without a filter is a missing event.</p>
${table(
  ['Proxy', 'Events', 'Numbers'],
  about.proxies.map(({ proxy, events: count, ranges }) => [
    proxy,
    String(count),
    abridge(ranges.map(([from, through]) => (from === through ? `${from}` : `${from}–${through}`))),
  ]),
)}
${removals(parts)}<h2>Controls that this speaks to</h2>
<p>Evidence about controls, not their fulfilment: an auditor judges that. SOC 2: AICPA Trust Services Criteria. FedRAMP: NIST SP 800-53 Rev. 5.</p>
${table(
  ['Part', 'SOC 2', 'FedRAMP', 'What it says'],
  controls.map(({ part, soc2, nist, says }) => [part, soc2.join(', '), nist.join(', '), says]),
)}
<h2>How to check it</h2>
<p><code>portcullis verify FILE</code> works offline and needs nothing but this file. It checks the signature over all of its parts, that every event is in the log under the checkpoint, and that nothing is missing. Give <code>--key</code> with the log's key as you know it from elsewhere: keys that come with the file prove only that it was not changed after it was made. Keys of this log:</p>
<ul>${parts.keys.keys.map(({ key }) => `<li><code>${toHtml(key)}</code></li>`).join('')}</ul>
<p><code>events.jsonl</code> holds the events as they were recorded, each with its proof (RFC 6962); <code>events.ocsf.json</code> the same as OCSF 1.8.0 in CloudEvents; <code>policies.json</code> the texts of the policies.</p>
</body>
</html>
`;
}

function removals(parts: EvidenceParts): string {
  const rows = parts.removals.flatMap(({ event }) =>
    event.kind === 'eventsRemoved'
      ? [[event.at, String(event.events), event.policy.name, event.policy.version, event.rule]]
      : [],
  );
  if (rows.length === 0) return '';
  return `<h2>No longer kept</h2>
<p>Numbers that a retention policy removed. The leaves of these events stay in the log; <code>retention.jsonl</code> tells which they are, with proofs.</p>
${table(['Removed', 'Events', 'Policy', 'Version', 'Rule'], rows)}
`;
}

function describeFilter({ filter, onlySubject }: Manifest): string {
  const words = Object.entries(filter)
    .filter(([name]) => name !== 'from' && name !== 'to')
    .map(([name, value]) => `${name} ${value}`);
  if (onlySubject !== undefined) words.push(`only events about ${onlySubject}, who asked`);
  return words.length === 0 ? 'everything in the period' : words.join('; ');
}

function countRows(events: readonly JournalEvent[]): string[][] {
  const intents = events.filter((event) => event.kind === 'intent');
  const outcomes = events.filter((event) => event.kind === 'outcome');
  const refusals = events.filter((event) => event.kind === 'refusal');
  const count = (found: readonly unknown[]) => String(found.length);
  const ofKind = <Kind extends JournalEvent['kind']>(
    kind: Kind,
    fits: (event: Extract<JournalEvent, { kind: Kind }>) => boolean = () => true,
  ) => events.filter((event) => event.kind === kind && fits(event as Extract<JournalEvent, { kind: Kind }>));
  return [
    ['Statements that were let through', count(intents)],
    ['… after approval', count(intents.filter(({ decision }) => decision.outcome === 'approve'))],
    ['… that failed, were cancelled or did not run', count(outcomes.filter(({ status }) => status !== 'ok'))],
    [
      '… whose answers were masked',
      count(outcomes.filter((event) => (event.maskedColumns ?? []).length > 0)),
    ],
    ['Refused', count(refusals)],
    ['Sessions opened', count(events.filter(({ kind }) => kind === 'sessionOpened'))],
    ['Sessions closed', count(events.filter(({ kind }) => kind === 'sessionClosed'))],
    ['Sign-ins at the collector', count(ofKind('signIn', ({ status }) => status === 'ok'))],
    ['Sign-ins that were refused', count(ofKind('signIn', ({ status }) => status === 'refused'))],
    ['Changes of policies and classifications', count(events.filter(({ kind }) => changeKinds.has(kind)))],
    ['Readings of the records', count(ofKind('recordsRead'))],
    ['Removals by retention policy', count(ofKind('eventsRemoved'))],
    ['Signs of life of proxies', count(events.filter(({ kind }) => lifeKinds.has(kind)))],
  ];
}

const changeKinds: ReadonlySet<string> = new Set(['policyChanged', 'classificationChanged']);
const lifeKinds: ReadonlySet<string> = new Set(['started', 'stopped', 'heartbeat', 'withdrawn']);

/** How many events have each name, the most frequent first. */
function tally(
  events: readonly JournalEvent[],
  namesOf: (event: JournalEvent) => readonly string[],
): string[][] {
  const counts = new Map<string, number>();
  for (const name of events.flatMap((event) => [...new Set(namesOf(event))])) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const rows = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const shown = rows.slice(0, rowLimit).map(([name, count]) => [name, String(count)]);
  return rows.length > rowLimit ? [...shown, [`and ${rows.length - rowLimit} more`, '']] : shown;
}

const rowLimit = 50;

function identityOf(event: JournalEvent): string[] {
  if (event.kind !== 'intent' && event.kind !== 'refusal') return [];
  const { identity } = event;
  return [identity === undefined ? 'not known' : (identity.email ?? identity.subject)];
}

function connectionOf(event: JournalEvent): string[] {
  if (event.kind !== 'intent' && event.kind !== 'refusal') return [];
  return [event.connection ?? 'not known'];
}

function relationsOf(event: JournalEvent): string[] {
  if (event.kind !== 'intent' && event.kind !== 'refusal') return [];
  return (event.relations ?? []).map(({ schema, name }) =>
    schema === undefined ? name : `${schema}.${name}`,
  );
}

function masksOf(event: JournalEvent): string[] {
  return event.kind === 'outcome'
    ? (event.maskedColumns ?? []).map(({ classification }) => classification)
    : [];
}

function abridge(texts: readonly string[]): string {
  return texts.length <= rowLimit ? texts.join(', ') : `${texts.slice(0, rowLimit).join(', ')}, …`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], isCounted = false): string {
  if (rows.length === 0) return '<p>None.</p>';
  const header = head.every((text) => text === '')
    ? ''
    : `<tr>${head.map((text) => `<th>${toHtml(text)}</th>`).join('')}</tr>\n`;
  const lines = rows.map((cells) => {
    const last = cells.length - 1;
    return `<tr>${cells
      .map((cell, i) => `<td${isCounted && i === last ? ' class="n"' : ''}>${toHtml(cell)}</td>`)
      .join('')}</tr>`;
  });
  return `<table>\n${header}${lines.join('\n')}\n</table>`;
}

function toHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
