/** The page in an evidence bundle that a person reads: what was asked for, counts, controls, how to check. No scripts. */
import type { EvidenceParts } from './bundle.ts';
import { controls } from './controls.ts';
import type { Manifest } from './manifest.ts';
import type { SummaryCounts } from './summaryCounts.ts';

/** @param about the manifest as far as it is known: the page is itself one of its members */
export function renderSummary(about: Manifest, parts: EvidenceParts, counts: SummaryCounts): string {
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
${table(['', 'Events'], counts.rows(), true)}
<h2>People</h2>
${table(['Identity', 'Statements and refusals'], counts.people.rows(), true)}
<h2>Connections</h2>
${table(['Connection', 'Statements and refusals'], counts.connections.rows(), true)}
<h2>Relations</h2>
${table(['Relation', 'Statements and refusals'], counts.relations.rows(), true)}
<h2>Masked data</h2>
${table(['Classification', 'Statements that read it, masked'], counts.masks.rows(), true)}
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
  about.proxies.map(({ proxy, events, ranges, further }) => [
    proxy,
    String(events),
    abridge(
      ranges.map(([from, through]) => (from === through ? `${from}` : `${from}–${through}`)),
      further !== undefined,
    ),
  ]),
)}
${removals(counts)}<h2>Controls that this speaks to</h2>
<p>Evidence about controls, not their fulfilment: an auditor judges that. SOC 2: AICPA Trust Services Criteria. FedRAMP: NIST SP 800-53 Rev. 5.</p>
${table(
  ['Part', 'SOC 2', 'FedRAMP', 'What it says'],
  controls.map(({ part, soc2, nist, says }) => [part, soc2.join(', '), nist.join(', '), says]),
)}
<h2>How to check it</h2>
<p><code>portcullis verify FILE</code> works offline and needs nothing but this file. It checks the signature over all of its parts, that every event is in the log under the checkpoint, and that nothing is missing. Give <code>--key</code> with the log's key as you know it from elsewhere: keys that come with the file prove only that it was not changed after it was made. Keys of this log:</p>
<ul>${parts.keys.keys.map(({ key }) => `<li><code>${toHtml(key)}</code></li>`).join('')}</ul>
<p><code>events.jsonl</code> holds the events as they were recorded, each with its proof (RFC 6962); <code>events.ocsf.json</code> the same as OCSF 1.8.0 in CloudEvents, statements with their outcomes; both go on in <code>events-2.jsonl</code>, <code>events-2.ocsf.json</code> and so on where they are large; <code>policies.json</code> the texts of the policies.</p>
</body>
</html>
`;
}

function removals({ removals: rows }: SummaryCounts): string {
  if (rows.isEmpty) return '';
  return `<h2>No longer kept</h2>
<p>Numbers that a retention policy removed. The leaves of these events stay in the log; <code>retention.jsonl</code> tells which they are, with proofs.</p>
${table(['Policy, version, rule', 'Events'], rows.rows(), true)}
`;
}

function describeFilter({ filter, onlySubject }: Manifest): string {
  const words = Object.entries(filter)
    .filter(([name]) => name !== 'from' && name !== 'to')
    .map(([name, value]) => `${name} ${value}`);
  if (onlySubject !== undefined) words.push(`only events about ${onlySubject}, who asked`);
  return words.length === 0 ? 'everything in the period' : words.join('; ');
}

const rowLimit = 50;

function abridge(texts: readonly string[], hasMore: boolean): string {
  return texts.length <= rowLimit && !hasMore
    ? texts.join(', ')
    : `${texts.slice(0, rowLimit).join(', ')}, …`;
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
