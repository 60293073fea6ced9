/** What the schema view says about drift, in words: tooltips, the message above the tree, the question before a new baseline. */
import type { DriftItem, DriftReport } from '../../proxy/control/messages.ts';
import { count, type DriftBadge, isPart, type SchemaNode } from './schemaTree.ts';

/** A tooltip is read, not searched: the diff editor has the rest. */
const shownItems = 8;
const longestStatement = 400;

const badgeWords: Readonly<Record<DriftBadge, string>> = {
  '!': 'risky: widens access or loses a guarantee',
  '~': 'differs from the baseline',
  '+': 'not in the baseline',
  '-': 'in the baseline, but missing here',
};

/** Plain text, which the editor shows as it is. Undefined where there is nothing to add to the label. */
export function describeNode(node: SchemaNode): string | undefined {
  const lines = [[node.label, node.description].filter((text) => text !== '').join(' — ')];
  if (node.isMasked) lines.push('Its values are masked before they reach this machine.');
  if (node.reason !== undefined) lines.push(node.reason);
  for (const item of node.items.slice(0, shownItems)) lines.push('', describeItem(item, !isPart(node)));
  const more = node.items.length - shownItems;
  if (more > 0) lines.push('', `… and ${count(more, 'more difference')}.`);
  return visible(lines.join('\n'));
}

/** For who hears the tree instead of seeing it. */
export function describeShortly(node: SchemaNode): string {
  const badge = node.badge === undefined ? '' : badgeWords[node.badge];
  const facts = [`${node.kind} ${node.label}`, node.description, badge];
  return visible(facts.filter((text) => text !== '').join(', ')).replaceAll('\n', ' ');
}

export function describeBadge(badge: DriftBadge): string {
  return badgeWords[badge];
}

/** What changed, who did it, and by which statement. */
function describeItem(item: DriftItem, isNamed: boolean): string {
  const risk = item.isRisky ? ' (risky)' : '';
  const name = isNamed ? `${describePlace(item)}: ` : '';
  return `${name}${item.summary}${risk}\n${describeAuthor(item)}`;
}

function describePlace({ schema, table, part }: DriftItem): string {
  const name = `${schema}.${table}`;
  return part.kind === 'column' || part.kind === 'constraint' || part.kind === 'index'
    ? `${name}, ${part.kind} ${part.name}`
    : name;
}

function describeAuthor({ author }: DriftItem): string {
  if (author === undefined) return 'Changed outside Portcullis: nobody is on record for it.';
  const { email, at, statement } = author;
  const text = statement.length > longestStatement ? `${statement.slice(0, longestStatement)}…` : statement;
  return `By ${email} at ${at}:\n${text}`;
}

/** What stands above the tree; undefined where there is nothing to say, so that an empty tree shows its welcome. */
export function describeView(
  reports: readonly DriftReport[],
  problems: readonly { readonly connection: string; readonly text: string }[],
): string | undefined {
  const lines = problems.map(({ connection, text }) => `${connection}: ${text}`);
  const names = reports.filter(({ baseline }) => baseline === undefined).map(({ connection }) => connection);
  if (names.length > 0)
    lines.push(
      `No baseline yet: ${names.join(', ')}. Drift shows once somebody accepts the schema as it is as the baseline.`,
    );
  return lines.length === 0 ? undefined : visible(lines.join('\n'));
}

/** What accepting does, for who is asked whether to. */
export function describeAcceptance(report: DriftReport): {
  readonly question: string;
  readonly detail: string;
} {
  const { connection, baseline, items } = report;
  if (baseline === undefined) {
    return {
      question: `Accept the schema of ${connection} as it is now as its first baseline?`,
      detail: 'From then on, everybody sees what differs from it, and who changed it.',
    };
  }
  const question = `Accept the schema of ${connection} as it is now as its new baseline?`;
  const replaced = `It replaces the baseline of ${baseline.at}, accepted by ${baseline.by}, for everybody.`;
  if (items.length === 0) return { question, detail: `Nothing differs at present. ${replaced}` };
  const risky = items.filter(({ isRisky }) => isRisky);
  const verb = items.length === 1 ? 'is' : 'are';
  const lines = [`${count(items.length, 'difference')} ${verb} no longer shown. ${replaced}`];
  if (risky.length > 0) {
    lines.push('', `${count(risky.length, 'risky difference')} among them:`);
    for (const item of risky.slice(0, shownItems)) lines.push(`${describePlace(item)}: ${item.summary}`);
    if (risky.length > shownItems) lines.push(`… and ${risky.length - shownItems} more.`);
  }
  return { question, detail: visible(lines.join('\n')) };
}

/** Names and statements are other people's text: control characters and turned writing are shown, not obeyed. */
export function visible(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\ufffd');
}
