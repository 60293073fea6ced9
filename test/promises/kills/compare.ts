/**
 * The books against each other. Of every text that was sent, and of every event that is held, one of these must be true:
 *
 *   ran       one intent, one run at the server
 *   refused   one refusal, no run
 *   cut off   one intent whose outcome says unknown or notRun, no run: a kill came between the two
 *   unheard   nothing anywhere: a kill came before it was judged, or an earlier statement of its pipeline failed
 *
 * so that events = runs at the server + refusals + cut off, and every event cut off says so itself.
 */
import type { JournalEvent, OutcomeEvent } from '../../../proxy/audit/events.ts';
import type { Fate, Sent } from './load.ts';
import type { ServerLog } from './serverLog.ts';

/** The events of one proxy, and how it commits to a text. */
export interface Held {
  readonly events: readonly JournalEvent[];
  readonly commit: (text: string) => string;
}

export interface Comparison {
  readonly figures: {
    /** Events that tell of a statement. */
    intents: number;
    refusals: number;
    /** Statements that the server has run, or refused itself. */
    atServer: number;
    /** Recorded, and never heard of by the server. */
    cutOff: number;
    unheard: number;
    answered: number;
    lostByClients: number;
    outcomes: Record<string, number>;
  };
  readonly problems: readonly string[];
}

/** What the proxy sends in place of a refused statement of a pipeline, so that the server skips the rest of it. */
const refusedByUs = 'refused by portcullis';

interface Records {
  intents: number;
  refusals: number;
  readonly outcomes: OutcomeEvent[];
}

export function compare(
  held: readonly Held[],
  sent: ReadonlyMap<string, Sent>,
  server: ServerLog,
): Comparison {
  const problems: string[] = [];
  const figures = {
    intents: 0,
    refusals: 0,
    atServer: 0,
    cutOff: 0,
    unheard: 0,
    answered: 0,
    lostByClients: 0,
    outcomes: {} as Record<string, number>,
  };
  const records = held.map(({ events, commit }) => ({ byCommitment: readRecords(events, problems), commit }));
  for (const { text, statements, fates } of sent.values()) {
    const mine = records.flatMap(({ byCommitment, commit }) => {
      const commitment = commit(text);
      const found = byCommitment.get(commitment);
      byCommitment.delete(commitment);
      return found === undefined ? [] : [found];
    });
    const [record = { intents: 0, refusals: 0, outcomes: [] }, ...others] = mine;
    const runs = server.runs.get(text) ?? 0;
    // A text that fails while it is parsed or bound is named beside its error only.
    const reached = runs > 0 ? runs : server.failed.has(text) ? 1 : 0;
    const say = (what: string) =>
      problems.push(`${what}: ${text} (${JSON.stringify({ fates, runs, reached, ...record })})`);
    if (others.length > 0) say('recorded by two proxies');
    const intents = record.intents / statements;
    figures.intents += record.intents;
    figures.refusals += record.refusals;
    figures.atServer += reached * statements;
    figures.cutOff += record.intents - reached * statements;
    if (intents + record.refusals === 0) figures.unheard += 1;
    for (const fate of fates) figures[fate.kind === 'lost' ? 'lostByClients' : 'answered'] += 1;
    for (const { status } of record.outcomes) figures.outcomes[status] = (figures.outcomes[status] ?? 0) + 1;

    if (intents + record.refusals > fates.length) say('recorded more often than it was sent');
    if (reached > intents) say('at the server without its event');
    if (record.refusals > 0 && reached > 0) say('refused, and at the server all the same');
    if (record.outcomes.length !== record.intents) say('not one outcome for each event');
    const count = (status: OutcomeEvent['status']) =>
      record.outcomes.filter((outcome) => outcome.status === status).length / statements;
    const notRun = count('notRun');
    if (runs > intents - notRun) say('said not to have run, and run by the server');
    if (intents - reached > notRun + count('unknown')) say('said to have run, and not at the server');
    const told = tell(fates);
    if (told.ok > reached) say('answered, and not at the server');
    if (told.ok + told.failed > intents + record.refusals) say('answered, and not recorded');
    if (told.failed > 0 && reached === 0 && record.refusals < told.failed)
      say('refused, and not recorded as such');
    // What follows an error in its pipeline is judged all the same, and not answered.
    if (record.refusals > told.failed + told.lost + told.skipped) say('recorded as refused, and not told so');
  }
  for (const { byCommitment } of records) {
    for (const record of byCommitment.values()) {
      problems.push(`an event of a statement that nobody sent: ${JSON.stringify(record)}`);
    }
  }
  for (const text of [...server.runs.keys(), ...server.failed]) {
    if (!sent.has(text) && text !== refusedByUs) problems.push(`at the server, and sent by nobody: ${text}`);
  }
  return { figures, problems };
}

function tell(fates: readonly Fate[]): Record<'ok' | 'failed' | 'lost' | 'skipped', number> {
  const count = (kind: Fate['kind']) => fates.filter((fate) => fate.kind === kind).length;
  return { ok: count('ok'), failed: count('error'), lost: count('lost'), skipped: count('skipped') };
}

/** By commitment; notes outcomes that are twice or of nothing. */
function readRecords(events: readonly JournalEvent[], problems: string[]): Map<string, Records> {
  const records = new Map<string, Records>();
  const bySeq = new Map<number, Records>();
  const of = (commitment: string): Records => {
    const known = records.get(commitment) ?? { intents: 0, refusals: 0, outcomes: [] };
    records.set(commitment, known);
    return known;
  };
  for (const event of events) {
    if (event.kind === 'intent') {
      const record = of(event.statement.commitment);
      record.intents += 1;
      bySeq.set(event.seq, record);
    } else if (event.kind === 'refusal' && event.statement !== undefined) {
      of(event.statement.commitment).refusals += 1;
    } else if (event.kind === 'outcome') {
      const record = bySeq.get(event.for);
      if (record === undefined)
        problems.push(`event ${event.seq} is the outcome of nothing, or a second one`);
      record?.outcomes.push(event);
      bySeq.delete(event.for);
    }
  }
  return records;
}
