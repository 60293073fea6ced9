/** What the page in an evidence bundle counts, as the events pass by: held are names and numbers, not events. */
import type { JournalEvent } from '../events.ts';

export class SummaryCounts {
  events = 0;
  readonly people = new Tally();
  readonly connections = new Tally();
  readonly relations = new Tally();
  readonly masks = new Tally();
  readonly removals = new Tally();
  readonly #rows = new Tally();

  take(event: JournalEvent): void {
    this.events += 1;
    for (const row of rowsOf(event)) this.#rows.add(row);
    if (event.kind === 'intent' || event.kind === 'refusal') {
      const { identity } = event;
      this.people.add(identity === undefined ? notKnown : (identity.email ?? identity.subject));
      this.connections.add(event.connection ?? notKnown);
      this.relations.addOnce((event.relations ?? []).map(nameOf));
    }
    if (event.kind === 'outcome') {
      this.masks.addOnce((event.maskedColumns ?? []).map(({ classification }) => classification));
    }
  }

  takeRemoval(event: JournalEvent): void {
    if (event.kind !== 'eventsRemoved') return;
    const { policy, rule, events } = event;
    this.removals.add(`${policy.name}, ${policy.version}: ${rule}`, events);
  }

  rows(): string[][] {
    return countedRows.map((row) => [row, String(this.#rows.of(row))]);
  }
}

/** How often each name came. */
class Tally {
  readonly #counts = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  add(name: string, count = 1): void {
    this.#counts.set(name, this.of(name) + count);
  }

  addOnce(names: readonly string[]): void {
    for (const name of new Set(names)) this.add(name);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** The most frequent first. */
  rows(): string[][] {
    const sorted = [...this.#counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const shown = sorted.slice(0, rowLimit).map(([name, count]) => [name, String(count)]);
    return sorted.length > rowLimit ? [...shown, [`and ${sorted.length - rowLimit} more`, '']] : shown;
  }
}

const rowLimit = 50;
const notKnown = 'not known';

const countedRows = [
  'Statements that were let through',
  '… after approval',
  '… that failed, were cancelled or did not run',
  '… whose answers were masked',
  'Refused',
  'Sessions opened',
  'Sessions closed',
  'Sign-ins at the collector',
  'Sign-ins that were refused',
  'Changes of policies and classifications',
  'Readings of the records',
  'Removals by retention policy',
  'Signs of life of proxies',
] as const;

type Row = (typeof countedRows)[number];

function rowsOf(event: JournalEvent): readonly Row[] {
  switch (event.kind) {
    case 'intent':
      return event.decision.outcome === 'approve'
        ? ['Statements that were let through', '… after approval']
        : ['Statements that were let through'];
    case 'outcome': {
      const rows: Row[] = [];
      if (event.status !== 'ok') rows.push('… that failed, were cancelled or did not run');
      if ((event.maskedColumns ?? []).length > 0) rows.push('… whose answers were masked');
      return rows;
    }
    case 'refusal':
      return ['Refused'];
    case 'sessionOpened':
      return ['Sessions opened'];
    case 'sessionClosed':
      return ['Sessions closed'];
    case 'signIn':
      if (event.status === 'ok') return ['Sign-ins at the collector'];
      return event.status === 'refused' ? ['Sign-ins that were refused'] : [];
    case 'policyChanged':
    case 'classificationChanged':
      return ['Changes of policies and classifications'];
    case 'recordsRead':
      return ['Readings of the records'];
    case 'eventsRemoved':
      return ['Removals by retention policy'];
    default:
      return ['Signs of life of proxies'];
  }
}

function nameOf({ schema, name }: { readonly schema?: string; readonly name: string }): string {
  return schema === undefined ? name : `${schema}.${name}`;
}
