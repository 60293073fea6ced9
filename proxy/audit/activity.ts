/** The latest statements of one identity, as the activity view shows them: read from the journal, joined, bounded. */
import type { ActivityEntry } from '../control/messages.ts';
import type { Log } from '../kit/log.ts';
import type { IntentEvent, JournalEvent, OutcomeEvent, RefusalEvent } from './events.ts';
import type { Journal } from './journal/journal.ts';
import { JournalCursor } from './journal/readJournalFrom.ts';

export interface ActivityOptions {
  /** The journal's. */
  readonly folder: string;
  readonly journal: Pick<Journal, 'lastSeq'>;
  /** Whose statements. */
  readonly subject: string;
  readonly log: Log;
  readonly onChange?: () => void;
  /** How many statements are kept. */
  readonly kept?: number;
  /** How many events are read at the start, from the end of the journal. */
  readonly tailEvents?: number;
  /** How often to look for new events, milliseconds. */
  readonly pollMs?: number;
}

interface Statement {
  entry: Omit<ActivityEntry, 'isSynced'>;
  /** Number of the last event that belongs to it. */
  lastSeq: number;
}

const textLimit = 16_384;
const pieceEvents = 500;
const pieceBytes = 2 ** 20;

export class ActivityLog {
  readonly #options: ActivityOptions;
  readonly #kept: number;
  /** By the number of the intent or refusal, oldest first. */
  readonly #statements = new Map<number, Statement>();
  readonly #timer: NodeJS.Timeout;
  #cursor: JournalCursor;
  #reading: Promise<void> | undefined;
  #isStopped = false;
  #lastFault = '';

  /** Reads the journal's tail at once, then follows it; `ready` tells when the first reading is over. */
  constructor(options: ActivityOptions) {
    this.#options = options;
    this.#kept = options.kept ?? 200;
    const start = options.journal.lastSeq + 1 - (options.tailEvents ?? 10_000);
    this.#cursor = new JournalCursor(options.folder, Math.max(1, start));
    this.#timer = setInterval(() => void this.read(), options.pollMs ?? 100);
    this.#timer.unref();
  }

  /** Newest first. @param acknowledged the last event that the collector holds */
  list(limit: number, acknowledged: number): ActivityEntry[] {
    return [...this.#statements.values()]
      .slice(-Math.min(Math.max(1, limit), this.#kept))
      .reverse()
      .map(({ entry, lastSeq }) => ({ ...entry, isSynced: lastSeq <= acknowledged }));
  }

  /** Takes in what the journal's file holds beyond what was read. */
  read(): Promise<void> {
    if (this.#isStopped || this.#cursor.next > this.#options.journal.lastSeq) return Promise.resolve();
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  async #readOn(): Promise<void> {
    let taken = this.#cursor.next;
    let isNews = false;
    try {
      while (!this.#isStopped) {
        const through = this.#options.journal.lastSeq;
        const events = await this.#cursor.read({ events: pieceEvents, bytes: pieceBytes, through });
        if (events.length === 0) break;
        for (const event of events) isNews = this.#take(event) || isNews;
        taken = this.#cursor.next;
      }
      this.#lastFault = '';
    } catch (error) {
      this.#cursor = new JournalCursor(this.#options.folder, taken);
      const fault = error instanceof Error ? error.message : String(error);
      if (fault !== this.#lastFault)
        this.#options.log.warn('activity cannot be read from the journal', error);
      this.#lastFault = fault;
    }
    if (isNews && !this.#isStopped) this.#options.onChange?.();
  }

  /** Answers whether anything shown has changed. */
  #take(event: JournalEvent): boolean {
    switch (event.kind) {
      case 'intent':
      case 'refusal':
        if (event.identity?.subject !== this.#options.subject) return false;
        this.#add(event.seq, event.kind === 'intent' ? entryOfIntent(event) : entryOfRefusal(event));
        return true;
      case 'outcome':
        return this.#complete(event);
      case 'started':
        return this.#abandon(event.seq);
      default:
        // Sessions are no statements; of withdrawn statements the journal holds the numbers alone.
        return false;
    }
  }

  #add(seq: number, entry: Statement['entry']): void {
    this.#statements.set(seq, { entry, lastSeq: seq });
    if (this.#statements.size <= this.#kept) return;
    for (const oldest of this.#statements.keys()) {
      this.#statements.delete(oldest);
      return;
    }
  }

  #complete(event: OutcomeEvent): boolean {
    const statement = this.#statements.get(event.for);
    if (statement === undefined) return false;
    statement.entry = complete(statement.entry, event);
    statement.lastSeq = event.seq;
    return true;
  }

  /** A proxy that starts knows that what an earlier one had running came to an end that nobody recorded. */
  #abandon(seq: number): boolean {
    let isNews = false;
    for (const statement of this.#statements.values()) {
      if (statement.entry.status !== 'running') continue;
      statement.entry = { ...statement.entry, status: 'unknown' };
      statement.lastSeq = seq;
      isNews = true;
    }
    return isNews;
  }
}

export function entryOfIntent(event: IntentEvent): Statement['entry'] {
  return {
    seq: event.seq,
    at: event.at,
    connection: event.connection,
    environment: event.environment,
    application: event.client.application ?? '',
    text: shorten(event.statement.text),
    decision: event.decision.outcome,
    status: 'running',
    maskedColumns: [],
    ...describeGround(event),
  };
}

/** What came of it. */
export function complete(entry: Statement['entry'], event: OutcomeEvent): Statement['entry'] {
  const { status, rows, micros, sqlState, maskedColumns = [], unmaskedColumns } = event;
  return {
    ...entry,
    status,
    rows,
    micros,
    maskedColumns,
    ...(unmaskedColumns !== undefined && { unmaskedColumns }),
    ...(sqlState !== undefined && { reason: sqlState }),
  };
}

export function entryOfRefusal(event: RefusalEvent): Statement['entry'] {
  const outcome = event.decision?.outcome;
  return {
    seq: event.seq,
    at: event.at,
    connection: event.connection ?? '',
    environment: event.environment ?? '',
    application: event.client.application ?? '',
    text: shorten(event.statement?.text ?? ''),
    // Allowed by policy and refused all the same: not understood, or a use of a masked column, or not recordable.
    decision: outcome === undefined || outcome === 'allow' ? 'refused' : outcome,
    status: 'refused',
    reason: event.reason.message,
    maskedColumns: [],
    ...describeGround(event),
  };
}

/** Who asked, from where, for what, and by which policies it was decided. */
function describeGround({
  identity,
  client,
  relations = [],
  effects = [],
  decision,
}: IntentEvent | RefusalEvent) {
  const agent = identity?.agent?.name;
  return {
    who: identity?.email ?? identity?.subject ?? 'unknown',
    ...(agent !== undefined && { agent }),
    address: client.address ?? '',
    relations: relations.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`)),
    effects: [...new Set(effects.map(({ kind }) => kind))],
    policies: decision?.policies ?? [],
  };
}

/** A view of 200 statements must not hold 200 megabytes; the journal has the whole text. */
function shorten(text: string): string {
  if (text.length <= textLimit) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(textLimit - 1)) ? textLimit - 1 : textLimit;
  return `${text.slice(0, end)}\n-- … and ${text.length - end} more characters, in the journal`;
}
